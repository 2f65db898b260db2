"""A server of a few lines that is asked anything at all: it reads what comes as well as it can, and always says something."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator

from amlemu_harness.parity.wire import Patience, Received, Sent, exchange

Say = Callable[[bytes], bytes]
"""Returns the body of the answer to a request; an empty one closes without a word."""

_LENGTH = re.compile(rb"(?im)^content-length: (\d{1,6})\r?$")
_HEAD = b"HTTP/1.1 200 OK\r\nConnection: close"  # said, so that who asks waits for it, and a busy machine makes no difference
_PATIENCE = Patience(piece_s=20.0, afterwards_s=0.0, closed_s=2.0)


class Hermit:
    """One thread, one request at a time."""

    def __init__(self, say: Say) -> None:
        self.heard: list[bytes] = []
        self._say = say
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def ask(self, sent: Sent) -> Received | None:
        """Ask it as a walk asks a side."""
        try:
            return exchange(self.port, sent, _PATIENCE)
        except ConnectionRefusedError:
            return None

    def leave(self) -> None:
        """Listen no more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(5.0)
                self.heard.append(_read(connection))
                body = self._say(self.heard[-1])
                if body:
                    connection.sendall(b"%s\r\nContent-Length: %d\r\n\r\n%s" % (_HEAD, len(body), body))
                _hear_out(connection)


@contextlib.contextmanager
def hermit(say: Say) -> Iterator[Hermit]:
    """Have one for a while."""
    one = Hermit(say)
    try:
        yield one
    finally:
        one.leave()


def _hear_out(connection: socket.socket) -> None:
    """Let the other side close first: what is closed with something unread is reset, and the answer may be lost with it."""
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(65536):
        pass


def _read(connection: socket.socket) -> bytes:
    data = b""
    while not _is_whole(data):
        more = connection.recv(65536)
        if not more:
            break
        data += more
    return data


def _is_whole(data: bytes) -> bool:
    head, end, body = data.partition(b"\r\n\r\n")
    if b"\r\nexpect: 100-" in head.lower():
        return bool(end)
    length = _LENGTH.search(head + b"\r\n")
    return bool(end) and (length is None or len(body) >= int(length[1]))
