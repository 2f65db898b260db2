"""Answers as a server gives them, for the tests of the comparison."""

from __future__ import annotations

from amlemu_harness.parity.case import Case, post
from amlemu_harness.parity.record import Seen
from amlemu_harness.parity.wire import Headers, Received

ID = "7f1c2a52-9f62-4d0b-8a51-0c4e5b1f7a10"
OTHER_ID = "0b6e7c1e-32d5-4f0a-9d7e-6a1f4b8c2d33"
THIRD_ID = "c2a4f1d0-5b7e-4c39-b1a8-93d2e6f70a54"
SERVED: Headers = (
    ("Server", "gunicorn"),
    ("Date", "Sun, 22 Nov 2026 12:43:27 GMT"),
    ("Connection", "close"),
    ("Content-Type", "application/json"),
)
GOOD = Case("good", "made here", (post(b'{"data": 1}'),))


def answer(body: bytes = b'{"a": 1}', *, status: str = "HTTP/1.1 200 OK", headers: Headers = SERVED) -> Received:
    """A whole answer, with its length; the server closed."""
    headers = (*headers, ("Content-Length", str(len(body))))
    return Received(status, headers, body, body, is_complete=True)


def streamed(*pieces: bytes, at_s: tuple[float, ...] = (), is_complete: bool = True) -> Received:
    """An answer in pieces, each with the second at which it came; the end comes with the last one."""
    framed = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces]
    wire = b"".join(framed) + (b"0\r\n\r\n" if is_complete else b"")
    times = at_s or (0.0,) * len(pieces)
    counts = [len(b"".join(framed[: number + 1])) for number in range(len(pieces))]
    counts[-1] = len(wire)
    return Received(
        "HTTP/1.1 200 OK",
        (*SERVED, ("Transfer-Encoding", "chunked")),
        wire,
        b"".join(pieces),
        pieces,
        is_complete=is_complete,
        arrivals=tuple(zip(times, counts, strict=True)),
    )


def seen(*answers: Received) -> Seen:
    """What came back in a case."""
    return Seen(answers)
