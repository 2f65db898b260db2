"""Any server at a URL: what is sent to it and what it says pass through as they are, down to the spelling."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from amlemu.backends.upstream import Upstream
from amlemu.errors import Unreachable, UsageError
from amlemu.exchange import Headers, Request, Response

pytestmark = pytest.mark.anyio
PATIENCE_S = 20.0
Piece = bytes | Callable[[], object]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


class Server:
    """A listening socket: hears whole requests, says bytes."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.listener.settimeout(PATIENCE_S)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.heard: list[bytes] = []
        self._scripts: deque[tuple[Piece, ...]] = deque()
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Lock()

    def says(self, *pieces: Piece) -> None:
        """Answer one more request; a callable among the pieces is called when its turn comes."""
        self._scripts.append(pieces)
        self._threads.append(threading.Thread(target=self._serve, daemon=True))
        self._threads[-1].start()

    def _serve(self) -> None:
        with self._accepting:
            client, _ = self.listener.accept()
            pieces = self._scripts.popleft()
        with client:
            client.settimeout(PATIENCE_S)
            self.heard.append(_whole_request(client))
            for piece in pieces:
                if isinstance(piece, bytes):
                    client.sendall(piece)
                else:
                    piece()

    def close(self) -> None:
        for thread in self._threads:
            thread.join(PATIENCE_S)
        self.listener.close()


def _whole_request(client: socket.socket) -> bytes:
    data = _more(client, b"", lambda data: b"\r\n\r\n" in data)
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
    return head + b"\r\n\r\n" + _more(client, body, lambda body: len(body) >= int(lengths[0] if lengths else 0))


def _more(client: socket.socket, data: bytes, is_enough: Callable[[bytes], bool]) -> bytes:
    while not is_enough(data):
        piece = client.recv(1 << 16)
        if not piece:
            break
        data += piece
    return data


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@contextlib.asynccontextmanager
async def upstream(url: str) -> AsyncIterator[Upstream]:
    backend = Upstream(url)
    await backend.start()
    yield backend
    await backend.stop(1)


async def ask(server: Server, request: Request, prefix: str = "") -> Response:
    async with upstream(server.url + prefix) as backend:
        return await asyncio.wait_for(backend.handle(request), PATIENCE_S)


def get(headers: Headers = [("Host", "h")], target: str = "/") -> Request:  # noqa: B006
    return Request("GET", target, list(headers))


def head_lines(raw: bytes) -> list[bytes]:
    return raw.partition(b"\r\n\r\n")[0].split(b"\r\n")


async def test_a_request_goes_out_as_it_came_in(server: Server) -> None:
    """Method, target, names as spelled, order, repeats, body; nothing is added."""
    server.says(OK)
    headers = [("Host", "here"), ("X-ODD", "1"), ("x-odd", "2"), ("Content-Length", "3"), ("aCCept", "a, b")]
    await ask(server, Request("POST", "/score?a=%20b&c", headers, b"abc"))

    head, _, body = server.heard[0].partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"POST /score?a=%20b&c HTTP/1.1",
        b"Host: here",
        b"X-ODD: 1",
        b"x-odd: 2",
        b"Content-Length: 3",
        b"aCCept: a, b",
    ]
    assert body == b"abc"


@pytest.mark.xfail(reason="h11 writes Host before all other headers")
async def test_a_host_that_comes_late_stays_late(server: Server) -> None:
    """Order is kept whatever comes first."""
    server.says(OK)
    await ask(server, get([("A", "1"), ("Host", "h"), ("B", "2")]))

    assert head_lines(server.heard[0])[1:4] == [b"A: 1", b"Host: h", b"B: 2"]


async def test_header_values_beyond_ascii_pass(server: Server) -> None:
    """gunicorn reads latin-1."""
    server.says(OK)
    await ask(server, get([("Host", "h"), ("X-Name", "M\xfcller")]))

    assert b"X-Name: M\xfcller" in head_lines(server.heard[0])


@pytest.mark.parametrize(
    "target", ["/a%2Fb", "/a//b/../c", "/?", "/a?b?c", "/[x]{y}|z", "/a;b,c'd\"e", "http://x/y", "*"]
)
async def test_targets_are_not_rewritten(server: Server, target: str) -> None:
    """What they mean is the server's to say."""
    server.says(OK)
    await ask(server, Request("OPTIONS", target, [("Host", "h")]))

    assert head_lines(server.heard[0])[0] == f"OPTIONS {target} HTTP/1.1".encode()


async def test_a_prefix_of_the_address_comes_before_the_target(server: Server) -> None:
    """`--upstream http://host/prefix`, as its docstring promises."""
    server.says(OK)
    await ask(server, get(target="/score?a=1"), prefix="/api/v1/")

    assert head_lines(server.heard[0])[0] == b"GET /api/v1/score?a=1 HTTP/1.1"


async def test_an_unknown_method_passes(server: Server) -> None:
    """The server answers 405."""
    server.says(OK)
    await ask(server, Request("FOO", "/", [("Host", "h")]))

    assert head_lines(server.heard[0])[0] == b"FOO / HTTP/1.1"


async def test_a_body_that_came_in_chunks_goes_out_with_its_length(server: Server) -> None:
    """We have it whole."""
    server.says(OK)
    await ask(server, Request("POST", "/", [("Host", "h"), ("Transfer-Encoding", "chunked")], b"abc"))

    assert b"Content-Length: 3" in head_lines(server.heard[0])
    assert not [line for line in head_lines(server.heard[0]) if line.lower().startswith(b"transfer")]


async def test_a_body_that_was_cut_short_goes_out_with_its_real_length(server: Server) -> None:
    """The client promised more and half-closed; the server must not wait for the rest."""
    server.says(OK)
    await ask(server, Request("POST", "/", [("Host", "h"), ("Content-Length", "100")], b"abc"))

    assert b"Content-Length: 3" in head_lines(server.heard[0])


async def test_an_empty_body_keeps_its_length_of_zero(server: Server) -> None:
    """`Content-Length: 0` and none at all are two things."""
    server.says(OK)
    await ask(server, Request("POST", "/", [("Host", "h"), ("Content-Length", "0")]))

    assert b"Content-Length: 0" in head_lines(server.heard[0])


async def test_an_answer_comes_back_as_it_was_said(server: Server) -> None:
    """Number, phrase, names as spelled, order, repeats, body."""
    server.says(b"HTTP/1.1 299 Very Odd; indeed\r\nX-B: 1\r\nx-a: \xe4\r\nX-B: 2\r\nContent-Length: 3\r\n\r\nabc")
    response = await ask(server, get())

    assert (response.status, response.phrase, response.body) == (299, "Very Odd; indeed", b"abc")
    assert response.headers == [("X-B", "1"), ("x-a", "\xe4"), ("X-B", "2"), ("Content-Length", "3")]


@pytest.mark.parametrize(
    ("header", "account"),
    [
        pytest.param(b"x-ms-run-fn-exec-ms: 1.250\r\n", {"run_ms": 1.25}, id="told"),
        pytest.param(b"x-ms-run-fn-exec-ms: soon\r\n", {}, id="no-number"),
        pytest.param(b"", {}, id="not-told"),
    ],
)
async def test_the_time_of_run_is_taken_from_the_server(
    server: Server, header: bytes, account: dict[str, float]
) -> None:
    """azmlinfsrv tells it where run() succeeded; the header itself passes, too."""
    server.says(b"HTTP/1.1 200 OK\r\n" + header + b"Content-Length: 2\r\n\r\nhi")
    response = await ask(server, get())

    assert response.account == account


@pytest.mark.parametrize("status", [b"200", b"204", b"304", b"404", b"599", b"999"])
async def test_every_status_passes(server: Server, status: bytes) -> None:
    """Also those that HTTP libraries have no name for."""
    server.says(b"HTTP/1.1 " + status + b" \r\nContent-Length: 0\r\n\r\n")
    response = await ask(server, get())

    assert (response.status, response.phrase) == (int(status), "")


async def test_an_answer_to_head_has_its_length_and_no_body(server: Server) -> None:
    """Nobody waits for what never comes."""
    server.says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
    response = await ask(server, Request("HEAD", "/", [("Host", "h")]))

    assert (response.headers, response.body) == ([("Content-Length", "10")], b"")


async def test_an_answer_without_length_ends_with_the_connection(server: Server) -> None:
    """As HTTP/1.0 servers answer."""
    server.says(b"HTTP/1.0 200 OK\r\n\r\n", b"to the ", b"end")

    assert (await ask(server, get())).body == b"to the end"


async def test_an_interim_answer_is_not_the_answer(server: Server) -> None:
    """100 Continue comes first from some servers, asked or not."""
    server.says(b"HTTP/1.1 100 Continue\r\n\r\n" + OK)

    assert (await ask(server, get())).status == 200


async def test_chunks_arrive_one_by_one(server: Server) -> None:
    """The second is said only after the first one has been read."""
    has_first = threading.Event()
    server.says(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n",
        lambda: has_first.wait(PATIENCE_S),
        b"3\r\ntwo\r\n0\r\n\r\n",
    )
    async with upstream(server.url) as backend:
        pieces = (await backend.handle(get())).body.__aiter__()  # type: ignore[union-attr]
        first = await asyncio.wait_for(anext(pieces), PATIENCE_S)
        has_first.set()
        rest = [piece async for piece in pieces]

    assert (first, rest) == (b"one", [b"two"])


async def test_a_refused_connection_is_unreachable(server: Server) -> None:
    """With the address in the message."""
    server.listener.close()
    with pytest.raises(Unreachable) as caught:
        await ask(server, get())

    assert caught.value.where == server.url


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", id="half-a-head"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", id="another-protocol"),
        pytest.param(b"HTTP/1.1 abc\r\n\r\n", id="no-status"),
    ],
)
async def test_a_broken_answer_is_unreachable(server: Server, said: bytes) -> None:
    """Nothing that could be passed on was said."""
    server.says(said)

    with pytest.raises(Unreachable):
        await ask(server, get())


async def test_an_answer_that_breaks_off_passes_as_far_as_it_came(server: Server) -> None:
    """With the length that was promised: that is what the server's own client would see."""
    server.says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
    response = await ask(server, get())

    assert (response.header("content-length"), response.body) == ("10", b"abc")


async def test_a_stream_that_breaks_off_raises_after_its_pieces(server: Server) -> None:
    """The client sees a cut stream, as with the real server."""
    server.says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
    async with upstream(server.url) as backend:
        pieces = (await backend.handle(get())).body.__aiter__()  # type: ignore[union-attr]
        first = await anext(pieces)
        with pytest.raises(Unreachable):
            await anext(pieces)

    assert first == b"one"


async def test_it_is_ready_when_somebody_answers(server: Server) -> None:
    """Whatever the answer; until then it asks again."""
    server.says(b"")
    server.says(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
    async with upstream(server.url) as backend:
        await asyncio.wait_for(backend.ready(), PATIENCE_S)

    assert len(server.heard) == 2


async def test_proxies_of_the_environment_are_not_asked(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """They know nothing of a container on this machine."""
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server.says(OK)

    assert (await ask(server, get())).status == 200


async def test_a_connection_is_used_once(server: Server) -> None:
    """A server that keeps it open may close it just when the next request goes out."""
    is_over = threading.Event()
    server.says(OK, lambda: is_over.wait(PATIENCE_S))
    server.says(OK)
    async with upstream(server.url) as backend:
        responses = [await asyncio.wait_for(backend.handle(get()), PATIENCE_S / 2) for _ in range(2)]
        is_over.set()

    assert [response.status for response in responses] == [200, 200]


async def test_requests_do_not_wait_for_each_other(server: Server) -> None:
    """Nor is there a limit of connections: 150 at once."""
    arrived = threading.Barrier(150)
    for _ in range(150):
        server.says(lambda: arrived.wait(PATIENCE_S), OK)
    async with upstream(server.url) as backend:
        responses = await asyncio.gather(*(backend.handle(get()) for _ in range(150)))

    assert {response.status for response in responses} == {200}


@pytest.mark.parametrize("address", ["localhost:5001", "ftp://here", "http://", ""])
def test_other_addresses_are_refused_at_once(address: str) -> None:
    """Before anything is started."""
    with pytest.raises(UsageError, match="is no address"):
        Upstream(address)
