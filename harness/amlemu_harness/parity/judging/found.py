"""
One place where two things differ, while they are compared: where, both texts cut to what differs, and how much that is.

`answers.py`, `bodies.py`, `documents.py` and `starts.py` find such places, `compare.py` makes differences of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from amlemu_harness.parity.report.visible import common_end, common_start

NOTHING = "(none)"
CUT = "…"

_MOST_CHARACTERS = 600  # of a text that is kept; who shows it cuts it to the width
_BEFORE = 80  # of those, what stands before the difference

Text = TypeVar("Text", str, bytes)


@dataclass(frozen=True)
class Found:
    """
    A place.

    Attributes:
        path: as in `Difference`.
        varying: what varies by itself when both are the reference: the path, or what is around it.
    """

    path: str
    theirs: str
    ours: str
    size: int
    varying: str


def found(path: str, theirs: str, ours: str, varying: str = "") -> Found:
    """Say that two texts differ; long ones are cut around the first place where they do."""
    how_much = size(theirs, ours)
    if max(len(theirs), len(ours)) > _MOST_CHARACTERS:
        start = common_start(theirs, ours)
        theirs, ours = _cut(theirs, start), _cut(ours, start)
    return Found(path, theirs, ours, how_much, varying or path)


def size(theirs: Text, ours: Text) -> int:
    """Count what differs, once what both begin and end with is cut off; never less than 1."""
    left, right = middles(theirs, ours)
    return max(len(left), len(right), 1)


def middles(theirs: Text, ours: Text) -> tuple[Text, Text]:
    """Return what remains once the common beginning and then the common end are cut off."""
    start = common_start(theirs, ours)
    left, right = theirs[start:], ours[start:]
    end = common_end(left, right)
    return left[: len(left) - end], right[: len(right) - end]


def _cut(text: str, start: int) -> str:
    if len(text) <= _MOST_CHARACTERS:
        return text
    begin = max(start - _BEFORE, 0)
    end = begin + _MOST_CHARACTERS
    return (CUT if begin else "") + text[begin:end] + (CUT if end < len(text) else "")
