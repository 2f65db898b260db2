"""A turn also speaks plain ASGI, for any other part of the application."""

from __future__ import annotations

import asyncio

import pytest
from amlemu.exchange import Request, Response
from amlemu.gateway.turn import TooLarge, Turn, Vanished
from fastapi import FastAPI
from starlette.requests import Request as AsgiRequest
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from .front_door import echo, serving

pytestmark = pytest.mark.usefixtures("every_loop")


async def _describe(request: AsgiRequest) -> JSONResponse:
    names = sorted(request.headers)
    return JSONResponse({"body": (await request.body()).decode(), "query": dict(request.query_params), "names": names})


async def _stream(request: AsgiRequest) -> StreamingResponse:
    return StreamingResponse(iter([b"a", b"b"]))


def _more_routes(app: FastAPI) -> None:
    app.router.routes[:0] = [
        Route("/describe", _describe, methods=["POST"]),
        Route("/stream", _stream),
    ]


def test_an_ordinary_route_works_beside_the_scoring_route() -> None:
    """Scope, receive and send are as ASGI has them: lower-case names, decoded query, whole body."""
    with serving(echo, change=_more_routes) as served:
        data = served.ask(b"POST /describe?a=b HTTP/1.1\r\nX-Mixed: 1\r\nContent-Length: 2\r\n\r\nhi")
        stream = served.ask(b"GET /stream HTTP/1.1\r\n\r\n")

    assert data.startswith(b"HTTP/1.1 200 OK\r\n")
    assert data.endswith(b'{"body":"hi","query":{"a":"b"},"names":["content-length","x-mixed"]}')
    assert stream.endswith(b"\r\n\r\nab")


class Line:
    """A connection that remembers what a turn asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def respond(self, turn: Turn, response: Response) -> None:
        turn.is_ended = True
        self.asked.append("respond")

    def abort(self, turn: Turn) -> None:
        turn.is_ended = True
        self.asked.append("abort")

    def continue_reading(self, turn: Turn) -> None:
        self.asked.append("continue")


def new_turn(target: str = "/", *, expects_continue: bool = False, length: int | None = None) -> tuple[Turn, Line]:
    line = Line()
    return Turn(Request("POST", target, [("X-Mixed", "1")]), line, expects_continue, length), line


@pytest.mark.anyio
async def test_a_request_is_read_when_it_is_whole() -> None:
    """Pieces are put together; who waits is woken."""
    turn, _ = new_turn()
    reading = asyncio.ensure_future(turn.read())
    sizes = [turn.feed(b"ab"), turn.feed(b""), turn.feed(b"c")]
    early, _ = await asyncio.wait({reading}, timeout=0)
    turn.complete()

    assert (await reading).body == b"abc"
    assert sizes == [2, 2, 3]
    assert early == set()


@pytest.mark.anyio
async def test_a_client_that_waits_is_told_to_continue_when_the_body_is_wanted() -> None:
    """Not before, and once."""
    turn, line = new_turn(expects_continue=True)
    before = list(line.asked)
    for reading in [asyncio.ensure_future(turn.read()) for _ in range(2)]:
        await asyncio.wait({reading}, timeout=0)
        turn.complete()
        await reading

    assert (before, line.asked) == ([], ["continue"])


@pytest.mark.anyio
@pytest.mark.parametrize("waits", [True, False], ids=["while-it-is-read", "before-it-is-read"])
async def test_a_request_whose_client_left_in_the_middle_has_vanished(waits: bool) -> None:
    """Half a body is no request."""
    turn, _ = new_turn()
    turn.feed(b"half")
    reading = asyncio.ensure_future(turn.read())
    if waits:
        await asyncio.wait({reading}, timeout=0)
    turn.client_left()

    with pytest.raises(Vanished):
        await reading
    assert turn.has_left


@pytest.mark.anyio
async def test_a_request_that_was_whole_is_read_although_its_client_has_left() -> None:
    """What is being computed goes on."""
    turn, _ = new_turn()
    turn.feed(b"all")
    turn.complete()
    turn.client_left()

    assert (await turn.read()).body == b"all"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("length", "come", "limit", "found"),
    [
        pytest.param(4, b"", 3, (4, True), id="said"),
        pytest.param(4, b"abcd", 3, (4, True), id="said-and-come"),
        pytest.param(None, b"abcd", 3, (4, False), id="come"),
        pytest.param(3, b"abc", 3, None, id="exactly"),
        pytest.param(None, b"abc", 3, None, id="exactly-in-chunks"),
        pytest.param(4, b"abcd", 0, None, id="no-limit"),
    ],
)
async def test_a_body_is_too_large_as_soon_as_that_is_known(
    length: int | None, come: bytes, limit: int, found: tuple[int, bool] | None
) -> None:
    """By what it says, or by what has come; the limit is inclusive."""
    turn, _ = new_turn(length=length)
    turn.feed(come)
    reading = asyncio.ensure_future(turn.read(limit))
    await asyncio.wait({reading}, timeout=0)

    assert turn.exceeds(limit) == (found is not None)
    if found:
        with pytest.raises(TooLarge) as caught:
            await reading
        assert (caught.value.size, caught.value.is_exact) == found
    else:
        turn.complete()
        assert (await reading).body == come


@pytest.mark.anyio
async def test_a_body_in_chunks_is_judged_while_it_arrives() -> None:
    """The piece that makes it too large wakes who waits for it."""
    turn, _ = new_turn()
    reading = asyncio.ensure_future(turn.read(3))
    await asyncio.wait({reading}, timeout=0)
    turn.feed(b"abc")
    early, _ = await asyncio.wait({reading}, timeout=0)
    turn.feed(b"d")

    assert early == set()
    with pytest.raises(TooLarge):
        await reading


@pytest.mark.anyio
async def test_a_body_that_is_too_large_can_be_read_all_the_same() -> None:
    """By somebody who asks again, without the limit; then it is whole, however much more comes."""
    turn, _ = new_turn()
    turn.feed(b"abcd")
    with pytest.raises(TooLarge):
        await turn.read(3)
    reading = asyncio.ensure_future(turn.read())
    await asyncio.wait({reading}, timeout=0)
    turn.feed(b"efgh")
    turn.complete()

    assert (await reading).body == b"abcdefgh"


@pytest.mark.anyio
async def test_a_client_whose_body_is_too_large_is_not_told_to_continue() -> None:
    """It has said so beforehand."""
    turn, line = new_turn(expects_continue=True, length=4)
    with pytest.raises(TooLarge):
        await turn.read(3)

    assert line.asked == []


@pytest.mark.anyio
async def test_a_turn_ends_once() -> None:
    """Whoever comes second is too late, and that is no error."""
    turn, line = new_turn()
    await turn.respond(Response(200, "OK", []))
    await turn.respond(Response(500, "No", []))
    turn.abort()

    assert line.asked == ["respond"]


@pytest.mark.anyio
async def test_plain_asgi_hears_of_the_end() -> None:
    """Asked for a second message, `receive` waits for it: a streaming response watches for the disconnect."""
    turn, _ = new_turn()
    turn.complete()
    first = await turn.receive()
    second = asyncio.ensure_future(turn.receive())
    early, _ = await asyncio.wait({second}, timeout=0)
    turn.client_left()

    assert first == {"type": "http.request", "body": b"", "more_body": False}
    assert early == set()
    assert await second == {"type": "http.disconnect"}


def test_the_scope_has_the_target_in_its_parts() -> None:
    """As sent, apart from the names."""
    scope = new_turn("/a/b?c=%20d?e")[0].scope()

    assert (scope["path"], scope["raw_path"], scope["query_string"]) == ("/a/b", b"/a/b", b"c=%20d?e")
    assert list(scope["headers"]) == [(b"x-mixed", b"1")]
    assert len(scope["headers"]) == 1


def test_the_path_of_the_scope_is_decoded() -> None:
    """Starlette matches and hands on parameters from it."""
    scope = new_turn("/caf%C3%A9/a%2Fb")[0].scope()

    assert (scope["path"], scope["raw_path"]) == ("/caf\xe9/a/b", b"/caf%C3%A9/a%2Fb")
