"""
JSON as it is written: where in the text a member stands, so that a line can be named and a payload be taken byte for byte.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from json.decoder import JSONDecoder
from pathlib import Path
from typing import Any

from amlemu.errors import UsageError

from amlemu_harness.parity.cases.files import place

_BLANK = re.compile(r"[ \t\r\n]*")
_DECODER = JSONDecoder()


def parsed(text: str) -> tuple[bool, Any]:
    """Return whether it is JSON, and its value."""
    try:
        return True, json.loads(text)
    except (ValueError, RecursionError):
        return False, None


def value_of(path: Path, text: str, line: int = 1, expected: str = "") -> Any:
    """Return the value of a text that begins in that line. Raises UsageError, which names the line of the mistake."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = place(path, line + error.lineno - 1)
        raise UsageError(f"no JSON: {error.msg} in column {error.colno}", where=where, expected=expected) from error
    except (ValueError, RecursionError) as error:  # a number with thousands of digits, a thousand brackets
        raise UsageError(f"no JSON that can be read: {error}", where=place(path, line), expected=expected) from error


def members(text: str, at: int = 0) -> Iterator[tuple[str, int, int]]:
    """Yield key, start and end of the value of each member of the object at `at`; of nothing else any."""
    at = _past(text, at)
    if not text.startswith("{", at):
        return
    at = _past(text, at + 1)
    while text.startswith('"', at):
        key, at = _DECODER.raw_decode(text, at)
        start = _past(text, _past(text, at) + 1)  # the colon
        _, end = _DECODER.raw_decode(text, start)
        yield key, start, end
        at = _next(text, end)


def items(text: str, at: int = 0) -> Iterator[tuple[Any, int]]:
    """Yield value and start of each element of the array at `at`."""
    at = _past(text, at + 1) if text.startswith("[", at) else len(text)
    while at < len(text) and text[at] != "]":
        value, end = _DECODER.raw_decode(text, at)
        yield value, at
        at = _next(text, end)


def start_of(text: str, *keys: str) -> int:
    """Return where the value below these keys begins in a JSON text; 0 where there is none."""
    at = 0
    for key in keys:
        at = next((start for name, start, _ in members(text, at) if name == key), 0)
    return at


def line_of(text: str, at: int) -> int:
    """Return the line of a place in the text, counted from 1."""
    return text.count("\n", 0, at) + 1


def _next(text: str, end: int) -> int:
    """Return where the next one begins; the end of the text where there is none."""
    at = _past(text, end)
    return _past(text, at + 1) if text.startswith(",", at) else len(text)


def _past(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at
