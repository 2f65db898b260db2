"""A server of a few lines for tests: says to each request what it was told to say, and can be made to end."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from amlemu_harness.parity.record import End
from amlemu_harness.parity.sides.side import DidNotStart
from amlemu_harness.parity.wire import Address

Say = Callable[[bytes], list[bytes]]
"""Returns what is written for a request, piece by piece; an empty list closes without a word."""


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """Write an answer that closes."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def target(request: bytes) -> str:
    """Return what a request asks for; nothing of a client that has left without one."""
    return b"".join(request.split(b" ")[1:2]).decode()


class Parrot:
    """A side of a comparison, one running server after the other."""

    is_shared = False

    def __init__(self, say: Say, name: str = "parrot", *, does_not_start: End | None = None) -> None:
        self.name = name
        self.starts = 0
        self.stops = 0
        self.kills = 0
        self.dies_at: Mapping[str, End] = {}
        self._say = say
        self._refusal = does_not_start

    def start(self, probe: Path | None = None) -> Perch:
        if self._refusal is not None:
            raise DidNotStart(self.name, self._refusal)
        self.starts += 1
        return Perch(self, self._say if probe is None else lambda _: [answer(b'{"probe": "yes"}')])

    def facts(self) -> Mapping[str, str]:
        return {"kind": "parrot"}


class Perch:
    """Where it answers; `dies_at` are targets at which the server ends instead of answering."""

    def __init__(self, parrot: Parrot, say: Say) -> None:
        self._parrot = parrot
        self._say = say
        self._end: End | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = Address(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def ended(self) -> End | None:
        return self._end

    def kill_workers(self) -> bool:
        self._parrot.kills += 1
        return True

    def stop(self) -> None:
        self._parrot.stops += 1
        self._close()

    def _close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            request = _read(connection)
            if not request:
                return
            if target(request) in self._parrot.dies_at:
                self._end = self._parrot.dies_at[target(request)]
                self._close()
                return
            for piece in [answer(b"Healthy")] if target(request) == "/" else self._say(request):
                connection.sendall(piece)


def _read(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return data
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.partition(b":")[2] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while lengths and len(body) < int(lengths[0]):
        more = connection.recv(65536)
        if not more:
            break
        body += more
    return head + b"\r\n\r\n" + body
