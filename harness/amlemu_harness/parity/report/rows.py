"""
Two answers beside each other, line by line: which lines stand opposite, which of them differ, and which of those count.

Values, no layout: `blocks.py` draws them for a terminal, `page.py` for a browser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from amlemu_harness.parity.case import Case
from amlemu_harness.parity.record import End, Record, Seen
from amlemu_harness.parity.report.secrecy import without_secrets
from amlemu_harness.parity.report.visible import common_start, text_of
from amlemu_harness.parity.verdict import Difference, Verdict
from amlemu_harness.parity.wire import Headers, Received

BODY_BYTES = 2000
_BODY_LINES = 40
_LINES_BEFORE = 3
_LOG_LINES = 12
_HEADERS = 100
_OF_A_REQUEST = re.compile(r"(?:(\d+)\.)?(.*)", re.DOTALL)

Mark = Literal["same", "differs", "passed by"]
"""`passed by`: the lines differ, and no difference that counts is there: it varies by itself, cannot be equal, or is exempt."""


@dataclass(frozen=True)
class Row:
    """A line of each, as it came; None where the other has one more."""

    theirs: str | None
    ours: str | None
    mark: Mark


def request_of(difference: Difference) -> int:
    """Return which request of its case a difference is about, from 0."""
    found = _OF_A_REQUEST.fullmatch(difference.path)
    assert found is not None
    return max(int(found[1] or 1) - 1, 0)


def case_of(name: str, cases: Sequence[Case]) -> Case | None:
    """Return the case of a name; None for what is about the server as a whole."""
    return next((case for case in cases if case.name == name), None)


def seen_of(name: str, record: Record) -> Seen | None:
    """Return what came back first in a case; None where it was not asked."""
    return record.takes[0].seen.get(name) if record.takes else None


def rows(
    verdict: Verdict, theirs: Record, ours: Record, request: int | None = None, body_bytes: int = BODY_BYTES
) -> list[Row]:
    """
    Put what two servers said in one case beside each other; empty where there is nothing.

    Args:
        request: which of its requests, from 0; None for all.
        body_bytes: of each body at most so many, around the first that differs.
    """
    if verdict.case == "start":
        return _starts(theirs, ours)
    left, right = seen_of(verdict.case, theirs), seen_of(verdict.case, ours)
    if left is None and right is None:
        return []
    count = max(len(one.answers) if one is not None else 0 for one in (left, right))
    chosen = range(count) if request is None or request >= count else [request]
    found: list[Row] = []
    for number in chosen:
        if len(chosen) > 1:
            title = f"({number + 1}. answer)"
            found.append(Row(title, title, "same"))
        counting = _Counting(verdict, number)
        found += _answers(_answer(left, number), _answer(right, number), counting, body_bytes)
    notes = _aligned(_notes(left, theirs, verdict.case), _notes(right, ours, verdict.case))
    return found + [Row(*pair, "same" if pair[0] == pair[1] else "differs") for pair in notes]


def line_rows(theirs: str, ours: str) -> list[Row]:
    """Put the lines of two texts beside each other, those around the first that differs."""
    left, right = _windows(theirs.encode("utf-8", "surrogateescape"), ours.encode("utf-8", "surrogateescape"), 8000)
    return [Row(*pair, "same" if pair[0] == pair[1] else "differs") for pair in _aligned(left, right)]


class _Counting:
    """Says which lines of an answer are where a difference counts."""

    def __init__(self, verdict: Verdict, request: int) -> None:
        self._paths: set[str] = set()
        for difference in verdict.differences:
            if not difference.reason and request_of(difference) == request:
                found = _OF_A_REQUEST.fullmatch(difference.path)
                assert found is not None
                self._paths.add(found[2].lower())

    def mark(self, pair: tuple[str | None, str | None], part: str, name: str = "") -> Mark:
        """Judge a pair of lines; `part` is `status`, `headers`, `body` or `notes`."""
        if pair[0] == pair[1]:
            return "same"
        return "differs" if any(self._is_about(path, part, name.lower()) for path in self._paths) else "passed by"

    @staticmethod
    def _is_about(path: str, part: str, name: str) -> bool:
        kind, _, rest = re.sub(r"\[\d+\]$", "", path).partition(".")
        kind = kind.partition("[")[0]
        if part == "body":
            return kind in ("body", "pieces")
        if part == "notes":
            return kind not in ("status", "headers", "body")
        return kind == part and rest in ("", name)


def _answer(seen: Seen | None, number: int) -> Received | None:
    return seen.answers[number] if seen is not None and number < len(seen.answers) else None


def _answers(theirs: Received | None, ours: Received | None, counting: _Counting, body_bytes: int) -> Iterator[Row]:
    left, right = theirs or Received(), ours or Received()
    for one in _aligned(left.interim, right.interim):
        yield Row(*one, counting.mark(one, "notes"))
    pair = (_status(theirs), _status(ours))
    yield Row(*pair, counting.mark(pair, "status"))
    yield from _header_rows(without_secrets(left.headers), without_secrets(right.headers), counting)
    bodies = (_body(left), _body(right))
    lines = list(_aligned(*_windows(*bodies, body_bytes)))
    if lines:
        yield Row("", "", "same")
    for one in lines:
        # a body that is cut may be the same as far as it is shown
        yield Row(*one, counting.mark(one, "body"))
    for notes in _connection(theirs, ours):
        yield Row(*notes, counting.mark(notes, "notes"))


def _body(answer: Received) -> bytes:
    """Return the body; where there was no head, all that came."""
    return answer.body if answer.status else answer.wire_body


def _status(answer: Received | None) -> str | None:
    if answer is None:
        return None
    return answer.status or ("(no answer, the connection was closed)" if answer.is_closed else "(no answer came)")


def _header_rows(theirs: Headers, ours: Headers, counting: _Counting) -> Iterator[Row]:
    """Headers of the same name stand opposite; one that is elsewhere is one that is missing."""
    left, right = theirs[:_HEADERS], ours[:_HEADERS]
    for pair in _opposite([name for name, _ in left], [name for name, _ in right]):
        mine, other = (None if at is None else lines[at] for at, lines in zip(pair, (left, right), strict=True))
        shown = tuple(None if one is None else f"{one[0]}: {one[1]}" for one in (mine, other))
        name = (mine or other or ("", ""))[0]
        yield Row(shown[0], shown[1], counting.mark((shown[0], shown[1]), "headers", name))


def _connection(theirs: Received | None, ours: Received | None) -> Iterator[tuple[str | None, str | None]]:
    """Tell what is no line of an answer, as far as it differs or is wrong."""
    if theirs is None or ours is None or not (theirs.status and ours.status):
        return
    if not (theirs.is_complete and ours.is_complete):
        yield _complete(theirs), _complete(ours)
    if theirs.is_closed != ours.is_closed:
        yield _closed(theirs), _closed(ours)
    if theirs.pieces != ours.pieces:
        yield _pieces(theirs), _pieces(ours)


def _complete(answer: Received) -> str:
    return "(complete)" if answer.is_complete else "(it breaks off)"


def _closed(answer: Received) -> str:
    return "(the connection was closed)" if answer.is_closed else "(the connection was kept alive)"


def _pieces(answer: Received) -> str:
    sizes = ", ".join(str(len(piece)) for piece in answer.pieces[:10])
    more = ", ..." if len(answer.pieces) > 10 else ""
    return f"(in pieces of {sizes}{more} bytes)" if answer.pieces else "(not in pieces)"


def _notes(seen: Seen | None, record: Record, case: str) -> list[str]:
    if seen is None:
        why = record.takes[0].unasked.get(case, "") if record.takes else ""
        return [f"(not asked: {why})" if why else "(not asked)"]
    lines = [f"({seen.trouble})"] if seen.trouble else []
    return lines if seen.end is None else lines + _end(seen.end)


def _starts(theirs: Record, ours: Record) -> list[Row]:
    ends = [record.takes[0].start if record.takes else None for record in (theirs, ours)]
    if ends == [None, None]:
        return []
    pairs = _aligned(*([["(it started)"] if end is None else _end(end) for end in ends]))
    return [Row(*pair, "same" if pair[0] == pair[1] else "differs") for pair in pairs]


def _end(end: End) -> list[str]:
    head = "(it never answered)" if end.exit_code is None else f"(the server ended with exit code {end.exit_code})"
    streams = [(name, lines[-_LOG_LINES:]) for name, lines in (("stdout", end.out), ("stderr", end.err)) if lines]
    return [head, *(f"{name}: {line}" for name, lines in streams for line in lines)]


def _windows(theirs: bytes, ours: bytes, most: int) -> tuple[list[str], list[str]]:
    """Cut two bodies at the same place, so that the first byte that differs is to be seen."""
    at = 0 if theirs == ours else common_start(theirs, ours)
    start, lines = 0, theirs.count(b"\n", 0, at)
    if at > most // 2 or lines > _BODY_LINES // 2:
        start = max(_lines_back(theirs, at), at - most // 4)
    return _window(theirs, start, most), _window(ours, start, most)


def _lines_back(body: bytes, at: int) -> int:
    for _ in range(_LINES_BEFORE + 1):
        at = max(body.rfind(b"\n", 0, at), 0)
    return at + 1 if at else 0


def _window(body: bytes, start: int, most: int) -> list[str]:
    start, end = _whole_sign(body, start), _whole_sign(body, start + most)
    piece = body[start:end]
    lines = text_of(piece).split("\n") if piece else []
    if len(lines) > _BODY_LINES:
        lines = lines[:_BODY_LINES]
        end = start + len("\n".join(lines).encode("utf-8", "surrogateescape"))
    before = [f"({start:,} bytes before)"] if start else []
    return before + lines + ([f"({len(body) - end:,} bytes more)"] if end < len(body) else [])


def _whole_sign(body: bytes, at: int) -> int:
    """Step back to where a sign of UTF-8 begins."""
    for back in range(min(4, at)):
        if at - back < len(body) and body[at - back] & 0xC0 != 0x80:
            return at - back
    return min(at, len(body))


def _aligned(theirs: Sequence[str], ours: Sequence[str]) -> Iterator[tuple[str | None, str | None]]:
    for left, right in _opposite(theirs, ours):
        yield None if left is None else theirs[left], None if right is None else ours[right]


def _opposite(theirs: Sequence[str], ours: Sequence[str]) -> Iterator[tuple[int | None, int | None]]:
    """Yield which places stand opposite; where lines were replaced, in their order."""
    for kind, a, b, c, d in SequenceMatcher(None, theirs, ours, autojunk=False).get_opcodes():
        length = max(b - a, d - c) if kind in ("replace", "equal") else (b - a) + (d - c)
        for step in range(length):
            yield (a + step if a + step < b else None, c + step if c + step < d else None)
