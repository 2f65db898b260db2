"""The client of bytes against a socket that says exactly what a test wants."""

from __future__ import annotations

import threading

import pytest
from amlemu_harness.parity.case import post, request
from amlemu_harness.parity.wire import BRISK, Address, Patience, Sent, exchange

from .parrot import Parrot, answer

BRIEF = Patience(piece_s=5.0, afterwards_s=0.05)


def said(*pieces: bytes, sent: Sent | None = None, address: Address | None = None, patience: Patience = BRIEF):
    """Ask a server that says these pieces; return what came back, and what the server got."""
    heard: list[bytes] = []

    def say(asked: bytes) -> list[bytes]:
        heard.append(asked)
        return list(pieces)

    perch = Parrot(say).start()
    try:
        at = Address(perch.address.port, *([] if address is None else [address.host, address.prefix, address.headers]))
        return exchange(at, sent or post(b"x"), patience), heard[0]
    finally:
        perch.stop()


def test_an_answer_is_kept_as_it_came() -> None:
    """Spelling, order and phrase."""
    received, _ = said(answer(b"hi", "404 NOT FOUND", "x-Lower: 1", "X-Lower: 2"))

    assert received.status == "HTTP/1.1 404 NOT FOUND"
    assert received.headers == (
        ("x-Lower", "1"),
        ("X-Lower", "2"),
        ("Content-Length", "2"),
        ("Connection", "close"),
    )
    assert (received.body, received.is_complete, received.is_closed) == (b"hi", True, True)


def test_pieces_are_told_with_the_moment_of_their_arrival() -> None:
    """A chunk that comes later is later in `arrivals`; the bytes count with their framing."""
    gate = threading.Event()

    def late():
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n"
        gate.wait(0.2)
        yield b"3\r\ntwo\r\n0\r\n\r\n"

    perch = Parrot(lambda _: late()).start()  # type: ignore[arg-type,return-value]
    try:
        received = exchange(perch.address, post(b"x"), BRIEF)
    finally:
        perch.stop()

    (first_s, first), *_, (last_s, last) = received.arrivals
    assert received.pieces == (b"one", b"two")
    assert (first, last) == (8, 21)
    assert last_s - first_s >= 0.15


@pytest.mark.parametrize(
    ("piece", "is_complete"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi", False, id="too-short"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", False, id="no-last-chunk"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\nhi", True, id="to-the-end"),
    ],
)
def test_an_answer_that_breaks_off_is_told_from_a_whole_one(piece: bytes, is_complete: bool) -> None:
    """The body ended where its framing said, or it did not."""
    received, _ = said(piece)

    assert (received.body, received.is_complete) == (b"hi", is_complete)


@pytest.mark.parametrize("told", [3_000_000, 3_000_007])
def test_a_large_answer_in_many_pieces(told: int) -> None:
    """Counted while it comes, and read once: whole, or a little too short."""
    body = b"0123456789" * 300_000
    received, _ = said(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % told, body[:1_000_000], body[1_000_000:])

    assert (received.body == body, received.is_complete) == (True, told == len(body))
    assert received.arrivals[-1][1] == len(body)


def test_no_answer_is_no_status() -> None:
    """A server that closes without a word."""
    received, _ = said()

    assert (received.status, received.is_closed) == ("", True)


def test_a_request_goes_out_as_it_was_written() -> None:
    """Not a byte is added on loopback."""
    raw = b"POST /score HTTP/1.0\r\nhOST: x\r\nContent-Length: 1\r\n\r\nx"

    _, heard = said(answer(b""), sent=Sent(raw))

    assert heard == raw


def test_an_endpoint_has_its_own_name_prefix_and_headers() -> None:
    """`Sent.towards` writes what a client of that endpoint would."""
    endpoint = Address(443, "mine.example", "/api/v1/service/mine", (("Authorization", "Bearer s"),), is_tls=True)
    sent = request("GET", "/score?a=1").towards(endpoint)

    assert sent.raw == (
        b"GET /api/v1/service/mine/score?a=1 HTTP/1.1\r\nHost: mine.example\r\nAuthorization: Bearer s\r\n\r\n"
    )
    assert request("GET", "/").towards(Address(8080, "mine.example")).raw == (
        b"GET / HTTP/1.1\r\nHost: mine.example:8080\r\n\r\n"
    )


def test_a_slow_client_sends_the_rest_after_its_pause() -> None:
    """All of it arrives."""
    sent = Sent(b"POST /score HTTP/1.1\r\nContent-Length: 4\r\n\r\nab", rest=b"cd", pause_s=0.05)

    received, heard = said(answer(b"ok"), sent=sent)

    assert heard.endswith(b"\r\n\r\nabcd")
    assert received.body == b"ok"


def test_a_connection_that_stays_open_is_kept() -> None:
    """The server says nothing more, and does not close."""
    gate = threading.Event()

    def stays():
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
        gate.wait(5)

    perch = Parrot(lambda _: stays()).start()  # type: ignore[arg-type,return-value]
    try:
        received = exchange(perch.address, post(b"x"), BRIEF)
    finally:
        gate.set()
        perch.stop()

    assert (received.is_complete, received.is_closed) == (True, False)


def test_an_answer_that_says_it_closes_may_be_late_with_it() -> None:
    """Where nothing is said, that long would be too long."""
    late = threading.Event()

    def closes(head: bytes):
        yield b"HTTP/1.1 200 OK\r\n" + head + b"Content-Length: 2\r\n\r\nhi"
        late.wait(0.15)

    found = {}
    for head in (b"Connection: close\r\n", b""):
        perch = Parrot(lambda _, head=head: closes(head)).start()  # type: ignore[misc]
        try:
            found[head] = exchange(perch.address, post(b"x"), BRISK).is_closed
        finally:
            perch.stop()

    assert found == {b"Connection: close\r\n": True, b"": False}


def test_a_silent_server_ends_the_patience() -> None:
    """Nothing comes: that shows as a connection that was not closed, and no status."""
    gate = threading.Event()

    def silent():
        gate.wait(5)
        yield b""

    perch = Parrot(lambda _: silent()).start()  # type: ignore[arg-type,return-value]
    try:
        received = exchange(perch.address, post(b"x"), Patience(piece_s=0.1, afterwards_s=0.1))
    finally:
        gate.set()
        perch.stop()

    assert (received.status, received.is_closed) == ("", False)
