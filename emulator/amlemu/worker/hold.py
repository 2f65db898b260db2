"""
A debugger's hold on one worker: on its process, or on forks of it that the script has made.
"""

from __future__ import annotations

import time

from amlemu.exchange import Frame
from amlemu.pauses import ANYBODY, Pauses


class Hold:
    """Which processes of a worker stand still, why, where, and for how long they have."""

    def __init__(self) -> None:
        """Nothing is held yet."""
        self._pids: set[int] = set()
        self._pauses = Pauses(time.monotonic)
        self._since = 0.0
        self.why = ""  # the first of them has stopped
        self.place: Frame | None = None  # of the one that has stopped last

    @property
    def is_on(self) -> bool:
        """Whether any of them stands still."""
        return bool(self._pids)

    def begin(self, pid: int, why: str, place: Frame) -> None:
        """A process has stopped."""
        if not self._pids:
            self._pauses.begin(ANYBODY)
            self._since, self.why = time.monotonic(), why
        self._pids.add(pid)
        self.place = place

    def end(self, pid: int) -> float | None:
        """It goes on; returns for how many seconds there has been a hold, when this was the last one."""
        if pid not in self._pids:
            return None
        self._pids.remove(pid)
        return None if self._pids else self._over()

    def let_go(self) -> float | None:
        """All of them go on, or are gone: they cannot tell any more; returns the same."""
        if not self._pids:
            return None
        self._pids.clear()
        return self._over()

    def seconds(self, since: float) -> float:
        """Return for how many seconds there has been one since a moment, `time.monotonic()`."""
        return self._pauses.seconds(ANYBODY, since)

    def _over(self) -> float:
        self._pauses.end(ANYBODY)
        self.place = None
        return time.monotonic() - self._since
