"""
Telling what the script writes from what a person saves, where nobody tells: a child process of the script, or C code. Without it
a script that has a file written when it boots would be reloaded for ever.

A data file that changes in one boot after the other is the script's own, until it changes while nothing boots. Python files never
are: people save them several times while a slow init() runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from amlemu.watch.absences import shown

TIMES = 3


@dataclass(frozen=True)
class Judged:
    """
    Whose changes these were.

    Attributes:
        by_user: what a person changed, as far as can be told; a reason to reload.
        now_own: files that are taken for the script's own from the next change on, to be said once.
    """

    by_user: frozenset[str] = frozenset()
    now_own: frozenset[str] = frozenset()


class OwnWrites:
    """What has been seen so far. One for a deployment's life; not thread-safe."""

    def __init__(self, is_included: Callable[[str], bool]) -> None:
        """
        Args:
            is_included: tells whether the user named a file to be watched (`Rules.includes`); such a file is never own.
        """
        self._is_included = is_included
        self._times: dict[str, int] = {}  # in a row, while the script ran
        self._own: set[str] = set()

    def judge(self, changed: frozenset[str], *, running: bool) -> Judged:
        """
        Divide changes.

        Args:
            changed: one call's paths of a `Watcher`.
            running: a generation was booting when they came.
        """
        if not running:
            for path in changed:
                self._times.pop(path, None)
            self._own -= changed
            return Judged(by_user=changed)
        by_user = changed - self._own
        self._times = {path: self._times.get(path, 0) + 1 for path in by_user if self._may_be_own(path)}
        now_own = frozenset(path for path, times in self._times.items() if times >= TIMES)
        self._own |= now_own
        return Judged(by_user, now_own)

    def _may_be_own(self, path: str) -> bool:
        return not path.endswith(".py") and not self._is_included(path)


def own_hint(path: str) -> str:
    """Say once that a file does not reload any more."""
    return (
        f"{shown(path)} is written by the script itself; it does not reload any more "
        f"(--reload-include {os.path.basename(path)} if it should)"
    )
