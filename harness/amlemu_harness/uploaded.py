"""
Which files of a folder Azure takes when it uploads it: all but those that .amlignore, else .gitignore, excludes.

Left out besides, as nobody means them: git's own folder, ours, bytecode, virtual environments. Nothing is read but the ignore file.

Source: azure-ai-ml 1.35.2, _utils/_asset_utils.py, `IgnoreFile`, `get_upload_files_from_folder`: of the lines that match the
last one decides, also where git would not look into a folder any more; links are followed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from amlemu.errors import UsageError
from amlemu.finding import Place, shown
from amlemu.layout import OWN_FOLDER
from pathspec import GitIgnoreSpec

_IGNORE_FILES = (".amlignore", ".gitignore")
_NOBODYS = frozenset({".git", "__pycache__", OWN_FOLDER})
_ENVIRONMENT_MARKS = ("pyvenv.cfg", "conda-meta")


class Upload:
    """What Azure would take of a folder, by the ignore file that is in it now."""

    def __init__(self, folder: Path) -> None:
        """Read the ignore file. Raises UsageError when it cannot be read, or a line of it is no pattern."""
        self.folder = folder
        self._lines = list(_lines(folder))

    def takes(self, path: str) -> bool:
        """Judge a path below the folder, with slashes, by its name."""
        return not _NOBODYS.intersection(path.split("/")) and self.excluded_by(path) is None

    def excluded_by(self, path: str) -> Place | None:
        """Return the line that excludes a path, if one does."""
        found = None
        for place, excludes, spec in self._lines:
            if spec.match_file(path):
                found = place if excludes else None
        return found

    def files(self) -> dict[str, Path]:
        """
        Return files by their path below the folder, with slashes; sorted.

        Raises:
            UsageError: one cannot be read.
        """
        found = {path: file for path, file in self._walk(str(self.folder), "", frozenset()) if self.takes(path)}
        for file in found.values():
            if not os.access(file, os.R_OK):
                raise UsageError("not readable by this user", where=shown(str(file)), hint=f"chmod u+r {file}")
        return dict(sorted(found.items()))

    def _walk(self, folder: str, below: str, above: frozenset[str]) -> Iterator[tuple[str, Path]]:
        """Yield plain files, through links too; a link to a folder that we are in ends there."""
        real = os.path.realpath(folder)
        names = () if real in above else _names(folder)
        if below and any(mark in names for mark in _ENVIRONMENT_MARKS):
            return
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isdir(path):
                if name not in _NOBODYS:
                    yield from self._walk(path, f"{below}{name}/", above | {real})
            elif os.path.isfile(path):  # neither a socket nor a link that leads nowhere
                yield below + name, Path(path)


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError as error:
        raise UsageError(f"cannot be looked into: {error.strerror}", where=shown(folder)) from error


def _lines(folder: Path) -> Iterator[tuple[Place, bool, GitIgnoreSpec]]:
    """Yield the lines of the ignore file: where, whether what it matches is excluded, and the pattern."""
    file = next((folder / name for name in _IGNORE_FILES if (folder / name).is_file()), None)
    if file is None:
        return
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot be read: {error}", where=shown(str(file))) from error
    for number, line in enumerate(text.splitlines(), 1):
        pattern = line.rstrip()
        if pattern and not pattern.startswith("#"):
            place = Place(file, number)
            try:
                GitIgnoreSpec.from_lines([pattern])
                spec = GitIgnoreSpec.from_lines([pattern.removeprefix("!")])
            except ValueError:
                _refuse(pattern, place)
            yield place, not pattern.startswith("!"), spec


def _refuse(pattern: str, place: Place) -> NoReturn:
    raise UsageError(
        f"{pattern!r} is no pattern", where=shown(place), expected="Patterns are written as in .gitignore."
    )
