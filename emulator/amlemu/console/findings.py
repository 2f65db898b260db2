"""
The doctor's report: the worst first, each with its place and cause in the first line, then the cloud's word for it and what to do.
"""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from amlemu.choices import shown
from amlemu.console.person import Paint
from amlemu.finding import SEVERITIES, Finding

_COLOURS = {"error": "red", "warning": "yellow", "information": "cyan"}
_WIDTH = 118


def as_text(findings: Sequence[Finding], looked_at: Sequence[Path], paint: Paint) -> str:
    """Return lines for a terminal; the first one is the worst finding, the last one counts."""
    blocks = ["\n".join(_block(one, paint)) for one in findings]
    return "\n".join([*blocks, _summary(findings, looked_at, paint)])


def as_json(findings: Sequence[Finding], looked_at: Sequence[Path], exit_code: int) -> str:
    """Return one JSON object."""
    content = {
        "files": [str(path) for path in looked_at],
        "findings": [_data(one) for one in findings],
        "counts": {severity: sum(one.severity == severity for one in findings) for severity in SEVERITIES},
        "exit_code": exit_code,
    }
    return json.dumps(content, indent=2)


def _data(one: Finding) -> dict[str, Any]:
    return {
        "severity": one.severity,
        "rule": one.rule,
        "file": None if one.place is None else str(one.place.file),
        "line": None if one.place is None or not one.place.line else one.place.line,
        "cause": one.cause,
        "cloud": None
        if one.cloud is None
        else {"today": one.cloud.today, "in_2021": one.cloud.in_2021 or None, "source": one.cloud.source},
        "fix": one.fix or None,
    }


def _block(one: Finding, paint: Paint) -> list[str]:
    place = "" if one.place is None else f"{shown(one.place)}: "
    lines = [f"{paint(_COLOURS[one.severity], one.severity)}: {place}{one.cause}  [{one.rule}]"]
    if one.cloud is not None:
        lines += _told("cloud", one.cloud.today + (f" ({one.cloud.in_2021} in 2021)" if one.cloud.in_2021 else ""))
    return lines + (_told("fix", one.fix) if one.fix else [])


def _told(label: str, text: str) -> list[str]:
    head = f"  {label:<6} "
    folded = textwrap.wrap(text, _WIDTH - len(head), break_long_words=False, break_on_hyphens=False) or [""]
    return [head + folded[0], *(" " * len(head) + line for line in folded[1:])]


def _summary(findings: Sequence[Finding], looked_at: Sequence[Path], paint: Paint) -> str:
    files = ", ".join(shown(str(path)) for path in looked_at)
    count = Counter(one.severity for one in findings)
    words = [_counted(count[severity], severity) for severity in SEVERITIES[:2]]
    if not count["error"] and not count["warning"]:
        return f"{paint('green', 'nothing wrong')} with {files}"
    return f"{' and '.join(word for word in words if word)} in {files}"


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'s' if number != 1 else ''}" if number else ""
