"""
Eyes where nobody tells: look at all files that matter, wait, look again, and spend no more than a hundredth of the time on it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from amlemu.watch.absences import Absences
from amlemu.watch.rules import Rules
from amlemu.watch.tree import walk

SHORTEST_S = 0.5
LONGEST_S = 5.0
_SHARE = 100  # pauses are this much longer than looks

_Seen = dict[str, tuple[int, int, int]]  # when it was written, how long it is, which file it is


class ByLooking:
    """See `eyes.Eyes`."""

    def __init__(self, rules: Rules, say: Callable[[str], None], why: str = "", shortest_s: float = SHORTEST_S) -> None:
        """Take the reason for looking, as words for the start block, and the shortest pause."""
        self._rules = _Remembered(rules)
        self._why = why
        self._absences = Absences(say)
        self._seen: _Seen = {}
        self._shortest_s = self._pause_s = shortest_s
        self._next_at = 0.0
        self._woken = threading.Event()

    @property
    def manner(self) -> str:
        return f"looking every {self._pause_s:.2g} s" + (f": {self._why}" if self._why else "")

    def open(self) -> set[str]:
        found = self._look()
        self._absences.started()
        return found | self._look()  # the second one shows how long a look takes

    def wait(self, seconds: float) -> set[str]:
        self._woken.wait(max(0.0, min(seconds, self._next_at - time.monotonic())))
        self._woken.clear()
        return self._look() if time.monotonic() >= self._next_at else set()

    def wake(self) -> None:
        self._woken.set()

    def supervise(self) -> set[str]:
        return set()  # each look does

    def renew(self, rules: Rules) -> set[str]:
        before, self._rules = self._rules, _Remembered(rules)
        return {path for path in self._look() if before.matters(path) and rules.matters(path)}

    def close(self) -> None:
        self._seen.clear()

    def _look(self) -> set[str]:
        began = time.perf_counter()
        before, self._seen = self._seen, {}
        tried: set[str] = set()
        for folder, files in walk(self._rules, self._rules.roots, tried.add, self._fail):
            self._absences.end(folder)
            for file in files:
                self._notice(file)
        for folder in self._absences:
            if folder not in tried:
                self._absences.forget(folder)  # deleted, or in one that is absent itself
            elif self._absences.is_unreadable(folder):  # what cannot be seen has not changed
                self._seen |= {path: mark for path, mark in before.items() if path.startswith(folder + os.sep)}
        took_s = time.perf_counter() - began
        self._pause_s = min(LONGEST_S, max(self._shortest_s, _SHARE * took_s))
        self._next_at = time.monotonic() + self._pause_s
        return {path for path in before.keys() | self._seen.keys() if before.get(path) != self._seen.get(path)}

    def _notice(self, file: os.DirEntry[str]) -> None:
        try:
            found = file.stat()
        except OSError:
            return  # gone while we looked, or a link to nowhere
        self._seen[file.path] = (found.st_mtime_ns, found.st_size, found.st_ino)

    def _fail(self, folder: str, trouble: OSError) -> None:
        if isinstance(trouble, PermissionError) or folder in self._rules.roots:
            self._absences.begin(folder, trouble)


class _Remembered:
    """Rules that answer a question about a file once: the same thousands are asked about in every look."""

    def __init__(self, rules: Rules) -> None:
        self.roots = rules.roots
        self.enters = rules.enters  # not remembered: a folder may become a virtual environment
        self._rules = rules
        self._answers: dict[str, bool] = {}

    def matters(self, path: str) -> bool:
        answer = self._answers.get(path)
        if answer is None:
            answer = self._answers[path] = self._rules.matters(path)
        return answer
