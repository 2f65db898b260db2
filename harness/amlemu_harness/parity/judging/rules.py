"""
What is allowed to differ: exemptions, each with its reason and the day it was written, and tolerances of numbers. Read from TOML:

    [[exempt]]
    case = "1.6 MB"          # * and ? stand for any signs; without it: every case
    path = "headers.Server"  # likewise; brackets are brackets
    reason = "..."
    since = 2026-11-22
    against = "container*"   # what the other side is called; without it: any

    [[tolerance]]
    path = "body.predictions[*]"
    relative = 1e-6

`compare.py` applies them, and says which exemption is not needed any more.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import difflib
import functools
import math
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path
from typing import Any

from amlemu.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_KEYS = {
    "exempt": ("case", "path", "reason", "since", "against"),
    "tolerance": ("case", "path", "relative", "absolute"),
}
_EARLIEST_MIDNIGHT = dt.timezone(dt.timedelta(hours=14))  # where a day begins first


@dataclass(frozen=True)
class Exemption:
    """
    One known difference.

    Attributes:
        case, path, against: patterns of the case's name, the difference's path, and what the reference is called.
        where: file and line, for the person who has to remove it.
    """

    case: str
    path: str
    reason: str
    since: dt.date
    against: str = "*"
    where: str = ""

    def covers(self, case: str, path: str) -> bool:
        """Tell whether it is about that place; a pattern without the number of an answer is about each answer."""
        return matches(self.case, case) and _is_at(self.path, path)

    def __str__(self) -> str:
        against = "" if self.against == "*" else f", against {self.against!r}"
        where = f"{self.where}: " if self.where else ""
        return f"{where}case {self.case!r}, path {self.path!r}{against}, since {self.since.isoformat()}"


@dataclass(frozen=True)
class Tolerance:
    """How far two numbers may be apart: `relative` to the larger one, or `absolute`, whichever is more."""

    path: str
    relative: float = 0.0
    absolute: float = 0.0
    case: str = "*"

    def allows(self, case: str, path: str, theirs: float, ours: float) -> bool:
        """Tell whether two numbers there are near enough."""
        if not (matches(self.case, case) and _is_at(self.path, path)):
            return False
        try:
            return math.isclose(theirs, ours, rel_tol=self.relative, abs_tol=self.absolute)
        except OverflowError:  # a whole number beyond any float
            return theirs == ours


@dataclass(frozen=True)
class Rules:
    """All that is allowed."""

    exemptions: tuple[Exemption, ...] = ()
    tolerances: tuple[Tolerance, ...] = ()

    def against(self, side: str) -> Rules:
        """Return those that hold against a reference of that name."""
        return Rules(tuple(one for one in self.exemptions if matches(one.against, side)), self.tolerances)

    def reason(self, case: str, path: str) -> str:
        """Return why a place may differ; empty where nobody has said so."""
        return next((one.reason for one in self.exemptions if one.covers(case, path)), "")

    def allows(self, case: str, path: str, theirs: float, ours: float) -> bool:
        """Tell whether two different numbers there are near enough."""
        return any(one.allows(case, path, theirs, ours) for one in self.tolerances)


def matches(pattern: str, name: str) -> bool:
    """Tell whether a name is meant by a pattern: `*` is any signs, `?` any one; brackets are brackets."""
    return _compiled(pattern).fullmatch(name) is not None


def _is_at(pattern: str, path: str) -> bool:
    return matches(pattern, path) or matches(pattern, re.sub(r"^\d+\.", "", path))


@functools.lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern.replace("[", "[[]")))


def load(path: Path) -> Rules:
    """
    Read a file of rules.

    Raises:
        UsageError: it cannot be read, or a rule is not complete, not usable or allows everything.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UsageError("no such file", where=str(path)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"not readable: {error}", where=str(path)) from error
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        raise UsageError(f"not TOML: {error}", where=f"{path}:{line[1]}" if line else str(path)) from error
    return _File(path, text).rules(tables)


class _File:
    """A file of rules, which knows where its keys stand."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = _lines(text)

    def rules(self, tables: Mapping[str, Any]) -> Rules:
        """Check and build all rules. Raises UsageError."""
        for name, entries in tables.items():
            if name not in _KEYS:
                where = self._place(name, 0)
                raise UsageError(
                    f"unknown: {name}{_nearest(name, tuple(_KEYS))}", where=where, expected=_expected(_KEYS)
                )
            if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
                raise UsageError(f"{name} is no list of tables", where=self._place(name, 0), hint=f"Write [[{name}]].")
        return Rules(
            tuple(self._exemption(_Entry(self, "exempt", *one)) for one in enumerate(tables.get("exempt", ()))),
            tuple(self._tolerance(_Entry(self, "tolerance", *one)) for one in enumerate(tables.get("tolerance", ()))),
        )

    def place(self, table: str, number: int, key: str) -> str:
        """Return `file:line` of a key, else that of its table."""
        return self._place(table, number, key) if (table, number, key) in self._lines else self._place(table, number)

    def _place(self, table: str, number: int, key: str = "") -> str:
        line = self._lines.get((table, number, key))
        return f"{self._path}:{line}" if line else str(self._path)

    def _exemption(self, entry: _Entry) -> Exemption:
        case, path = entry.text("case", "*"), entry.text("path")
        if all(set(pattern) <= {"*", "?"} and "*" in pattern for pattern in (case, path)):
            raise UsageError("it exempts everything", where=entry.where(), expected="Name a case or a path.")
        reason, against = entry.text("reason"), entry.text("against", "*")
        return Exemption(case, path, reason, entry.day("since"), against, entry.where())

    def _tolerance(self, entry: _Entry) -> Tolerance:
        relative, absolute = entry.number("relative"), entry.number("absolute")
        if relative is None and absolute is None:
            raise UsageError("it allows nothing", where=entry.where(), expected="Say relative = 1e-6, or absolute.")
        return Tolerance(entry.text("path"), relative or 0.0, absolute or 0.0, entry.text("case", "*"))


class _Entry:
    """One table, whose values are taken out and checked."""

    def __init__(self, file: _File, table: str, number: int, values: Mapping[str, Any]) -> None:
        self._file, self._table, self._number, self._values = file, table, number, values
        for key in values:
            if key not in _KEYS[table]:
                what = f"[[{table}]] has no {key}{_nearest(key, _KEYS[table])}"
                raise UsageError(what, where=self.where(key), expected=_expected(_KEYS[table]))

    def where(self, key: str = "") -> str:
        """Return where it stands, or one of its keys."""
        return self._file.place(self._table, self._number, key)

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text that is not empty. Raises UsageError."""
        value = self._values.get(key, default)
        if value is None:
            raise UsageError(f"[[{self._table}]] lacks {key}", where=self.where(), hint=f'Add {key} = "...".')
        if not isinstance(value, str) or not value.strip():
            raise UsageError(f"{key} is no text", where=self.where(key), expected=f'Expected {key} = "...".')
        return value

    def day(self, key: str) -> dt.date:
        """Return a day that has come already, wherever it was written. Raises UsageError."""
        value = self._values.get(key)
        today = dt.datetime.now(_EARLIEST_MIDNIGHT).date()
        expected = f"Expected {key} = {today.isoformat()}, a day without quotes."
        if value is None:
            raise UsageError(f"[[{self._table}]] lacks {key}", where=self.where(), expected=expected)
        if isinstance(value, dt.datetime):
            value = value.date()
        if not isinstance(value, dt.date):
            raise UsageError(f"{key} is no date", where=self.where(key), expected=expected)
        if value > today:
            raise UsageError(f"{key} is in the future: {value.isoformat()}", where=self.where(key), expected=expected)
        return value

    def number(self, key: str) -> float | None:
        """Return a number of at least 0; None where there is none. Raises UsageError."""
        value = self._values.get(key)
        if value is None:
            return None
        with contextlib.suppress(OverflowError):
            if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < math.inf:
                return float(value)
        what = f"{key} = {value!r} is no tolerance"
        raise UsageError(what, where=self.where(key), expected="Expected a number of at least 0.")


def _nearest(name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {near[0]}?" if near else ""


def _expected(known: Mapping[str, object] | tuple[str, ...]) -> str:
    return f"There are: {', '.join(known)}."


def _lines(text: str) -> dict[tuple[str, int, str], int]:
    """Return the lines of tables and keys, as people write TOML: by table, which of that name, and key; a parser does not say."""
    lines: dict[tuple[str, int, str], int] = {}
    table, number = "", -1
    for at, line in enumerate(text.splitlines(), 1):
        if head := re.match(r"\s*\[\[?\s*([\w-]+)\s*\]", line):
            table = head[1]
            number = max((one for name, one, _ in lines if name == table), default=-1) + 1
            lines[table, number, ""] = at
        elif key := re.match(r"\s*\"?([\w-]+)\"?\s*=", line):
            place = (table, number, key[1]) if table else (key[1], 0, "")
            lines.setdefault(place, at)
    return lines
