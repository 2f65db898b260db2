"""
The front door before a script in this process: the stages of a profile, without sockets, in the caller's own thread.

`gateway/app.py` leads each request through the stages, on a loop that runs only while a stage is asked; while the script runs,
none does, as under the real server. Requests of several threads come one after the other. `client.py` has clients for it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

from amlemu.emulator import doorkeeper
from amlemu.exchange import Exchange, Request, Response
from amlemu.gateway.answer_head import answer_head, refusal_head
from amlemu.gateway.app import FrontDoor, Witness
from amlemu.gateway.stages import Served, stages
from amlemu.gateway.turn import Turn
from amlemu.journal import Journal
from amlemu.stand import Plan
from amlemu.testing.off_loop import off_loop


@dataclass(frozen=True)
class Answer:
    """
    What the caller gets: the lines of the head as they would be on the wire, and the body.

    Attributes:
        head: status line and headers, without the empty line at the end; empty where the connection is closed without an answer.
        is_cut: the body ends before it should.
    """

    exchange: Exchange
    head: bytes = b""
    body: bytes = b""
    is_cut: bool = False


class Doorway:
    """Answers requests to one deployment as the caller of its cloud would have them answered."""

    def __init__(self, plan: Plan, handle: Callable[[Request], Response]) -> None:
        """`handle` is the script's answer; it raises what is to reach the caller as it is."""
        self.journal = Journal()
        self._rules = plan.profile.wire
        self._loop = asyncio.new_event_loop()
        self._one_at_a_time = threading.RLock()
        self._hand = _Hand(self._loop)
        self._handle = handle
        served = Served(
            self._hand,
            plan.deployment.endpoint,
            plan.deployment.name,
            doorkeeper=doorkeeper(plan),
            dev_errors=plan.dev_errors,
        )
        self._front_door = FrontDoor(stages(plan.profile, served), Witness(self._record), shadow=plan.is_shadow)

    def ask(self, request: Request) -> Answer:
        """Lead a request through, and wait for its end."""
        __tracebackhide__ = True
        return off_loop(self._ask, request)

    def close(self) -> None:
        """Nothing more is asked."""
        self._loop.close()

    def _ask(self, request: Request) -> Answer:
        __tracebackhide__ = True
        caller = _Caller()
        turn = Turn(request, caller)
        turn.keeps_alive = self._rules.keep_alive
        turn.feed(request.body)
        turn.complete()
        with self._one_at_a_time:
            error = self._lead(turn)
            exchange = self._last
        if error is not None:
            raise error
        if caller.response is None:
            return Answer(exchange)
        said = caller.response
        is_page = said.account.get("is_page") and self._rules.answers_in == "request"
        head = refusal_head(said) if is_page else answer_head(said, turn, self._rules).data
        is_bodiless = request.method == "HEAD" or said.status in (204, 304)
        return Answer(exchange, head.removesuffix(b"\r\n\r\n"), b"" if is_bodiless else caller.body, caller.is_cut)

    def _lead(self, turn: Turn) -> BaseException | None:
        """Let the loop run until the front door wants an answer of the script, or is done; the script is not for the loop."""
        __tracebackhide__ = True
        loop, hand = self._loop, self._hand
        raised: BaseException | None = None
        task = loop.create_task(self._front_door.answer(turn))
        task.add_done_callback(lambda _: loop.stop())
        while not task.done():
            loop.run_forever()
            if (asked := hand.take()) is not None:
                request, answer = asked
                try:
                    response = self._handle(request)
                except BaseException as error:
                    raised, response = error, Response(500, "INTERNAL SERVER ERROR", [])
                loop.call_soon(
                    _settle, answer, response
                )  # not at once: a deadline that has passed meanwhile comes first
        task.result()
        return raised

    def _record(self, exchange: Exchange) -> None:
        self._last = exchange
        self.journal.add(exchange)


class _Hand:
    """The backend of the front door: gives the request back to whoever runs the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._asked: tuple[Request, asyncio.Future[Response]] | None = None

    def take(self) -> tuple[Request, asyncio.Future[Response]] | None:
        asked, self._asked = self._asked, None
        return asked

    async def handle(self, request: Request) -> Response:
        """Wait for the answer; see `backends.Server`."""
        answer: asyncio.Future[Response] = self._loop.create_future()
        self._asked = request, answer
        self._loop.stop()
        response = await answer
        if not isinstance(response.body, bytes):
            response.body = _read(response.body)  # type: ignore[arg-type]
        return response


class _Caller:
    """The connection of a turn: keeps what it is answered."""

    def __init__(self) -> None:
        self.response: Response | None = None
        self.body = b""
        self.is_cut = False

    async def respond(self, turn: Turn, response: Response) -> None:
        self.response = response
        if isinstance(response.body, bytes):
            self.body = response.body
        else:
            pieces: AsyncIterator[bytes] = response.body  # type: ignore[assignment]
            self.is_cut = True
            async for piece in pieces:
                self.body += piece
            self.is_cut = False
        turn.sent_bytes = len(self.body)

    def abort(self, turn: Turn) -> None:
        """Nothing to close: there is no answer."""

    def continue_reading(self, turn: Turn) -> None:
        """The body is there."""


def _settle(answer: asyncio.Future[Response], response: Response) -> None:
    if not answer.done():
        answer.set_result(response)


async def _read(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
