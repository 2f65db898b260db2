"""
A caller of bytes: what is sent is what the case says; phrase, header spelling and order, body and trailers come back as they were.
"""

from __future__ import annotations

import contextlib
import socket
import time
from dataclasses import dataclass, replace

PATIENCE_S = 10.0


@dataclass(frozen=True)
class Ask:
    """
    One request.

    Attributes:
        headers: `Name: value` lines after Host; `{token}` and `{expired token}` stand for tokens of the endpoint.
        body: sent with its length, unless `headers` has a Content-Length.
        is_chunked: sent in chunks of 64 KiB instead.
        is_cut: the last, empty chunk stays out.
    """

    method: str
    target: str
    headers: tuple[str, ...] = ()
    body: bytes = b""
    is_chunked: bool = False
    is_cut: bool = False

    @property
    def raw(self) -> bytes:
        """The bytes."""
        lines = [f"{self.method} {self.target} HTTP/1.1", "Host: localhost", *self.headers]
        has_length = any(line.lower().startswith("content-length:") for line in lines)
        if self.is_chunked:
            lines.append("Transfer-Encoding: chunked")
        elif not has_length and (self.body or self.method in ("POST", "PUT", "PATCH")):
            lines.append(f"Content-Length: {len(self.body)}")
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        if not self.is_chunked:
            return head + self.body
        return head + _in_chunks(self.body) + (b"" if self.is_cut else b"0\r\n\r\n")


def post(body: bytes = b"{}", *headers: str, target: str = "/score", is_chunked: bool = False) -> Ask:
    """Write a POST."""
    return Ask("POST", target, headers, body, is_chunked)


def get(target: str = "/score", *headers: str, method: str = "GET") -> Ask:
    """Write a GET, or another method without a body."""
    return Ask(method, target, headers)


@dataclass(frozen=True)
class Received:
    """
    One answer; status 0 when the connection was closed without one.

    `port` is the caller's own, `number` counts the answers on its connection, from 1; `since` is when that was opened, in
    seconds since the epoch.
    """

    status: int = 0
    phrase: str = ""
    headers: tuple[str, ...] = ()
    body: bytes = b""
    trailers: tuple[str, ...] = ()
    seconds: float = 0.0
    port: int = 0
    number: int = 0
    since: float = 0.0


class Caller:
    """One connection. Use as a context, or close it."""

    def __init__(self, port: int) -> None:
        self._since = time.time()
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self.port: int = self.socket.getsockname()[1]
        self._answers = self.socket.makefile("rb")
        self._began = 0.0
        self._method = ""
        self._number = 0

    def send(self, ask: Ask) -> None:
        """Send a request; a server that refuses early may not read it to its end."""
        self._began, self._method = time.monotonic(), ask.method
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(ask.raw)

    def receive(self) -> Received:
        """Read one answer to its end; `100 Continue` is one, too."""
        try:
            received = self._answer()
        except ConnectionResetError:
            received = Received()
        self._number += 1
        seconds = time.monotonic() - self._began
        return replace(received, seconds=seconds, port=self.port, number=self._number, since=self._since)

    def ask(self, ask: Ask) -> Received:
        """Send a request and read its answer."""
        self.send(ask)
        return self.receive()

    def close(self) -> None:
        """Leave."""
        self._answers.close()
        self.socket.close()

    def __enter__(self) -> Caller:  # noqa: PYI034  # no subclasses
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _answer(self) -> Received:
        line = self._line()
        if not line:
            return Received()
        version, number, phrase = line.split(" ", 2)
        assert version == "HTTP/1.1", line
        status, headers = int(number), self._lines()
        known = {name.lower(): value.strip() for name, _, value in (header.partition(":") for header in headers)}
        if status in (100, 204, 304) or self._method == "HEAD":
            return Received(status, phrase, headers)
        if known.get("transfer-encoding") == "chunked":
            body = self._chunks()
            return Received(status, phrase, headers, body, self._lines())
        length = int(known["content-length"]) if "content-length" in known else -1
        return Received(status, phrase, headers, self._answers.read(length))

    def _line(self) -> str:
        return self._answers.readline().decode("latin-1").removesuffix("\r\n")

    def _lines(self) -> tuple[str, ...]:
        return tuple(iter(self._line, ""))

    def _chunks(self) -> bytes:
        pieces = []
        while size := int(self._line(), 16):
            pieces.append(self._answers.read(size))
            assert self._line() == ""
        return b"".join(pieces)


def _in_chunks(body: bytes) -> bytes:
    pieces = [body[at : at + (1 << 16)] for at in range(0, len(body), 1 << 16)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
