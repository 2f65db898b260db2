"""
Watches over the memory of one container: adds up what its processes have, and tells when that is more than the limit.

Nothing is limited beforehand, as that would need rights; the processes are looked at, the more often the less is left. What comes and goes
between two looks the workers tell themselves (`worker/memory.py`). Linux; elsewhere they are the only ones who tell.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from amlemu.backends.room import memory_of, resident_memory_of

_QUICKEST_BYTES_PER_S = 8 << 30  # that a process may fill
_OFTENEST_S, _SELDOM_S = 0.005, 0.5


class Guard:
    """Of one container. Used from one event loop."""

    def __init__(
        self, limit_bytes: int, processes: Callable[[], Iterable[int]], exceeded: Callable[[int, int], None]
    ) -> None:
        """
        Args:
            limit_bytes: for all together.
            processes: their pids, just now; what they have started is found. One may have started another.
            exceeded: called with the pid of the largest, and the bytes of all.
        """
        self._limit = limit_bytes
        self._processes = processes
        self._exceeded = exceeded

    async def watch(self) -> None:
        """Look for ever."""
        while True:
            left = self._limit - self.look()
            await asyncio.sleep(min(max(left / _QUICKEST_BYTES_PER_S, _OFTENEST_S), _SELDOM_S))

    def look(self) -> int:
        """Return the bytes of all processes, and tell where they are too many."""
        heads = set(self._processes())
        families = {pid: list(_family(pid, heads - {pid})) for pid in heads}
        used = sum(resident_memory_of(one) for family in families.values() for one in family)
        if used <= self._limit:
            return used
        # What they share was counted more than once, in no time; the exact figure takes some.
        exact = {pid: sum(memory_of(one) or 0 for one in family) for pid, family in families.items()}
        total = sum(exact.values())
        if total > self._limit:
            self._exceeded(max(exact, key=lambda pid: exact[pid]), total)
        return total


def _family(pid: int, others: set[int]) -> Iterator[int]:
    """Yield a process and all that it has started and that still run, but for `others`, who have families of their own."""
    yield pid
    for task in _listed(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError, ValueError):
            for child in Path(f"/proc/{pid}/task/{task}/children").read_text(encoding="ascii").split():
                if int(child) not in others:
                    yield from _family(int(child), others)


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
