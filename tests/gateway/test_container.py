"""The container's nginx before the server: alone before a fake server, and side by side with the real one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from amlemu.errors import BackendFailure, BackendTimeout, NotReady, Unreachable, WorkerCrashed
from amlemu.exchange import Headers, Request, Response
from amlemu.gateway.container import Container
from amlemu.pauses import Pauses

from ..free_port import free_port
from .front_door import PATIENCE_S, FakeBackend, profile_of, serving, until

OWN = ["Server", "Date"]


async def asked(answer: Callable[[Request], Response], request: Request, **settings: str) -> Response:
    """Ask a container with this server in it."""

    async def handle(request: Request) -> Response:
        return answer(request)

    return await Container(FakeBackend(handle), profile_of("image", **settings), Pauses()).handle(request)


def ask(answer: Callable[[Request], Response], request: Request | None = None, **settings: str) -> Response:
    return asyncio.run(asked(answer, request or Request("GET", "/", [("Host", "h")]), **settings))


def fails(failure: Exception) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        raise failure

    return answer


# what the server is asked


def proxied(headers: Headers, body: bytes = b"", version: str = "1.1") -> Request:
    seen: list[Request] = []

    def answer(request: Request) -> Response:
        seen.append(request)
        return Response(200, "OK", [])

    ask(answer, Request("POST", "/score?a=%20b", headers, body, version, client=("10.0.0.7", 4711), number=3))
    return seen[0]


def test_the_server_is_asked_in_http_1_0_with_nginx_s_headers_first() -> None:
    """Contract 3.5: sets `X-Forwarded-For`, `X-Forwarded-Proto`, keeps `Host`; the order: observed, nginx 1.22.1."""
    request = proxied([("X-A", "1"), ("Host", "h:80"), ("Content-Length", "2"), ("Accept", "*/*")], b"hi")

    assert (request.method, request.target, request.version, request.body) == ("POST", "/score?a=%20b", "1.0", b"hi")
    assert request.headers == [
        ("Host", "h:80"),
        ("X-Real-IP", "10.0.0.7"),
        ("X-Forwarded-For", "10.0.0.7"),
        ("X-Forwarded-Proto", "http"),
        ("Connection", "close"),
        ("Content-Length", "2"),
        ("X-A", "1"),
        ("Accept", "*/*"),
    ]
    assert request.number == 3


def test_what_the_client_says_about_the_way_it_came_is_kept_in_front() -> None:
    """X-Forwarded-For grows at its end; the other three are nginx's to say."""
    sent = [("X-Forwarded-For", "a"), ("X-Real-IP", "b"), ("X-Forwarded-Proto", "https"), ("x-forwarded-for", "c")]
    headers = dict(proxied(sent).headers)

    assert headers["X-Forwarded-For"] == "a, c, 10.0.0.7"
    assert (headers["X-Real-IP"], headers["X-Forwarded-Proto"]) == ("10.0.0.7", "http")


@pytest.mark.parametrize(
    "name",
    ["Connection", "Keep-Alive", "TE", "Upgrade", "Expect", "Transfer-Encoding", "X_Under", "X.Dot", "Script_Name"],
)
def test_what_nginx_keeps_to_itself(name: str) -> None:
    """Hop by hop, or no name in its eyes (underscores_in_headers off)."""
    headers = proxied([("Host", "h"), (name, "x")]).headers

    assert [pair for pair in headers if pair == (name, "x")] == []


@pytest.mark.parametrize(
    ("headers", "body", "length"),
    [
        pytest.param([], b"", None, id="none"),
        pytest.param([("Content-Length", "0")], b"", "0", id="zero"),
        pytest.param([("Transfer-Encoding", "chunked")], b"abc", "3", id="chunked"),
    ],
)
def test_the_body_reaches_the_server_whole_and_counted(headers: Headers, body: bytes, length: str | None) -> None:
    """nginx reads it to its end first."""
    assert proxied(headers, body).header("content-length") == length


# what it answers


def test_the_head_is_in_nginx_s_order() -> None:
    """Contract 3.5: `Server: nginx/<v>` instead of gunicorn; the rest in the same order."""
    headers = [
        ("Server", "gunicorn/27.0.1"),
        ("Date", "then"),
        ("Connection", "close"),
        ("X-A", "1"),
        ("Content-Type", "application/json"),
        ("Content-Length", "2"),
        ("x-ms-server-version", "azmlinfsrv/1.5.1"),
    ]
    said = Response(200, "Fine", headers, b"{}", {"run_ms": 1})
    response = ask(lambda request: said)

    assert (response.status, response.phrase, response.body, response.account) == (200, "Fine", b"{}", {"run_ms": 1})
    assert [name for name, _ in response.headers[:2]] == ["Server", "Date"]
    assert response.headers[0] == ("Server", "nginx/1.22.1")
    assert response.headers[1] != ("Date", "then")
    assert response.headers[2:] == [
        ("Content-Type", "application/json"),
        ("Content-Length", "2"),
        ("Connection", "keep-alive"),
        ("X-A", "1"),
        ("x-ms-server-version", "azmlinfsrv/1.5.1"),
    ]


def test_a_body_of_unknown_length_goes_on_in_chunks() -> None:
    """Held back until 4096 bytes have come: observed, nginx 1.22.1."""

    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"a", b"b" * 4000, b"c" * 95, b"d" * 5000, b"e"):
            yield piece

    async def collected() -> tuple[Headers, list[bytes]]:
        response = await asked(lambda request: Response(200, "OK", [], pieces()), Request("GET", "/", []))
        assert not isinstance(response.body, bytes)
        return response.headers, [piece async for piece in response.body]  # type: ignore[union-attr]

    headers, sent = asyncio.run(collected())
    assert headers[2:] == [("Transfer-Encoding", "chunked"), ("Connection", "keep-alive")]
    assert [len(piece) for piece in sent] == [4096, 5000, 1]


# what it makes of repeats, and of what it has its own words for


TYPES = [("Content-Type", "text/html; charset=utf-8"), ("X-A", "1"), ("content-type", "text/x-own")]


def test_of_several_types_the_last_one_goes_on() -> None:
    """Observed, nginx 1.22.1: under its own spelling, and with the charset that an earlier one named."""
    answer = ask(lambda request: Response(200, "OK", [*TYPES, ("Content-Length", "1")], b"x"))

    assert answer.headers[2:] == [
        ("Content-Type", "text/x-own; charset=utf-8"),
        ("Content-Length", "1"),
        ("Connection", "keep-alive"),
        ("X-A", "1"),
    ]


def test_other_headers_may_come_as_often_as_they_like() -> None:
    """In their order and spelling; those that nginx keeps to itself never."""
    kept = [("Set-Cookie", "a=1"), ("X-A", "1"), ("set-cookie", "b=2"), ("x-a", "1"), ("Vary", "a"), ("ETag", "b")]
    hidden = [("X-Accel-Expires", "1"), ("X-Pad", "1"), ("Keep-Alive", "1"), ("server", "1"), ("Date", "1")]
    answer = ask(lambda request: Response(204, "NO CONTENT", [*hidden, *kept, *hidden]))

    assert answer.headers[2:] == [("Connection", "keep-alive"), *kept]


@pytest.mark.parametrize(("size", "status"), [(4096, 200), (4097, 502)])
def test_the_server_s_head_may_have_4096_bytes(size: int, status: int) -> None:
    """Observed, nginx 1.22.1, proxy_buffer_size: `upstream sent too big header`, and the body is of no interest any more."""

    async def asks() -> Response:
        is_read = asyncio.Event()

        async def pieces() -> AsyncIterator[bytes]:
            yield b"one"
            is_read.set()

        page = await asked(lambda request: Response(200, "OK", filled(size), pieces()), Request("GET", "/", []))
        if page.status == 502:
            await asyncio.wait_for(is_read.wait(), PATIENCE_S)
        return page

    response = asyncio.run(asks())
    assert response.status == status
    assert status == 200 or is_page(response, "502 Bad Gateway")


def filled(size: int, *headers: tuple[str, str]) -> Headers:
    """Return headers with which a head of 200 OK has so many bytes."""
    lines = ["HTTP/1.0 200 OK", *(": ".join(pair) for pair in headers), "X-Fill: ", "", ""]
    return [*headers, ("X-Fill", "x" * (size - len("\r\n".join(lines))))]


async def read_to_its_end(response: Response) -> tuple[list[bytes], Exception | None]:
    """Return the pieces of a stream, and what ended it."""
    read: list[bytes] = []
    try:
        async for piece in response.body:  # type: ignore[union-attr]
            read.append(piece)  # noqa: PERF401
    except BackendFailure as failure:
        return read, failure
    return read, None


def streamed(headers: Headers, *said: bytes | Exception) -> tuple[Response, list[bytes], Exception | None]:
    """Return the answer to a script that yields, and perhaps raises."""

    async def pieces() -> AsyncIterator[bytes]:
        for one in said:
            if isinstance(one, Exception):
                raise one
            yield one

    async def asks() -> tuple[Response, list[bytes], Exception | None]:
        response = await asked(lambda request: Response(200, "OK", headers, pieces()), Request("GET", "/", []))
        return response, *await read_to_its_end(response)

    return asyncio.run(asks())


def test_a_stream_that_breaks_off_ends_as_if_it_were_whole() -> None:
    """Observed, nginx 1.22.1: in HTTP/1.0 the end of the connection is the end of the body. Only the exchange knows."""
    response, read, failure = streamed([], b"one", WorkerCrashed("the stream was cut: no"))

    assert (read, failure) == ([b"one"], None)
    assert response.account["fault"]["what"] == (
        "the stream was cut: no; the container's nginx takes what came for the whole answer"
    )


def test_one_of_known_length_breaks_off_for_its_caller_too() -> None:
    """Observed, nginx 1.22.1: what came goes on before the connection ends."""
    crash = WorkerCrashed("the stream was cut: no")
    response, read, failure = streamed([("Content-Length", "6")], b"one", crash)

    assert (read, failure) == ([b"one"], crash)
    assert response.header("connection") == "keep-alive"


def test_one_that_is_shorter_than_it_says_breaks_off() -> None:
    """Observed, nginx 1.22.1: `upstream prematurely closed connection`."""
    _, read, failure = streamed([("Content-Length", "6")], b"one")

    assert read == [b"one"]
    assert str(failure) == "the answer ended after 3 bytes, its Content-Length says 6"


def test_a_script_can_have_its_pieces_passed_on_at_once() -> None:
    """Observed, nginx 1.22.1: X-Accel-Buffering, which callers never see."""
    response, read, _ = streamed([("X-Accel-Buffering", "No")], b"one", b"two")

    assert read == [b"one", b"two"]
    assert response.header("x-accel-buffering") is None


# where it speaks itself

PAGE = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
)


def is_page(response: Response, title: str) -> bool:
    body = PAGE.format(title).encode()
    head = [("Content-Type", "text/html"), ("Content-Length", str(len(body))), ("Connection", "keep-alive")]
    line = f"{response.status} {response.phrase}"
    return (line, response.headers[2:], response.body) == (title, head, body)


@pytest.mark.parametrize("failure", [WorkerCrashed, Unreachable, NotReady, BackendTimeout])
def test_a_silent_server_is_a_502(failure: type[BackendFailure]) -> None:
    """Contract 3.5: 502 page (157 bytes, text/html) when a worker dies during a request, or nothing listens."""
    response = ask(fails(failure("died of it")))

    assert is_page(response, "502 Bad Gateway")
    assert response.header("content-length") == "157"
    assert response.account["silence"] == "died of it"


def test_a_crash_keeps_where_the_script_was() -> None:
    """For the exchange."""
    crash = WorkerCrashed("died")
    crash.stack = [("score.py", 3, "run")]

    assert ask(fails(crash)).account["stack"] == [("score.py", 3, "run")]


def test_a_server_that_is_silent_too_long_is_a_504_and_goes_on() -> None:
    """Contract 3.5: 504 page (167 bytes) on the read limit."""
    done = threading.Event()

    async def waits() -> Response:
        async def handle(request: Request) -> Response:
            await let_go.wait()
            done.set()
            return Response(200, "OK", [])

        let_go = asyncio.Event()
        container = Container(FakeBackend(handle), profile_of("image", container__read_timeout_ms="50"), Pauses())
        page = await container.handle(Request("GET", "/", []))
        let_go.set()
        while not done.is_set():
            await asyncio.wait({asyncio.ensure_future(let_go.wait())})
        return page

    response = asyncio.run(waits())
    assert is_page(response, "504 Gateway Time-out")
    assert response.header("content-length") == "167"
    assert response.account["timed_out"]
    assert response.account["silence"] == "the server was silent for 0.05 s, the limit of the container's nginx"


@pytest.mark.parametrize(
    ("held", "status"), [pytest.param(3, 200, id="this-one"), pytest.param(2, 504, id="another-one")]
)
def test_its_limit_stands_still_while_a_debugger_holds_the_script(held: int, status: int) -> None:
    """For the request that is held, and no other."""
    pauses = Pauses()

    async def handle(request: Request) -> Response:
        pauses.begin(held)
        await asyncio.sleep(0.15)
        pauses.end(held)
        return Response(200, "OK", [])

    async def asks() -> Response:
        container = Container(FakeBackend(handle), profile_of("image", container__read_timeout_ms="50"), pauses)
        return await container.handle(Request("GET", "/", [], number=3))

    assert asyncio.run(asks()).status == status


def test_its_limit_goes_on_when_the_script_does() -> None:
    """Held for three limits, then silent for one more."""
    pauses = Pauses()

    async def handle(request: Request) -> Response:
        pauses.begin(3)
        asyncio.get_running_loop().call_later(0.15, pauses.end, 3)
        await asyncio.Event().wait()
        raise AssertionError

    async def asks() -> tuple[Response, float]:
        container = Container(FakeBackend(handle), profile_of("image", container__read_timeout_ms="50"), pauses)
        began = asyncio.get_running_loop().time()
        page = await container.handle(Request("GET", "/", [], number=3))
        return page, asyncio.get_running_loop().time() - began

    page, took_s = asyncio.run(asks())

    assert page.status == 504
    assert 0.18 < took_s < 5


@pytest.mark.parametrize(("size", "status"), [(10, 200), (11, 413)])
def test_a_body_may_have_exactly_so_many_bytes(size: int, status: int) -> None:
    """Contract 3.5: 413 page above `client_max_body_size`; here 10."""
    request = Request("POST", "/", [], b"x" * size)
    response = ask(lambda request: Response(200, "OK", []), request, container__request_bytes="10")

    assert response.status == status
    assert status == 200 or is_page(response, "413 Request Entity Too Large")


def test_its_limits_are_100_mb_and_1000_s() -> None:
    """Contract 3.5, 8 #18: body limit 100 MB, read and connect limits 1000 s."""
    rules = profile_of("image").container

    assert (rules.request_bytes, rules.read_timeout_ms) == (100 * 1024 * 1024, 1_000_000)


# side by side with the real one


def score(request: Request) -> Response:
    """Answer as the server in the container does, HTTP/1.0 and no more: what it was asked, or what the path says."""
    own = [("Server", "gunicorn/27.0.1"), ("Date", "Sat, 21 Nov 2026 12:00:00 GMT"), ("Connection", "close")]
    path = request.target.partition("?")[0]
    if path == "/die":
        raise WorkerCrashed("died")
    if path == "/204":
        return Response(204, "NO CONTENT", [*own, ("X-A", "1")])
    if path == "/304":
        return Response(304, "NOT MODIFIED", [*own, ("ETag", '"e"')])
    if path == "/unframed":
        return Response(200, "OK", [*own, ("Content-Type", "text/plain")], b"")
    if path == "/raise":
        return _counted(500, "INTERNAL SERVER ERROR", [*own, ("Content-Type", "application/json")], b'{"message": "x"}')
    if path.startswith("/said/"):
        return Response(200, "OK", [*own, *SAID[path[6:]]], b"body")
    if path == "/order":
        odd = [("X-A", "1"), ("Last-Modified", "Sat, 21 Nov 2026 12:00:00 GMT"), ("Location", "/else"), ("X-A", "2")]
        more = [("Set-Cookie", "a=b"), ("Content-Language", "en"), ("Content-Type", "text/plain"), ("vary", "Origin")]
        return _counted(299, "Odd Phrase", [*odd, *more, *own], b"body")
    view = {"line": f"{request.method} {request.target} HTTP/{request.version}", "headers": request.headers}
    body = json.dumps({**view, "body": request.body.decode("latin-1")}).encode()
    response = _counted(200, "OK", [*own, ("Content-Type", "application/json")], body)
    return Response(200, "OK", response.headers, b"") if request.method == "HEAD" else response


def _counted(status: int, phrase: str, headers: Headers, body: bytes) -> Response:
    return Response(status, phrase, [*headers, ("Content-Length", str(len(body)))], body)


TWICE = [
    "Accept-Ranges",
    "Cache-Control",
    "Connection",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Range",
    "Date",
    "ETag",
    "Expires",
    "Keep-Alive",
    "Link",
    "Location",
    "Refresh",
    "Server",
    "Set-Cookie",
    "Status",
    "Vary",
    "WWW-Authenticate",
    "X-Accel-Buffering",
    "X-Accel-Charset",
    "X-Accel-Expires",
    "X-Own",
    "X-Pad",
    "X_Own",
    "x-ms-request-id",
]
LAST_MODIFIED = [("Last-Modified", f"{day} Nov 2026 12:00:00 GMT") for day in ("Sat, 21", "Sun, 22")]
FOUR = ("Content-Length", "4")
HTML = ("Content-Type", "text/html; charset=utf-8")
SAID: dict[str, Headers] = {
    "type-lower": [("content-type", "text/x-own"), FOUR],
    "types": [HTML, ("X-A", "1"), ("content-type", "text/x-own"), FOUR],
    "types-with-charset": [HTML, ("Content-Type", "text/x-own; charset=latin-1"), FOUR],
    "types-with-parameter": [HTML, ("Content-Type", "text/x-own; a=b"), FOUR],
    "types-three": [HTML, ("Content-Type", "text/x-own;CHARSET=a"), ("Content-Type", "text/z"), FOUR],
    "types-quoted": [("Content-Type", 'a/b; c=d; charset="e f"; g'), ("Content-Type", "text/z"), FOUR],
    "types-no-charset": [("Content-Type", 'a/b; charset=""'), ("Content-Type", "text/z"), FOUR],
    "types-charset-taken-back": [HTML, ("Content-Type", "a/b; charset="), ("Content-Type", "text/z"), FOUR],
    "types-last-empty": [HTML, ("Content-Type", ""), FOUR],
    "type-empty": [("Content-Type", ""), FOUR],
    "lengths": [("Content-Length", "3"), ("content-length", "4")],
    "length-zeros": [("Content-Length", "004")],
    "length-sign": [("Content-Length", "+4")],
    "length-large": [("Content-Length", "9999999999999999999")],
    "length-no-number": [("Content-Length", "x")],
    "length-short": [("Content-Length", "2")],
    "length-long": [("Content-Length", "10")],
    "twice": [*((name, "1") for name in TWICE), *LAST_MODIFIED, *((name.lower(), "2") for name in TWICE), FOUR],
    "many": [*((f"X-{number}", "x") for number in range(300)), FOUR],
}

STREAM: Headers = [("Server", "gunicorn/27.0.1"), ("Connection", "close"), ("Content-Type", "text/plain")]
PIECES = [b"one", b"two" * 3000, b"three"]
STREAMS = {
    "/stream": STREAM,
    "/stream/broken": STREAM,
    "/stream/of-length": [*STREAM, ("Content-Length", str(sum(map(len, PIECES))))],
    "/stream/of-length/broken": [*STREAM, ("Content-Length", "10000")],
    "/stream/of-length/short": [*STREAM, ("Content-Length", "10000")],
    "/stream/unbuffered": [*STREAM, ("X-Accel-Buffering", "no")],
}


class TinyServer:
    """Serves `score` over HTTP/1.0 to a real nginx, one connection after another."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.let_go = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, contextlib.suppress(OSError, WorkerCrashed):
                client.settimeout(PATIENCE_S)
                self._answer(client, _read(client))

    def _answer(self, client: socket.socket, request: Request) -> None:
        if request.target == "/slow":
            self.let_go.wait(PATIENCE_S)
        response = Response(200, "OK", STREAMS[request.target]) if request.target in STREAMS else score(request)
        lines = [f"HTTP/1.0 {response.status} {response.phrase}", *(": ".join(pair) for pair in response.headers)]
        client.sendall("\r\n".join([*lines, "\r\n"]).encode("latin-1"))
        if request.target in STREAMS and request.method != "HEAD":
            for piece in PIECES:
                client.sendall(piece)
        assert isinstance(response.body, bytes)
        client.sendall(response.body)

    def close(self) -> None:
        self.let_go.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(PATIENCE_S)


def _read(client: socket.socket) -> Request:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = client.recv(1 << 16)
        if not piece:
            raise WorkerCrashed("nothing came")
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    method, target, version = line.split(" ")
    headers = [(name, value.strip()) for name, _, value in (field.partition(":") for field in fields)]
    request = Request(method, target, headers, version=version.removeprefix("HTTP/"))
    length = int(request.header("content-length") or 0)
    while len(body) < length:
        body += client.recv(1 << 16)
    request.body = body
    return request


CONFIG = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log stderr;
events {{ worker_connections 64; }}
http {{
  access_log off; default_type application/octet-stream;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_set_header Host $http_host;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_pass http://127.0.0.1:{server};
      proxy_connect_timeout 1000s; proxy_read_timeout 300ms; client_max_body_size 1000;
    }}
  }}
}}
"""


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A real nginx as in contract 3.5, with small limits, before the tiny server; returns its port."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("nginx is not installed")
    folder, server = tmp_path_factory.mktemp("nginx"), TinyServer()
    port = free_port()
    (folder / "conf").write_text(CONFIG.format(folder=folder, port=port, server=server.port))
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [program, "-e", "stderr", "-p", str(folder), "-c", str(folder / "conf")], stdout=log, stderr=log
    )
    try:
        until(lambda: _listens(port, process, folder), "listening")
        yield port
    finally:
        server.close()
        process.terminate()
        process.wait(PATIENCE_S)
        log.close()


def _listens(port: int, process: subprocess.Popen[bytes], folder: Path) -> bool:
    assert process.poll() is None, (folder / "log").read_text()
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S):
        return True
    return False


@pytest.fixture(scope="module")
def ours() -> Iterator[int]:
    """The profile `image`, with the same limits, before the same server; returns its port."""
    let_go = threading.Event()

    async def pieces(target: str) -> AsyncIterator[bytes]:
        for piece in PIECES:
            yield piece
        if target.endswith("broken"):
            raise WorkerCrashed("the stream was cut")

    async def answer(request: Request) -> Response:
        if request.target == "/slow":
            await asyncio.to_thread(let_go.wait, PATIENCE_S)
        if request.target in STREAMS:
            body = b"" if request.method == "HEAD" else pieces(request.target)
            return Response(200, "OK", STREAMS[request.target], body)
        return score(request)

    limits = {"limits__request_bytes": "1000", "container__request_bytes": "1000", "container__read_timeout_ms": "300"}
    with serving(answer, profile_name="image", **limits) as served:
        yield served.port
        let_go.set()


def seen(port: int, data: bytes) -> tuple[list[str], bytes, bool]:
    """Return the head of the answer, line by line, its body without chunks, and whether the connection is closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as client:
        client.sendall(data)
        answer, is_closed = b"", False
        with contextlib.suppress(TimeoutError):
            while piece := client.recv(1 << 16):
                answer += piece
                client.settimeout(0.05 if is_whole(answer, data) else PATIENCE_S)
            is_closed = True
    answer = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    text = re.sub(r"(?m)^Date: .*? GMT\r?$", "Date: now", head.decode("latin-1").replace("\r\n", "\n"))
    text, body = re.sub(r"nginx/[\d.]+", "nginx/V", text), re.sub(rb"nginx/[\d.]+", b"nginx/V", body)
    if "Transfer-Encoding: chunked" in text:
        body = joined(body)
    # nginx waits for the rest of a body that it has refused before it closes
    return text.split("\n"), body, is_closed or "Connection: close" in text


def is_whole(answer: bytes, data: bytes) -> bool:
    """Tell whether nothing more needs to come, other than the end of the connection."""
    head, end, body = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n").partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)
    if not end or (b"Connection: close" in head and not length):
        return False
    is_bodiless = data.startswith(b"HEAD ") or head[9:12] in (b"204", b"304")
    return is_bodiless or (len(body) == int(length[1]) if length else body.endswith(b"0\r\n\r\n"))


def joined(chunks: bytes) -> bytes:
    """Return what was sent in chunks, whatever their sizes."""
    body = b""
    while chunks:
        size, _, rest = chunks.partition(b"\r\n")
        body, chunks = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return body


def request(line: str, *fields: str, body: bytes = b"") -> bytes:
    return "\r\n".join([line, *fields, "\r\n"]).encode() + body


H = "Host: h:8080"
CASES = {
    "post": request(
        "POST /score?q=%20a HTTP/1.1", H, "X-Request-ID: a1", "Content-Length: 2", "Accept: */*", body=b"hi"
    ),
    "get": request("GET / HTTP/1.1", H),
    "get-with-length-0": request("GET / HTTP/1.1", H, "Content-Length: 0"),
    "chunked": request("POST / HTTP/1.1", H, "Transfer-Encoding: chunked", body=b"2\r\nhi\r\n3\r\n, x\r\n0\r\n\r\n"),
    "chunked-empty": request("POST / HTTP/1.1", H, "Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "expect": request("POST / HTTP/1.1", H, "Expect: 100-continue", "Content-Length: 2", body=b"hi"),
    "close": request("GET / HTTP/1.1", H, "Connection: close"),
    "hop-by-hop": request(
        "GET / HTTP/1.1", H, "Connection: keep-alive", "Keep-Alive: timeout=5", "TE: trailers", "X-A: 1"
    ),
    "upgrade": request("GET / HTTP/1.1", H, "Connection: Upgrade", "Upgrade: websocket", "X-A: 1"),
    "strange-names": request("GET / HTTP/1.1", H, "X_Under: 1", "X.Dot: 1", "X-Dash: 1", "x-LOWER: 1", "X-Empty: "),
    "repeats": request("GET / HTTP/1.1", H, "X-A: 1", "X-B: 2", "X-A: 3"),
    "forwarded": request("GET / HTTP/1.1", H, "X-Forwarded-For: a", "X-Real-IP: b", "X-Forwarded-Proto: https"),
    "forwarded-empty": request("GET / HTTP/1.1", H, "X-Forwarded-For:"),
    "absolute": request("GET http://a.example:80/score?q=http://b/ HTTP/1.1", H),
    "absolute-without-path": request("GET http://a.example?q HTTP/1.1", H),
    "names-of-no-use": request("GET / HTTP/1.1", H, "X!: 1", "X~: 1", "_: 1", "-: 1", "1: 1", "Content_Length: 5"),
    "forwarded-twice": request("GET / HTTP/1.1", H, "X-Forwarded-For: a", "X-A: 1", "x-forwarded-for: b"),
    "1.0": request("GET / HTTP/1.0"),
    "1.0-with-host": request("GET / HTTP/1.0", H, "X-A: 1"),
    "1.0-keep-alive": request("GET / HTTP/1.0", H, "Connection: keep-alive"),
    "method": request("PATCH /score HTTP/1.1", H, "Content-Length: 1", body=b"x"),
    "head": request("HEAD / HTTP/1.1", H),
    "204": request("GET /204 HTTP/1.1", H),
    "304": request("GET /304 HTTP/1.1", H),
    "500": request("GET /raise HTTP/1.1", H),
    "order": request("GET /order HTTP/1.1", H),
    "unframed": request("GET /unframed HTTP/1.1", H),
    "stream": request("GET /stream HTTP/1.1", H),
    "stream-1.0": request("GET /stream HTTP/1.0", H, "Connection: keep-alive"),
    "stream-head": request("HEAD /stream HTTP/1.1", H),
    **{target[1:]: request(f"GET {target} HTTP/1.1", H) for target in STREAMS if target != "/stream"},
    "stream-broken-1.0": request("GET /stream/broken HTTP/1.0", H, "Connection: keep-alive"),
    "stream-of-length-broken-1.0": request("GET /stream/of-length/broken HTTP/1.0", H, "Connection: keep-alive"),
    **{f"said-{name}": request(f"GET /said/{name} HTTP/1.1", H) for name in SAID},
    "said-length-long-1.0": request("GET /said/length-long HTTP/1.0", H, "Connection: keep-alive"),
    "said-length-long-head": request("HEAD /said/length-sign HTTP/1.1", H),
    "502": request("GET /die HTTP/1.1", H),
    "502-1.0": request("GET /die HTTP/1.0", H),
    "413-exactly": request("POST / HTTP/1.1", H, "Content-Length: 1000", body=b"x" * 1000),
    "413-length": request("POST / HTTP/1.1", H, "Content-Length: 1001", body=b"x" * 1001),
    "413-before-the-body": request("POST / HTTP/1.1", H, "Content-Length: 1001"),
    "413-expect": request("POST / HTTP/1.1", H, "Expect: 100-continue", "Content-Length: 1001"),
    "413-chunked": request(
        "POST / HTTP/1.1", H, "Transfer-Encoding: chunked", body=b"3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n"
    ),
    "504": request("GET /slow HTTP/1.1", H),
}


@pytest.mark.parametrize("case", CASES)
def test_a_real_nginx_answers_the_same(real: int, ours: int, case: str) -> None:
    """Contract 3.5: status line, headers and their order, body, what the server was asked, and who closes."""
    theirs = seen(real, CASES[case])

    assert seen(ours, CASES[case]) == theirs


def test_the_type_comes_before_the_length() -> None:
    """Observed, nginx 1.22.1: whatever order the server has; a type of the script's own is the last of its headers."""
    headers = [("Content-Length", "1"), ("X-Own", "1"), ("Content-Type", "image/x-own")]
    answer = ask(lambda request: Response(200, "OK", headers, b"x"))

    assert [name for name, _ in answer.headers] == [*OWN, "Content-Type", "Content-Length", "Connection", "X-Own"]
