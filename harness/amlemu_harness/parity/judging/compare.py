"""
Compares two records of the same cases: whether and how both sides started, then case by case.

What others have compared, surroundings and packages, is given to it as verdicts, and falls under the same rules. `judge.py` judges a
case, `rules.py` says what may differ; the reports show what comes of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from amlemu_harness.parity.case import Case
from amlemu_harness.parity.judging.judge import judge, ruled, unsteady, verdict
from amlemu_harness.parity.judging.normal import hosts_of
from amlemu_harness.parity.judging.rules import Exemption, Rules, matches
from amlemu_harness.parity.judging.starts import end_differences, last_words, told_end
from amlemu_harness.parity.record import Record, Seen, Take
from amlemu_harness.parity.verdict import Result, Verdict

__all__ = ["compare", "judge"]

_START = "start"


def compare(
    cases: Sequence[Case],
    theirs: Record,
    ours: Record,
    rules: Rules,
    also: Sequence[Verdict] = (),
    *,
    is_selection: bool = False,
) -> Result:
    """
    Compare what two sides did.

    Args:
        cases: that were to be asked, in their order.
        also: what has been compared elsewhere.
        is_selection: there are more cases, which nobody has asked: an exemption for a pattern of names may be needed there.
    """
    rules = rules.against(theirs.side)
    own = ours.takes[0]
    start = _start(theirs, own, rules)
    hosts = (*hosts_of(theirs.facts), *hosts_of(ours.facts))
    have_started = theirs.takes[0].start is None and own.start is None
    judged = [_case(case, theirs, ours, rules, hosts) for case in cases] if have_started else []
    verdicts = (*start, *judged, *(ruled(one, rules) for one in also))
    asked = [*verdicts, *([] if start else [Verdict(_START, "same")])]
    return Result(
        theirs.side,
        ours.side,
        verdicts,
        tuple(f"{one}: covers nothing any more" for one in rules.exemptions if _is_unneeded(one, asked, is_selection)),
        tuple(_remarks(cases, theirs, ours)),
        tuple(_troubles(verdicts, theirs, ours)),
        {f"{side}.{name}": value for side, one in _sides(theirs, ours) for name, value in one.facts.items()},
    )


def _sides(theirs: Record, ours: Record) -> tuple[tuple[str, Record], ...]:
    return ("theirs", theirs), ("ours", ours)


def _start(theirs: Record, own: Take, rules: Rules) -> list[Verdict]:
    """Judge how the sides started; nothing is said where all did."""
    starts = [take.start for take in theirs.takes]
    if not any((*starts, own.start)):
        return []
    between = end_differences(_START, starts[0], starts[1]) if len(starts) > 1 else []
    if why := unsteady(between):
        return [Verdict(_START, "unsteady", why=why)]
    varies = {place.varying for place in between}
    places = end_differences(_START, starts[0], own.start, varies)
    return [verdict(_START, [(place.path, place) for place in places], rules, varies)]


def _case(case: Case, theirs: Record, ours: Record, rules: Rules, hosts: Sequence[str]) -> Verdict:
    first, own = theirs.takes[0], ours.takes[0]
    for side, take in ((theirs.side, first), (ours.side, own)):
        if case.name not in take.seen:
            why = f"{side}: {take.unasked.get(case.name, 'it could not be asked')}"
            return Verdict(case.name, "unasked", why=why, source=case.source)
    again = theirs.takes[1].seen.get(case.name) if len(theirs.takes) > 1 else None
    return judge(case, first.seen[case.name], again, own.seen[case.name], rules, hosts=hosts)


def _is_unneeded(exemption: Exemption, verdicts: Sequence[Verdict], is_selection: bool) -> bool:
    """Tell whether an exemption has covered nothing, though what it is about was asked and could be judged."""
    if is_selection and set(exemption.case) & {"*", "?"}:
        return False
    about = [one for one in verdicts if matches(exemption.case, one.case) and one.kind != "unasked"]
    if not about or any(one.kind == "unsteady" for one in about):
        return False
    paths = ((one.case, path) for one in about for path in (*one.varies, *(place.path for place in one.differences)))
    return not any(exemption.covers(case, path) for case, path in paths)


def _remarks(cases: Sequence[Case], theirs: Record, ours: Record) -> list[str]:
    remarks = []
    silent = [record.side for _, record in _sides(theirs, ours) if record.takes[0].start is not None]
    if silent and cases:
        count = "1 case was" if len(cases) == 1 else f"{len(cases)} cases were"
        why = next(filter(None, (last_words(record.takes[0].start) for record in (theirs, ours))), "")
        remarks.append(f"{count} not asked: {' and '.join(silent)} did not start{': ' + why if why else ''}")
    if len(theirs.takes) == 1:
        remarks.append(f"{theirs.side} was asked once: what varies by itself is not known")
    return remarks


def _troubles(verdicts: Sequence[Verdict], theirs: Record, ours: Record) -> list[str]:
    first, own = theirs.takes[0], ours.takes[0]
    troubles = []
    is_explained = any(one.case == _START and one.kind == "exempt" for one in verdicts)
    if first.start is not None and own.start is None and not is_explained:
        troubles.append(f"{theirs.side} did not start: it {told_end(_START, first.start)}; {ours.side} did")
    elif first.start is not None and first.start.exit_code is None and not first.start.is_trying:
        troubles.append(
            f"{theirs.side} did not answer in the time it had, and has not ended: what it would answer is not known"
        )
    answers = [answer.status.split(" ")[1:2] for seen in first.seen.values() for answer in seen.answers]
    if answers and all(status in (["401"], ["403"]) for status in answers):
        troubles.append(f"{theirs.side} answers {answers[0][0]} to every request: it wants a key, or another one")
    for name, seen in first.seen.items():
        if seen.end is not None and own.seen.get(name, Seen()).end is None:
            ended = told_end("end", seen.end)
            troubles.append(f"{theirs.side} {ended} in the case {name!r}; {ours.side} did not")
    return troubles
