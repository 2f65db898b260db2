"""The connection: what is written on it to the byte, when it closes, and what it survives."""

from __future__ import annotations

import asyncio
import http.client
import io
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator

import httpx
import pytest
from amlemu.exchange import Headers, Request, Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .front_door import PATIENCE_S, Served, echo, read_all, serving, until

pytestmark = pytest.mark.usefixtures("every_loop")

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
TOKEN = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~", min_size=1, max_size=12)
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive", "upgrade", "te", "trailer"}
NAMES = TOKEN.filter(lambda name: name.lower() not in HOP_BY_HOP)
TEXT = st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=20)


@st.composite
def responses(draw: st.DrawFn) -> tuple[int, str, Headers, list[bytes], str]:
    """Draw a response: status, phrase, headers, pieces of the body, and how it is framed."""
    status = draw(st.integers(200, 999).filter(lambda number: number not in (204, 304)))
    pieces = draw(st.lists(st.binary(min_size=1, max_size=50), max_size=4))
    framing = draw(st.sampled_from(["length", "chunked", "close", "pieces"]))
    return status, draw(TEXT), draw(st.lists(st.tuples(NAMES, TEXT), max_size=6)), pieces, framing


async def _one_by_one(pieces: list[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def _framed(headers: Headers, pieces: list[bytes], framing: str) -> Headers:
    if framing == "length":
        return [*headers, ("Content-Length", str(sum(map(len, pieces))))]
    return [("Transfer-Encoding", "chunked"), *headers] if framing == "chunked" else headers


@pytest.fixture(scope="module")
def scripted() -> tuple[Served, list[Response]]:  # type: ignore[misc]
    """A server that answers with the response that the test puts into the list."""
    wanted: list[Response] = []

    async def answer(request: Request) -> Response:
        return wanted.pop()

    with serving(answer) as served:
        yield served, wanted


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], print_blob=True)
@given(drawn=responses())
def test_bare_is_the_identity(scripted: tuple[Served, list[Response]], drawn: tuple) -> None:
    """Whatever a backend says and HTTP/1.1 can express is what the client reads: phrase, spelling, order, body."""
    served, wanted = scripted
    status, phrase, headers, pieces, framing = drawn
    headers = _framed(headers, pieces, framing)
    whole = framing in ("length", "close")
    wanted.append(Response(status, phrase, headers, b"".join(pieces) if whole else _one_by_one(pieces)))

    data = served.ask(GET)

    head, _, body = data.partition(b"\r\n\r\n")
    expected = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers)]
    assert head.decode("latin-1").split("\r\n") == expected
    if framing == "chunked":
        framed = b"".join(b"%X\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        assert body == framed
    else:
        assert body == b"".join(pieces)


@pytest.mark.parametrize("method", ["FOO", "PROPFIND", "BREW"])
def test_any_method_reaches_the_backend(method: str) -> None:
    """Methods that no registry knows are the inference server's to refuse."""
    with serving(echo) as served:
        data = served.ask(f"{method} /score HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    assert data.endswith(f"{method} /score ".encode())


def test_a_short_body_counts_as_it_is() -> None:
    """A body shorter than its Content-Length, then a half close: the server answers what has come."""
    with serving(echo) as served:
        data = served.ask(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc", half_close=True)

    assert data.endswith(b"POST / abc")


@pytest.mark.skipif(sys.platform != "linux", reason="needs a second address of this machine's own")
def test_a_peer_from_elsewhere_is_no_proxy() -> None:
    """What it says of the scheme may contradict itself: gunicorn believes 127.0.0.1 only (observed, gunicorn 27.0.1)."""
    request = b"GET / HTTP/1.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off\r\n\r\n"

    with serving(echo) as served:
        near = served.ask(request)
        with socket.create_connection(("127.0.0.1", served.port), source_address=("127.0.0.2", 0)) as client:
            client.sendall(request)
            far = read_all(client)

    assert [near[:12], far[:12]] == [b"HTTP/1.1 400", b"HTTP/1.1 200"]


def test_kept_alive_answers_in_order() -> None:
    """Two pipelined requests on one kept connection are answered one after the other."""
    with serving(echo, wire__keep_alive="on") as served:
        last = b"GET /b HTTP/1.1\r\nConnection: close\r\n\r\n"
        data = served.ask(b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc" + last)

    first, second = data.index(b"POST /a abc"), data.index(b"GET /b ")
    assert first < second
    assert data.count(b"Connection: keep-alive") == 1
    assert data.count(b"Connection: close") == 1


def test_a_kept_connection_serves_again_and_again() -> None:
    """A client that keeps its connection uses one socket for all requests."""
    with serving(echo, wire__keep_alive="on") as served, httpx.Client(trust_env=False) as client:
        answers = {client.post(f"http://127.0.0.1:{served.port}/", content=b"x").text for _ in range(20)}

        ports = {exchange.request.client for exchange in served.exchanges}
    assert answers == {"POST / x"}
    assert len(ports) == 1


def test_an_answered_request_leaves_nothing_behind() -> None:
    """Neither for a long life of the server, nor for its end, which waits for what is in hand."""
    with serving(echo, wire__keep_alive="on") as served, httpx.Client(trust_env=False) as client:
        for _ in range(20):
            client.post(f"http://127.0.0.1:{served.port}/", content=b"x")

        until(lambda: not served.tasks, "over")


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_bare_closes_after_each_answer(version: str) -> None:
    """Without keep-alive every connection ends with its answer, in the version of the request."""
    with serving(echo) as served:
        data = served.ask(f"GET / HTTP/{version}\r\nHost: x\r\nConnection: keep-alive\r\n\r\n".encode())

    assert data.startswith(f"HTTP/{version} 200 OK\r\nConnection: close\r\n".encode())


def test_half_a_header_and_silence_costs_nobody_else() -> None:
    """A client that stops in the middle of its head is cut off in time; the others are served meanwhile."""
    with serving(echo, sweep_s=0.05, wire__header_seconds="0.3") as served, served.connect() as silent:
        silent.sendall(b"POST /score HT")

        others = [served.ask(GET) for _ in range(5)]

        assert all(answer.startswith(b"HTTP/1.1 200") for answer in others)
        assert _ends(silent)


def test_half_a_body_and_silence_is_cut_off() -> None:
    """A client that stops in the middle of its body is cut off in time."""
    with serving(echo, sweep_s=0.05, wire__body_idle_seconds="0.3") as served, served.connect() as silent:
        silent.sendall(b"POST /score HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc")

        assert _ends(silent)


@pytest.mark.parametrize(
    ("sent", "is_told"),
    [
        pytest.param(b"POST /score HT", True, id="half-a-head"),
        pytest.param(b"POST /score HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc", True, id="half-a-body"),
        pytest.param(b"", False, id="nothing"),
    ],
)
def test_who_is_cut_off_in_the_middle_is_named(caplog: pytest.LogCaptureFixture, sent: bytes, is_told: bool) -> None:
    """A browser that opened a connection in advance is nobody's mistake."""
    limits = {"wire__header_seconds": "0.2", "wire__body_idle_seconds": "0.2"}
    with serving(echo, sweep_s=0.05, **limits) as served, served.connect() as silent:
        silent.sendall(sent)
        assert _ends(silent)

    assert ("half a request, then silence" in caplog.text) == is_told


def _ends(client: socket.socket) -> bool:
    try:
        return read_all(client) == b""
    except ConnectionResetError:
        return True


def test_a_hundred_thousand_headers_are_refused() -> None:
    """The 101st field is one too many, and the client can read that while it is still sending."""
    fields = b"".join(b"X-%d: a\r\n" % number for number in range(100_000))
    with serving(echo) as served:
        data = served.ask(b"GET / HTTP/1.1\r\n" + fields + b"\r\n")

        assert data.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
        assert served.ask(GET).startswith(b"HTTP/1.1 200")
        assert [refusal.client for refusal in served.refusals] == ["127.0.0.1"]


BIG = b"x" * 3_000_000


def _by_urllib(url: str) -> int:
    try:
        urllib.request.urlopen(urllib.request.Request(url, data=BIG))
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    return 200


def _by_httpx(url: str) -> int:
    return httpx.post(url, content=BIG, trust_env=False).status_code


def _by_http_client(url: str) -> int:
    connection = http.client.HTTPConnection(url.removeprefix("http://").removesuffix("/"))
    connection.request("POST", "/", body=io.BytesIO(BIG), headers={"Content-Length": str(len(BIG))})
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("client", [_by_urllib, _by_httpx, _by_http_client])
def test_a_refusal_is_seen_by_a_client_that_is_still_sending(client) -> None:
    """Our memory guard says 413 before the body is read; lingering close lets every client see it."""
    with serving(echo, wire__body_bytes="1000000") as served:
        statuses = [client(f"http://127.0.0.1:{served.port}/") for _ in range(20)]

    assert statuses == [413] * 20


def _by_curl(url: str) -> int:
    words = [
        "curl",
        "--silent",
        "--noproxy",
        "*",
        "--output",
        "-",
        "--write-out",
        "%{http_code}",
        "--data-binary",
        "@-",
    ]
    done = subprocess.run([*words, url], input=BIG[:1_600_000], capture_output=True, timeout=10, check=True)
    return int(done.stdout)


def _small(by, url: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(globals(), "BIG", BIG[:1_600_000])
        return by(url)


@pytest.mark.parametrize("client", [_by_urllib, _by_httpx, _by_curl])
def test_every_client_sees_that_1_6_mb_are_too_much(client) -> None:
    """Contract 1.2, 413 above 1.5 MB: said before the body has come, and seen 20 times out of 20."""
    if client is _by_curl and shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    with serving(echo, profile_name="managed") as served:
        statuses = [_small(client, f"http://127.0.0.1:{served.port}/score") for _ in range(20)]

    assert statuses == [413] * 20


def test_expect_is_answered_when_the_body_is_wanted() -> None:
    """`Expect: 100-continue` gets its word before the body is sent."""
    with serving(echo) as served, served.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")

        interim = client.recv(100)
        client.sendall(b"abc")

        assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert read_all(client).endswith(b"POST / abc")


def test_a_chunked_body_arrives_whole() -> None:
    """Chunks are put together, wherever the stream is cut."""
    data = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;a=b\r\ndefg\r\n0\r\n\r\n"
    with serving(echo) as served, served.connect() as client:
        for byte in data:
            client.sendall(bytes([byte]))

        assert read_all(client).endswith(b"POST / abcdefg")


def test_a_client_that_leaves_stops_nothing() -> None:
    """run() goes on, its exchange is recorded with the fact, and the next client is served."""
    entered, go_on, done = threading.Event(), threading.Event(), threading.Event()

    async def slow(request: Request) -> Response:
        if request.target == "/slow":
            entered.set()
            await asyncio.to_thread(go_on.wait, PATIENCE_S)
            done.set()
        return await echo(request)

    with serving(slow) as served:
        with served.connect() as client:
            client.sendall(b"GET /slow HTTP/1.1\r\n\r\n")
            assert entered.wait(PATIENCE_S)
        other = served.ask(GET)
        go_on.set()
        assert done.wait(PATIENCE_S)
        assert served.ask(GET).startswith(b"HTTP/1.1 200")

    left = {exchange.request.target: exchange.client_left for exchange in served.exchanges}
    assert other.startswith(b"HTTP/1.1 200")
    assert left == {"/slow": True, "/": False}


def test_a_slow_reader_of_a_stream_holds_up_nobody() -> None:
    """A client that does not read a large stream stops its own stream only, and memory stays bounded."""
    produced = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal produced
        for _ in range(800):
            produced += 1
            yield b"x" * (1 << 16)

    async def answer(request: Request) -> Response:
        if request.target == "/stream":
            return Response(200, "OK", [("Transfer-Encoding", "chunked")], pieces())
        return await echo(request)

    with serving(answer) as served, served.connect() as client:
        client.sendall(b"GET /stream HTTP/1.1\r\n\r\n")
        first = client.recv(100)
        others = [served.ask(GET) for _ in range(10)]
        before = produced
        rest = read_all(client)

    assert all(other.startswith(b"HTTP/1.1 200") for other in others)
    assert before < 800
    assert len(first) + len(rest) > 800 * (1 << 16)


def test_a_broken_stream_is_cut() -> None:
    """A stream that fails in the middle ends without its last chunk, so that the client can tell."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"abc"
        raise RuntimeError("the script raised")

    async def answer(request: Request) -> Response:
        return Response(200, "OK", [("Transfer-Encoding", "chunked")], pieces())

    with serving(answer) as served:
        data = served.ask(GET)

        assert data.endswith(b"3\r\nabc\r\n")


# what an answer says about its connection


def _said(data: bytes) -> list[str]:
    """Return the values of Connection in the head of the first answer."""
    return re.findall(r"(?im)^connection: (.*?)\r$", data.partition(b"\r\n\r\n")[0].decode("latin-1") + "\r")


def _first_answer(served: Served, request: bytes) -> tuple[bytes, bool]:
    """Return the head of the first answer, and whether the connection is closed behind it."""
    with served.connect() as client:
        client.sendall(request)
        data = client.recv(10_000)
        client.settimeout(0.3)
        try:
            while piece := client.recv(10_000):
                data += piece
        except TimeoutError:
            return data, False
        return data, True


@pytest.mark.parametrize(
    ("profile_name", "version", "wish", "said", "is_closed"),
    [
        pytest.param("bare", "1.1", "keep-alive", ["close"], True, id="bare"),  # contract 4.1
        pytest.param("image", "1.1", "", ["keep-alive"], False, id="image"),  # contract 3.5
        pytest.param("image", "1.1", "close", ["close"], True, id="image-close"),
        pytest.param("image", "1.0", "", ["close"], True, id="image-1.0"),
        pytest.param("image", "1.0", "keep-alive", ["keep-alive"], False, id="image-1.0-keep-alive"),
        pytest.param("managed", "1.1", "", [], False, id="managed"),  # contract 8 #7; assumed
        pytest.param("managed", "1.1", "close", ["close"], True, id="managed-close"),
        pytest.param("managed", "1.0", "", ["close"], True, id="managed-1.0"),
    ],
)
def test_an_answer_says_what_becomes_of_its_connection(
    profile_name: str, version: str, wish: str, said: list[str], is_closed: bool
) -> None:
    """HTTP/1.0 is kept only when it asks for it, and where answers are in HTTP/1.1."""
    request = f"GET / HTTP/{version}\r\nHost: x\r\n" + (f"Connection: {wish}\r\n" if wish else "") + "\r\n"
    with serving(echo, profile_name=profile_name) as served:
        data, closed = _first_answer(served, request.encode())

    assert data.endswith(b"\r\n\r\nGET / ")
    assert (_said(data), closed) == (said, is_closed)


def test_a_refusal_in_words_of_the_gateway_s_own_says_nothing_about_a_kept_connection() -> None:
    """Contract 1.2, 404: the body was there, so the connection is kept."""
    request = b"GET / HTTP/1.1\r\nazureml-model-deployment: green\r\n\r\n"
    with serving(echo, profile_name="managed") as served:
        data, is_closed = _first_answer(served, request)

    assert data.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert (_said(data), is_closed) == ([], False)


def test_a_refusal_before_the_body_has_come_closes() -> None:
    """Nobody waits for the rest of it, and the client is told."""
    with serving(echo, profile_name="managed") as served:
        data = served.ask(b"POST / HTTP/1.1\r\nContent-Length: 1600000\r\n\r\nabc")

    assert data.startswith(b"HTTP/1.1 413 Payload Too Large\r\n")
    assert _said(data) == ["close"]


@pytest.mark.parametrize(("profile_name", "version"), [("bare", "1.0"), ("image", "1.1"), ("managed", "1.1")])
def test_the_version_of_an_answer_is_the_profile_s(profile_name: str, version: str) -> None:
    """gunicorn answers in the version of the request (contract 4.4), nginx in 1.1 (observed)."""
    with serving(echo, profile_name=profile_name) as served:
        data = served.ask(b"GET / HTTP/1.0\r\n\r\n")

    assert data.startswith(f"HTTP/{version} 200 OK\r\n".encode())


# trailers

CHUNKED: Headers = [("Transfer-Encoding", "chunked")]
TRAILERS: Headers = [("X-One", "1"), ("X-Two", "b")]


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b"abc", b"3\r\nabc\r\n0\r\nX-One: 1\r\nX-Two: b\r\n\r\n"), (b"", b"0\r\nX-One: 1\r\nX-Two: b\r\n\r\n")],
    ids=["body", "empty"],
)
def test_trailers_come_behind_the_last_chunk(body: bytes, expected: bytes) -> None:
    """RFC 9112, 7.1; a kept connection is kept."""

    async def answer(request: Request) -> Response:
        return Response(200, "OK", CHUNKED, body, trailers=TRAILERS)

    with serving(answer, wire__keep_alive="on") as served:
        data, is_closed = _first_answer(served, GET)

    assert data.partition(b"\r\n\r\n")[2] == expected
    assert not is_closed


@pytest.mark.parametrize(
    ("request_line", "body"), [("GET / HTTP/1.0", b"abc"), ("HEAD / HTTP/1.1", b"")], ids=["1.0", "head"]
)
def test_an_answer_without_chunks_has_no_trailers(request_line: str, body: bytes) -> None:
    """The client would take them for something else."""

    async def answer(request: Request) -> Response:
        return Response(200, "OK", CHUNKED, b"abc", trailers=TRAILERS)

    with serving(answer) as served:
        data = served.ask(f"{request_line}\r\n\r\n".encode())

    assert data.partition(b"\r\n\r\n")[2] == body


# half a request, then silence


@pytest.mark.parametrize(
    ("setting", "sent"),
    [
        pytest.param("wire__header_seconds", b"POST /score HT", id="half-a-head"),
        pytest.param("wire__body_idle_seconds", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc", id="half-a-body"),
        pytest.param("wire__body_idle_seconds", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n", id="no-body"),
        pytest.param(
            "wire__body_idle_seconds",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
            id="half-a-chunk",
        ),
    ],
)
def test_half_a_request_is_cut_in_time_and_is_no_exchange(setting: str, sent: bytes) -> None:
    """Not before the time that the profile gives; nobody is asked, nothing is recorded."""
    with serving(echo, sweep_s=0.02, profile_name="managed", **{setting: "0.3"}) as served, served.connect() as silent:
        silent.sendall(sent)
        began = time.monotonic()

        assert _ends(silent)
    assert 0.25 < time.monotonic() - began < 2
    assert served.exchanges == []
