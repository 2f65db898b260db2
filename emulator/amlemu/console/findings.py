"""
The doctor's report: the worst first, each with its place and cause in the first line, then the cloud's word for it and what to do.

What concerns this machine only stands below, by itself: it is nothing against the deployment.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from amlemu.console.person import Paint
from amlemu.finding import SEVERITIES, Finding, shown

_COLOURS = {"error": "red", "warning": "yellow", "information": "cyan"}
_WIDTH = 118


def as_text(findings: Sequence[Finding], looked_at: Sequence[Path], paint: Paint) -> str:
    """Return lines for a terminal: findings, a line that counts them, and what is of this machine only."""
    wrong, of_machine = _apart(findings)
    blocks = ["\n".join(_block(one, paint)) for one in wrong]
    below = [f"  {line}" for one in of_machine for line in _note(one)]
    head = [paint(_COLOURS["information"], "for your information") + ":"] if below else []
    return "\n".join([*blocks, _summary(wrong, looked_at, paint), *head, *below])


def as_json(findings: Sequence[Finding], looked_at: Sequence[Path], exit_code: int) -> str:
    """Return one JSON object."""
    wrong, of_machine = _apart(findings)
    content = {
        "files": [str(path) for path in looked_at],
        "findings": [_data(one) for one in wrong],
        "information": [_data(one) for one in of_machine],
        "counts": {severity: sum(one.severity == severity for one in wrong) for severity in SEVERITIES[:2]},
        "exit_code": exit_code,
    }
    return json.dumps(content, indent=2)


def _apart(findings: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
    wrong = [one for one in findings if one.severity != "information"]
    return wrong, [one for one in findings if one.severity == "information"]


def _data(one: Finding) -> dict[str, Any]:
    cloud = one.cloud and {"today": one.cloud.today, "in_2021": one.cloud.in_2021 or None, "source": one.cloud.source}
    return {
        "severity": one.severity,
        "rule": one.rule,
        "file": None if one.place is None else str(one.place.file),
        "line": None if one.place is None or not one.place.line else one.place.line,
        "cause": one.cause,
        "cloud": cloud,
        "fix": one.fix or None,
    }


def _block(one: Finding, paint: Paint) -> list[str]:
    place = "" if one.place is None else f"{shown(one.place)}: "
    lines = [f"{paint(_COLOURS[one.severity], one.severity)}: {place}{one.cause}  [{one.rule}]"]
    if one.cloud is not None:
        lines += _told("cloud", one.cloud.today + (f" ({one.cloud.in_2021} in 2021)" if one.cloud.in_2021 else ""))
    return lines + (_told("fix", one.fix) if one.fix else [])


def _note(one: Finding) -> list[str]:
    place = "" if one.place is None else f"{shown(one.place)}: "
    end = "" if one.cause.endswith((".", "?")) else "."
    return textwrap.wrap(
        f"{place}{one.cause}{end} {one.fix}",
        _WIDTH,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _told(label: str, text: str) -> list[str]:
    head = f"  {label:<6} "
    folded = textwrap.wrap(text, _WIDTH - len(head), break_long_words=False, break_on_hyphens=False) or [""]
    return [head + folded[0], *(" " * len(head) + line for line in folded[1:])]


def _summary(wrong: Sequence[Finding], looked_at: Sequence[Path], paint: Paint) -> str:
    files = ", ".join(shown(str(path)) for path in looked_at)
    counts = {severity: sum(one.severity == severity for one in wrong) for severity in SEVERITIES}
    if not wrong:
        return f"{paint('green', 'nothing wrong')} with {files}"
    words = [f"{count} {severity}{'s' if count > 1 else ''}" for severity, count in counts.items() if count]
    return f"{' and '.join(words)} in {files}"
