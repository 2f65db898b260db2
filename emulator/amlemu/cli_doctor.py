"""
`amlemu doctor`: finds what is meant, has it examined, prints the report. Exit codes: 0 nothing would fail, 1 something would.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from amlemu import cli_plan, interpreter
from amlemu.azure import asked
from amlemu.azure.marked import Unreadable
from amlemu.azure.paths import is_azure_file
from amlemu.choices import Choices
from amlemu.doctor import assemble
from amlemu.doctor.examine import examine as look
from amlemu.doctor.machine import look_at_machine
from amlemu.doctor.subject import Subject
from amlemu.errors import UsageError
from amlemu.finding import Finding, worst_first
from amlemu.models import Model

EXIT_FINDINGS = 1


def examine(file: str, given: Mapping[str, Any]) -> int:
    """
    Examine a file or folder and print what was found.

    Returns:
        1 where an error was found, or with `strict` a warning; else 0.

    Raises:
        UsageError: there is nothing to look at.
    """
    from amlemu.console import Paint, findings

    path = Path(file)
    if not path.exists():
        raise UsageError("no such file or folder", where=file, hint="Name a deployment, a script, or a folder.")
    targets = assemble.targets(path)
    found: list[Finding] = []
    looked_at: list[Path] = []
    for target in targets:
        for one, files_read in _look_at(target, given):
            found += one
            looked_at += [path for path in files_read if path not in looked_at]
    report = worst_first(found + list(look_at_machine()))
    code = _exit_code(report, strict=given["strict"])
    text = (
        findings.as_json(report, looked_at, code)
        if given["json"]
        else findings.as_text(report, looked_at, Paint(sys.stdout))
    )
    click.echo(text)
    return code


def _exit_code(report: list[Finding], *, strict: bool) -> int:
    failing = {"error", "warning"} if strict else {"error"}
    return EXIT_FINDINGS if any(one.severity in failing for one in report) else 0


def _look_at(target: Path, given: Mapping[str, Any]) -> list[tuple[list[Finding], list[Path]]]:
    """Look at one file; an endpoint of 2021 has several deployments, each is looked at."""
    try:
        choices = cli_plan.choices_of(str(target), dict(given))
        looked = [choices]
        said = choices.said
        if said is not None and len(said.names) > 1 and not given["deployment_name"]:
            others = [name for name in said.names if name != said.name]
            looked += [cli_plan.choices_of(str(target), {**given, "deployment_name": name}) for name in others]
        return [_look(one, target) for one in looked]
    except Unreadable as error:
        return [([error.finding], [target])]


def _look(choices: Choices, target: Path) -> tuple[list[Finding], list[Path]]:
    said = choices.said
    subject = subject_of(choices, target)
    read = list(said.files) if said is not None else []
    script = [subject.script.path] if subject.script is not None else []
    return look(subject), [*read, *script]


def subject_of(choices: Choices, target: Path) -> Subject:
    """Return what there is to look at, for the options that were chosen."""
    options, said = choices.options, choices.said
    named = cli_plan.pairs(options["model"], "--model", "NAME:VERSION=PATH")
    models: tuple[Model, ...]
    if said is not None:
        models = assemble.models_of(said, options["model_dir"], named, choices.project.models)
    else:
        models = cli_plan.deployment_of(choices).models if _exists(target) else ()
    return assemble.subject_of(
        target,
        said,
        python=interpreter.find_python(options["python"]),
        models=models,
        requirements=choices.requirements if said is not None else asked.beside(Path(os.path.abspath(target)).parent),
        variables={name: value for name, (value, _) in choices.variables.items()},
        code=Path(options["code"]) if options["code"] else None,
    )


def _exists(target: Path) -> bool:
    return os.path.isfile(target) and not is_azure_file(target)
