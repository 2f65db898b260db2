"""
The body of a request, taken off the connection as its head has framed it: by length, in chunks, or not at all.

A chunked body that is not what it says is no error yet: gunicorn reads it when the application does, so the script's
server meets the fault. `broken` carries its words.

Source: gunicorn 27.0.1, http/body.py (read 2026-11); contract 4.4, observed chunked bodies.
"""

from __future__ import annotations

import re
from typing import Protocol

from amlemu.gateway import refusals
from amlemu.gateway.head import SINGLE, Head, largest_section, read_fields
from amlemu.profile import WireRules

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED = rb'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"'
_EXTENSION = re.compile(rb"(?:[ \t]*;[ \t]*" + _TOKEN + rb"(?:[ \t]*=[ \t]*(?:" + _TOKEN + rb"|" + _QUOTED + rb"))?)*")
_SIZE = re.compile(rb"[0-9a-fA-F]+")
_NOT_IN_TRAILERS = ("HOST", "CONTENT-LENGTH", "TRANSFER-ENCODING", "TRAILER", "AUTHORIZATION", "TE")


class BodyReader(Protocol):
    """Takes bytes until the body is whole. `rest` is then what follows it."""

    is_whole: bool
    broken: str | None
    rest: bytes

    def feed(self, data: bytes) -> bytes:
        """Take bytes; returns those that belong to the body."""

    def finish(self) -> None:
        """The client will send no more."""


def reader(head: Head, rules: WireRules) -> BodyReader:
    """Return the reader for the body that follows `head`."""
    return Chunked(rules) if head.is_chunked else Counted(head.length or 0)


class Counted:
    """As many bytes as Content-Length says; fewer count as they are when the client stops (contract 4.4)."""

    broken: str | None = None

    def __init__(self, length: int) -> None:
        self._left = length
        self.is_whole = length == 0
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """Take bytes; returns those that belong to the body."""
        taken = data if len(data) <= self._left else data[: self._left]
        self._left -= len(taken)
        self.is_whole = self._left == 0
        self.rest = data[len(taken) :]
        return taken

    def finish(self) -> None:
        """The client will send no more."""
        self.is_whole = True


class Chunked:
    """Chunks; `broken` says what is wrong with them, and then the body counts as whole."""

    def __init__(self, rules: WireRules) -> None:
        self._rules = rules
        self._buffer = bytearray()
        self._left = 0  # of the chunk that is being taken
        self._step = self._take_size
        self.is_whole = False
        self.broken: str | None = None
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """Take bytes; returns those that belong to the body."""
        self._buffer += data
        pieces: list[bytes] = []
        while not self.is_whole and self._step(pieces):
            pass
        if self.is_whole:
            self.rest = bytes(self._buffer)
        return b"".join(pieces)

    def finish(self) -> None:
        """The client will send no more: a chunked body must have said so itself."""
        if not self.is_whole:
            self._break("No more data after: None")

    def _break(self, what: str) -> bool:
        self.broken = what
        self.is_whole = True
        return False

    def _take_size(self, pieces: list[bytes]) -> bool:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            too_long = len(self._buffer) > self._rules.header_field_bytes
            return self._break("Invalid chunk size: line without end") if too_long else False
        size, sign, extension = bytes(self._buffer[:end]).partition(b";")
        if sign:
            size = size.rstrip(b" \t")
        if not _SIZE.fullmatch(size):
            return self._break(f"Invalid chunk size: {size!r}")
        if sign and (b"\r" in extension or not _EXTENSION.fullmatch(b";" + extension)):
            return self._break("Invalid chunk extension: invalid chunk extension")
        del self._buffer[: end + 2]
        self._left = int(size, 16)
        self._step = self._take_data if self._left else self._take_trailers
        return True

    def _take_data(self, pieces: list[bytes]) -> bool:
        if not self._buffer:
            return False
        piece = bytes(self._buffer[: self._left])
        del self._buffer[: len(piece)]
        pieces.append(piece)
        self._left -= len(piece)
        if not self._left:
            self._step = self._take_line_end
        return True

    def _take_line_end(self, pieces: list[bytes]) -> bool:
        if len(self._buffer) < 2:
            return False
        if not self._buffer.startswith(b"\r\n"):
            return self._break(f"Invalid chunk terminator is not '\\r\\n': {bytes(self._buffer[:2])!r}")
        del self._buffer[:2]
        self._step = self._take_size
        return True

    def _take_trailers(self, pieces: list[bytes]) -> bool:
        if self._buffer.startswith(b"\r\n"):
            del self._buffer[:2]
            self.is_whole = True
            return False
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if self._buffer.count(b"\n") != self._buffer.count(b"\r\n"):
                return self._break("Invalid HTTP Header: 'bare LF as line terminator'")
            is_too_large = len(self._buffer) > largest_section(self._rules)
            return self._break("limit request trailer section size") if is_too_large else False
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        self.is_whole = True
        self.broken = _fault_in_trailers(lines, self._rules)
        return False


def _fault_in_trailers(lines: list[str], rules: WireRules) -> str | None:
    """Trailers are read as headers are; nobody is told what they say."""
    seen: set[str] = set()
    try:
        for name, _ in read_fields(lines, rules, trusts_peer=False):
            upper = name.upper()
            if upper in _NOT_IN_TRAILERS:
                raise refusals.bad_header_name(upper)
            if upper.lower() in SINGLE and upper in seen:
                raise refusals.bad_header(upper)
            seen.add(upper)
    except refusals.Refused as refused:
        return str(refused)
    return None
