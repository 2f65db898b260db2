"""Clients that are slow, leave, keep their connection, half-close it, or send what is no HTTP at all."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import struct
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from amlemu.errors import WorkerCrashed
from amlemu.exchange import Headers, Request, Response
from amlemu.gateway import wire
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .front_door import PATIENCE_S, Served, echo, read_all, serving

pytestmark = pytest.mark.usefixtures("every_loop")
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
KEEP = {"wire__keep_alive": "on"}


class Gate:
    """A backend that holds /slow until it is let go; everything else is echoed."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.entered, self.let_go = threading.Event(), threading.Event()

    async def __call__(self, request: Request) -> Response:
        self.asked.append(request)
        if request.target == "/slow":
            self.entered.set()
            while not self.let_go.is_set():
                await asyncio.to_thread(self.let_go.wait, 0.05)
        return await echo(request)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.let_go.set()


def leave(client: socket.socket) -> None:
    """Go without a word: the system sends a reset."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def read_answer(client: socket.socket) -> bytes:
    """Read one answer that has a Content-Length."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += client.recv(1 << 16)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += client.recv(1 << 16)
    return head + b"\r\n\r\n" + body


def is_closed_within(client: socket.socket, seconds: float) -> bool:
    """Wait for the server's end of the connection to close, having read nothing before."""
    if not select.select([client], [], [], seconds)[0]:
        return False
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"not {what}"


# kept connections


def _answer(status: int, headers: Headers, body: bytes = b"") -> Response:
    return Response(status, "X", [("Connection", "close"), *headers], body)


@pytest.mark.parametrize(
    ("method", "response", "is_kept"),
    [
        pytest.param("GET", _answer(200, [("Content-Length", "2")], b"hi"), True, id="exact-length"),
        pytest.param("GET", _answer(200, [], b"hi"), False, id="no-length"),
        pytest.param("GET", _answer(200, [("Content-Length", "5")], b"hi"), False, id="length-too-large"),
        pytest.param("GET", _answer(200, [("Content-Length", "1")], b"hi"), False, id="length-too-small"),
        pytest.param("HEAD", _answer(200, [("Content-Length", "10")]), True, id="head"),
        pytest.param("GET", _answer(204, []), True, id="no-content"),
        pytest.param("GET", _answer(304, [("Content-Length", "10")]), True, id="not-modified"),
    ],
)
def test_a_connection_is_kept_only_after_an_answer_whose_end_is_known(
    method: str, response: Response, is_kept: bool
) -> None:
    """Otherwise the client would take the next answer for a part of this one."""

    async def answer(request: Request) -> Response:
        return response if request.target == "/first" else await echo(request)

    with serving(answer, **KEEP) as served, served.connect() as client:
        client.sendall(f"{method} /first HTTP/1.1\r\n\r\n".encode())
        head, _, body = client.recv(1000).partition(b"\r\n\r\n")
        assert (b"Connection: keep-alive" in head, b"Connection: close" in head) == (is_kept, not is_kept)
        assert body == response.body

        if is_kept:
            client.sendall(b"GET /second HTTP/1.1\r\nConnection: close\r\n\r\n")

            assert read_all(client).endswith(b"GET /second ")
        else:
            assert is_closed_within(client, PATIENCE_S)


def test_http_1_0_is_never_kept() -> None:
    """Not even when it asks for it."""
    with serving(echo, **KEEP) as served:
        data = served.ask(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")

    assert b"\r\nConnection: close\r\n" in data


def test_http_1_0_gets_a_stream_without_chunks() -> None:
    """It would take the chunk sizes for a part of the body."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    async def answer(request: Request) -> Response:
        return Response(200, "OK", [("Transfer-Encoding", "chunked")], pieces())

    with serving(answer) as served:
        assert served.ask(b"GET / HTTP/1.0\r\n\r\n") == b"HTTP/1.0 200 OK\r\n\r\nonetwo"


def test_pipelined_requests_are_run_one_after_another(gate: Gate) -> None:
    """The second is not begun before the first has been answered."""
    with serving(gate, **KEEP) as served, served.connect() as client:
        client.sendall(b"GET /slow HTTP/1.1\r\n\r\nGET /next HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert gate.entered.wait(PATIENCE_S)
        served.ask(b"GET /other HTTP/1.1\r\nConnection: close\r\n\r\n")
        gate.let_go.set()
        read_all(client)

    assert [request.target for request in gate.asked] == ["/slow", "/other", "/next"]


def test_an_idle_kept_connection_is_closed_in_time() -> None:
    """In silence: the client has nothing outstanding."""
    with serving(echo, sweep_s=0.05, wire__keep_alive_seconds="0.2", **KEEP) as served, served.connect() as client:
        client.sendall(GET)
        read_answer(client)

        assert is_closed_within(client, PATIENCE_S)


def test_a_new_request_on_a_kept_connection_stops_its_clock(gate: Gate) -> None:
    """A long run() is not idleness."""
    with serving(gate, sweep_s=0.05, wire__keep_alive_seconds="0.2", **KEEP) as served, served.connect() as client:
        client.sendall(GET)
        read_answer(client)
        client.sendall(b"GET /slow HTTP/1.1\r\n\r\n")

        assert not is_closed_within(client, 0.5)

        gate.let_go.set()
        assert read_answer(client).endswith(b"GET /slow ")


def test_what_is_no_request_waits_for_the_answers_before_it(gate: Gate) -> None:
    """A whole request is answered although rubbish comes behind it; then the connection closes."""
    with serving(gate, **KEEP) as served, served.connect() as client:
        client.sendall(b"GET /slow HTTP/1.1\r\n\r\n")
        assert gate.entered.wait(PATIENCE_S)
        client.sendall(b"rubbish\r\n\r\n")
        until(lambda: served.refusals, "refused")
        gate.let_go.set()
        data = read_all(client)

    assert data.endswith(b"GET /slow ")
    assert data.count(b"HTTP/1.1") == 1


def test_a_client_that_half_closes_a_kept_connection_need_not_wait_for_its_end(gate: Gate) -> None:
    """`printf ... | nc -N`: nothing more can come, so the answer is the last one."""
    with serving(gate, **KEEP) as served, served.connect() as client:
        client.sendall(b"GET /slow HTTP/1.1\r\n\r\n")
        assert gate.entered.wait(PATIENCE_S)
        client.shutdown(socket.SHUT_WR)
        served.ask(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
        gate.let_go.set()
        read_answer(client)

        assert is_closed_within(client, 1)


# slow clients


def test_a_head_that_trickles_is_cut_off() -> None:
    """Each byte is no new beginning: the time is for the whole head."""
    with serving(echo, sweep_s=0.05, wire__header_seconds="0.3") as served, served.connect() as client:
        started = time.monotonic()
        head = iter(b"GET / HTTP/1.1\r\nX: " + b"x" * 1000)
        with contextlib.suppress(ConnectionError):
            while not is_closed_within(client, 0.02):
                client.sendall(bytes([next(head)]))

    assert 0.25 < time.monotonic() - started < 2


def test_a_body_that_trickles_is_waited_for() -> None:
    """A slow line is not silence: each piece is a new beginning."""
    with serving(echo, sweep_s=0.02, wire__body_idle_seconds="0.2") as served, served.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nContent-Length: 20\r\n\r\n")
        for _ in range(20):
            assert not is_closed_within(client, 0.02)
            client.sendall(b"x")

        assert read_all(client).endswith(b"POST / " + b"x" * 20)


def test_a_connection_on_which_nothing_comes_is_closed() -> None:
    """Browsers open them in advance."""
    with serving(echo, sweep_s=0.05, wire__header_seconds="0.2") as served, served.connect() as client:
        assert is_closed_within(client, PATIENCE_S)


def test_a_request_that_takes_long_is_not_cut_off(gate: Gate) -> None:
    """All clocks are about what the client sends."""
    limits = {"wire__header_seconds": "0.1", "wire__body_idle_seconds": "0.1"}
    with serving(gate, sweep_s=0.02, **limits) as served, served.connect() as client:
        client.sendall(b"POST /slow HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")

        assert not is_closed_within(client, 0.4)

        gate.let_go.set()
        assert read_all(client).endswith(b"POST /slow abc")


# clients that leave


def test_a_client_that_is_gone_is_recorded(gate: Gate) -> None:
    """The answer is computed to its end and written to nobody."""
    with serving(gate) as served:
        client = served.connect()
        client.sendall(b"GET /slow HTTP/1.1\r\n\r\n")
        assert gate.entered.wait(PATIENCE_S)
        leave(client)
        served.ask(GET)
        gate.let_go.set()
        until(lambda: len(served.exchanges) == 2, "recorded")

    left = served.exchanges[1]
    assert left.client_left
    assert left.response is not None
    assert left.response.status == 200


def test_a_stream_whose_reader_has_left_is_read_to_its_end() -> None:
    """The script's generator must not hang in the middle, nor its clean-up be skipped."""
    ended = threading.Event()

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(300):
            yield b"x" * (1 << 16)
        ended.set()

    async def answer(request: Request) -> Response:
        return Response(200, "OK", [("Transfer-Encoding", "chunked")], pieces())

    with serving(answer) as served:
        client = served.connect()
        client.sendall(GET)
        client.recv(100)
        leave(client)

        assert ended.wait(PATIENCE_S)


def test_pipelined_requests_of_a_client_that_has_left_are_still_answered_in_turn(gate: Gate) -> None:
    """They were whole; under the real server they would have been in the kernel's queue."""
    with serving(gate, **KEEP) as served:
        client = served.connect()
        client.sendall(b"GET /slow HTTP/1.1\r\n\r\nGET /next HTTP/1.1\r\n\r\n")
        assert gate.entered.wait(PATIENCE_S)
        leave(client)
        gate.let_go.set()
        until(lambda: len(served.exchanges) == 2, "recorded")

    assert [exchange.request.target for exchange in served.exchanges] == ["/slow", "/next"]


# refusals


def test_a_body_that_is_too_large_never_reaches_the_script(gate: Gate) -> None:
    """The client is told 413; run() must not see a part of what it sent."""
    with serving(gate, wire__body_bytes="1000") as served:
        refused = served.ask(b"POST / HTTP/1.1\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000)
        served.ask(GET)

    assert refused.startswith(b"HTTP/1.1 413 ")
    assert [request.method for request in gate.asked] == ["GET"]
    assert [exchange.request.method for exchange in served.exchanges] == ["GET"]


@pytest.mark.parametrize("framing", [b"Content-Length: 1001", b"Transfer-Encoding: chunked"])
def test_a_body_of_one_byte_too_much_is_refused(framing: bytes) -> None:
    """The limit is inclusive, and the same for both ways to frame a body."""
    with serving(echo, wire__body_bytes="1000") as served:
        for size, status in ((1000, b"200"), (1001, b"413")):
            body = b"x" * size if framing.startswith(b"C") else b"%x\r\n%s\r\n0\r\n\r\n" % (size, b"x" * size)
            head = b"POST / HTTP/1.1\r\n%s\r\n\r\n" % framing.replace(b"1001", b"%d" % size)

            assert served.ask(head + body).split()[1] == status


def test_a_client_that_never_closes_after_a_refusal_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lingering close ends by itself."""
    monkeypatch.setattr(wire, "_LINGER_S", 0.2)
    monkeypatch.setattr(wire, "_LINGER_BYTES", 1 << 60)
    with serving(echo) as served, served.connect() as client:
        client.sendall(b"rubbish\r\n\r\n")
        assert read_all(client).startswith(b"HTTP/1.1 400 ")

        with pytest.raises(ConnectionError):
            _send_until_refused(client)


def test_a_client_that_sends_for_ever_after_a_refusal_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes are counted, too, not only seconds."""
    monkeypatch.setattr(wire, "_LINGER_BYTES", 100_000)
    monkeypatch.setattr(wire, "_LINGER_S", 3600.0)
    with serving(echo) as served, served.connect() as client:
        client.sendall(b"rubbish\r\n\r\n")

        with pytest.raises(ConnectionError):
            _send_until_refused(client)


def _send_until_refused(client: socket.socket) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        client.sendall(b"x" * 1000)


def test_an_upgrade_that_nobody_wants_is_ignored() -> None:
    """The request is answered as it is, as gunicorn does."""
    upgrade = b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n"
    with serving(echo) as served:
        data = served.ask(upgrade)

    assert data.startswith(b"HTTP/1.1 200 OK\r\n")
    assert ("Upgrade", "websocket") in served.exchanges[0].request.headers


def test_a_client_that_speaks_before_it_is_told_to_continue_is_heard() -> None:
    """`Expect: 100-continue`, and the body at once."""
    with serving(echo) as served:
        data = served.ask(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc")

    assert data.endswith(b"POST / abc")


@pytest.fixture(scope="module")
def echoing(every_loop: None) -> Iterator[Served]:
    with serving(echo, **KEEP) as served:
        yield served


LINES = st.sampled_from(
    [
        b"GET / HTTP/1.1\r\n", b"POST /score HTTP/1.1\r\n", b"GET / HTTP/1.0\r\n", b"FOO * HTTP/9.9\r\n", b"\r\n", b"\n",
        b"Host: x\r\n", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"Transfer-Encoding: chunked\r\n", b": x\r\n",
        b"Expect: 100-continue\r\n", b"Connection: close\r\n", b" folded\r\n", b"hello", b"5\r\nhello\r\n", b"0\r\n\r\n",
    ]
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], print_blob=True)
@given(pieces=st.lists(LINES | st.binary(max_size=20), max_size=10))
def test_whatever_is_sent_the_connection_ends_and_the_server_lives(echoing: Served, pieces: list[bytes]) -> None:
    """Lines of HTTP in any order, and bytes that are none; each status line that comes back is a whole one."""
    with echoing.connect() as client, contextlib.suppress(ConnectionError):
        client.sendall(b"".join(pieces) + b"GET /last HTTP/1.1\r\nConnection: close\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        data = read_all(client)
        assert data[:9] in (b"", b"HTTP/1.1 ", b"HTTP/1.0 ")

    assert echoing.ask(b"GET /after HTTP/1.1\r\nConnection: close\r\n\r\n").endswith(b"GET /after ")


# the end of the server


def test_stopping_closes_idle_connections_and_answers_those_in_hand(gate: Gate) -> None:
    """Kept connections do not hold up the end."""
    with serving(gate, **KEEP) as served, served.connect() as idle, served.connect() as busy:
        idle.sendall(GET)
        read_answer(idle)
        busy.sendall(b"GET /slow HTTP/1.1\r\n\r\n")
        assert gate.entered.wait(PATIENCE_S)
        served.stop()

        assert is_closed_within(idle, PATIENCE_S)

        gate.let_go.set()
        assert read_all(busy).endswith(b"GET /slow ")


def test_a_request_that_outlasts_the_grace_is_closed(gate: Gate) -> None:
    """uvicorn cancels its task; the client must not be left waiting."""
    with serving(gate) as served, served.connect() as client:
        client.sendall(b"GET /slow HTTP/1.1\r\n\r\n")
        assert gate.entered.wait(PATIENCE_S)
        served.stop()

        assert is_closed_within(client, 3)


def test_a_backend_that_fails_after_the_client_has_left_is_recorded_once(gate: Gate) -> None:
    """Two ends at the same time make one exchange."""

    async def answer(request: Request) -> Response:
        await gate(request)
        raise WorkerCrashed("died")

    with serving(answer) as served:
        client = served.connect()
        client.sendall(b"GET /slow HTTP/1.1\r\n\r\n")
        assert gate.entered.wait(PATIENCE_S)
        leave(client)
        gate.let_go.set()
        until(lambda: served.exchanges, "recorded")

    assert [type(exchange.failure) for exchange in served.exchanges] == [WorkerCrashed]
