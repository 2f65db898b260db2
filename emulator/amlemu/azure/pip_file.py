"""
Reads a requirements file, and what it names with `-r`: every requirement with its file and line. Nothing is installed.

`pip_line.py` reads a single line; `conda_file.py` hands in the list below `- pip:`, which pip gets as such a file.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from amlemu.azure import marked, pip_line
from amlemu.azure.requirements import Requirement, Requirements
from amlemu.finding import CANNOT_BUILD, Finding, Place

_DEEPEST, _MOST_FILES = 10, 100
_MARKS = (
    codecs.BOM_UTF32_LE,
    codecs.BOM_UTF32_BE,
    codecs.BOM_UTF16_LE,
    codecs.BOM_UTF16_BE,
)  # UTF-32 first: it begins alike
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_EXACT = re.compile(r"===?([^*]+)")


def is_one(path: Path) -> bool:
    """Tell whether a file is for pip rather than for conda, by its name."""
    return path.suffix.lower() not in (".yml", ".yaml", ".json")


def read(path: Path) -> Requirements:
    """
    Read a requirements file.

    Raises:
        Unreadable: it is not there, or no text.
    """
    text = read_text(path)
    gathered = Gathered((path.parent,))
    gathered.take(logical_lines(text), path)
    return Requirements(
        place=Place(path),
        entries=tuple(gathered.entries),
        pip_options=tuple(gathered.options),
        findings=(*gathered.findings, *contradictions(gathered)),
        text=text,
    )


def read_text(path: Path) -> str:
    """Return the text; pip heeds a byte order mark, so a file that PowerShell's `>` has written is fine. Raises Unreadable."""
    try:
        with path.open("rb") as file:
            is_marked = file.read(4).startswith(_MARKS)
        if is_marked and path.stat().st_size <= marked.MOST_BYTES:
            raw = path.read_bytes()
            return raw.decode("utf-32" if raw.startswith(_MARKS[:2]) else "utf-16")
    except (OSError, UnicodeDecodeError):
        pass  # which says it better
    return marked.read_text(path)


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines with their numbers; one that ends in a backslash goes on in the next, unless it is a comment."""
    begun, parts = 0, list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        is_comment = line.lstrip().startswith("#")
        begun = begun or number
        if line.endswith("\\") and not is_comment:
            parts.append(line[:-1])
            continue
        parts.append(" " + line if parts and is_comment else line)
        yield begun, "".join(parts)
        begun, parts = 0, []
    if parts:
        yield begun, "".join(parts)


@dataclass
class Gathered:
    """
    What has been read so far; `folders` are where relative paths may begin, first the one where pip runs.

    Attributes:
        options: of the first file only; pip meets the others where they stand.
        markers: by the entry's index in `entries`; only where there is one.
        local: the first file's lines that name a file or folder by a relative path.
    """

    folders: tuple[Path, ...]
    entries: list[Requirement] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    markers: dict[int, str] = field(default_factory=dict)
    local: list[tuple[Place, str]] = field(default_factory=list)
    _open: list[Path] = field(default_factory=list)
    _count: int = 0

    def take(self, lines: Iterable[tuple[int, str]], path: Path) -> None:
        """Read the lines of one file, and the files that they name."""
        self._open.append(path.resolve())
        self._count += 1
        folders = (*self.folders, path.parent)
        for number, text in lines:
            line = pip_line.parse(text, Place(path, number), folders)
            if line is not None:
                self._take_line(line, Place(path, number), text)
        self._open.pop()

    def _take_line(self, line: pip_line.PipLine, place: Place, text: str) -> None:
        is_first = len(self._open) == 1
        if line.finding is not None:
            self.findings.append(line.finding)
        if line.requirement is not None:
            if line.marker:
                self.markers[len(self.entries)] = line.marker
            self.entries.append(line.requirement)
        if line.option and is_first:
            self.options.append(line.option)
        if is_first and _names_local(line):
            self.local.append((place, pip_line.without_comment(text)))
        if line.follows is not None:
            self._follow(*line.follows, place)

    def _follow(self, option: str, named: str, place: Place) -> None:
        if _ADDRESS.match(named) or "$" in named:
            return
        path = place.file.parent / named  # pip takes it from the folder of the file that names it
        if not path.is_file():
            cause = f"{option} names {named}, and there is no such file"
            self._say("pip-file-missing", cause, place, f"It would be {path}.")
        elif option == "-c":
            return  # constraints ask for nothing
        elif path.resolve() in self._open:
            self._say("pip-file-loop", f"{option} {named} leads back to itself", place, "Leave the line out.")
        elif len(self._open) < _DEEPEST and self._count < _MOST_FILES:
            try:
                self.take(logical_lines(read_text(path)), path)
            except marked.Unreadable as error:
                self.findings.append(error.finding)

    def _say(self, rule: str, cause: str, place: Place, fix: str) -> None:
        self.findings.append(Finding("error", rule, cause, place, CANNOT_BUILD, fix))


def contradictions(gathered: Gathered) -> list[Finding]:
    """Find packages that are pinned twice, to versions that exclude each other, whatever the Python."""
    found: list[Finding] = []
    pinned: dict[str, tuple[str, Requirement]] = {}
    for index, entry in enumerate(gathered.entries):
        exact = _EXACT.fullmatch(entry.specifier)
        if exact is None or not entry.key or index in gathered.markers:
            continue
        version, first = pinned.setdefault(entry.key, (exact[1], entry))
        if not _is_same_version(version, exact[1]):
            where = f"line {first.place.line}"
            where += f" of {first.place.file.name}" if first.place.file != entry.place.file else ""
            cause = f"pip is to install {entry.key} {exact[1]} here and {version} in {where}, which cannot be"
            found.append(Finding("error", "pip-pinned-twice", cause, entry.place, CANNOT_BUILD, "Leave one of them."))
    return found


def _is_same_version(one: str, other: str) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other


def _names_local(line: pip_line.PipLine) -> bool:
    """Tell whether a line leads to a file of this machine by a relative path."""
    if line.follows is not None:
        named = line.follows[1]
        return not (_ADDRESS.match(named) or named.startswith(("/", "$")))
    entry = line.requirement
    return entry is not None and entry.is_elsewhere and pip_line.is_relative(entry.text)
