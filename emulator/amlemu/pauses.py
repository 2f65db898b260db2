"""
How long requests have stood still because a debugger held the worker that has them: what clocks have to leave out.

The pool writes, the front door reads. Used from one event loop.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

ANYBODY = 0
"""Stands for a request that no backend has yet: it stands still while all workers do that could take it."""

_KEPT = 1000  # stretches of one key; a request is not stopped more often


class Pauses:
    """Stretches of time by the number of an exchange."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """`clock` is for tests."""
        self._clock = clock
        self._open: dict[int, tuple[int, float]] = {}  # how many hold it, and since when
        self._over: dict[int, deque[tuple[float, float]]] = {}

    def begin(self, number: int) -> None:
        """It stands still from now on; several may say so, and each has to `end` it."""
        count, since = self._open.get(number, (0, self._clock()))
        self._open[number] = (count + 1, since)

    def end(self, number: int) -> None:
        """It goes on."""
        count, since = self._open.pop(number)
        if count > 1:
            self._open[number] = (count - 1, since)
        else:
            self._over.setdefault(number, deque(maxlen=_KEPT)).append((since, self._clock()))

    def seconds(self, number: int, since: float = 0.0) -> float:
        """Return for how many seconds it has stood still since a moment, `time.perf_counter()`, until now."""
        if not self._open and not self._over:
            return 0.0  # nobody debugs: that is asked for at each request
        stretches = list(self._over.get(number, ()))
        if number in self._open:
            stretches.append((self._open[number][1], self._clock()))
        return sum(max(0.0, end - max(begin, since)) for begin, end in stretches)

    def is_still(self, number: int) -> bool:
        """Tell whether it stands still just now."""
        return number in self._open

    def forget(self, number: int) -> None:
        """The exchange is over."""
        self._over.pop(number, None)
