"""
The commands about environments without Docker: `amlemu env create`, `show` and `remove`.

`cli.py` declares them; `environments` does the work. Each returns the exit code.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import click

from amlemu.azure.requirements import Requirements
from amlemu.environments import asked as asked_of
from amlemu.environments import make, place
from amlemu.environments.asked import OfDeployment
from amlemu.environments.place import Made
from amlemu.environments.pythons import Chosen, choose, in_words
from amlemu.environments.steps import Steps, steps
from amlemu.errors import UsageError
from amlemu.finding import Finding

EXIT_ABSENT = 1
_COLOURS = {"error": "red", "warning": "yellow", "information": "blue"}


def create(
    file: str | None,
    python: str | None,
    *,
    recreate: bool = False,
    as_json: bool = False,
    of_deployment: OfDeployment | None = None,
) -> int:
    """
    Make the environment of a file, unless it is there and current.

    Args:
        file: a conda file, requirements file, environment or deployment; without one, the usual ones of the current folder.
        python: what --python says.
        of_deployment: says what a deployment's file asks for.

    Raises:
        UsageError: the file is not usable, or Python is not.
        AmlemuError: pip has failed.
    """
    asked = _read(file, of_deployment)
    work, found = steps(asked), place.find(asked)
    if found is not None and found.is_current and not recreate and _is_wanted(found, python):
        _say_there(asked, work, found, as_json=as_json)
        return 0
    chosen = choose(asked.python, python)
    for line in _plan(asked, work, chosen, found, recreate=recreate):
        _say(line, err=as_json)
    began = time.monotonic()
    show = None if as_json or not sys.stderr.isatty() else _say_pips
    made = make.make(asked, work, chosen, lambda line: _say(line, err=True), show)
    if as_json:
        _say_json(_facts(asked, work, made) | {"made": True})
    else:
        took = f"made in {time.monotonic() - began:.0f} s"
        _say(f"{click.style('ready', 'green')}: {_short(made.folder)}, {took}; amlemu serve uses it")
    return 0


def show(file: str | None, *, as_json: bool = False, of_deployment: OfDeployment | None = None) -> int:
    """Say what the environment of a file is made of, and whether it is there: exit code 1 unless it is, and current."""
    asked = _read(file, of_deployment, refuses=False)
    work, found = steps(asked), place.find(asked)
    if as_json:
        _say_json(_facts(asked, work, found))
    else:
        for line in (*_asked_lines(asked, work), _state(found, file)):
            _say(line)
    return 0 if found is not None and found.is_current else EXIT_ABSENT


def remove(file: str | None, *, as_json: bool = False, of_deployment: OfDeployment | None = None) -> int:
    """Remove the environment of a file: exit code 1 where there is none."""
    asked = _read(file, of_deployment, refuses=False)
    folder = place.place_of(asked)
    was_there = make.remove(asked)
    if as_json:
        _say_json({"path": str(folder), "removed": was_there})
    else:
        _say(
            f"removed {_short(folder)}" if was_there else f"there is no environment in {_short(folder)}",
            err=not was_there,
        )
    return 0 if was_there else EXIT_ABSENT


def _read(file: str | None, of_deployment: OfDeployment | None, *, refuses: bool = True) -> Requirements:
    path = asked_of.find(Path.cwd()) if file is None else Path(file)
    asked = asked_of.read(path, of_deployment)
    errors = [finding for finding in asked.findings if finding.severity == "error"]
    for finding in asked.findings:
        if finding not in errors[:1] or not refuses:
            _say(_finding(finding), err=True)
    if errors and refuses:
        first = errors[0]
        where = f"{first.place.file}:{first.place.line}" if first.place and first.place.line else str(path)
        raise UsageError(first.cause, where=where, hint=first.fix)
    return asked


def _is_wanted(found: Made, python: str | None) -> bool:
    """Whether it was made with the Python that is named now, if any is."""
    return python is None or str(choose(None, python).path) == found.record.interpreter


def _plan(asked: Requirements, work: Steps, chosen: Chosen, found: Made | None, *, recreate: bool) -> list[str]:
    lines = []
    if found is not None and not recreate:
        why = (
            f"{asked.place.file.name} asks for something else now"
            if not found.is_current
            else "another Python is named"
        )
        lines.append(f"{why}; the environment is made anew")
    colour = "yellow" if chosen.is_other else None
    python = click.style(f"python {chosen.version} ({chosen.why})", colour)
    return [*lines, f"{asked.place.file.name}: {python}", *_package_lines(work)]


def _asked_lines(asked: Requirements, work: Steps) -> list[str]:
    wanted = in_words(asked.python) if asked.python else "any version"
    return [f"{asked.place.file.name}: python {wanted}", *_package_lines(work)]


def _package_lines(work: Steps) -> list[str]:
    lines = [
        f"conda {one.entry.text} -> {one.requirement} from PyPI" + (f" ({one.lost})" if one.lost else "")
        for one in work.mapped
    ]
    lines += [f"{click.style('not installed here', 'yellow')}: {one.entry.text} ({one.reason})" for one in work.left]
    noun = "requirement" if work.pip_count == 1 else "requirements"
    return [*lines, f"pip gets {work.pip_count} {noun} as written"] if work.pip_count else lines


def _state(found: Made | None, file: str | None) -> str:
    how = f"amlemu env create{f' {file}' if file else ''}"
    if found is None:
        return f"not made yet; {how} makes it"
    day = time.strftime("%Y-%m-%d %H:%M", time.localtime(found.record.made_at))
    made = f"{_short(found.folder)}, python {found.record.version}, made {day}"
    return f"ready: {made}" if found.is_current else f"out of date: {made}; {how} makes it anew"


def _say_there(asked: Requirements, work: Steps, found: Made, *, as_json: bool) -> None:
    if as_json:
        _say_json(_facts(asked, work, found) | {"made": False})
        return
    _say(f"{asked.place.file.name}: {_state(found, None)}; amlemu serve uses it. --recreate makes it anew.")


def _facts(asked: Requirements, work: Steps, found: Made | None) -> dict[str, Any]:
    return {
        "file": str(asked.place.file),
        "path": str(place.place_of(asked)),
        "python": None if found is None else str(found.python),
        "version": None if found is None else found.record.version,
        "wanted": asked.python,
        "current": found is not None and found.is_current,
        "pip": list(work.pip_lines),
        "conda": [{"conda": one.entry.text, "pip": one.requirement} for one in work.mapped],
        "left": [{"conda": one.entry.text, "reason": one.reason} for one in work.left],
    }


def _finding(finding: Finding) -> str:
    where = f"{finding.place.file.name}:{finding.place.line}: " if finding.place else ""
    fix = f". {finding.fix}" if finding.fix else "."
    return f"{click.style(finding.severity, _COLOURS[finding.severity])}: {where}{finding.cause}{fix}"


def _short(path: Path) -> str:
    """Return a path from here, where that is shorter."""
    near = os.path.relpath(path)
    return near if not near.startswith("..") else str(path)


def _say_pips(line: str) -> None:
    _say(f"  {line}", err=True)


def _say_json(value: dict[str, Any]) -> None:
    _say(json.dumps(value))


def _say(text: str, *, err: bool = False) -> None:
    """Print; NO_COLOR and FORCE_COLOR decide on colours, then whether it is a terminal."""
    color = False if os.environ.get("NO_COLOR") else True if os.environ.get("FORCE_COLOR") else None
    click.echo(text, err=err, color=color)
