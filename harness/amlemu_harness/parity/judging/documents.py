"""
Two JSON documents compared: the places where they differ, down to one number, and whether equal ones are written alike.

Python's JSON: NaN and Infinity are read, keys given twice are kept. 1, 1.0 and true are three values. A text that holds JSON
itself is looked into, for many a run() returns `json.dumps(...)`. `bodies.py` is its only user.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import Any

from amlemu_harness.parity.judging.found import NOTHING, Found, found, size

Close = Callable[[str, float, float], bool]
"""Tells whether two different numbers of one kind, 1 and 2 or 1.0 and 2.0, are near enough at a path."""

AS_WRITTEN = "the same JSON, written otherwise: "

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[-+.\w]+|[\[\]{},:]|\s+|.', re.DOTALL)
_CONTEXT = 20


class _Object(list[tuple[str, Any]]):
    """The pairs of an object, in order, as often as they are there."""


class _Digits(str):
    """A whole number that is too long for Python to read."""

    __slots__ = ()


def _whole(digits: str) -> int | _Digits:
    try:
        return int(digits)
    except ValueError:  # more of them than sys.get_int_max_str_digits()
        return _Digits(digits)


_DECODER = json.JSONDecoder(object_pairs_hook=_Object, parse_int=_whole)
_ENCODER = json.JSONEncoder(ensure_ascii=False)


def _encoded(value: Any) -> str:
    """Write a scalar; half a surrogate pair stays escaped, for it cannot be written otherwise."""
    return _ENCODER.encode(value).encode("utf-8", "backslashreplace").decode()


_Step = tuple[str, Any, Any]


def document_differences(
    path: str, theirs: str, ours: str, close: Close, passed: Collection[str]
) -> list[Found] | None:
    """
    Return the places where two documents differ, in no order; None where one of them is no JSON.

    Args:
        path: what the documents are called.
        passed: paths that are passed by, with all that is below, as long as both are of one kind; `PATH (kind)` passes
            any kind, and `PATH (as written)` how it is written.
    """
    try:
        left, right = _read(theirs), _read(ours)
        places, same_shape = _walk(path, left, right, close, passed)
        if same_shape and theirs != ours and _written(path) not in passed:
            places += _writing(path, theirs, ours)
    except (ValueError, RecursionError):  # a text that is no JSON; one that is nested too deep is compared as text
        return None
    return places


def is_document(text: str) -> bool:
    """Tell whether a text is JSON."""
    try:
        _read(text)
    except (ValueError, RecursionError):
        return False
    return True


def kind_of(path: str) -> str:
    """Return the name under which a value varies that is of another kind each time."""
    return f"{path} (kind)"


def _read(text: str) -> Any:
    return _DECODER.decode(text)


def _written(path: str) -> str:
    return f"{path} (as written)"


def _walk(path: str, theirs: Any, ours: Any, close: Close, passed: Collection[str]) -> tuple[list[Found], bool]:
    """Return what differs, and whether both have the same keys and lengths everywhere."""
    places: list[Found] = []
    steps: list[_Step] = [(path, theirs, ours)]
    same_shape = True
    while steps:
        here, left, right = steps.pop()
        if here in passed or kind_of(here) in passed:
            same_shape &= not (isinstance(left, list) or isinstance(right, list))
            places += _kinds(here, left, right, passed)
        elif not (isinstance(left, list) and type(left) is type(right)):
            same_shape &= not (isinstance(left, list) or isinstance(right, list))
            places += _values(here, left, right, close, passed)
        elif isinstance(left, _Object) and isinstance(right, _Object):
            further, missing = _keys(here, left, right)
            steps += further
            places += [replace(one, path=kind_of(one.path)) if one.path in passed else one for one in missing]
            same_shape &= not missing
        elif len(left) == len(right):
            steps += [(f"{here}[{place}]", *pair) for place, pair in enumerate(zip(left, right, strict=True))]
        else:
            places.append(found(here, _dumped(left), _dumped(right)))
            same_shape = False
    return places, same_shape


def _keys(path: str, left: _Object, right: _Object) -> tuple[list[_Step], list[Found]]:
    """Return the pairs of values under the same key, and the keys that only one has."""
    one, other = _named(path, left), _named(path, right)
    further = [(place, value, other[place]) for place, value in one.items() if place in other]
    missing = [found(place, _dumped(one[place]), NOTHING, path) for place in one if place not in other]
    return further, missing + [
        found(place, NOTHING, _dumped(other[place]), path) for place in other if place not in one
    ]


def _named(path: str, pairs: _Object) -> dict[str, Any]:
    """Return the values by their paths; a key that comes again has a number: `body.a#2`."""
    named: dict[str, Any] = {}
    times: dict[str, int] = {}
    for key, value in pairs:
        times[key] = times.get(key, 0) + 1
        step = f".{key}" if key.isidentifier() else f"[{_encoded(key)}]"
        named[f"{path}{step}" + (f"#{times[key]}" if times[key] > 1 else "")] = value
    return named


def _values(path: str, left: Any, right: Any, close: Close, passed: Collection[str]) -> list[Found]:
    if _is_same(left, right):
        return []
    if _is_number(left) and type(left) is type(right) and close(path, left, right):
        return []
    if type(left) is str and type(right) is str and left[:1] in ("{", "[") and right[:1] in ("{", "["):
        inner = document_differences(path, left, right, close, passed)
        if inner is not None:
            return inner
    return [found(path, _dumped(left), _dumped(right), path if _kind(left) is _kind(right) else kind_of(path))]


def _kinds(path: str, left: Any, right: Any, passed: Collection[str]) -> list[Found]:
    """Return what varies by itself, where it is no longer of the kind that it was each time."""
    if _kind(left) is _kind(right) or kind_of(path) in passed:
        return []
    return [found(kind_of(path), _dumped(left), _dumped(right))]


def _kind(value: Any) -> type:
    """Return what JSON tells apart; 1 and 1.5 may be the same measurement."""
    return float if _is_number(value) or isinstance(value, _Digits) else type(value)


def _is_same(left: Any, right: Any) -> bool:
    if type(left) is not type(right):
        return False
    return (
        bool(left == right) if not isinstance(left, float) else repr(left) == repr(right)
    )  # nan is nan, -0.0 is not 0.0


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _dumped(value: Any) -> str:
    if isinstance(value, _Object):
        return "{" + ", ".join(f"{_dumped(key)}: {_dumped(one)}" for key, one in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_dumped, value)) + "]"
    return str(value) if isinstance(value, _Digits) else _encoded(value)


def _writing(path: str, theirs: str, ours: str) -> list[Found]:
    """Return the first place where two documents of one shape are written otherwise; values that differ do not count."""
    left, right = (list(_tokens(text)) for text in (theirs, ours))
    ends = [("", len(text), False) for text in (theirs, ours)]
    for (one, at, is_value), (other, also_at, is_other_value) in zip([*left, ends[0]], [*right, ends[1]], strict=False):
        if one != other and not (is_value and is_other_value and not _is_one_value(one, other)):
            shown = _around(theirs, at), _around(ours, also_at)
            break
    else:
        return []
    frames = ["".join("" if is_value else token for token, _, is_value in tokens) for tokens in (left, right)]
    how_much = size(*(frames if frames[0] != frames[1] else shown))
    return [replace(found(path, AS_WRITTEN + shown[0], AS_WRITTEN + shown[1], _written(path)), size=how_much)]


def _tokens(text: str) -> Iterator[tuple[str, int, bool]]:
    """Yield each token, where it is, and whether it is a value."""
    matches = list(_TOKEN.finditer(text))
    for number, match in enumerate(matches):
        token = match[0]
        is_value = token[0] not in "[]{},:" and not token.isspace()
        if is_value and token[0] == '"':
            after = next((one[0] for one in matches[number + 1 : number + 3] if not one[0].isspace()), "")
            is_value = after != ":"
        yield token, match.start(), is_value


def _is_one_value(one: str, other: str) -> bool:
    return not (one.isdecimal() and other.isdecimal()) and _is_same(_read(one), _read(other))


def _around(text: str, at: int) -> str:
    return text[max(at - _CONTEXT, 0) : at + 2 * _CONTEXT]
