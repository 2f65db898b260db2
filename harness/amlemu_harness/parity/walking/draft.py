"""
A request taken apart, so that its parts can be changed, and written again. `case.py` writes those that are as they should be.

Whatever is written here is complete, or our side of the connection is ended after it: a server that waits for the rest of half
a request would wait for ever, and so would the walk. Neighbours: `moves.py` changes drafts, `walk.py` asks them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from amlemu_harness.parity.wire import Sent

_FRAMING = re.compile(r"content[-_]?length|transfer[-_]?encoding", re.IGNORECASE)
_WITH_BODY = ("POST", "PUT", "PATCH")


@dataclass(frozen=True)
class Framing:
    """
    How the body's length is told.

    Attributes:
        kind: by Content-Length, not at all, or in chunks.
        off: how much more than there is Content-Length says.
        borders: lengths of the chunks, one after the other; what remains is the last one.
        extension: follows the length of each chunk.
        end: what stands after the last chunk.
    """

    kind: Literal["length", "none", "chunked"] = "length"
    off: int = 0
    borders: tuple[int, ...] = ()
    extension: str = ""
    end: bytes = b"0\r\n\r\n"


@dataclass(frozen=True)
class Draft:
    """
    A request in parts.

    Attributes:
        lines: of the head, after the first one, without those that frame the body; latin-1.
        expect: value of an Expect header; with `100-continue` the body is sent once the server has asked for it.
        behind: bytes after the body that belong to nothing.
        flips: bits of the head that are turned: place of the byte, from its start and around, and which of eight.
        half_close: our side ends after the last byte, though nothing is missing.
    """

    method: str
    target: str
    version: str = "HTTP/1.1"
    lines: tuple[str, ...] = ()
    body: bytes = b""
    framing: Framing = Framing()
    expect: str = ""
    behind: bytes = b""
    flips: tuple[tuple[int, int], ...] = ()
    half_close: bool = False

    def written(self) -> Sent:
        """Write it."""
        head, body = self._head(), self._framed()
        if not self._is_whole():
            return Sent(head + body + self.behind, half_close=True)
        if self.expect.lower() == "100-continue" and self.version == "HTTP/1.1" and not self.half_close:
            return Sent(head, after_continue=body + self.behind)
        return Sent(head + body + self.behind, half_close=self.half_close)

    def _is_whole(self) -> bool:
        """Whether a server that reads carefully knows where it ends."""
        is_framed_twice = any(_FRAMING.search(line) for line in self.lines)
        is_short = self.framing.kind == "length" and self.framing.off > 0
        is_broken = self.framing.kind == "chunked" and self.framing != replace(
            Framing("chunked"), borders=self.framing.borders
        )
        return not (self.flips or is_framed_twice or is_short or is_broken)

    def _head(self) -> bytes:
        first = " ".join(part for part in (self.method, self.target, self.version) if part)
        lines = [first, *self.lines, *([f"Expect: {self.expect}"] if self.expect else []), *self._framing_lines()]
        head = bytearray("\r\n".join(lines).encode("latin-1", "replace"))
        for place, bit in self.flips:
            head[place % len(head)] ^= 1 << bit
        return bytes(head) + b"\r\n\r\n"

    def _framing_lines(self) -> list[str]:
        if self.framing.kind == "chunked":
            return ["Transfer-Encoding: chunked"]
        if self.framing.kind == "none" or not (self.body or self.framing.off or self.method in _WITH_BODY):
            return []
        return [f"Content-Length: {max(0, len(self.body) + self.framing.off)}"]

    def _framed(self) -> bytes:
        if self.framing.kind != "chunked":
            return self.body
        framed, rest = b"", self.body
        for length in (*self.framing.borders, len(self.body)):
            piece, rest = rest[:length], rest[length:]
            if piece:
                framed += f"{len(piece):x}{self.framing.extension}\r\n".encode("latin-1") + piece + b"\r\n"
        return framed + self.framing.end


def taken_apart(sent: Sent) -> Draft | None:
    """Take a request apart; None where it is no whole, simple one: that is asked as it is, or not at all."""
    if sent.after_continue or sent.half_close or sent.leaves or sent.rest:
        return None
    head, end, body = sent.raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    parts = first.split(" ")
    if not end or len(parts) != 3:
        return None
    own_length = f"content-length: {len(body)}"
    kept = tuple(line for line in lines if line.lower() != own_length)
    framing = Framing() if len(kept) < len(lines) or not body else Framing("none")
    method, target, version = parts
    return Draft(method, target, version, kept, body, framing)
