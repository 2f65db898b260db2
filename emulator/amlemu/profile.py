"""
A profile is the face of one cloud: numbers and rules with their sources, read from `profiles/*.toml`, and nothing else.

Code asks a profile for values, never for its name. `deployment.py` says what is served; this says how the front door
behaves.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
from dataclasses import dataclass
from importlib import resources
from typing import Any, get_type_hints

from amlemu.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class WireRules:
    """How connections are treated. Sizes in bytes and inclusive, times in seconds."""

    keep_alive: bool
    request_line_bytes: int
    header_field_bytes: int
    header_fields: int
    header_seconds: float
    body_idle_seconds: float
    keep_alive_seconds: float
    body_bytes: int


@dataclass(frozen=True)
class FailureTable:
    """What the client sees when the backend said nothing; `close` ends the connection without an answer."""

    not_ready: str
    busy: str
    worker_crashed: str
    backend_timeout: str
    unreachable: str


@dataclass(frozen=True)
class Profile:
    """One face of the cloud; `sources` maps `section.key` to where the value comes from."""

    name: str
    summary: str
    wire: WireRules
    failures: FailureTable
    sources: dict[str, str]


_SECTIONS: dict[str, type] = {"wire": WireRules, "failures": FailureTable}
_WORDS = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}


def names() -> list[str]:
    """Return the names of the profiles that come with amlemu, sorted."""
    folder = resources.files("amlemu") / "profiles"
    return sorted(entry.name[: -len(".toml")] for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load(name: str, overrides: dict[str, str] | None = None) -> Profile:
    """
    Read a profile.

    Args:
        name: one of `names()`.
        overrides: `section.key` to text, as given by `--set`; their source becomes `--set`.

    Raises:
        UsageError: no such profile or key, a value without a source, or one that is not of its kind.
    """
    return parse(_text(name), f"profile {name!r}", overrides or {})


def parse(text: str, where: str, overrides: dict[str, str]) -> Profile:
    """Turn the text of a profile file into a `Profile`; `where` names it in errors. Raises UsageError."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"not TOML: {error}", where=where) from error
    sources: dict[str, str] = {}
    sections = {section: _section(tables, section, where, sources) for section in _SECTIONS}
    _refuse_unknown(set(tables), {"name", "summary", *_SECTIONS}, where)
    for key, word in overrides.items():
        _override(sections, sources, key, word)
    built = {section: kind(**sections[section]) for section, kind in _SECTIONS.items()}
    return Profile(name=tables["name"], summary=tables["summary"], sources=sources, **built)


@functools.cache
def _text(name: str) -> str:
    if name not in names():
        raise UsageError(f"no profile {name!r}", expected=f"There are: {', '.join(names())}.")
    return (resources.files("amlemu") / "profiles" / f"{name}.toml").read_text(encoding="utf-8")


def _section(tables: dict[str, Any], section: str, where: str, sources: dict[str, str]) -> dict[str, Any]:
    entries = tables.get(section, {})
    kinds = get_type_hints(_SECTIONS[section])
    _refuse_unknown(set(entries), set(kinds), f"{where}, [{section}]")
    missing = [field.name for field in dataclasses.fields(_SECTIONS[section]) if field.name not in entries]
    if missing:
        raise UsageError(f"[{section}] lacks {', '.join(missing)}", where=where)
    for key, entry in entries.items():
        if not isinstance(entry, dict) or not entry.get("source"):
            raise UsageError(
                f"{section}.{key} has no source", where=where, hint='Add source = "..." or source = "assumed: ...".'
            )
        _check_kind(entry["value"], kinds[key], f"{where}: {section}.{key}")
        sources[f"{section}.{key}"] = entry["source"]
    return {key: entry["value"] for key, entry in entries.items()}


def _override(sections: dict[str, dict[str, Any]], sources: dict[str, str], key: str, word: str) -> None:
    section, _, name = key.partition(".")
    if name not in sections.get(section, {}):
        known = sorted(f"{part}.{field}" for part, fields in sections.items() for field in fields)
        raise UsageError(f"--set {key}: no such value", expected=f"There are: {', '.join(known)}.")
    kind = get_type_hints(_SECTIONS[section])[name]
    sections[section][name] = _read_word(word, kind, f"--set {key}")
    sources[key] = "--set"


def _read_word(word: str, kind: type, where: str) -> Any:
    if kind is bool:
        if word.lower() not in _WORDS:
            raise UsageError(f"{word!r} is neither on nor off", where=where)
        return _WORDS[word.lower()]
    try:
        return kind(word)
    except ValueError:
        raise UsageError(f"{word!r} is no {kind.__name__}", where=where) from None


def _check_kind(value: object, kind: type, where: str) -> None:
    if type(value) is not kind:
        raise UsageError(f"{value!r} is no {kind.__name__}", where=where)


def _refuse_unknown(given: set[str], known: set[str], where: str) -> None:
    unknown = sorted(given - known)
    if unknown:
        raise UsageError(
            f"unknown {', '.join(unknown)}", where=where, expected=f"Known are: {', '.join(sorted(known))}."
        )
