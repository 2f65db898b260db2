"""
What the control port can be asked: status, requests in a line each or whole, logs, readiness; and one thing to do, a reload.

`app.py` gives them their paths. Who does and knows all this is a `Controlled`.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar

from fastapi import HTTPException, Query
from fastapi.responses import StreamingResponse

from amlemu import __version__
from amlemu.control.export import as_line
from amlemu.control.models import LogLine, Readiness, ReloadOutcome, RequestLine, Sign, Status
from amlemu.exchange import Exchange

T = TypeVar("T")
Lines = Annotated[int, Query(ge=0, le=sys.maxsize, description="the last ones, at most so many")]
Seconds = Annotated[float, Query(ge=0, le=24 * 3600)]


class Line(Protocol):
    """One line that the console wrote; `transcript.Line` is one."""

    @property
    def number(self) -> int: ...
    @property
    def at(self) -> float: ...
    @property
    def stream(self) -> str: ...
    @property
    def text(self) -> str: ...


class Written(Protocol):
    """What the console wrote; `transcript.Transcript` is one."""

    @property
    def number(self) -> int: ...
    def lines(self, last: int) -> Sequence[Line]: ...
    async def follow(self, after: int) -> Sequence[Line]: ...


class Controlled(Protocol):
    """A server, as the control port sees it; used from its event loop."""

    @property
    def transcript(self) -> Written:
        """What the console wrote."""

    def status(self) -> Status:
        """Say how it is; quick."""

    async def reload(self) -> ReloadOutcome:
        """Load the script anew and wait until that has succeeded or failed. Raises UsageError where nothing can be."""

    def exchanges(self) -> Iterable[Exchange]:
        """The requests that are over, oldest first."""

    async def wait_ready(self, wait_s: float) -> bool:
        """Wait until requests are answered by the script; False when that took too long."""


class Routes:
    """The answers. Each ends at once when `stopping` is set."""

    def __init__(self, controlled: Controlled, folder: Path, stopping: asyncio.Event) -> None:
        """`folder` is where the note with the token lies."""
        self._controlled = controlled
        self._folder = folder
        self._stopping = stopping

    async def sign(self) -> Sign:
        """Say who is here, for who looks for a server."""
        return Sign(amlemu=__version__, scoring=self._controlled.status().url, folder=str(self._folder))

    async def status(self) -> Status:
        """Say how the server is."""
        return self._controlled.status()

    async def reload(self) -> ReloadOutcome:
        """Load the script anew; the answer comes when that has succeeded or failed."""
        return await self._unless_stopping(self._controlled.reload())

    async def ready(self, wait_s: Seconds = 30.0) -> Readiness:
        """Wait until the script answers; an unhealthy one may be healed by the next save, so the wait goes on."""
        is_ready = await self._unless_stopping(self._controlled.wait_ready(wait_s))
        status = self._controlled.status()
        return Readiness(ready=is_ready, state=status.state, why=status.why)

    async def requests(self, lines: Lines = 20) -> list[RequestLine]:
        """Tell the last requests, oldest first."""
        return [RequestLine.of(exchange) for exchange in deque(self._controlled.exchanges(), maxlen=lines)]

    async def exchanges(self, lines: Lines = sys.maxsize) -> StreamingResponse:
        """Tell the last requests whole, oldest first, one JSON object a line: as many as the journal holds."""
        kept = deque(self._controlled.exchanges(), maxlen=lines)
        return StreamingResponse(_whole(kept), media_type="application/x-ndjson")

    async def logs(self, lines: Lines = 100, follow: bool = False) -> StreamingResponse:
        """Tell what the console wrote, one JSON object a line; with `follow` on and on, until either side ends."""
        transcript = self._controlled.transcript
        told = self._told(transcript.lines(lines), transcript.number if follow else None)
        return StreamingResponse(told, media_type="application/x-ndjson")

    async def _told(self, lines: Sequence[Line] | None, after: int | None) -> AsyncIterator[str]:
        """Yield these lines; and those that come after a number, where one is given."""
        while lines is not None:
            yield _as_json(lines)
            if after is None:
                return
            lines = await self._first_of(asyncio.ensure_future(self._controlled.transcript.follow(after)))
            after = lines[-1].number if lines else after

    async def _unless_stopping(self, work: Coroutine[Any, Any, T]) -> T:
        done = await self._first_of(asyncio.ensure_future(work))
        if done is None:
            raise HTTPException(503, "the server is stopping")
        return done

    async def _first_of(self, work: asyncio.Task[T]) -> T | None:
        """Return what the work returns; None when the server stops first, and then the work is cancelled."""
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return work.result() if work.done() else None
        finally:
            stopping.cancel()
            work.cancel()


async def _whole(kept: Iterable[Exchange]) -> AsyncIterator[str]:
    """Yield them, and let others do their work in between. A server that stops cuts this off, so that no part is taken for all."""
    for exchange in kept:
        yield as_line(exchange)
        await asyncio.sleep(0)


def _as_json(lines: Sequence[Line]) -> str:
    return "".join(f"{_line(line).model_dump_json()}\n" for line in lines)


def _line(line: Line) -> LogLine:
    text = line.text.encode("utf-8", "backslashreplace").decode()  # a script may print what is no text
    return LogLine(number=line.number, at=line.at, stream=line.stream, text=text)
