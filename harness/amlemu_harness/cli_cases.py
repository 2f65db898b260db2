"""
What `amlemu parity` asks: the cases that were named, or lie beside the deployment, and those that are made for any script.

`cli_parity.py` is the command, `parity/cases` reads files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from amlemu.deployment import Deployment
from amlemu.errors import UsageError

from amlemu_harness.parity.case import Case, request
from amlemu_harness.parity.cases import find, folder, journal
from amlemu_harness.parity.cases.bodies import content_type
from amlemu_harness.parity.cases.generated import generated
from amlemu_harness.parity.cases.kinds import kind_of
from amlemu_harness.parity.play import started
from amlemu_harness.parity.sides.side import DidNotStart, Side
from amlemu_harness.parity.wire import Patience, exchange

if TYPE_CHECKING:
    from amlemu_harness.cli_sides import Task
    from amlemu_harness.parity.recordings.recording import Recording

_JOURNAL = "journal"
_NAMES_TOLD = 10


def cases_of(task: Task, ours: Side, recorded: Recording | None) -> list[Case]:
    """
    Return what is asked, each under a name of its own; of a recording what was asked then.

    Raises:
        UsageError: a file is not usable, or nothing is left to ask.
    """
    if recorded is not None and task.given["cases"]:
        raise UsageError(
            "a recording brings its own cases", where="--cases beside --against FILE", hint="Leave it out."
        )
    found = recorded.cases if recorded is not None else find.named_once(_gathered(task, ours))
    return _selected(_harmless(found) if task.against == "url" else found, task.given["only"])


def _harmless(cases: Sequence[Case]) -> list[Case]:
    """Return what can be asked of a server that others use."""
    found = [case for case in cases if not case.is_hard]
    if len(found) < len(cases):
        names = ", ".join(case.name for case in cases if case.is_hard)
        _tell(f"not asked of an endpoint, for it might hurt: {names}")
    return found


def _gathered(task: Task, ours: Side) -> list[Case]:
    given, deployment = task.given, task.served.deployment
    folders = [task.served.file.parent, deployment.script.parent]
    found: list[Case] = []
    for word in given["cases"]:
        if word == _JOURNAL and not Path(word).exists():
            found += journal.of_server(task.choices.file, _tell)
        else:
            found += find.read(word, task.served.file.parent, _tell)
    if not given["cases"]:
        found += folder.beside(folders, _tell)
    if given["generated"]:
        found += _generated(deployment, folder.sample(folders), ours)
    return found


def _generated(deployment: Deployment, sample: tuple[Path, bytes] | None, ours: Side) -> list[Case]:
    kind = kind_of(deployment.script.read_text(encoding="utf-8", errors="replace"))
    described = _described(ours) if kind == "schema" else None
    if sample is None:
        return generated(kind, None, "", described)
    path, body = sample
    return generated(kind, body, content_type(path, body), described)


def _described(ours: Side) -> Mapping[str, Any] | None:
    """Return the OpenAPI document of a script; None where it does not start, which the comparison will show."""
    try:
        with started(ours) as running:
            told = exchange(running.address, request("GET", "/swagger.json?version=3"), Patience(afterwards_s=0)).body
            return dict(json.loads(told))
    except (DidNotStart, OSError, ValueError):
        return None


def _selected(cases: Sequence[Case], patterns: Sequence[str]) -> list[Case]:
    """Return the cases whose names fit. Raises UsageError where none does."""
    found = [case for case in cases if not patterns or any(fnmatchcase(case.name, one) for one in patterns)]
    if found:
        return found
    if not cases:
        hint = "Name some by --cases, or leave --no-generated out."
        raise UsageError("there is nothing to ask: no cases lie beside it", where="--no-generated", hint=hint)
    names = ", ".join(case.name for case in cases[:_NAMES_TOLD])
    more = f" and {len(cases) - _NAMES_TOLD} more (--list)" if len(cases) > _NAMES_TOLD else ""
    raise UsageError("no case is called so", where=f"--only {' '.join(patterns)}", hint=f"There is {names}{more}.")


def _tell(remark: str) -> None:
    click.echo(f"amlemu: {remark}", err=True)
