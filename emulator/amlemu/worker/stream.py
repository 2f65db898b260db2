"""
The body of a streamed answer, between the worker that sends pieces and the gateway that reads them.
"""

from __future__ import annotations

import asyncio
from collections import deque

PIECES = 64  # beyond so many unread ones the worker is made to wait


class Stream:
    """Pieces in the order the script yielded them."""

    def __init__(self, transport: asyncio.ReadTransport) -> None:
        """`transport` is what the pieces come by: it is paused while too many are unread."""
        self._transport = transport
        self._pieces: deque[bytes] = deque()
        self._end: Exception | bool = False
        self._news = asyncio.Event()

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> bytes:
        while not self._pieces:
            if self._end:
                raise StopAsyncIteration if self._end is True else self._end
            self._news.clear()
            await self._news.wait()
        if len(self._pieces) == PIECES:
            self._transport.resume_reading()
        return self._pieces.popleft()

    def feed(self, piece: bytes) -> None:
        """Add a piece."""
        self._pieces.append(piece)
        if len(self._pieces) == PIECES:
            self._transport.pause_reading()
        self._news.set()

    def finish(self, error: Exception | None = None) -> None:
        """No more pieces; `error` is raised to the reader after the last one."""
        self._end = self._end or error or True
        self._news.set()
