"""
Token buckets: so many a second, and as many at once. Pure functions of the time that the caller hands in.
"""

from __future__ import annotations


class Bucket:
    """Holds at most one second's worth, full at the beginning."""

    __slots__ = ("_at", "_held", "_per_second")

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._held = float(per_second)
        self._at = float("-inf")

    def take(self, now: float) -> bool:
        """Take one; False when there is none. `now` in seconds, never going back."""
        self._fill(now)
        if self._held < 1:
            return False
        self._held -= 1
        return True

    def owe(self, amount: float, now: float) -> float:
        """Take `amount`, on credit if need be; returns the seconds until the debt is paid."""
        self._fill(now)
        self._held -= amount
        return max(0.0, -self._held / self._per_second)

    def _fill(self, now: float) -> None:
        if now > self._at:
            gained = (now - self._at) * self._per_second
            self._held = min(float(self._per_second), self._held + gained)
            self._at = now
