"""The front door: every request ends once, and silence of the backend is an end, too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from amlemu import profile as profiles
from amlemu.errors import BackendTimeout, Busy, NotReady, Unreachable, WorkerCrashed
from amlemu.exchange import Exchange, Request, Response
from amlemu.gateway.app import FrontDoor
from amlemu.gateway.turn import Turn

from .front_door import echo, serving

pytestmark = pytest.mark.usefixtures("every_loop")

GET = b"GET /fail HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize("failure", [NotReady, Busy, WorkerCrashed, BackendTimeout, Unreachable])
def test_a_silent_backend_closes_the_connection(failure: type[Exception]) -> None:
    """Under `bare` nobody invents an answer; the exchange carries the reason, and the server lives."""

    async def answer(request: Request) -> Response:
        if request.target == "/fail":
            raise failure("nothing was said")
        return await echo(request)

    with serving(answer) as served:
        silence = served.ask(GET)
        after = served.ask(b"GET / HTTP/1.1\r\n\r\n")

    assert silence == b""
    assert after.startswith(b"HTTP/1.1 200 OK")
    assert [type(exchange.failure) for exchange in served.exchanges] == [failure, type(None)]


def test_a_fault_of_ours_costs_one_request(caplog: pytest.LogCaptureFixture) -> None:
    """An exception nobody foresaw is logged, its connection closed, and the server lives."""

    async def answer(request: Request) -> Response:
        if request.target == "/fail":
            raise ZeroDivisionError("ours")
        return await echo(request)

    with serving(answer) as served:
        silence = served.ask(GET)
        after = served.ask(b"GET / HTTP/1.1\r\n\r\n")

    assert silence == b""
    assert after.startswith(b"HTTP/1.1 200 OK")
    assert "ZeroDivisionError: ours" in caplog.text


def test_exchanges_are_numbered_and_timed() -> None:
    """The record holds what came in, what went out, and how long it took."""
    with serving(echo) as served:
        served.ask(b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")
        served.ask(b"GET /b HTTP/1.1\r\n\r\n")

    first, second = served.exchanges
    assert (first.number, second.number) == (1, 2)
    assert (first.request.target, first.request.body) == ("/a", b"abc")
    assert first.response is not None
    assert (first.response.status, first.sent_bytes) == (200, len(b"POST /a abc"))
    assert first.elapsed_ms > 0


def test_the_scoring_port_has_nothing_but_the_scoring_routes() -> None:
    """FastAPI's own pages and redirects do not exist there: every path is the inference server's."""
    with serving(echo) as served:
        answers = [served.ask(b"GET %s HTTP/1.1\r\n\r\n" % path) for path in (b"/docs", b"/openapi.json", b"/score/")]

    assert [answer.rpartition(b"\r\n")[2] for answer in answers] == [
        b"GET /docs ",
        b"GET /openapi.json ",
        b"GET /score/ ",
    ]


class Line:
    """A connection that remembers how its turn ended."""

    def __init__(self) -> None:
        self.ends: list[Response | str] = []

    async def respond(self, turn: Turn, response: Response) -> None:
        turn.is_ended = True
        self.ends.append(response)

    def abort(self, turn: Turn) -> None:
        turn.is_ended = True
        self.ends.append("closed")

    def continue_reading(self, turn: Turn) -> None:
        self.ends.append("continue")


@dataclass
class Rule:
    """A stage that answers with `says`, or leaves it to the next; an exception is raised."""

    says: Response | Exception | None
    asked: int = 0

    async def handle(self, exchange: Exchange) -> Response | None:
        self.asked += 1
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


async def answer(*stages: Rule) -> tuple[Line, list[Exchange]]:
    """Let one request pass a front door of these stages."""
    line, exchanges = Line(), []
    turn = Turn(Request("GET", "/", []), line)
    turn.complete()
    door = FrontDoor(stages, profiles.load("bare").failures, exchanges.append)
    try:
        await door.answer(turn)
    except ZeroDivisionError:
        pass  # the wire's to handle
    return line, exchanges


def test_the_first_stage_that_answers_is_the_last_one_asked() -> None:
    """Order is the list's; no stage knows its neighbours."""
    stages = [Rule(None), Rule(Response(401, "No", [])), Rule(Response(200, "OK", []))]

    line, exchanges = asyncio.run(answer(*stages))

    assert [stage.asked for stage in stages] == [1, 1, 0]
    assert line.ends == [stages[1].says]
    assert [exchange.response for exchange in exchanges] == [stages[1].says]


def test_a_stage_that_finds_nobody_to_answer_ends_the_request() -> None:
    """By the profile's failure table, not by the stages behind it."""
    stages = [Rule(Busy("full")), Rule(Response(200, "OK", []))]

    line, exchanges = asyncio.run(answer(*stages))

    assert stages[1].asked == 0
    assert line.ends == ["closed"]
    assert [exchange.failure for exchange in exchanges] == [stages[0].says]


def test_a_fault_of_ours_is_on_the_record_too() -> None:
    """What happened to a request is on its exchange, whatever happened."""
    fault = ZeroDivisionError("ours")

    _, exchanges = asyncio.run(answer(Rule(fault)))

    assert [exchange.failure for exchange in exchanges] == [fault]


def test_a_stream_that_breaks_is_on_the_record_with_its_answer() -> None:
    """Head and first pieces went out, then the worker died: both facts stand on the exchange."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"abc"
        raise WorkerCrashed("died")

    async def stream(request: Request) -> Response:
        return Response(200, "OK", [("Transfer-Encoding", "chunked")], pieces())

    with serving(stream) as served:
        data = served.ask(GET)

    exchange = served.exchanges[0]
    assert data.endswith(b"3\r\nabc\r\n")
    assert isinstance(exchange.failure, WorkerCrashed)
    assert exchange.response is not None
    assert exchange.sent_bytes == 3
