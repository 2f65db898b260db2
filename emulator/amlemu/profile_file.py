"""
Reads profiles: TOML in which every value stands with its source, checked to the last word before anybody uses it.

    [limits]
    request_timeout_ms = { value = 5000, source = "contract 1.5 ...", max = 180000, bound = "contract 1.5 ..." }

`extends` names a profile whose values hold where this one has none. `profile.py` says what there is to set.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import functools
import re
import sys
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from amlemu.errors import UsageError
from amlemu.profile import SECTIONS, Answer, Fact, Profile

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_WORDS = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}
_ENTRY = {"value", "source", "note", "min", "max", "bound"}
_HEAD = {"name", "summary", "extends"}


@dataclasses.dataclass(frozen=True)
class _Value:
    """One entry, checked."""

    value: Any
    fact: Fact


def names() -> list[str]:
    """Return the names of the profiles that come with amlemu, sorted."""
    folder = resources.files("amlemu") / "profiles"
    return sorted(entry.name[: -len(".toml")] for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load(
    name: str,
    overrides: Mapping[str, str] | None = None,
    request_settings: Mapping[str, int | str] | None = None,
    givers: Mapping[str, str] | None = None,
) -> Profile:
    """
    Read a profile.

    Args:
        name: one of `names()`, or the path of a file that ends in `.toml`.
        overrides: `section.key` to text, as given by `--set`; their source becomes `--set`.
        request_settings: what the deployment says, limits by name, `request_timeout_ms`, all else as `section.key`; `overrides` win.
        givers: who says so, by the same name; `the deployment` where it is not said.

    Raises:
        UsageError: no such profile or key, a value without a source, one that is not of its kind or out of bounds.
    """
    text, where = (_read(Path(name)), name) if name.endswith(".toml") else (_text(name), f"profile {name!r}")
    settings = {key if "." in key else f"limits.{key}": str(value) for key, value in (request_settings or {}).items()}
    told = givers or {}
    said = {key: told.get(key) or told.get(key.partition(".")[2], "the deployment") for key in settings}
    words = {**said, **dict.fromkeys(overrides or {}, "--set")}
    return parse(text, where, {**settings, **(overrides or {})}, words)


def parse(
    text: str, where: str, overrides: Mapping[str, str] | None = None, givers: Mapping[str, str] | None = None
) -> Profile:
    """
    Turn the text of a profile file into a `Profile`.

    Args:
        where: names the file in errors.
        overrides: `section.key` to text.
        givers: who gave each of them; `--set` where it is not said.

    Raises:
        UsageError: as `load`.
    """
    head, values = _entries(text, where)
    lacking = [key for key in _all_keys() if key not in values]
    if lacking:
        raise UsageError(f"it lacks {', '.join(lacking)}", where=where, hint='Or begin with extends = "bare".')
    for key, word in (overrides or {}).items():
        values[key] = _override(values, key, word, (givers or {}).get(key, "--set"))
    built = {
        section: kind(**{field.name: values[f"{section}.{field.name}"].value for field in dataclasses.fields(kind)})
        for section, kind in SECTIONS.items()
    }
    return Profile(head["name"], head["summary"], facts={key: one.fact for key, one in values.items()}, **built)


def _all_keys() -> list[str]:
    return [f"{section}.{field.name}" for section, kind in SECTIONS.items() for field in dataclasses.fields(kind)]


@functools.cache
def _text(name: str) -> str:
    if name not in names():
        raise UsageError(
            f"no profile {name!r}{_nearest(name, names())}",
            expected=f"There are: {', '.join(names())}.",
            hint="Or name a file, mine.toml.",
        )
    return (resources.files("amlemu") / "profiles" / f"{name}.toml").read_text(encoding="utf-8")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UsageError("no such file", where=str(path)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"not readable: {error}", where=str(path)) from error


def _entries(text: str, where: str, seen: tuple[str, ...] = ()) -> tuple[dict[str, str], dict[str, _Value]]:
    """Return the head of a file, and all values by `section.key`, those that it extends included."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"not TOML: {error}", where=where) from error
    file = _File(text, where)
    file.refuse_unknown(tables, {*_HEAD, *SECTIONS}, "")
    head = {word: file.word(tables, word) for word in ("name", "summary")}
    values: dict[str, _Value] = {}
    if "extends" in tables:
        base = file.word(tables, "extends")
        if base in seen:
            raise UsageError(f"it extends {base}, which extends it", where=where)
        if base not in names():
            what = f"it extends {base!r}, which does not come with amlemu{_nearest(base, names())}"
            raise UsageError(what, where=file.place_of_line("extends"), expected=f"There are: {', '.join(names())}.")
        _, values = _entries(_text(base), f"profile {base!r}", (*seen, base))
    for section, kind in SECTIONS.items():
        values.update(_section(tables.get(section, {}), section, kind, file, values))
    return head, values


def _section(entries: Any, section: str, kind: type, file: _File, base: Mapping[str, _Value]) -> dict[str, _Value]:
    if not isinstance(entries, dict):
        raise UsageError(f"{section} is no table", where=file.place(section))
    kinds = get_type_hints(kind)
    file.refuse_unknown(entries, set(kinds), section)
    checked: dict[str, _Value] = {}
    for key, entry in entries.items():
        name = f"{section}.{key}"
        inherited = base[name].fact if name in base else Fact("")
        checked[name] = _value(entry, name, kinds[key], file.place(section, key), inherited)
    return checked


def _value(entry: Any, name: str, kind: Any, place: str, base: Fact) -> _Value:
    """Check one entry; `base` has the bounds that hold where it gives none."""
    if not isinstance(entry, dict) or not isinstance(entry.get("source"), str) or not entry["source"].strip():
        raise UsageError(f"{name} has no source", where=place, hint='Add source = "..." or source = "assumed: ...".')
    if "value" not in entry:
        raise UsageError(f"{name} has no value", where=place, hint="Add value = ...")
    unknown = sorted(set(entry) - _ENTRY)
    if unknown:
        raise UsageError(
            f"{name}: unknown {', '.join(unknown)}", where=place, expected=f"Known are: {', '.join(sorted(_ENTRY))}."
        )
    for word in {"min", "max", "note", "bound"} & set(entry):
        kind_of_word: Any = str if word in ("note", "bound") else (int, float)
        if not isinstance(entry[word], kind_of_word) or isinstance(entry[word], bool):
            what = "text" if kind_of_word is str else "number"
            raise UsageError(f"{name}: {word}: {entry[word]!r} is no {what}", where=place)
    fact = Fact(
        entry["source"],
        entry.get("note", ""),
        entry.get("min", base.minimum),
        entry.get("max", base.maximum),
        entry.get("bound", base.bound_source),
    )
    value = _checked(entry["value"], kind, f"{place}: {name}")
    _check_bounds(value, fact, f"{place}: {name}")
    return _Value(value, fact)


def _override(values: dict[str, _Value], key: str, word: str, giver: str) -> _Value:
    where = f"--set {key}" if giver == "--set" else f"{giver}: {key}"
    if key not in values:
        full = {**{name.partition(".")[2]: name for name in values}, **{name: name for name in values}}
        what = f"{where}: no such value{_nearest(key, full)}"
        raise UsageError(what, expected=f"There are: {', '.join(sorted(values))}.")
    section, _, name = key.partition(".")
    kind = get_type_hints(SECTIONS[section])[name]
    fact = dataclasses.replace(values[key].fact, source=giver, note="")
    value = _read_word(word, kind, where)
    _check_bounds(value, fact, where)
    return _Value(value, fact)


def _read_word(word: str, kind: Any, where: str) -> Any:
    if kind is bool:
        if word.lower() not in _WORDS:
            raise UsageError(f"{word!r} is neither on nor off", where=where)
        return _WORDS[word.lower()]
    if kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(word)
        raise UsageError(f"{word!r} is no {_named(kind)}", where=where)
    if get_origin(kind) is tuple:
        return tuple(word.split())
    if kind is str or get_origin(kind) is Literal:
        return _checked(word, kind, where)
    raise UsageError("an answer cannot be set here", where=where, hint="Write a profile that extends this one.")


def _checked(value: object, kind: Any, where: str) -> Any:
    """Return the value as its field has it. Raises UsageError."""
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise UsageError(f"{value!r} is none of its words", where=where, expected=f"Allowed: {_listed(kind)}.")
        return value
    if get_origin(kind) is tuple:
        if not isinstance(value, list) or any(type(one) is not str for one in value):
            raise UsageError(f"{value!r} is no list of texts", where=where)
        return tuple(value)
    if kind in (int, float, bool, str):
        if type(value) is not kind:
            raise UsageError(f"{value!r} is no {_named(kind)}", where=where)
        return value
    return value if value == "close" else _answer(value, where)


def _answer(value: object, where: str) -> Answer:
    hints = get_type_hints(Answer)
    if not isinstance(value, dict) or "status" not in value or "phrase" not in value:
        raise UsageError(f"{value!r} is no answer", where=where, expected='Expected "close", or a status and a phrase.')
    for key, one in value.items():
        if key not in hints:
            raise UsageError(f"unknown {key}", where=where, expected=f"Known are: {', '.join(sorted(hints))}.")
        kind = int if key == "status" else str
        if type(one) is not kind:
            raise UsageError(f"{key}: {one!r} is no {_named(kind)}", where=where)
        if key != "body" and not str(one).isprintable():
            raise UsageError(f"{key}: {one!r} has a control character", where=where)
    if not 200 <= value["status"] <= 599:
        raise UsageError(f"status {value['status']}", where=where, expected="Expected 200 to 599.")
    return Answer(**value)


def _check_bounds(value: object, fact: Fact, where: str) -> None:
    """Numbers are never negative; some have a minimum or a maximum of the cloud's own."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return
    lowest = 0 if fact.minimum is None else fact.minimum
    if not value >= lowest:  # not a number, either
        raise UsageError(f"{value} is less than the minimum, {lowest}", where=where)
    because = f" ({fact.bound_source})" if fact.bound_source else ""
    highest = sys.maxsize if fact.maximum is None else fact.maximum
    if value > highest:
        raise UsageError(f"{value} is more than the maximum, {highest}{because}", where=where)


def _nearest(word: str, known: Iterable[str] | Mapping[str, str]) -> str:
    """Ask for what is spelled nearly so; a mapping says what it is called in full."""
    found = difflib.get_close_matches(word.lower(), list(known), 1)
    if not found:
        return ""
    return f"; did you mean {known[found[0]] if isinstance(known, Mapping) else found[0]}?"


def _named(kind: type) -> str:
    return {int: "whole number", float: "number with a point", bool: "switch (true, false)", str: "text"}[kind]


def _listed(kind: Any) -> str:
    return ", ".join(repr(word) for word in get_args(kind))


class _File:
    """The text of a profile, for errors: a TOML parser does not say where a key stands."""

    def __init__(self, text: str, where: str) -> None:
        self._lines = text.splitlines()
        self._where = where

    def place(self, section: str, key: str = "") -> str:
        """Return `file:line` of a key, or of its section; the file alone when it is written in some other way."""
        current, begun = "", 0
        for number, line in enumerate(self._lines, 1):
            if found := re.match(r"\s*\[\s*([\w-]+)\s*\]", line):
                current, begun = found[1], number if found[1] == section else begun
            if key and current == section and re.match(rf"\s*\"?{re.escape(key)}\"?\s*[=.]", line):
                return f"{self._where}:{number}"
        return f"{self._where}:{begun}" if begun else self._where

    def place_of_line(self, key: str) -> str:
        """Return `file:line` of a key at the head."""
        found = (number for number, line in enumerate(self._lines, 1) if re.match(rf"\s*{key}\s*=", line))
        return f"{self._where}:{next(found, 1)}"

    def refuse_unknown(self, given: Mapping[str, Any], known: set[str], section: str) -> None:
        """Raise UsageError for the first key that is not known."""
        for key in given:
            if key not in known:
                place = self.place(section, key) if section or not isinstance(given[key], dict) else self.place(key)
                name = f"{section}.{key}" if section else key
                raise UsageError(f"unknown {name}", where=place, expected=f"Known are: {', '.join(sorted(known))}.")

    def word(self, tables: Mapping[str, Any], key: str) -> str:
        """Return one of the texts at the head. Raises UsageError when it is not there."""
        value = tables.get(key)
        if not isinstance(value, str) or not value:
            raise UsageError(f"it has no {key}", where=self._where, hint=f'Add {key} = "..." at the top.')
        return value
