"""
Judges one case: what the reference answered, once or twice, against what we did.

What differs between the two takes of the reference varies by itself and is passed by; where it is the status, the headers or
whether there is an answer, nothing is left to compare with. `answers.py` compares two answers, `compare.py` whole runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest

from amlemu_harness.parity.case import Case
from amlemu_harness.parity.judging.answers import answer_differences, status_of
from amlemu_harness.parity.judging.found import NOTHING, Found, found
from amlemu_harness.parity.judging.normal import Answers, normal_answers
from amlemu_harness.parity.judging.rules import Rules
from amlemu_harness.parity.judging.starts import end_differences
from amlemu_harness.parity.record import Seen
from amlemu_harness.parity.verdict import Difference, Verdict
from amlemu_harness.parity.wire import Received

_UNSTEADY = ("status", "headers", "complete", "start", "start.exit code", "end", "end.exit code")

_Varying = Mapping[int, frozenset[str]]  # paths, by the answer's place
_Place = tuple[int, Found]


def judge(
    case: Case, theirs: Seen, again: Seen | None, ours: Seen, rules: Rules, *, hosts: Sequence[str] = ()
) -> Verdict:
    """
    Compare what two sides answered in one case.

    Args:
        again: the reference, asked once more; None where nobody has, and nothing is known to vary.
        rules: those that hold against this reference, see `Rules.against`.
        hosts: names of servers' own addresses that are not of this machine.
    """
    if theirs.trouble and theirs.end is None:
        return Verdict(case.name, "unasked", why=theirs.trouble, source=case.source)
    rows = normal_answers(case, theirs, ours, again, hosts=hosts)
    varying: _Varying = {}
    if again is not None:
        # no tolerance here: a number that varies a little by itself may be far from ours another time
        between = [*_places(case, (rows[0], rows[2]), (theirs, again), Rules(), {}), *_end_places(theirs, again, {})]
        if why := unsteady(place for _, place in between):
            return Verdict(case.name, "unsteady", why=why, source=case.source)
        varying = _varying(case, between)
    places = [*_places(case, (rows[0], rows[1]), (theirs, ours), rules, varying), *_end_places(theirs, ours, varying)]
    varies = {_at(number, path) for number, paths in varying.items() for path in paths}
    return verdict(case.name, [(_at(number, one.path), one) for number, one in places], rules, varies, case.source)


def unsteady(between: Iterable[Found]) -> str:
    """Say why what differs between two takes leaves nothing to compare with; empty where it does not."""
    parts = [f"{one.path}: {one.theirs}, and then {one.ours}" for one in between if one.path in _UNSTEADY]
    return "; ".join(parts)


def verdict(
    case: str, places: Iterable[tuple[str, Found]], rules: Rules, varies: Iterable[str] = (), source: str = ""
) -> Verdict:
    """Make a verdict of places that differ: one difference for each path, the smallest first."""
    by_path: dict[str, Difference] = {}
    for path, one in places:
        by_path.setdefault(path, Difference(path, one.theirs, one.ours, one.size))
    return ruled(Verdict(case, "different", tuple(by_path.values()), tuple(sorted(varies)), source=source), rules)


def ruled(verdict: Verdict, rules: Rules) -> Verdict:
    """Return a verdict with the reasons of its exemptions, in order, and of the kind that follows; one without differences is `same`."""
    told = (
        Difference(one.path, one.theirs, one.ours, one.size, one.reason or rules.reason(verdict.case, one.path))
        for one in verdict.differences
    )
    differences = tuple(sorted(told, key=lambda one: (one.size, one.path.count(".") + one.path.count("["), one.path)))
    is_exempt = all(one.reason for one in differences)
    kind = verdict.kind
    if kind in ("same", "exempt", "different"):
        kind = "same" if not differences else "exempt" if is_exempt else "different"
    return Verdict(verdict.case, kind, differences, verdict.varies, verdict.why, verdict.source)


def _places(
    case: Case, rows: tuple[Answers, Answers], seen: tuple[Seen, Seen], rules: Rules, varying: _Varying
) -> list[_Place]:
    """Return the places where the answers of two sides differ, each with the number of the answer, from 0."""
    theirs, ours = _left_over(*rows) if case.together > 1 else rows
    places: list[_Place] = []
    for place, (one, other) in enumerate(zip_longest(theirs, ours)):
        number = 0 if case.together > 1 else place  # which of those sent together is nobody's number
        if one is None or other is None:
            shown = (_told(answer, side) for answer, side in zip((one, other), seen, strict=True))
            places.append((number, found("status", *shown)))
        else:
            passed = varying.get(number, frozenset())
            close = _Closeness(rules, case.name, number)
            places += [(number, place) for place in answer_differences(one, other, close, passed)]
    return places


class _Closeness:
    """Which numbers of one answer are near enough."""

    def __init__(self, rules: Rules, case: str, number: int) -> None:
        self._rules, self._case, self._number = rules, case, number

    def __call__(self, path: str, theirs: float, ours: float) -> bool:
        return self._rules.allows(self._case, _at(self._number, path), theirs, ours)


def _left_over(theirs: Answers, ours: Answers) -> tuple[Answers, Answers]:
    """Return the answers to requests sent together that have no equal on the other side."""
    left = Counter(map(_key, ours))
    rest = []
    for answer in theirs:
        if left[_key(answer)]:
            left[_key(answer)] -= 1
        else:
            rest.append(answer)
    others = []
    for answer in reversed(ours):
        if left[_key(answer)]:
            left[_key(answer)] -= 1
            others.append(answer)
    return tuple(rest), tuple(reversed(others))


def _key(answer: Received) -> tuple[object, ...]:
    lengths = tuple(map(len, answer.pieces))
    raw = b"" if answer.status else answer.wire_body
    said = (answer.status, answer.headers, answer.body, raw, lengths, answer.interim)
    return (*said, answer.is_complete, answer.is_closed)


def _told(answer: Received | None, seen: Seen) -> str:
    if answer is not None:
        return status_of(answer)
    return f"({seen.trouble})" if seen.trouble else NOTHING


def _end_places(theirs: Seen, ours: Seen, varying: _Varying) -> list[_Place]:
    return [(0, place) for place in end_differences("end", theirs.end, ours.end, varying.get(0, frozenset()))]


def _varying(case: Case, between: Iterable[_Place]) -> _Varying:
    """Return what varies in each answer; of answers to requests sent together, in any of them."""
    paths: dict[int, set[str]] = {}
    for number, place in between:
        paths.setdefault(0 if case.together > 1 else number, set()).add(place.varying)
    return {number: frozenset(found) for number, found in paths.items()}


def _at(number: int, path: str) -> str:
    """Return a path as the reader has it: that of the second answer begins with 2."""
    return f"{number + 1}.{path}" if number else path
