"""
The front door: a FastAPI application whose one scoring route leads every request through the stages and keeps the record.

The life of a request is `FrontDoor.answer`; which stages there are stands in `stages.py`. Whoever comes first ends it,
the model's answer or the deadline, and the other one finds it over.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from amlemu.errors import BackendFailure, BackendTimeout
from amlemu.events import AnsweredLate
from amlemu.exchange import Exchange
from amlemu.gateway.stages import Stage, Stages
from amlemu.gateway.turn import KEY, Turn, Vanished
from amlemu.gateway.visit import Visit
from amlemu.pauses import Pauses

if TYPE_CHECKING:
    from fastapi import FastAPI

    from amlemu.gateway.gate import Answerer

logger = logging.getLogger(__name__)


Steps = Sequence[tuple[str, Callable[[Visit], Awaitable[None] | None]]]


def unheard(event: AnsweredLate) -> None:
    """Let it go."""


async def nowhere(exchange: Exchange) -> None:
    """Leave an exchange as it is: not every backend can look."""


@dataclass(frozen=True)
class Witness:
    """
    Who is told what became of requests, and who can be asked.

    `record` is given each exchange when it is over, `late` hears of answers that nobody waited for any more, `locate`
    writes on an exchange where the script is with it, without stopping it.
    """

    record: Callable[[Exchange], None]
    late: Callable[[AnsweredLate], None] = unheard
    locate: Callable[[Exchange], Awaitable[None]] = nowhere


class FrontDoor:
    """Leads every request through the stages, top to bottom."""

    def __init__(self, stages: Stages, witness: Witness, *, shadow: bool = False, pauses: Pauses | None = None) -> None:
        """
        Take the stages.

        Args:
            stages: of a profile.
            witness: told what became of requests.
            shadow: callers get what the model said; what they would have got is on the exchange, as `cloud`.
            pauses: says how long requests have stood still because a debugger holds the model; None: none does.
        """
        *before, last = stages.asking
        self._before, self._forward, self._answering = _steps(before), _steps([last]), _steps(stages.answering)
        self._witness = witness
        self._is_shadow = shadow
        self._pauses = pauses or Pauses()
        self._numbers = itertools.count(1)

    async def answer(self, turn: Turn) -> None:
        """Answer one request and record its exchange; every request ends exactly once."""
        visit = Visit(turn, self._overdue, self._spared, self._pauses, is_shadow=self._is_shadow)
        try:
            await self._ask(visit)
        except Vanished:
            visit.over()
            return  # no request, no exchange
        except BackendFailure as failure:
            visit.fail(failure)
        except Exception as error:
            self._stumbled(visit, error, too_late=visit.is_over)
        finally:
            visit.left()
        if visit.over():
            await self._end(visit)
            return
        if visit.ending is not None:
            await visit.ending  # the wire takes our return for the end of the turn
        if visit.is_forwarded:
            self._pauses.forget(visit.exchange.number)  # a debugger may have held it since
            self._witness.late(_late(visit))
        visit.exchange.model = None  # the record is closed, and has been counted

    async def _ask(self, visit: Visit) -> None:
        """Run the stages until one has answered, then ask the model: in its shadow also where one has answered."""
        try:
            await _run(self._before, visit)
        except BackendFailure as failure:
            visit.fail(failure)
        if visit.is_over or visit.is_barred:
            return
        if visit.is_answered:
            if not visit.is_shadow:
                return
            await self._keep_for_the_cloud(visit)
        visit.number(next(self._numbers))
        visit.is_forwarded = True
        await _run(self._forward, visit)

    def _overdue(self, visit: Visit) -> None:
        """The deadline has passed: answer now, and leave the model to its work."""
        if visit.is_shadow and visit.exchange.cloud is not None:
            return  # in the shadow of an earlier refusal nothing is overdue
        visit.fail(BackendTimeout(f"no answer within {visit.elapsed_ms / 1000:.1f} s"))
        if visit.is_shadow or visit.over():
            work = self._keep_overdue(visit) if visit.is_shadow else self._end(visit)
            visit.ending = asyncio.get_running_loop().create_task(work)

    def _spared(self, visit: Visit, failure: BackendFailure) -> None:
        """A time is over that does not count, for a debugger holds the model: note what the cloud would have said by now."""
        if visit.exchange.cloud is None and not visit.is_answered:
            ghost = copy.copy(visit)
            ghost.exchange = replace(visit.exchange, failure=failure, passed=[])
            visit.noting = asyncio.get_running_loop().create_task(self._note(visit.exchange, ghost, visit.elapsed_ms))

    async def _note(self, exchange: Exchange, ghost: Visit, elapsed_ms: float) -> None:
        await self._conclude(ghost)
        if exchange.cloud is None:
            exchange.cloud, exchange.cloud_ms = ghost.exchange.response, elapsed_ms

    async def _keep_for_the_cloud(self, visit: Visit) -> None:
        """Note what the caller would have got by now; the model's answer is still to come."""
        exchange = visit.exchange
        if visit.is_over:
            return
        if exchange.cloud is None:  # what it would have said later does not count
            await self._conclude(visit)
            exchange.cloud, exchange.cloud_ms = exchange.response, visit.elapsed_ms
        exchange.response = exchange.failure = None

    async def _keep_overdue(self, visit: Visit) -> None:
        await self._keep_for_the_cloud(visit)
        await self._witness.locate(visit.exchange)

    async def _conclude(self, visit: Visit) -> None:
        await _run(self._answering, visit, to_the_end=True)

    async def _end(self, visit: Visit) -> None:
        exchange, turn = visit.exchange, visit.turn
        if not exchange.number:
            visit.number(next(self._numbers))
        is_timeout = isinstance(exchange.failure, BackendTimeout)
        try:
            if exchange.cloud is None or not visit.is_shadow:
                await self._conclude(visit)
                if visit.is_shadow and exchange.model is not None:
                    exchange.cloud, exchange.cloud_ms = exchange.response, visit.elapsed_ms
                    exchange.response = exchange.model
            if exchange.response is None:
                turn.abort()
            else:
                await turn.respond(exchange.response)
        except BackendFailure as failure:
            exchange.failure = failure
        except Exception as error:
            self._stumbled(visit, error)
            turn.abort()
        exchange.client_left, exchange.sent_bytes = turn.has_left, turn.sent_bytes
        exchange.elapsed_ms, exchange.paused_ms = visit.elapsed_ms, visit.paused_s * 1000
        self._pauses.forget(exchange.number)
        if is_timeout and not visit.is_forwarded:
            exchange.where = "held back by the front door"
        elif is_timeout or exchange.account.get("timed_out"):
            await self._witness.locate(exchange)
        elif not exchange.where and not exchange.stack:
            exchange.stack = exchange.account.pop("stack", None) or getattr(exchange.failure, "stack", [])
        self._witness.record(exchange)

    def _stumbled(self, visit: Visit, error: Exception, *, too_late: bool = False) -> None:
        """The border of the stages: one request is lost, the server lives."""
        request = visit.exchange.request
        logger.error("a stage failed: %s %s", request.method, request.target, exc_info=error)
        if not too_late:  # else the caller has been answered, and the exchange says how
            visit.exchange.failure = error
            visit.exchange.response = None


def _steps(stages: Sequence[Stage]) -> Steps:
    """Look names and methods up once: there are a dozen for each request."""
    return [(stage.name, stage.handle) for stage in stages]


async def _run(stages: Steps, visit: Visit, *, to_the_end: bool = False) -> None:
    """Run stages in order, until one has answered or all is over; each leaves its name, its decision and its time."""
    exchange, clock = visit.exchange, time.perf_counter
    leave = exchange.passed.append
    began, name = clock(), ""
    try:
        for name, handle in stages:
            waiting = handle(visit)
            if waiting is not None:
                await waiting
            now = clock()
            leave((name, visit.note, (now - began) * 1000))
            began = now
            if waiting is None and not visit.note:
                continue  # it has let the request pass: most do, and that is quickly told
            visit.note = ""
            if (exchange.response is not None or exchange.failure is not None or visit.is_over) and not to_the_end:
                return
    except BaseException:
        leave((name, visit.note, (clock() - began) * 1000))
        raise


def _late(visit: Visit) -> AnsweredLate:
    exchange = visit.exchange
    request, model = exchange.request, exchange.model
    said = None if model is None or exchange.account.get("silence") else model.status
    return AnsweredLate(exchange.number, request.method, request.target, said, visit.elapsed_ms, exchange.elapsed_ms)


def application(front_door: Answerer) -> FastAPI:
    """Return the FastAPI application; the scoring port has the scoring routes and nothing else."""
    from fastapi import FastAPI
    from starlette.applications import Starlette
    from starlette.routing import BaseRoute, Match

    class EveryPath(BaseRoute):
        """A raw ASGI endpoint for all paths and methods: which of them exist is the inference server's to say."""

        def matches(self, scope: Any) -> tuple[Match, dict[str, Any]]:
            return Match.FULL, {}

        async def handle(self, scope: Any, receive: Any, send: Any) -> None:
            await front_door.answer(scope[KEY])

    every_path = EveryPath()

    class Gateway(FastAPI):
        """No middleware: it would say 500 where the real server says nothing, and costs a tenth of the gateway."""

        # FastAPI's own (0.165) looks into the environment at every request, whether somebody has set up OpenTelemetry.
        __call__ = Starlette.__call__

        def build_middleware_stack(self) -> Any:
            return self.router if self.router.routes != [every_path] else every_path.handle  # it takes them all

    app = Gateway(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.router.routes.append(every_path)
    return app
