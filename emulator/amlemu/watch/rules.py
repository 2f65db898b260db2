"""
Which files count and which folders are entered, told by names. What is looked up on the disk: the ignore file, which models
are files, and the marks of a virtual environment.

A file in the code folder counts when it is Python or configuration; in a model folder every file does. Against that speak,
weakest first: the default excludes, `.amlignore` or `.gitignore`, `--reload-include` (for it), `--reload-exclude`. The
script itself counts always.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from amlemu.reload import ReloadRules
from amlemu.watch.patterns import Include, Patterns, below, given

SUFFIXES = (".py", ".yaml", ".yml", ".json", ".toml", ".cfg", ".ini", ".env", ".conf", ".properties")
"""What counts in a code folder."""

IGNORE_FILES = (".amlignore", ".gitignore")
"""The first one that is there is used alone, as Azure ML does when it uploads a code folder."""

_PASSED_BY = ("__pycache__", "node_modules", "site-packages")
_ENVIRONMENT_MARKS = ("pyvenv.cfg", "conda-meta")
_LEFT_BY_EDITORS = ("*~", "*.swp", "*.swx", ".#*", "#*#", "4913", "*.tmp", "*___jb_tmp___", "*___jb_old___")
_LEFTOVER = re.compile("|".join(fnmatch.translate(pattern) for pattern in (*_LEFT_BY_EDITORS, "*.py[cod]")))


@dataclass(frozen=True)
class Watched:
    """
    What is to be watched.

    Attributes:
        script: always counts, wherever it is.
        code: the code folder; the ignore file is read from there.
        models: files or folders; what lies in a folder counts.
        data: further single files that are looked at, such as deployment.yml.
        rules: what the user asked for; `rules.folders` are watched instead of `code`.
    """

    script: Path
    code: Path
    models: tuple[Path, ...] = ()
    data: tuple[Path, ...] = ()
    rules: ReloadRules = field(default_factory=ReloadRules)


class Rules:
    """
    The answers for one state of the ignore file. Paths are absolute, as `os.path.abspath` writes them.

    Attributes:
        trees: folders that are watched with the folders in them; code first, then models.
        roots: all folders where watching begins: `trees`, and those of single files, where only these matter.
        ignore_files: files whose change means other rules.
        not_understood: lines of the ignore file that are no patterns.
    """

    def __init__(self, watched: Watched, ignore_lines: Iterable[str] = ()) -> None:
        """
        Take the lines of the ignore file, which are about the code folder only.

        Raises:
            UsageError: a pattern of the user is none.
        """
        asked, code = watched.rules, os.path.abspath(watched.code)
        folders = [os.path.abspath(folder) for folder in asked.folders] or [code]
        models = [os.path.abspath(model) for model in watched.models]
        ignored = Patterns(code, ignore_lines)
        self.watched = watched
        self.not_understood = ignored.not_understood
        self.ignore_files = frozenset(os.path.join(code, name) for name in IGNORE_FILES)
        self._codes = [_Code(folder, Include(folder, asked.include), ignored) for folder in folders]
        self._models = [_Model(folder) for folder in models if not os.path.isfile(folder)]
        self._branches: list[_Code | _Model] = [*self._codes, *self._models]
        self.trees = tuple(dict.fromkeys((*folders, *(model.folder for model in self._models))))
        # an editor may write to where a link points
        self._scripts = {os.path.abspath(watched.script), os.path.realpath(watched.script)}
        self._single = {os.path.abspath(file) for file in watched.data} | set(models) - set(self.trees)
        alone = sorted(self._scripts) + sorted(self._single) + sorted(self.ignore_files)
        self.roots = tuple(dict.fromkeys((*self.trees, *map(os.path.dirname, alone))))
        self._excluded = [given(folder, asked.exclude, "--reload-exclude") for folder in self.roots]
        self._answers: dict[str, bool] = {}  # about folders; each of its files asks for its own

    @classmethod
    def load(cls, watched: Watched) -> Rules:
        """Read the ignore file, if there is one that can be read."""
        for name in IGNORE_FILES:
            try:
                return cls(watched, (watched.code / name).read_text(encoding="utf-8", errors="replace").splitlines())
            except OSError:
                continue  # the next one
        return cls(watched)

    def matters(self, path: str) -> bool:
        """Tell whether a change of this file is of interest: it counts, or it changes the rules."""
        return path in self.ignore_files or self.counts(path)

    def counts(self, path: str) -> bool:
        """Tell whether a change of this file is a change of the deployment; `enters` knows of virtual environments."""
        if path in self._scripts:
            return True
        is_chosen = path in self._single or any(model.counts(path) for model in self._models)
        if not is_chosen and not any(code.counts(path) for code in self._codes):
            return False
        is_reached = path in self._single or os.path.dirname(path) in self.trees or self._reaches(os.path.dirname(path))
        return is_reached and not self._is_excluded(path)

    def includes(self, path: str) -> bool:
        """Tell whether `--reload-include` names this file."""
        return any(code.include.names(path) for code in self._codes)

    def enters(self, folder: str) -> bool:
        """Tell whether a folder below a root may hold files that count."""
        marks = (os.path.join(folder, mark) for mark in _ENVIRONMENT_MARKS)
        return self._reaches(folder) and not any(map(os.path.lexists, marks))

    def _reaches(self, folder: str) -> bool:
        if folder not in self._answers:
            self._answers[folder] = not self._is_excluded(folder + "/") and any(
                branch.reaches(folder) for branch in self._branches
            )
        return self._answers[folder]

    def _is_excluded(self, path: str) -> bool:
        return any(patterns.match(path) for patterns in self._excluded)


@dataclass(frozen=True)
class _Code:
    """A folder of code: of its files some count."""

    folder: str
    include: Include
    ignored: Patterns

    def reaches(self, folder: str) -> bool:
        rest = below(folder, self.folder)
        if not rest:
            return False
        # an ignored folder may hold what is included by a pattern for names
        is_shut = self.ignored.match(folder + "/") and not self.include.looks_everywhere
        return self.include.opens(folder) or (_is_plain(rest) and not is_shut)

    def counts(self, path: str) -> bool:
        """Judge a file, not the folders it is in."""
        if below(path, self.folder) is None:
            return False
        is_usual = path.endswith(SUFFIXES) or self.include.has_everything
        return self.include.names(path) or (
            is_usual and _is_kept(os.path.basename(path)) and not self.ignored.match(path)
        )


@dataclass(frozen=True)
class _Model:
    """A folder of models: of its files all count, but for what nobody means."""

    folder: str

    def reaches(self, folder: str) -> bool:
        rest = below(folder, self.folder)
        return bool(rest) and _is_plain(rest or "")

    def counts(self, path: str) -> bool:
        rest = below(path, self.folder)
        return bool(rest) and _is_plain(os.path.dirname(rest or "")) and _is_kept(os.path.basename(path))


def _is_plain(folders: str) -> bool:
    """Tell whether none of these folders is hidden or passed by; an empty path is plain."""
    return not any(part.startswith(".") or part in _PASSED_BY for part in folders.split("/"))


def _is_kept(name: str) -> bool:
    return (not name.startswith(".") or name == ".env") and not _LEFTOVER.match(name)
