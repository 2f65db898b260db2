"""
All servers that a run has started, so that whoever interrupts it leaves none behind.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from amlemu.errors import AmlemuError


class Interrupted(AmlemuError):
    """The run is over; nothing is started any more."""


class Lives:
    """What is running, by what ends it. Used by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stops: list[Callable[[], None]] = []
        self._is_over = False

    @contextlib.contextmanager
    def beginning(self) -> Iterator[None]:
        """Hold off the end while something is started, so that it is either known or not there. Raises Interrupted."""
        with self._lock:
            if self._is_over:
                raise Interrupted("the run was interrupted")
            yield

    def know(self, stop: Callable[[], None]) -> None:
        """Remember how something ends; within `beginning`."""
        self._stops.append(stop)

    def forget(self, stop: Callable[[], None]) -> None:
        """It has ended."""
        with contextlib.suppress(ValueError):
            self._stops.remove(stop)

    def end_all(self) -> None:
        """End all that runs, at the same time, and let nothing begin any more."""
        with self._lock:
            self._is_over = True
            stops = list(self._stops)
        threads = [threading.Thread(target=stop) for stop in stops]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
