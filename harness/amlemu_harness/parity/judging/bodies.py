"""
Two bodies compared, as what they are: JSON place by place, texts line by line, everything else as bytes.

`documents.py` reads JSON, `answers.py` has the bodies; logs are texts, too (`starts.py`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from itertools import zip_longest

from amlemu_harness.parity.judging.documents import Close, document_differences, is_document, kind_of
from amlemu_harness.parity.judging.found import NOTHING, Found, found, size
from amlemu_harness.parity.report.visible import common_start

_BEFORE = 4  # bytes that are shown before the first one that differs
_BYTES = 16


def body_differences(path: str, theirs: bytes, ours: bytes, close: Close, passed: Collection[str]) -> list[Found]:
    """Return the places where two bodies differ, of texts the lines. `passed` are paths that vary by themselves."""
    if theirs == ours or kind_of(path) in passed:
        return []
    left, right = (_text(body) for body in (theirs, ours))
    if path in passed:  # with whatever is in it; but an object that was a text each time is another answer
        return [] if left is None or right is None else document_differences(path, left, right, close, passed) or []
    if left is None or right is None:
        return [_byte_difference(path, theirs, ours)]
    as_json = document_differences(path, left, right, close, passed)
    if as_json is not None:
        return as_json
    as_text = text_differences(path, left, right, passed)
    kinds_differ = is_document(left) != is_document(right)
    return [replace(one, varying=path) for one in as_text] if kinds_differ else as_text


def text_differences(path: str, theirs: str, ours: str, passed: Collection[str]) -> list[Found]:
    """Return the lines that differ; where one text has more lines than the other, only the first of them, for the text as a whole."""
    if path in passed:
        return []
    left, right = _lines(theirs), _lines(ours)
    places = [
        _line(path, number, len(left) == len(right) == 1, one, other)
        for number, (one, other) in enumerate(zip_longest(left, right), 1)
        if one != other and _name(path, number) not in passed
    ]
    if len(left) == len(right):
        whole = sum(place.size for place in places)
        return [replace(one, size=whole) for one in places]
    first = places[0] if places else found(path, f"{len(left)} lines", f"{len(right)} lines")
    return [replace(first, size=size(theirs, ours), varying=path)]


def _line(path: str, number: int, is_alone: bool, theirs: str | None, ours: str | None) -> Found:
    left, right = (
        NOTHING if text is None else text if is_alone else f"line {number}: {text}" for text in (theirs, ours)
    )
    return found(path, left, right, _name(path, number))


def _name(path: str, number: int) -> str:
    return f"{path}, line {number}"


def _lines(text: str) -> list[str]:
    """Cut at line feeds, which stay: a text without the last one differs from one with it."""
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _byte_difference(path: str, theirs: bytes, ours: bytes) -> Found:
    at = common_start(theirs, ours)
    return Found(path, _bytes(theirs, at), _bytes(ours, at), size(theirs, ours), path)


def _bytes(content: bytes, at: int) -> str:
    begin = max(at - _BEFORE, 0)
    piece = content[begin : begin + _BYTES]
    return f"byte {at} of {len(content)}: {'... ' if begin else ''}{piece.hex(' ')}" if piece else NOTHING


def _text(body: bytes) -> str | None:
    try:
        return None if b"\0" in body else body.decode()
    except UnicodeDecodeError:
        return None
