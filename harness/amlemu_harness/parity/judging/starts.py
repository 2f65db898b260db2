"""
How two servers ended that nobody had asked to: whether, with which exit code, and with which last lines.

At the start of a run, or in the middle of a case. `last_lines.py` makes the lines comparable, `compare.py` judges.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from amlemu_harness.parity.judging.bodies import text_differences
from amlemu_harness.parity.judging.found import NOTHING, Found, found
from amlemu_harness.parity.judging.last_lines import last_lines
from amlemu_harness.parity.record import End

_EXCEPTION = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception|Exit|Interrupt)\b.*", re.MULTILINE)

GOES_ON = {"start": "(started)", "end": "(goes on)"}


def end_differences(path: str, theirs: End | None, ours: End | None, passed: Collection[str] = ()) -> list[Found]:
    """
    Return where two ends differ.

    Args:
        path: `start`, or `end` for one in the middle; what is below it is `start.exit code`, `start.stdout`, `start.stderr`.
        theirs, ours: None has not ended.
        passed: paths that vary by themselves.
    """
    if theirs is None or ours is None:
        return [] if theirs is ours or path in passed else [found(path, told_end(path, theirs), told_end(path, ours))]
    places = []
    if theirs.exit_code != ours.exit_code:
        places.append(found(f"{path}.exit code", *(_code(end) for end in (theirs, ours))))
    if theirs != ours:
        for stream, left, right in zip(("stdout", "stderr"), last_lines(theirs), last_lines(ours), strict=True):
            places += _log_differences(f"{path}.{stream}", left, right, passed)
    return [place for place in places if place.path not in passed]


def _log_differences(path: str, theirs: str, ours: str, passed: Collection[str]) -> list[Found]:
    """Return one place for each line that differs, all with the lines that only one side has."""
    places = text_differences(path, theirs, ours, passed) if theirs != ours else []
    if not places:
        return []
    left, right = _lines_apart(theirs.splitlines(), ours.splitlines())
    shown = found(path, *("\n".join(lines) or NOTHING for lines in (left, right)))
    return [replace(shown, varying=place.varying) for place in places]


def _lines_apart(theirs: Sequence[str], ours: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return what only one of two logs has; what one has before the other begins is no difference beside another."""
    steps = SequenceMatcher(None, theirs, ours, autojunk=False).get_opcodes()
    apart = [step for step in steps if step[0] != "equal"]
    if apart[1:] and apart[0] is steps[0] and apart[0][0] != "replace":
        apart = apart[1:]
    left = [line for _, begin, end, _, _ in apart for line in theirs[begin:end]]
    return left, [line for _, _, _, begin, end in apart for line in ours[begin:end]]


def told_end(path: str, end: End | None) -> str:
    """Say in a few words how a server has ended, or that it has not."""
    if end is None:
        return GOES_ON[path]
    return "never answered" if end.exit_code is None else f"ended with exit code {end.exit_code}"


def last_words(end: End | None) -> str:
    """Return the exception that a server has ended with, the first of a chain; empty where its last lines tell of none."""
    for lines in () if end is None else (end.out, end.err):
        match = _EXCEPTION.search("\n".join(lines))
        if match is not None:
            return match[0].rstrip()
    return ""


def _code(end: End) -> str:
    return "(did not end)" if end.exit_code is None else str(end.exit_code)
