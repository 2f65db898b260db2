"""
What sees changes, and which kind of it is right for some folders on this system.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Protocol

from amlemu.watch.by_events import ByEvents
from amlemu.watch.by_looking import ByLooking
from amlemu.watch.by_watchdog import ByWatchdog
from amlemu.watch.file_systems import silent
from amlemu.watch.rules import Rules

Say = Callable[[str], None]


class Eyes(Protocol):
    """
    All methods are called by one thread, but for `wake`; paths are absolute, and of files for which `Rules.matters`.

    What cannot be seen for now is said, once (see `absences`), and is no error.
    """

    @property
    def manner(self) -> str:
        """How, for the start block: `events`, `looking every 0.5 s: as asked`."""
        ...

    def open(self) -> set[str]:
        """
        Begin; return the files that are there.

        Raises:
            OSError: a limit of the system is reached (`inotify.is_limit`). `wait`, `supervise` and `renew` may, too.
        """
        ...

    def wait(self, seconds: float) -> set[str]:
        """Return files that may have changed as soon as there are some; sooner or later nothing, at the latest then."""
        ...

    def wake(self) -> None:
        """Make `wait` return; from any thread."""
        ...

    def supervise(self) -> set[str]:
        """Look after the roots, and after what could not be seen; return all files in what is back. Once a second."""
        ...

    def renew(self, rules: Rules) -> set[str]:
        """Heed other rules; return what changed meanwhile and mattered before, not what matters from now on."""
        ...

    def close(self) -> None:
        """Leave no thread and no descriptor; called also when `open` failed."""
        ...


Choose = Callable[[Rules, Say], Eyes]


def choose(rules: Rules, say: Say) -> Eyes:
    """Return the eyes for these folders, not opened."""
    if rules.watched.rules.polls:
        return ByLooking(rules, say, "as asked")
    kind = silent(rules.roots)
    if kind:
        return ByLooking(rules, say, f"{kind} does not tell of changes")
    return ByEvents(rules, say) if sys.platform == "linux" else ByWatchdog(rules, say)
