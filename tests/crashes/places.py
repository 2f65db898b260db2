"""A deployment that crashes when it is asked to, served from a folder of its own, and callers of raw bytes."""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import amlemu
from amlemu.exchange import Exchange

PATIENCE_S = 10.0
ZOO = Path(__file__).parents[1] / "scripts"
_LOOK_AGAIN_S = 0.005


def until(look: Callable[[], bool], what: str) -> None:
    """Wait until a look succeeds."""
    deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while not look():
        assert time.monotonic() < deadline, f"not {what} within {PATIENCE_S:.0f} s"
        pause.wait(_LOOK_AGAIN_S)


def asked(body: str) -> bytes:
    """Write a POST that ends its connection."""
    head = f"POST /score HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + body).encode("ascii")


def read(answer: bytes) -> tuple[str, bytes]:
    """Return status line and body of all that came on a connection."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.split(b"\r\n")[0].decode("latin-1"), body


class Caller:
    """One connection with one request."""

    def __init__(self, port: int, sent: bytes) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self.port: int = self._socket.getsockname()[1]
        self._socket.sendall(sent)

    def receive(self) -> tuple[str, bytes]:
        """Read until the server closes; return status line and body."""
        pieces = []
        with self._socket, contextlib.suppress(ConnectionResetError):
            while piece := self._socket.recv(1 << 16):
                pieces.append(piece)
        return read(b"".join(pieces))

    def leave(self) -> None:
        """Close without an answer."""
        self._socket.close()

    def hears_nothing(self, seconds: float) -> bool:
        """Tell whether the server is silent for so long."""
        self._socket.settimeout(seconds)
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            self._socket.settimeout(PATIENCE_S)
            return True
        return False


class Place:
    """The script `crashes.py`, being served."""

    def __init__(self, folder: Path, profile: str, settings: Mapping[str, str], env: Mapping[str, str]) -> None:
        self._gate, self._entries = folder / "gate", folder / "entries"
        self._entries.touch()
        shutil.copy(ZOO / "crashes.py", folder / "score.py")
        self.endpoint = amlemu.serve(
            folder / "score.py",
            profile=profile,
            settings=settings,
            env={"GATE": str(self._gate), "ENTRIES": str(self._entries), **env},
            layout="none",
            grace_s=2.0,
        )

    def ask(self, body: str) -> Caller:
        """Send a request; the caller reads its answer when it likes."""
        return Caller(self.endpoint.port, asked(body))

    def entries(self) -> list[str]:
        """Return what run() was entered with, in order."""
        return self._entries.read_text(encoding="ascii").split()

    @contextlib.contextmanager
    def gate_shut(self) -> Iterator[None]:
        """Calls that crash or hang wait until the end of the block."""
        self._gate.touch()
        try:
            yield
        finally:
            self._gate.unlink(missing_ok=True)

    def see_to_it(self) -> None:
        """Return when the server has read all that was sent before: it refuses what is no request, in its turn."""
        assert Caller(self.endpoint.port, b"no request\r\n\r\n").receive()[0].startswith("HTTP/1.1 400 ")

    def exchanges(self, port: int) -> list[Exchange]:
        """Return the records of a caller, as soon as there is one."""
        found: list[Exchange] = []

        def look() -> bool:
            found[:] = [one for one in self.endpoint.exchanges if one.request.client[1] == port]
            return bool(found)

        until(look, "on record")
        return found
