"""
`amlemu check`: reads the files, has the deployment booted once, prints the report. Exit codes: 0 it would start and answer, 3 it would not.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any

import click

from amlemu import cli_doctor, cli_plan, once
from amlemu.azure.marked import Unreadable
from amlemu.azure.sample_requests import sample_requests
from amlemu.check import boot, causes, verdict
from amlemu.check.report import Report, costs_of
from amlemu.choices import Choices
from amlemu.console import Paint, PersonConsole, checked, verdicts
from amlemu.console.person import on_host, without_our_frames
from amlemu.doctor.examine import examine as look
from amlemu.emulator import run_loop
from amlemu.errors import AmlemuError, UsageError
from amlemu.finding import shown, worst_first
from amlemu.layout import Layout
from amlemu.stand import Plan

EXIT_FAILS = 3
_OF_THE_COMMAND_LINE = ("--", "AMLEMU_")  # the other mistakes are in the files
_KINDS = {"kubernetes": "kubernetes", "aks": "aks", "aci": "aci", "local": "local", "image": "local", "bare": "local"}


def check(file: str, given: Mapping[str, Any]) -> int:
    """
    Check a deployment and print what was found.

    Returns:
        3 where it would not start, or would not answer its sample request; else 0.

    Raises:
        UsageError: there is nothing to check, or an option means nothing.
    """
    if not Path(file).exists():
        raise UsageError("no such file", where=file, hint="Name a deployment or a scoring script.")
    disk_gb = given["disk_gb"]
    if disk_gb is not None and not (isfinite(disk_gb) and disk_gb > 0):
        raise UsageError(f"{disk_gb:g} is no disk", where="--disk-gb", expected="Expected GB, more than 0.")
    report = _examined(file, given, disk_gb)
    code = 0 if report.is_fine else EXIT_FAILS
    tell(checked.as_json(report, code) if given["json"] else checked.as_text(report, Paint(sys.stdout)))
    return code


def tell(text: str) -> None:
    """
    Write to standard output what is no text, too; a reader who leaves early, as `head -1` does, changes nothing of the exit code.

    Raises:
        UsageError: it cannot be written there.
    """
    out = sys.stdout
    try:
        out.write(text.encode(out.encoding, "backslashreplace").decode(out.encoding) + "\n")
        out.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())  # else the rest fails once more as Python ends
        if not isinstance(error, BrokenPipeError):
            raise UsageError(f"not writable: {error.strerror}", where="standard output") from error


def _examined(file: str, given: Mapping[str, Any], disk_gb: float | None) -> Report:
    """Look at the files, and where they can be served, have them booted."""
    try:
        choices = cli_plan.choices_of(file, dict(given))
    except Unreadable as error:
        return Report(file, None, str(given["profile"]), causes.found(error.finding), findings=(error.finding,))
    subject, unseen = cli_doctor.subject_of(choices, Path(file))
    findings = tuple(worst_first([*look(subject), *unseen]))
    script = choices.said.script if choices.said else Path(file)
    refused = verdict.before_start(findings)
    report = Report(file, script, choices.options["profile"], refused, findings=findings)
    console = PersonConsole(out=sys.stderr, restarts=False)
    try:
        plan = replace(cli_plan.plan(choices, console), port=0)  # whoever has the deployment's own is not in the way
        sample = sample_of(plan, given["request_file"])
        plan = cli_plan.prepare_quarters(choices, plan, console)
    except UsageError as error:
        why = refused or verdict.at_start(findings)
        if why is None or error.where.startswith(_OF_THE_COMMAND_LINE):
            raise
        return replace(report, cause=why)
    except AmlemuError as error:
        return replace(report, cause=refused or causes.not_made(error))
    refused = refused or verdict.of_disk(plan, disk_gb) or verdict.of_place(plan, kind_of(choices))
    report = replace(report, cause=refused, profile=plan.profile.name, workers=plan.deployment.workers)
    report = replace(report, memory=plan.memory, remarks=_about_machine(choices))
    return _tried(report, plan, sample, kind_of(choices))


def _tried(report: Report, plan: Plan, sample: Path | None, kind: str) -> Report:
    """Boot it, whatever speaks against it already; what that shows is worth knowing."""
    use = None if sample is None else boot.sample(*once.read_request(str(sample), None))
    trace = boot_alone(plan, use)
    layout = trace.layout
    assert layout is not None, "it has been opened"
    scene = verdict.Scene(plan, kind, report.findings, layout)
    cause = report.cause or verdict.of_boot(trace, scene)
    trial = None
    if trace.exchange is not None and sample is not None:
        trial = verdict.trial(trace.exchange, sample)
        cause = cause or verdict.of_trial(trace.exchange, trace, sample, kind)
    return replace(
        report,
        cause=None if cause is None else replace(cause, traceback=on_host(cause.traceback, layout)),
        verdict="" if trace.ready_s is None else verdicts.ready(trace.ready_s, plan.profile.probes.liveness),
        costs=costs_of(trace.facts, layout.to_host),
        trial=trial,
        said=_words(trace, layout),
        remarks=(*report.remarks, *trace.remarks, *_about_sample(sample)),
    )


def boot_alone(plan: Plan, use: boot.Use | None) -> boot.Trace:
    """
    Boot it for a look; whoever waits long is told on stderr for how long at most.

    Raises:
        KeyboardInterrupt: a signal has ended it; nothing is left running.
        UsageError: see `boot.boot`.
    """
    alone = boot.alone(plan)

    def wait_is_long() -> None:
        at_most = f"{alone.profile.probes.liveness.allows_s:g} s"
        what = f"these probes allow {at_most}" if plan.profile.probes.liveness.is_on else f"for {at_most} at most"
        click.echo(f"amlemu: still waiting for init(); {what}", err=True)

    trace: boot.Trace = run_loop(boot.boot(alone, use, wait_is_long))
    if trace.is_interrupted:
        raise KeyboardInterrupt
    return trace


def _words(trace: boot.Trace, layout: Layout) -> tuple[str, ...]:
    """Return what the script said last where it came to an end without a word of its own, named as this machine has it."""
    if trace.fault is not None or (trace.death is None and trace.killed is None):
        return ()
    said = on_host(without_our_frames("".join(f"{line}\n" for line in trace.said)), layout)
    return tuple(line for line in said.splitlines() if line.strip())


def kind_of(choices: Choices) -> str:
    """Return what kind of deployment it is, in the words of `doctor.subject.Subject`."""
    if choices.said is not None:
        return choices.said.kind
    return _KINDS.get(str(choices.options["profile"]), "managed")


def sample_of(plan: Plan, given: str | None) -> Path | None:
    """Return the request to send: the one that was named, else one that lies beside. Raises UsageError."""
    if given is not None:
        if not Path(given).is_file():
            what = "not a file" if Path(given).exists() else "no such file"
            raise UsageError(what, where=f"--request-file {given}")
        return Path(given)
    folders = dict.fromkeys(file.parent for file in (*plan.deployment.files, plan.deployment.script))
    return next((found[0] for folder in folders if (found := sample_requests(folder))), None)


def _about_machine(choices: Choices) -> tuple[str, ...]:
    """Say where a machine's memory is not known, so that nothing was limited by it."""
    notes = choices.said.not_emulated if choices.said is not None else ()
    return tuple(f"{shown(one.place)}: {one.reason}" for one in notes if one.field == "instance_type")


def _about_sample(sample: Path | None) -> Sequence[str]:
    return (
        () if sample is not None else ("no sample-request.json lies beside it, so no request was tried; -r names one",)
    )
