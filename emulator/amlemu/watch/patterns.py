"""
Patterns as in .gitignore, for the ignore file and for what the user includes and excludes. About names only.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from amlemu.errors import UsageError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_EVERYTHING = ("*", "*.*", "**", "**/*")


class Patterns:
    """Some patterns, about what is below a folder."""

    def __init__(self, folder: str, patterns: Iterable[str]) -> None:
        self._folder = folder
        usable, self.not_understood = _divided(patterns)
        self._spec = _spec(usable) if usable else None

    def match(self, path: str) -> bool:
        """Tell whether a file, or a folder with a slash at its end, or one that it is in, is meant."""
        rest = self._spec and below(path, self._folder)
        return bool(self._spec and rest and self._spec.match_file(rest))


def given(folder: str, patterns: Iterable[str], flag: str) -> Patterns:
    """
    Take patterns from the user; absolute ones that lie in the folder are fine.

    Raises:
        UsageError: one of them is no pattern.
    """
    made = Patterns(folder, (_as_seen_from(folder, pattern) for pattern in patterns))
    if made.not_understood:
        raise UsageError(
            f"{made.not_understood[0]!r} is no pattern",
            where=flag,
            expected="Patterns are written as in .gitignore, such as *.txt or data/.",
        )
    return made


class Include:
    """The patterns of `--reload-include`: which files they name, and which folders they open that are passed by else."""

    def __init__(self, folder: str, patterns: Iterable[str]) -> None:
        """Take patterns about one folder; those for everything mean all but the default excludes."""
        own = [_as_seen_from(folder, pattern) for pattern in patterns]
        self.has_everything = any(pattern in _EVERYTHING for pattern in own)
        own = [pattern for pattern in own if pattern not in _EVERYTHING]
        # `*.txt` is looked for in the folders that are not passed by; `.config` and `logs/*.txt` open folders, too
        opening = [pattern for pattern in own if _has_folder(pattern) or not _is_wild(pattern)]
        self.looks_everywhere = len(opening) < len(own)
        self._folder = folder
        self._files = given(folder, own, "--reload-include")
        self._folders = given(folder, opening, "--reload-include")
        self._ways = [pattern.strip("/").split("/") for pattern in opening if _has_folder(pattern)]

    def names(self, path: str) -> bool:
        return self._files.match(path)

    def opens(self, folder: str) -> bool:
        """Tell whether an included file may lie in this folder, however its name looks."""
        if self._folders.match(folder + "/"):
            return True
        parts = (below(folder, self._folder) or "").split("/")
        return any(_leads(parts, way) for way in self._ways)


def below(path: str, folder: str) -> str | None:
    """Return what follows the folder, with forward slashes; None when the path is not below it."""
    start = folder.rstrip(os.sep) + os.sep
    return path[len(start) :].replace(os.sep, "/") if path.startswith(start) else None


def _divided(lines: Iterable[str]) -> tuple[list[str], tuple[str, ...]]:
    """Return the patterns, and the lines that are none; blank lines and comments are neither."""
    good, rest = [], []
    for line in lines:
        try:
            _spec([line])
        except (ValueError, re.error):
            rest.append(line)
        else:
            good += [line] if line.strip() and not line.startswith("#") else []
    return good, tuple(rest)


def _spec(lines: list[str]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(lines)


def _as_seen_from(folder: str, pattern: str) -> str:
    if not os.path.isabs(pattern):
        return pattern
    rest = below(os.path.abspath(pattern), folder)
    return pattern if rest is None else "/" + rest


def _leads(folder: list[str], way: list[str]) -> bool:
    """Tell whether a pattern's way goes through a folder; `**` would go through all, so it opens none."""
    through = way[: len(folder)]
    return (
        len(folder) < len(way)
        and "**" not in through
        and all(fnmatch.fnmatchcase(name, part) for name, part in zip(folder, through, strict=True))
    )


def _has_folder(pattern: str) -> bool:
    return "/" in pattern.strip("/")


def _is_wild(pattern: str) -> bool:
    return any(sign in pattern for sign in "*?[")
