"""
Finds what a word means: a status, `424/500`, a name in any spelling, an exit code, a signal; or what is spelled nearly so.

Knows nothing of logs; a text that is no name is for `log.py`.
"""

from __future__ import annotations

import difflib
import functools
import re
import signal
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from amlemu import profile_file
from amlemu.errors import UsageError
from amlemu.explain.entries import ANY, SIGNAL, Entry, entries

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_CONTAINER = "image"  # the profile that is the container as it is, without a cloud before it
_MANAGED, _BARE = "managed", "bare"
_LONGEST = 200  # characters of a word that are compared
_MODEL_STATUS = re.compile(
    r"(?:424|(?:model error\W+)?original[-_ ]?code|\S*-statuscode)\D{1,40}(\d{3})", re.IGNORECASE
)
_STATUS = re.compile(r"(?:(?:http|status|statuscode|code|error|response)[ :=_/-]*){1,4}([1-5]\d\d)", re.IGNORECASE)
_EXIT = re.compile(
    r"(?:process |container )?(?:exit(?:ed)?|rc|return)[ _-]*(?:with )?(?:code|status)?[ :=]*(-?\d{1,3})", re.IGNORECASE
)
_SIGNAL = re.compile(r"(?:signal[ :=]*(\d{1,2})|(sig[a-z]{2,6}))", re.IGNORECASE)
_SIGNALS_FROM, _BYTE = 128, 255
_STATUSES_FROM, _STATUSES_TO = 200, 600


def find(words: Sequence[str], profile: str = "") -> list[Entry]:
    """
    Return what the words mean: as one name if they are one, else each by itself.

    Args:
        profile: keep what is true for this one, see `cloud_of`; empty for all.

    Raises:
        UsageError: a word means nothing that is known; with the names that are spelled nearly so.
    """
    whole = named(" ".join(words), profile)
    if whole or len(words) == 1:
        return whole or _refuse(words[0])
    return list(dict.fromkeys(entry for word in words for entry in (named(word, profile) or _refuse(word))))


def named(text: str, profile: str = "") -> list[Entry]:
    """Return what goes by this name; empty when nothing does."""
    found = _named(text.strip().strip("'\"`,;")[:_LONGEST], profile)
    return [entry.under(profile) for entry in found] if profile else found


def cloud_of(profile: str) -> str:
    """
    Return which of amlemu's own profiles this one is, or begins with.

    Raises:
        UsageError: no such profile, or no such file.
    """
    profile_file.load(profile)
    while profile not in profile_file.names():
        profile = tomllib.loads(Path(profile).read_text(encoding="utf-8")).get("extends", _BARE)
    return profile


def _named(text: str, profile: str) -> list[Entry]:
    if found := _entry(text):
        return [found]
    if model_status := _MODEL_STATUS.fullmatch(text.rstrip(").")):
        return _of_model(model_status[1], profile or _MANAGED)
    numbered = _numbered(text)
    return [numbered] if numbered else []


def text_of(phrase: str) -> Entry | None:
    """Return the entry of a message that the phrase contains, or that begins with it, or of a name of several words that it begins with; None when there is none."""
    key = _key(phrase)
    for entry in entries():
        for piece in entry.texts:
            piece_key = _key(piece)
            if piece_key and (piece_key in key or (len(key) > 10 and piece_key.startswith(key))):
                return entry
    return next((entry for entry in entries() if any(_begins(key, name) for name in entry.names)), None)


def _begins(key: str, name: str) -> bool:
    """Tell whether a phrase begins with a name that is a phrase itself, `Booting worker with pid`: numbers follow such ones."""
    return len(name.split()) > 2 and key.startswith(_key(name))


def near(word: str) -> list[str]:
    """Return the names that are spelled nearly so, at most three."""
    known: dict[str, str] = {}
    for name in (name for entry in _named_entries() for name in entry.names):
        known.setdefault(_key(name), name)
    key = _key(word)
    within = [name for held, name in known.items() if len(key) > 3 and key in held]
    return list(dict.fromkeys([*(known[one] for one in difflib.get_close_matches(key, known, 3, 0.7)), *within]))[:3]


def related(entry: Entry) -> list[Entry]:
    """Return the entries that it refers to."""
    return [found for name in entry.see if (found := _entry(name))]


def _refuse(word: str) -> list[Entry]:
    close = near(word)
    raise UsageError(
        f"nothing is known about {word[:_LONGEST]!r}" + (f"; did you mean {' or '.join(close)}?" if close else ""),
        expected="Expected a status (424), an error (ResourceNotReady), an exit code (111) or a log file.",
        hint="`amlemu explain` alone lists all that can be explained.",
    )


def _numbered(text: str) -> Entry | None:
    """Find a meaning for a number that has no entry: 200 to 599 are statuses, what is less is an exit code."""
    if found := _SIGNAL.fullmatch(text):
        number = int(found[1]) if found[1] else getattr(signal, found[2].upper(), 0)
        return _signal(-int(number))
    if found := _EXIT.fullmatch(text):
        return _exit(int(found[1]))
    if found := _STATUS.fullmatch(text):
        return _entry(found[1]) or _any_status(found[1])
    if not re.fullmatch(r"-?\d{1,3}", text):
        return None
    number = int(text)
    if _STATUSES_FROM <= number < _STATUSES_TO and number != _BYTE:
        return _any_status(text)
    return _exit(number)


def _any_status(number: str) -> Entry:
    return _general("status", ANY).filled(status=number)


def _exit(code: int) -> Entry | None:
    if code > _BYTE:
        return None
    return _entry(str(code)) or _signal(code) or _general("exit code", ANY).filled(code=code)


def _signal(code: int) -> Entry | None:
    """Return the entry of 128 + n or -n; None when no signal has this number."""
    number = -code if code < 0 else code - _SIGNALS_FROM
    try:
        name = signal.Signals(number).name
    except ValueError:
        return None
    return _entry(name) or _general("exit code", SIGNAL).filled(code=_SIGNALS_FROM + number, number=number, name=name)


def _of_model(status: str, profile: str) -> list[Entry]:
    """Return 424 as the cloud means it, and what the container itself said."""
    gateway = _entry("424")
    own = _entry(status) or _any_status(status)
    assert gateway is not None, "statuses.toml has 424"
    said = own.under(_CONTAINER)
    meanings = tuple(replace(one, profiles=(), of="in the container") for one in said.meanings)
    titled = Entry("status", said.names, f"the container's own status: {said.title}", meanings, said.see)
    return [gateway.under(profile), titled]


def _entry(name: str) -> Entry | None:
    """Return the entry of a name: as it is written, `Internal Server Error` and `InternalServerError` are two; else by its letters."""
    return _by_key().get(name.casefold()) or _by_key().get(_key(name))


@functools.cache
def _by_key() -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for entry in _named_entries():
        for name in entry.names:
            found.setdefault(name.casefold(), entry)
    for entry in _named_entries():
        for name in entry.names:
            found.setdefault(_key(name), entry)
    return found


def _named_entries() -> Iterable[Entry]:
    return (entry for entry in entries() if entry.name not in (ANY, SIGNAL))


def _general(kind: str, name: str) -> Entry:
    return next(entry for entry in entries() if entry.kind == kind and entry.name == name)


def _key(name: str) -> str:
    """Reduce a name to what counts: letters and digits of any alphabet in small; a minus before a number stays."""
    sign = "-" if re.fullmatch(r"\s*[-\u2212]\d+\s*", name) else ""
    return sign + re.sub(r"[\W_]+", "", name.lower())
