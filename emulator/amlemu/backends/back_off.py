"""
When what has ended starts again: a worker that dies at start after ever longer waits, a container that ran out of memory as Kubernetes does it.

Source: contract 2.3 (CrashLoopBackOff); Kubernetes' documentation, pod lifecycle: one that has run for ten minutes begins anew. gunicorn
itself waits for nothing; that a worker's waits grow is ours, for a desk.
"""

from __future__ import annotations

from amlemu.memory import MemoryRules

_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.25, 10.0
_DOUBLINGS = 10  # more would overflow one day
_FORGIVEN_AFTER_S = 600.0


class BackOff:
    """Of one container and its workers. Moments are of any clock that does not go back, in seconds."""

    def __init__(self) -> None:
        self._failed_boots = 0
        self._restarts, self._down_until = 0, -_FORGIVEN_AFTER_S

    def has_come_up(self) -> None:
        """A worker is ready."""
        self._failed_boots = 0

    def after_failed_boot(self) -> float:
        """Return how long the next worker waits, in seconds."""
        self._failed_boots += 1
        return float(min(_FIRST_WAIT_S * 2.0 ** min(self._failed_boots - 1, _DOUBLINGS), _LONGEST_WAIT_S))

    def container_ends(self, now: float, rules: MemoryRules) -> None:
        """Decide when it starts again."""
        if now - self._down_until > _FORGIVEN_AFTER_S:
            self._restarts = 0
        self._down_until = now + rules.wait_s(self._restarts)
        self._restarts += 1

    def down_s(self, now: float) -> float:
        """Return for how long the container does not start again."""
        return max(0.0, self._down_until - now)
