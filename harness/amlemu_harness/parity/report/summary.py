"""
What all reports tell of a run: the verdict in a sentence, which differences are one and the same, what is exempt, what varies.

Plain values out of a `Result`; `text.py`, `junit.py` and `page.py` show them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from amlemu_harness.parity.report.secrecy import shown_value
from amlemu_harness.parity.report.visible import visible
from amlemu_harness.parity.verdict import Difference, Kind, Result, Verdict

WORDS: Mapping[Kind, str] = {
    "same": "same",
    "exempt": "exempt",
    "different": "different",
    "unsteady": "unsteady",
    "unasked": "not asked",
}


@dataclass(frozen=True)
class Group:
    """One difference, and the verdicts of the cases that have it; `difference` is of the first."""

    difference: Difference
    verdicts: tuple[Verdict, ...]


def headline(result: Result) -> str:
    """Return the verdict in one sentence, without a full stop."""
    total = len(result.verdicts)
    more = _more(result)
    if not total:
        return "no case was compared" + more
    if any(map(_is_silent, result.verdicts)) and not result.count("different"):
        alike = f", and both fail in the same way: {name_of('ours', result)} = {name_of('theirs', result)}"
        return f"neither side starts{more or alike}"
    if result.count("same") == total and not more:
        head = "the one case is the same" if total == 1 else f"all {total} cases the same"
        return f"{head}: {name_of('ours', result)} = {name_of('theirs', result)}"
    counts = [f"{result.count(kind)} {word}" for kind, word in WORDS.items() if result.count(kind)]
    return f"{counted(total, 'case')}: {', '.join(counts)}{more}"


def _is_silent(verdict: Verdict) -> bool:
    """Tell whether a verdict is that of two sides which did not start; a case that somebody has called so has a source."""
    return verdict.case == "start" and not verdict.source and verdict.kind in ("same", "exempt")


def _more(result: Result) -> str:
    needless, troubles = len(result.unneeded), len(result.troubles)
    said = f"; {counted(needless, 'exemption')} no longer needed" if needless else ""
    said += "; the recording is stale, see below" if result.stale else ""
    return said + (f"; {counted(troubles, 'trouble')}, see below" if troubles else "")


def counted(count: int, noun: str) -> str:
    """Return `1 case`, `2 cases`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def name_of(side: Literal["theirs", "ours"], result: Result) -> str:
    """Return what a side is called, visible."""
    return visible(result.theirs if side == "theirs" else result.ours)


def facts_of(side: Literal["theirs", "ours"], result: Result) -> str:
    """Return what else is known of a side, in a line."""
    prefix = f"{side}."
    facts = {key.removeprefix(prefix): value for key, value in result.facts.items() if key.startswith(prefix)}
    return ", ".join(f"{visible(key)} {visible(value)}" for key, value in facts.items())


def groups(verdicts: Iterable[Verdict]) -> list[Group]:
    """Return the differences that count, smallest first; one that several cases have stands there once."""
    found: dict[tuple[str, str, str], list[Verdict]] = {}
    first: dict[tuple[str, str, str], Difference] = {}
    for verdict in verdicts:
        for one in verdict.differences if verdict.kind == "different" else ():
            key = (one.path, one.theirs, one.ours)
            if not one.reason:
                first.setdefault(key, one)
                found.setdefault(key, []).append(verdict)
    ordered = sorted(first, key=lambda key: first[key].size)
    return [Group(first[key], tuple(found[key])) for key in ordered]


def exempt(verdicts: Iterable[Verdict]) -> list[tuple[str, str, list[str]]]:
    """Return path, reason and names of cases of what is exempt, each pair of path and reason once."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for verdict in verdicts:
        for one in verdict.differences:
            if one.reason:
                found.setdefault((one.path, one.reason), {})[verdict.case] = None
    return [(path, reason, list(names)) for (path, reason), names in found.items()]


def varied(verdicts: Iterable[Verdict]) -> dict[str, list[str]]:
    """Return names of cases by the path that varies by itself in them."""
    found: dict[str, list[str]] = {}
    for verdict in verdicts:
        for path in verdict.varies:
            found.setdefault(path, []).append(verdict.case)
    return found


def listed(names: Sequence[str], most: int = 5) -> str:
    """Return names in a line, visible: `good, empty and 3 more`."""
    shown = [visible(name) or '""' for name in names]
    if len(shown) > most:
        return f"{', '.join(shown[:most])} and {len(shown) - most} more"
    return " and ".join([part for part in (", ".join(shown[:-1]), shown[-1]) if part]) if shown else ""


def values_of(difference: Difference) -> tuple[str, str]:
    """Return both values as they may be shown."""
    return shown_value(difference.path, difference.theirs), shown_value(difference.path, difference.ours)
