"""
A time limit of one visit, in which the time does not count that a debugger held the model for.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from amlemu.errors import BackendFailure
from amlemu.gateway.visit import Visit

_SLICE_S = 0.02  # the shortest wait before another look at a clock that stands still
_EARLY_S = 0.002  # timers of uvloop count whole milliseconds


class Limit:
    """Begins when it is made."""

    __slots__ = ("_began", "_paused_s", "_seconds", "_visit")

    def __init__(self, visit: Visit, seconds: float) -> None:
        self._visit = visit
        self._seconds = seconds
        self._began = time.perf_counter()
        self._paused_s = visit.paused_s

    @property
    def left_s(self) -> float:
        """Seconds until it is over, if nobody stops the clock: 0 when it is, and at least as long as a look is worth."""
        paused_s = self._visit.paused_s - self._paused_s
        left_s = self._seconds + paused_s - (time.perf_counter() - self._began)
        return max(left_s, _SLICE_S) if paused_s and left_s > _EARLY_S else 0.0

    async def wait(self, wait: Callable[[float], Awaitable[bool]], failure: BackendFailure) -> bool:
        """
        Wait for something; returns whether it has come.

        Args:
            wait: waits so many seconds at most, and returns whether it has come.
            failure: what the visit ends with when it has not: noted for the cloud, where no clock stands still.
        """
        left_s = self._seconds
        while not await wait(left_s):
            left_s = self.left_s
            if not left_s:
                return False
            self._visit.when_spared(self._visit, failure)
        return True
