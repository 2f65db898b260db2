"""
`amlemu capacity`: how many instances a load needs, by the formula of Azure's pages; with a FILE the latency is measured.

Exit codes: 0, 3 where the script does not start or does not answer its sample request.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from amlemu import capacity
from amlemu.capacity import Load
from amlemu.errors import AmlemuError, UsageError
from amlemu.finding import shown

if TYPE_CHECKING:
    from amlemu.check.advice import Said
    from amlemu.check.measure import Measured
    from amlemu.choices import Choices
    from amlemu.stand import Plan

_LONGEST_S = 600.0


def plan_for(file: str | None, given: Mapping[str, Any]) -> int:
    """
    Print how many instances are needed.

    Returns:
        0; 3 where the script does not start, or does not answer its sample request.

    Raises:
        UsageError: a number is missing or means nothing, there is no sample request.
    """
    return _of_numbers(given) if file is None else _of_file(file, given)


def _of_numbers(given: Mapping[str, Any]) -> int:
    from amlemu.cli_check import tell
    from amlemu.console import capacity as told

    for name in ("rps", "latency"):
        if given[name] is None:
            hint = "For example --rps 20 --latency 10; or name a FILE, and the latency is measured."
            raise UsageError("a number is missing", where=f"--{name}", hint=hint)
    load = _wanted(given, Load(1.0, 1.0))
    tell(told.as_json(load, None, None, None) if given["json"] else told.of_load(load))
    return 0


def _wanted(given: Mapping[str, Any], otherwise: Load) -> Load:
    """Return the load that was typed; what was not is as `otherwise`. Raises UsageError."""
    names = {"rps": "rps", "latency": "latency_s", "concurrency": "concurrency", "utilization": "utilization"}
    typed = {field: given[name] for name, field in names.items() if given[name] is not None}
    return capacity.check(replace(otherwise, **typed))


def _of_file(file: str, given: Mapping[str, Any]) -> int:
    from amlemu import cli_check, cli_plan
    from amlemu.check import advice
    from amlemu.console import Paint, PersonConsole
    from amlemu.console import capacity as told

    seconds = given["seconds"]
    if not (isfinite(seconds) and 0 < seconds <= _LONGEST_S):
        expected = f"Expected more than 0, at most {_LONGEST_S:g}."
        raise UsageError(f"{seconds:g} is no time to measure", where="--seconds", expected=expected)
    typed = _wanted(given, Load(1.0, 1.0))
    choices = cli_plan.choices_of(file, dict(given))
    plan = cli_plan.plan(choices, PersonConsole(out=sys.stderr, restarts=False))
    said = _said(choices, plan)
    concurrency = said.workers if given["concurrency"] is None else typed.concurrency
    sample = cli_check.sample_of(plan, given["request_file"])
    try:
        measured = _measured(plan, sample, seconds, concurrency, said.kind)
    except NotMeasured as error:
        click.echo(f"amlemu: {error}", err=True)
        return cli_check.EXIT_FAILS
    wanted = _wanted(given, Load(1.0, float(f"{measured.latency_s:.3g}"), concurrency))
    load = None if given["rps"] is None else wanted
    if given["json"]:
        cli_check.tell(told.as_json(load, said, measured, advice.carried_rps(wanted, said.instances)))
    else:
        cli_check.tell(told.as_text(load, said, measured, wanted, Paint(sys.stdout)))
    return 0


def _said(choices: Choices, plan: Plan) -> Said:
    from amlemu.azure import platform
    from amlemu.check.advice import Said
    from amlemu.cli_check import kind_of

    limits, machine = plan.profile.limits, None if choices.said is None else platform.machine(choices.said)
    return Said(
        kind_of(choices),
        plan.deployment.workers,
        limits.max_concurrent_requests_per_instance or plan.deployment.workers,
        plan.profile.scale_rule.maximum,
        limits.request_timeout_ms,
        plan.cpus or (machine.cpus if machine is not None else 0.0),
        plan.memory.limit_bytes if plan.memory is not None else 0,
    )


def _measured(plan: Plan, sample: Path | None, seconds: float, workers: int, kind: str) -> Measured:
    """
    Boot the script with so many workers, and measure.

    Raises:
        UsageError: there is no sample request.
        NotMeasured: it does not come so far.
    """
    from amlemu import once, profile_file
    from amlemu.check import measure, verdict
    from amlemu.cli_check import boot_alone

    script = str(plan.deployment.script)
    if sample is None:
        hint = "Name one by -r, or put a sample-request.json beside the script."
        raise UsageError("there is no sample request to measure with", where=shown(script), hint=hint)
    into = measure.Measured(workers, os.cpu_count() or 0)
    # Nothing before the server: what the front door refuses takes no time. The platform's patience is the deployment's own.
    profile = replace(profile_file.load("bare"), probes=plan.profile.probes)
    deployment = replace(plan.deployment, workers=workers)
    measured = replace(plan, deployment=deployment, profile=profile, memory=None)
    trace = boot_alone(measured, measure.again_and_again(*once.read_request(str(sample), None), seconds, into))
    assert trace.layout is not None, "it has been opened"
    cause = verdict.of_boot(trace, verdict.Scene(measured, kind, (), trace.layout))
    if cause is None and into.failed is not None:
        cause = verdict.of_trial(into.failed, trace, sample, kind)
    if cause is not None:
        raise NotMeasured(cause.told, hint="amlemu check says more.")
    return into


class NotMeasured(AmlemuError):
    """The script does not start, or does not answer its sample request, so nothing could be measured."""
