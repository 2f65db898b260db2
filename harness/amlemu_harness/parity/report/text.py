"""
The report of a run for a terminal: the verdict, then the smallest difference with all that belongs to it, then what else there is.

Texts only; `summary.py` says what is told, `blocks.py` how two values stand beside each other. The other reports: `data.py`, `junit.py`, `page.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from amlemu_harness.parity.case import Case
from amlemu_harness.parity.record import Record
from amlemu_harness.parity.report.blocks import Look, row_lines, value_lines
from amlemu_harness.parity.report.curl_line import curl_line
from amlemu_harness.parity.report.rows import case_of, request_of, rows
from amlemu_harness.parity.report.summary import (
    Group,
    exempt,
    facts_of,
    groups,
    headline,
    listed,
    name_of,
    values_of,
    varied,
)
from amlemu_harness.parity.report.visible import head, visible
from amlemu_harness.parity.verdict import Difference, Result, Verdict

_MOST_DIFFERENCES = 20
_MOST_LINES = 20
_LEAST_WIDTH = 40


def as_text(result: Result, cases: Sequence[Case], theirs: Record, ours: Record, *, width: int, colours: bool) -> str:
    """
    Return what a person reads.

    Args:
        cases: all that were asked.
        theirs, ours: what came back; the first take of each is shown.
        width: of the terminal, in columns.
        colours: whether it has them, and may have them.
    """
    look = Look(max(width, _LEAST_WIDTH), colours)
    colour = {0: "green", 1: "red", 2: "yellow"}[result.exit_code]
    lines = [look.paint(colour, headline(result))]
    lines += _differences(result, cases, theirs, ours, look)
    below = [*_not_judged(result, look), *_exemptions(result, look), *_remarks(result, look)]
    return "\n".join([*lines, *([""] if len(lines) > 1 and below else []), *below]) + "\n"


def case_lines(verdict: Verdict, cases: Sequence[Case], theirs: Record, ours: Record, look: Look) -> list[str]:
    """Show all differences of one case, smallest first, then the whole answers and what was asked."""
    found = sorted((one for one in verdict.differences if not one.reason), key=lambda one: one.size)
    lines = [line for one in found for line in (_path(one.path), *_values(one, look))]
    return lines + _whole(verdict, found[0] if found else None, case_of(verdict.case, cases), (theirs, ours), look)


def _differences(result: Result, cases: Sequence[Case], theirs: Record, ours: Record, look: Look) -> Iterator[str]:
    found = groups(result.verdicts)
    if not found:
        return
    yield look.paint("red", f"- {_side('theirs', result, look)}")
    yield look.paint("green", f"+ {_side('ours', result, look)}")
    for number, group in enumerate(found[:_MOST_DIFFERENCES]):
        yield ""
        yield _title(group, look)
        yield from _values(group.difference, look)
        if number == 0:
            first = group.verdicts[0]
            yield from _whole(first, group.difference, case_of(first.case, cases), (theirs, ours), look)
    if len(found) > _MOST_DIFFERENCES:
        yield ""
        yield f"and {len(found) - _MOST_DIFFERENCES} more differences; --json has them all"


def _side(side: Literal["theirs", "ours"], result: Result, look: Look) -> str:
    name, facts = name_of(side, result), facts_of(side, result)
    return head(f"{name} ({facts})" if facts else name, look.width - 2)


def _title(group: Group, look: Look) -> str:
    names = listed([verdict.case for verdict in group.verdicts])
    return f"{look.paint('bold', _path(group.difference.path))} in {names}"


def _path(path: str) -> str:
    return head(path, 200)


def _values(difference: Difference, look: Look) -> list[str]:
    theirs, ours = values_of(difference)
    return value_lines(theirs, ours, look)


def _whole(
    verdict: Verdict, difference: Difference | None, case: Case | None, records: tuple[Record, Record], look: Look
) -> list[str]:
    """Show both answers and the request; nothing where a difference is not about a request."""
    request = request_of(difference) if difference is not None and case is not None else None
    both = rows(verdict, *records, request)
    if not both:
        return []
    sign = " (~ is not compared)" if any(row.mark == "passed by" for row in both) else ""
    lines = [f"  both answers{sign}:", *row_lines(both, look)]
    return lines if case is None else lines + _asked(case, request)


def _asked(case: Case, request: int | None) -> list[str]:
    lines = []
    chosen = case.requests if request is None or request >= len(case.requests) else case.requests[request:][:1]
    for sent in chosen:
        asked = curl_line(sent)
        lines += [f"  asked by ({asked.note}):" if asked.note else "  asked by:", f"    {asked.line}"]
    notes = [f"{case.together} at once"] if case.together > 1 else []
    notes += ["after all workers were killed"] if case.kills_workers else []
    return [*lines, f"    {', '.join(notes)}"] if notes else lines


def _not_judged(result: Result, look: Look) -> Iterator[str]:
    """Tell what was not compared, and why; cases with the same reason together."""
    found: dict[tuple[str, str], list[str]] = {}
    for verdict in result.verdicts:
        if verdict.kind in ("unsteady", "unasked"):
            found.setdefault((verdict.kind, verdict.why), []).append(verdict.case)
    for (kind, why), names in found.items():
        word = "unsteady" if kind == "unsteady" else "not asked"
        yield look.paint("yellow", f"{word}: {listed(names)}{': ' + _line(why) if why else ''}")


def _exemptions(result: Result, look: Look) -> Iterator[str]:
    for line in result.unneeded:
        yield look.paint("red", f"exemption no longer needed: {_line(line)}")
    for path, reason, names in exempt(result.verdicts):
        yield look.paint("dim", f"exempt: {_path(path)} in {listed(names, 3)}: {_line(reason)}")
    paths = [f"{path} ({listed(names, 2)})" for path, names in varied(result.verdicts).items()]
    if paths:
        more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
        yield look.paint("dim", f"varies by itself: {_line(', '.join(paths[:5]))}{more}")


def _remarks(result: Result, look: Look) -> Iterator[str]:
    for line in result.remarks:
        yield f"note: {_line(line)}"
    for line in result.stale:
        yield look.paint("yellow", f"stale: {_line(line)}")
    for line in result.troubles:
        yield look.paint("yellow", f"trouble: {_line(line)}")


def _line(text: str) -> str:
    """Return a text of ours, which may quote strangers; its lines stay lines, indented."""
    lines = text.rstrip().split("\n")
    more = [f"(and {len(lines) - _MOST_LINES} more lines)"] if len(lines) > _MOST_LINES else []
    return "\n  ".join([*map(visible, lines[:_MOST_LINES]), *more])
