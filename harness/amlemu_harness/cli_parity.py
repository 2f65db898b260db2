"""
The command `amlemu parity`: reads options, runs, writes and shows. Exit codes: 0 the same, 1 a difference, 2 the other side could not
be asked for all (or usage), 130 interrupted.

`cli_sides.py` has the two sides, `cli_cases.py` what they are asked; what is compared, and how, is `parity/`.
"""

from __future__ import annotations

import datetime as dt
import json as json_format
import os
import secrets
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from amlemu.cli_options import with_settings
from amlemu.errors import AmlemuError, UsageError
from amlemu.interrupts import as_interrupts

from amlemu_harness import cli_cases, cli_sides
from amlemu_harness.settings import PARITY_SETTINGS

if TYPE_CHECKING:
    from amlemu_harness.cli_sides import Task
    from amlemu_harness.parity.case import Case
    from amlemu_harness.parity.record import Record
    from amlemu_harness.parity.recordings.recording import Recording
    from amlemu_harness.parity.run import Outcome
    from amlemu_harness.parity.sides.side import Side
    from amlemu_harness.parity.wire import Patience

_USAGE = 2
_MOST_SECONDS = 86_400
_MOST_SEED = 2**32
_SERVER = "1.5.1"  # of azureml-inference-server-http: what amlemu imitates
_NARROW = 100


@click.command(short_help="Compare FILE's answers here with the real thing's.")
@click.argument("file")
@with_settings(PARITY_SETTINGS)
def parity(file: str, **given: Any) -> None:
    """
    Ask amlemu and the real server the same, and show where they differ, the smallest difference first.

    FILE is a script or a deployment. Without --against the other side is azmlinfsrv, the server of Azure's images, from the script's
    environment; --against image is the whole container. Exit code 0: the same, or exempt with a reason. 1: a difference. 2: the other
    side could not be asked for all.
    """
    _check(given)
    try:
        with as_interrupts(signal.SIGTERM):
            code = _compare(cli_sides.task(file, given))
    except UsageError:
        raise
    except AmlemuError as error:
        click.echo(f"amlemu: {error}", err=True)
        code = _USAGE
    sys.exit(code)


def _check(given: Mapping[str, Any]) -> None:
    """Refuse numbers and files that cannot be meant, before anything is started. Raises UsageError."""
    from amlemu_harness.parity.recordings import recording

    for name in ("wait", "patience"):
        if not 0 < given[name] < _MOST_SECONDS:  # not a number, either
            raise UsageError(f"{given[name]:g} is no time to wait", where=f"--{name}", expected="Expected seconds.")
    if not 0 <= given["tolerance"] < 1:
        what = f"{given['tolerance']:g} is no tolerance"
        raise UsageError(what, where="--tolerance", expected="Expected a part of the number, such as 1e-6.")
    if given["walk"] < 0 or not 0 <= (given["seed"] or 0) < _MOST_SEED:
        what, where = (given["walk"], "--walk") if given["walk"] < 0 else (given["seed"], "--seed")
        raise UsageError(f"{what} is no number for that", where=where, expected="Expected 0 or more.")
    for name in ("record", "junit", "html"):
        path = Path(given[name] or ".").absolute()
        if given[name] and (path.is_dir() or not path.parent.is_dir()):
            what = "this is a folder" if path.is_dir() else "there is no such folder"
            raise UsageError(what, where=f"--{name} {given[name]}")
    if given["record"]:
        recording.refuse_other_files(Path(given["record"]))


def _compare(task: Task) -> int:
    from amlemu_harness.parity.recordings import recording
    from amlemu_harness.parity.sides.remote import KEY_VARIABLE

    given = task.given
    recorded = recording.read(Path(given["against"])) if task.against == "recording" else None
    ours = cli_sides.ours(task, recorded)
    cases = cli_cases.cases_of(task, ours, recorded)
    if given["list"]:
        for case in cases:
            click.echo(f"{case.name:<40} {case.source}")
        return 0
    if recorded is not None:
        outcome = _run(task, recorded.record, ours, cases)
        stale = tuple(_stale(task, recorded))
        return _told(task, cases, replace(outcome, result=replace(outcome.result, stale=stale)))
    theirs = cli_sides.theirs(task)
    if task.against == "url" and not task.secrets:
        _tell(f"amlemu: no key is sent; if the endpoint wants one: {KEY_VARIABLE}")
    outcome = _run(task, theirs, ours, cases)
    if given["walk"] and not _is_silent(outcome):
        outcome, cases = _walk(task, theirs, ours, cases, outcome)
    return _told(task, cases, outcome)


def _told(task: Task, cases: Sequence[Case], outcome: Outcome) -> int:
    _write(task, cases, outcome)
    _show(cases, outcome, as_json=task.given["json"])
    return outcome.result.exit_code


def _run(task: Task, theirs: Side | Record, ours: Side, cases: Sequence[Case]) -> Outcome:
    from amlemu_harness.parity.headway import Headway
    from amlemu_harness.parity.run import Run

    look = cli_sides.look(task) if task.given["surroundings"] and task.against in ("azmlinfsrv", "image") else None
    is_selection = bool(task.given["only"] or task.given["cases"] or not task.given["generated"])
    headway = Headway(
        lambda text: click.echo(text, err=True, nl=False, color=True), len(cases), is_terminal=sys.stderr.isatty()
    )
    run = Run(
        theirs,
        ours,
        cases,
        task.rules,
        _patience(task.given),
        task.lives,
        at_once=task.given["at_once"],
        look=look,
        is_selection=is_selection,
        is_recorded=bool(task.given["record"]),
        told=headway,
    )
    try:
        return run.outcome()
    finally:
        headway.clear()


def _patience(given: Mapping[str, Any]) -> Patience:
    from amlemu_harness.parity.wire import BRISK

    return replace(BRISK, piece_s=given["patience"])


def _is_silent(outcome: Outcome) -> bool:
    return any(record.takes[0].start is not None for record in (outcome.theirs, outcome.ours))


def _stale(task: Task, recorded: Recording) -> list[str]:
    from amlemu_harness.parity.recordings import recording

    today = dt.datetime.now(tz=dt.timezone.utc).date()
    return recording.stale(recorded, cli_sides.fingerprints(task), today, _SERVER)


def _write(task: Task, cases: Sequence[Case], outcome: Outcome) -> None:
    """Write the files that were asked for, each whole or not at all. Raises UsageError."""
    from amlemu_harness.parity.recordings import recording
    from amlemu_harness.parity.report import junit, page

    shown = (outcome.result, cases, outcome.theirs, outcome.ours)
    if task.given["junit"]:
        _write_file(Path(task.given["junit"]), junit.as_junit(*shown))
    if task.given["html"]:
        _write_file(Path(task.given["html"]), page.as_page(*shown))
    if task.given["record"]:
        facts = {**outcome.theirs.facts, "against": task.against}
        record = replace(outcome.theirs, facts=facts)
        path = Path(task.given["record"])
        recording.write(path, cases, record, deployment=cli_sides.fingerprints(task), secrets=task.secrets)
        count = len(record.takes[0].seen)
        what = "that it does not start" if not count else "1 case" if count == 1 else f"{count} cases"
        click.echo(f"recorded of {outcome.theirs.side}: {what}, in {path}", err=True)


def _write_file(path: Path, text: str) -> None:
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        half.write_text(text, encoding="utf-8")
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise UsageError(f"cannot be written: {error.strerror}", where=str(path)) from error


def _show(cases: Sequence[Case], outcome: Outcome, *, as_json: bool) -> None:
    from amlemu_harness.parity.report.data import as_data
    from amlemu_harness.parity.report.text import as_text

    shown = (outcome.result, cases, outcome.theirs, outcome.ours)
    if as_json:
        click.echo(json_format.dumps(as_data(*shown)))
        return
    width = shutil.get_terminal_size((_NARROW, 24)).columns
    click.echo(as_text(*shown, width=width, colours=_has_colours()), nl=False, color=True)


def _has_colours() -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def _walk(task: Task, theirs: Side, ours: Side, cases: list[Case], outcome: Outcome) -> tuple[Outcome, list[Case]]:
    """Walk; return the outcome with what was found, which is one case more."""
    from amlemu_harness.parity.run import walked

    given = task.given
    seed = secrets.randbelow(_MOST_SEED) if given["seed"] is None else given["seed"]
    pool = [sent for case in cases if not case.is_hard for sent in case.requests]
    found = walked(theirs, ours, pool, task.rules, _patience(given), sequences=given["walk"], seed=seed, told=_tell)
    _tell(f"walk: {found.sequences} sequences, {found.requests} requests, --seed {seed}")
    return outcome.with_walk(found), cases if found.failing is None else [*cases, found.failing]


def _tell(line: str) -> None:
    click.echo(line, err=True)
