"""
Dear results, made ahead of the tests that ask for them: while one test reads its answer, the next server starts.

Knows the order of the tests (`conftest` tells it) and nothing of servers; a result is made once and kept, what fails is tried once
more for who asks again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

THREADS = 3
"""How many results are made at the same time: starts are work for one core each."""
SESSIONS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
"""How many sessions share the machine and the tests; each of them has its part of the threads."""


class Ahead(Generic[Key, Value]):
    """
    Results by key, each made once, or twice where the first time fails.

    Args:
        make: makes one result; called in a thread of its own, unless it may not be.
        order: the keys in the order in which they will be asked for.
        distance: how many results beyond the one asked for are begun.
        may_be_early: says of a key whether another thread may make its result ahead of time.
        threads: how many are made at the same time; more than THREADS where making means waiting, too.
    """

    def __init__(
        self,
        make: Callable[[Key], Value],
        order: Sequence[Key],
        distance: int,
        may_be_early: Callable[[Key], bool] = lambda _: True,
        threads: int = THREADS,
    ) -> None:
        self._make = make
        self._order = list(dict.fromkeys(order))
        self._place = {key: place for place, key in enumerate(self._order)}
        self._may_be_early = may_be_early
        self._distance = max(1, distance // SESSIONS)
        self._threads = ThreadPoolExecutor(max(1, threads // SESSIONS))
        self._made: dict[Key, Future[Value]] = {}
        self._failed: set[Key] = set()

    def get(self, key: Key) -> Value:
        """Return the result of a key, or raise what making it raised."""
        future = self._begin(key)
        place = self._place.get(key, len(self._order))
        for later in self._order[place + 1 : place + 1 + self._distance]:
            if self._may_be_early(later):
                self._begin(later)
        failure = future.exception()
        if failure:
            if key not in self._failed:  # else each of a hundred tests would wait for what cannot be
                self._failed.add(key)
                self.pop(key)
            raise failure.with_traceback(None)  # else it grows by each test that asks
        return future.result()

    def pop(self, key: Key) -> Value | None:
        """Forget a key; return its result if there is one."""
        future = self._made.pop(key)
        return None if future.exception() else future.result()

    def begun(self) -> list[Key]:
        """Return the keys whose results were begun, the one begun longest ago first."""
        return list(self._made)

    def _begin(self, key: Key) -> Future[Value]:
        if key not in self._made:
            if self._may_be_early(key):
                self._made[key] = self._threads.submit(self._make, key)
            else:
                self._made[key] = _done(lambda: self._make(key))
        return self._made[key]


def _done(make: Callable[[], Value]) -> Future[Value]:
    future: Future[Value] = Future()
    try:
        future.set_result(make())
    except Exception as failure:  # kept for everybody who asks, as a thread's would be
        future.set_exception(failure)
    return future
