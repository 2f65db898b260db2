"""
Whether requests are answered: not yet, now, or not before something changes. Written below the front door, read by it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable


class Readiness:
    """One of three states: booting, ready, unhealthy. Used from one event loop."""

    def __init__(self) -> None:
        """Begin as booting."""
        self.is_ready = False
        self.why = ""  # nobody is served, when unhealthy
        self._changed = asyncio.Event()

    def boots(self) -> None:
        """The script is being loaded."""
        self._become(is_ready=False, why="")

    def serves(self) -> None:
        """init() has returned."""
        self._become(is_ready=True, why="")

    def fails(self, why: str) -> None:
        """Nobody answers until the script is another one; `why` is a clause."""
        self._become(is_ready=False, why=why)

    async def wait(self, seconds: float) -> bool:
        """Wait until it is ready, or the time is over; returns whether it is ready. Being unhealthy does not end the wait."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._until(lambda: self.is_ready), seconds)
        return self.is_ready

    async def verdict(self, seconds: float | None = None) -> bool:
        """The same, but being unhealthy ends the wait, too."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._until(lambda: self.is_ready or bool(self.why)), seconds)
        return self.is_ready

    def _become(self, *, is_ready: bool, why: str) -> None:
        self.is_ready, self.why = is_ready, why
        self._changed.set()
        self._changed = asyncio.Event()

    async def _until(self, look: Callable[[], bool]) -> None:
        while not look():
            await self._changed.wait()
