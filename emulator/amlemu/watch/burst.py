"""
Many changes are one: a burst is over when nothing has changed for a while, or when it has lasted too long. No clock of its own.
"""

from __future__ import annotations

import math
from collections.abc import Set as AbstractSet

_LONGEST_DELAYS = 10
_LONGEST_S = 0.5


class Burst:
    """The changes since the last `take`. Times are seconds of any clock that does not go back."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._longest_s = max(_LONGEST_DELAYS * delay_s, _LONGEST_S)
        self._paths: set[str] = set()
        self._ends_at = math.inf
        self.due_at = math.inf
        """When it is to be taken; infinity without a change."""

    def add(self, paths: AbstractSet[str], now: float) -> None:
        """More has changed, or nothing."""
        if not paths:
            return
        if not self._paths:
            self._ends_at = now + self._longest_s
        self._paths |= paths
        self.due_at = min(now + self._delay_s, self._ends_at)

    def take(self) -> frozenset[str]:
        """Return what has changed, and begin anew."""
        taken = frozenset(self._paths)
        self._paths.clear()
        self.due_at = math.inf
        return taken
