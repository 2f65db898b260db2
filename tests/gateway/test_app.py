"""The front door: every request ends once, and silence of the backend is an end, too."""

from __future__ import annotations

import pytest
from amlemu.errors import BackendTimeout, Busy, NotReady, Unreachable, WorkerCrashed
from amlemu.exchange import Request, Response

from .front_door import echo, serving

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
