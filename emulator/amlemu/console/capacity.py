"""
The answer of `amlemu capacity`: how many instances, in the first line; what was measured, the lines to write, the mistakes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from amlemu.capacity import Load
from amlemu.check import advice
from amlemu.check.advice import Line, Said
from amlemu.check.measure import Measured
from amlemu.console.person import Paint
from amlemu.console.verdicts import seconds
from amlemu.memory import gigabytes

_WIDEST = 48


def of_load(load: Load) -> str:
    """Return the one line for a load alone."""
    return f"{load.replicas} replica{'' if load.replicas == 1 else 's'}: {advice.reasoning(load)}"


def as_text(load: Load | None, said: Said, measured: Measured, wanted: Load, paint: Paint) -> str:
    """
    Return lines for a terminal.

    Args:
        load: what shall be carried; None where nobody has said so.
        wanted: the same with one request a second, where nobody has.
    """
    seen = seen_of(measured)
    first = of_load(load) if load is not None else _carries(wanted, said)
    lines = [paint("bold", first), f"  measured  {_measured(measured)}"]
    if load is not None and (recommended := advice.lines(load, said, seen)):
        lines += ["  write", *_listing(recommended)]
    wrong = advice.mistakes(load, said, seen)
    lines += [f"  {paint('yellow', 'mistake')}   {one}" for one in wrong]
    return "\n".join(lines)


def as_json(load: Load | None, said: Said | None, measured: Measured | None, carried_rps: float | None) -> str:
    """Return one JSON object."""
    seen = None if measured is None else seen_of(measured)
    content: dict[str, Any] = {
        "replicas": None if load is None else load.replicas,
        "load": None if load is None else asdict(load),
    }
    if measured is not None and said is not None and seen is not None:
        content |= {
            "measured": {
                "requests": measured.requests,
                "workers": measured.workers,
                "processors": measured.processors or None,
                "latency_s": measured.latency_s,
                "slowest_s": measured.slowest_s,
                "rps": measured.rps,
                "peak_bytes": measured.peak_bytes,
            },
            "carried_rps": carried_rps,
            "lines": [asdict(one) for one in advice.lines(load, said, seen)] if load is not None else [],
            "mistakes": advice.mistakes(load, said, seen),
        }
    return json.dumps(content, indent=2)


def seen_of(measured: Measured) -> advice.Seen:
    """Return what the advice is made of."""
    return advice.Seen(measured.latency_s, measured.slowest_s, measured.peak_bytes)


def _carries(load: Load, said: Said) -> str:
    rps = advice.carried_rps(load, said.instances)
    many = f"{said.instances} instance{'s' if said.instances > 1 else ''}"
    each = f"{load.concurrency} at once * {advice.exactly(load.utilization)} / {advice.duration(load.latency_s)}"
    return f"{advice.plainly(rps)} requests/s: {many} * {each}"


def _measured(measured: Measured) -> str:
    requests = "1 request" if measured.requests == 1 else f"{measured.requests} requests"
    workers = "1 worker" if measured.workers == 1 else f"{measured.workers} workers"
    peak = f", {gigabytes(measured.peak_bytes)} a worker" if measured.peak_bytes else ""
    times = f"{seconds(measured.latency_s)} in the middle, {seconds(measured.slowest_s)} the slowest"
    if measured.requests == 1:
        times = seconds(measured.latency_s)
    pace = f"{advice.plainly(measured.rps)} requests/s"
    if 0 < measured.processors < measured.workers:
        workers += f" on {measured.processors} processor{'s' if measured.processors > 1 else ''}, which makes each of them slower,"
    return f"{requests} by {workers} in {seconds(measured.elapsed_s)}: {times}, {pace}{peak}"


def _listing(lines: Sequence[Line]) -> list[str]:
    wide = min(max(len(one.text) for one in lines), _WIDEST)
    return [f"    {one.text:<{wide}}  # {one.reason}" if one.reason else f"    {one.text}" for one in lines]
