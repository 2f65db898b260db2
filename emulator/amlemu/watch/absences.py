"""
Folders that should be watched and cannot be seen now: gone, or not readable. Each is told once, and again when it is back.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator


class Absences:
    """The folders, with what is wrong. Whoever looks reports; what is known already is not told again."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._since_start: set[str] = set()
        self._troubles: dict[str, OSError] = {}
        self._is_starting = True

    def started(self) -> None:
        """From now on what is not there has been there."""
        self._is_starting = False

    def begin(self, folder: str, trouble: OSError) -> None:
        """A folder could not be entered."""
        is_news = folder not in self._troubles and not any(_is_below(folder, other) for other in self._troubles)
        self._troubles[folder] = trouble
        if self._is_starting:
            self._since_start.add(folder)
        if is_news:
            self._say(self._complaint(folder, trouble))

    def end(self, folder: str) -> None:
        """A folder has been entered; most have never been away."""
        trouble = self._troubles.pop(folder, None)
        if trouble is None:
            return
        was_there = folder not in self._since_start
        self._since_start.discard(folder)
        if isinstance(trouble, PermissionError):
            self._say(f"{shown(folder)} is readable again and watched")
        else:
            self._say(f"{shown(folder)} is {'back' if was_there else 'there now'} and watched")

    def forget(self, folder: str) -> None:
        """A folder is not to be watched any more."""
        self._troubles.pop(folder, None)

    def is_unreadable(self, folder: str) -> bool:
        """Tell whether a folder is there, and its files are as they were for all we know."""
        return isinstance(self._troubles.get(folder), PermissionError)

    def __contains__(self, folder: str) -> bool:
        return folder in self._troubles

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._troubles))

    def _complaint(self, folder: str, trouble: OSError) -> str:
        name = shown(folder)
        if isinstance(trouble, PermissionError):
            return f"{name} is not readable and not watched meanwhile; chmod u+rx {shlex.quote(name)} would help"
        if isinstance(trouble, (FileNotFoundError, NotADirectoryError)):
            away = "is not there" if self._is_starting else "is gone"
            return f"{name} {away}; it is watched as soon as it is {'there' if self._is_starting else 'back'}"
        return f"{name} cannot be watched meanwhile: {trouble.strerror or trouble}"


def shown(path: str) -> str:
    """Write a path as a person in the current folder would."""
    try:
        near = os.path.relpath(path)
    except (OSError, ValueError):  # the current folder is gone, or is on another drive
        return path
    return path if near == os.curdir or near.startswith(os.pardir) else near


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(folder + os.sep)
