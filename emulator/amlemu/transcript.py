"""
What the console has written, kept for `amlemu logs`: bounded in bytes and in lines, without colours.

Consoles write through `tee` and know nothing of readers; `control/` reads. Writing is cheap: blocks stay whole, and become
lines only when somebody looks.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
import time
from collections import deque
from typing import Any, NamedTuple, TextIO, cast

BYTES = 1 << 20
LINES = 5000
_LONGEST_PIECE = 1 << 14  # of a line whose end is not in sight, as of a progress bar
_COLOURS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


class Line(NamedTuple):
    """One line, without its end. Numbers run from 1; those that are forgotten leave a gap at the start."""

    number: int
    at: float  # seconds since the epoch
    stream: str
    text: str


class _Block(NamedTuple):
    first: int  # number of its first line
    line_count: int
    at: float
    stream: str
    text: str

    @property
    def last(self) -> int:
        return self.first + self.line_count - 1

    def lines(self) -> list[Line]:
        texts = _COLOURS.sub("", self.text).split("\n")[: self.line_count]
        return [Line(number, self.at, self.stream, text.rstrip("\r")) for number, text in enumerate(texts, self.first)]


class Transcript:
    """A ring of lines, oldest first. Any thread may write and read."""

    def __init__(self, bytes_: int = BYTES, lines: int = LINES) -> None:
        """Keep about so many bytes, and at most so many lines."""
        self._most_bytes, self._most_lines = bytes_, lines
        self._blocks: deque[_Block] = deque()
        self._pieces: dict[str, str] = {}  # by stream: the begin of a line
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._lock = threading.Lock()
        self.number = 0  # of the newest line
        self.bytes = 0  # about what is kept now

    def tee(self, stream: TextIO, name: str) -> TextIO:
        """Return a stream that writes to this one, and is kept here under `name`."""
        return cast("TextIO", _Tee(stream, name, self))

    def add(self, name: str, text: str) -> None:
        """Keep what was written to the stream `name`; the begin of a line waits for its end."""
        with self._lock:
            text = self._pieces.pop(name, "") + text
            end = text.rfind("\n") + 1
            if end == 0 and len(text) > _LONGEST_PIECE:
                text, end = text + "\n", len(text) + 1
            if end < len(text):
                self._pieces[name] = text[end:]
            if end:
                self._keep(name, text[:end])
                self._wake()

    def lines(self, last: int) -> list[Line]:
        """Return the last lines, at most so many, oldest first."""
        blocks = self._snapshot()
        newest = blocks[-1].last if blocks else 0
        return _after(newest - min(last, self._most_lines), blocks)

    async def follow(self, after: int) -> list[Line]:
        """Return the lines that came after number `after`; waits for the first of them."""
        waiter = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._waiting.add(waiter)
        try:
            while self.number <= after:
                waiter[1].clear()
                await waiter[1].wait()
        finally:
            with self._lock:
                self._waiting.discard(waiter)
        return _after(after, self._snapshot())

    def _keep(self, name: str, text: str) -> None:
        text = text[-self._most_bytes :]
        block = _Block(self.number + 1, text.count("\n"), time.time(), name, text)
        self._blocks.append(block)
        self.number += block.line_count
        self.bytes += len(text)
        while self.bytes > self._most_bytes or self._blocks[0].last <= self.number - self._most_lines:
            self.bytes -= len(self._blocks.popleft().text)

    def _snapshot(self) -> list[_Block]:
        with self._lock:
            return list(self._blocks)

    def _wake(self) -> None:
        for loop, event in self._waiting:
            with contextlib.suppress(RuntimeError):  # its loop is closed
                loop.call_soon_threadsafe(event.set)


def _after(number: int, blocks: list[_Block]) -> list[Line]:
    """Return the lines with higher numbers, oldest first; only their blocks are split."""
    newer = [block for block in blocks if block.last > number]
    return [line for block in newer for line in block.lines() if line.number > number]


class _Tee:
    """A text stream that is kept besides; in all else it is the stream behind it."""

    def __init__(self, stream: TextIO, name: str, transcript: Transcript) -> None:
        self._stream, self._name, self._transcript = stream, name, transcript

    def write(self, text: str) -> int:
        try:
            count = self._stream.write(text)
        except OSError:  # its reader is gone; ours is not
            self._transcript.add(self._name, text)
            raise
        self._transcript.add(self._name, text)
        return count

    def writelines(self, texts: Any) -> None:
        self.write("".join(texts))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
