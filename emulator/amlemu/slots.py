"""
The places that all instances together have for requests: who has one, who waits for one.

The stage `Admit` takes and waits; `backends/replicas.py`, which starts and ends instances, says how many there are, and reads how many
wait. Used from one event loop.
"""

from __future__ import annotations

import asyncio
from collections import deque

from amlemu.profile import Limits


class Slots:
    """Places of instances that take so many requests each."""

    def __init__(self, per_instance: int, instances: int) -> None:
        """Both 1 or more; the second one may change."""
        self.per_instance = per_instance
        self.instances = instances
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def total(self) -> int:
        """How many there are."""
        return self.per_instance * self.instances

    @property
    def free(self) -> int:
        """How many nobody has."""
        return max(0, self.total - self._taken)

    @property
    def queued(self) -> int:
        """How many requests wait for one."""
        return sum(not place.done() for place in self._waiting)

    def take(self) -> bool:
        """Take a free one; returns whether there was one. While somebody waits there is none: it was theirs first."""
        if self._taken >= self.total:
            return False
        self._taken += 1
        return True

    def queue(self) -> asyncio.Future[None]:
        """
        Return what is done when there is a place, which is taken then.

        Who does not want it any more cancels it; who has got it meanwhile, leaves.
        """
        while self._waiting and self._waiting[0].done():  # who came first gives up first
            self._waiting.popleft()
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        self._hand_out()
        return place

    def leave(self) -> None:
        """Give a place back."""
        self._taken -= 1
        self._hand_out()

    def resize(self, instances: int) -> None:
        """There are so many instances now; who has a place keeps it."""
        self.instances = instances
        self._hand_out()

    def _hand_out(self) -> None:
        while self._waiting and self._taken < self.total:
            place = self._waiting.popleft()
            if not place.done():
                self._taken += 1
                place.set_result(None)


def at_first(limits: Limits) -> Slots:
    """Return those of a deployment that nobody has scaled yet."""
    return Slots(max(1, limits.max_concurrent_requests_per_instance), max(1, limits.instance_count))
