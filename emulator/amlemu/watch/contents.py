"""
A change that leaves the content alike is none: what files of configuration and models held when they were last looked at.

Python files are not asked; `touch score.py` is a wish.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterable

DIGESTED_BYTES = 1 << 20
BEFOREHAND_S = 0.25

_Mark = tuple[object, ...] | None  # None: there is no such file


class Contents:
    """What is known of files: a digest up to a megabyte, else size, time and inode."""

    def __init__(self) -> None:
        self._known: dict[str, _Mark] = {}

    def remember(self, paths: Iterable[str], within_s: float = BEFOREHAND_S) -> None:
        """Look at files before they change, as many as the time allows; the first change of the others always is one."""
        until = time.monotonic() + within_s
        for path in paths:
            if time.monotonic() > until:
                return
            if not path.endswith(".py"):
                self._known[path] = _mark(path)

    def has_changed(self, path: str) -> bool:
        """Tell whether a file holds something else than when it was last asked for, or is not known."""
        if path.endswith(".py"):
            return True
        mark, was_known = _mark(path), path in self._known
        before = self._known.get(path)
        self._known[path] = mark
        return not was_known or mark != before


def _mark(path: str) -> _Mark:
    try:
        found = os.stat(path)
        if found.st_size <= DIGESTED_BYTES and stat.S_ISREG(found.st_mode):
            with open(path, "rb") as file:
                return found.st_size, hashlib.blake2b(file.read(DIGESTED_BYTES), digest_size=16).digest()
    except FileNotFoundError:
        return None
    except OSError as trouble:
        return ("unreadable", trouble.errno)
    return found.st_size, found.st_mtime_ns, found.st_ino
