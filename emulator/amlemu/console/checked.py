"""
The report of `amlemu check`: the verdict in the first line, with the cloud's words for it; then what to do, what it cost, what else is wrong.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from amlemu.check.report import Cause, Costs, Report, Trial
from amlemu.console.person import Paint
from amlemu.console.verdicts import seconds
from amlemu.finding import CloudError, Finding, shown
from amlemu.memory import gigabytes

_WIDTH = 118
_SLOWEST = 5
_MOST_OTHERS = 8
_LAST_LINES = 15


def as_text(report: Report, paint: Paint) -> str:
    """Return lines for a terminal."""
    return "\n".join([_first(report, paint), *_about(report), *_numbers(report), *_rest(report)])


def as_json(report: Report, exit_code: int) -> str:
    """Return one JSON object."""
    content = {
        "file": report.file,
        "script": None if report.script is None else str(report.script),
        "profile": report.profile,
        "starts": report.is_fine,
        "verdict": report.verdict or None,
        "cause": None if report.cause is None else _cause(report.cause),
        "workers": report.workers,
        "memory_limit_bytes": None if report.memory is None else report.memory.limit_bytes,
        "boot": None if report.costs is None else asdict(report.costs),
        "sample": None if report.trial is None else {**asdict(report.trial), "file": str(report.trial.file)},
        "said": list(report.said),
        "remarks": list(report.remarks),
        "findings": [_finding(one) for one in report.findings],
        "exit_code": exit_code,
    }
    return json.dumps(content, indent=2)


def _cause(cause: Cause) -> dict[str, Any]:
    cloud = cause.cloud
    told = cloud and {"today": cloud.today, "in_2021": cloud.in_2021 or None, "source": cloud.source}
    return {"told": cause.told, "cloud": told, "fix": cause.fix or None, "traceback": cause.traceback or None}


def _finding(one: Finding) -> dict[str, Any]:
    """Return what finds it again; `amlemu doctor --json` has all of it."""
    place = None if one.place is None else shown(one.place)
    return {"rule": one.rule, "severity": one.severity, "place": place, "cause": one.cause}


def _first(report: Report, paint: Paint) -> str:
    cause = report.cause
    if cause is None:
        return f"{paint('green', 'starts')}: {report.verdict}"
    cloud = (
        f"  [{_words(cause.cloud)}]"
        if cause.cloud is not None
        else "  [this machine only: nothing is known of the cloud]"
    )
    return f"{paint('red', 'fails')}: {cause.told}{cloud}"


def _words(cloud: CloudError) -> str:
    return cloud.today + (f"; {cloud.in_2021} in 2021" if cloud.in_2021 else "")


def _about(report: Report) -> Iterator[str]:
    """Yield what to do, and the evidence."""
    cause = report.cause
    if cause is None:
        return
    for number, line in enumerate(cause.fix.splitlines()):
        yield from _folded("" if number else "fix", line)
    yield from textwrap.indent(cause.traceback.rstrip(), "  ").splitlines()
    if report.said:
        yield "  the script's last words:"
        yield from (f"  score | {line}" for line in report.said[-_LAST_LINES:])
    if report.verdict:
        yield from _folded("boot", report.verdict)


def _numbers(report: Report) -> Iterator[str]:
    if report.costs is not None:
        yield from _boot(report.costs)
        yield from _memory(report.costs, report)
    if report.trial is not None:
        yield from _folded("sample", _sample(report.trial))


def _boot(costs: Costs) -> Iterator[str]:
    init = f"init() {seconds(costs.init_s)}" if costs.init_s is not None else "init() was not reached"
    yield from _folded("time", f"{seconds(costs.boot_s)}: imports {seconds(costs.import_s)}, {init}")
    slowest = [
        f"{one.name} {seconds(one.seconds)} ({shown(f'{one.file}:{one.line}')})" for one in costs.imports[:_SLOWEST]
    ]
    if slowest:
        yield from _folded("import", ", ".join(slowest))


def _memory(costs: Costs, report: Report) -> Iterator[str]:
    if costs.peak_bytes is None:
        return
    before = f": {gigabytes(costs.imported_bytes)} before init()" if costs.imported_bytes is not None else ""
    after = f", {gigabytes(costs.resting_bytes)} after it" if before and costs.resting_bytes is not None else ""
    each = f"; each of {report.workers} workers has so much" if report.workers > 1 else ""
    rules = report.memory
    limit = f"; {rules.giver} allows {gigabytes(rules.limit_bytes)}" if rules is not None else ""
    yield from _folded("memory", f"{gigabytes(costs.peak_bytes)} at most while it booted{before}{after}{each}{limit}")


def _sample(trial: Trial) -> str:
    status = "closed" if trial.status is None else str(trial.status)
    model = f" (model {trial.model_status})" if trial.model_status not in (None, trial.status) else ""
    run = f", run() {seconds(trial.run_ms / 1000)}" if trial.run_ms is not None else ""
    peak = f", {gigabytes(trial.peak_bytes)} at most" if trial.peak_bytes is not None else ""
    sizes = f"{trial.request_bytes} bytes there, {trial.answer_bytes} back"
    return f"{trial.file.name}: {status}{model} in {seconds(trial.elapsed_ms / 1000)}{run}; {sizes}{peak}"


def _rest(report: Report) -> Iterator[str]:
    told = report.cause.told if report.cause is not None else ""
    errors = [f"{_place(one)}{one.cause}" for one in _of_severity(report, "error")]
    for other in [one for one in errors if one != told][:_MOST_OTHERS]:
        yield from _folded("also", other)
    for remark in (*report.remarks, *map(_unseen, _of_severity(report, "information"))):
        yield from _folded("note", remark)
    rules = [one.rule for severity in ("error", "warning") for one in _of_severity(report, severity)]
    if rules:
        yield from _folded("more", f"amlemu doctor {report.file} says more of {', '.join(dict.fromkeys(rules))}")


def _of_severity(report: Report, severity: str) -> list[Finding]:
    return [one for one in report.findings if one.severity == severity]


def _place(one: Finding) -> str:
    return f"{shown(one.place)}: " if one.place is not None else ""


def _unseen(one: Finding) -> str:
    """Say what could not be looked at, or is otherwise on this machine; the verdict holds as far as that does not matter."""
    place = _place(one)
    end = "" if one.cause.endswith((".", "?")) else "."
    return f"{place}{one.cause}{end} {one.fix}".rstrip()


def _folded(label: str, text: str) -> list[str]:
    head = f"  {label:<7} " + " " * (len(text) - len(text.lstrip()))
    folded = textwrap.wrap(text.strip(), _WIDTH - len(head), break_long_words=False, break_on_hyphens=False) or [""]
    return [head + folded[0], *(" " * len(head) + line for line in folded[1:])]
