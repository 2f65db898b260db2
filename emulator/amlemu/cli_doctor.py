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
from amlemu.azure import asked, files
from amlemu.azure.marked import Unreadable
from amlemu.azure.paths import is_azure_file, meant
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
        hint = meant(path, Path.cwd()) or "Name a deployment, a script, or a folder."
        raise UsageError("no such file or folder", where=file, hint=hint)
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
    """Look at one file; an endpoint may have several deployments, and each is looked at."""
    try:
        alone = assemble.specification(target)
        if alone is not None:
            return [(look(assemble.subject_of_environment(alone, _python(given))), [target])]
        also = {"with": "flag"} if given.get("with") else {}
        choices = cli_plan.choices_of(str(target), dict(given), also)
        looked = [choices]
        said = choices.said
        if said is not None and len(said.names) > 1 and not given["deployment_name"]:
            others = [name for name in said.names if name != said.name]
            looked += [
                cli_plan.choices_of(str(target), {**given, "deployment_name": name}, {"deployment_name": "flag"})
                for name in others
            ]
        return [_look(one, target) for one in looked]
    except Unreadable as error:
        if error.finding.rule == "no-deployments" and not given["deployment_name"]:
            return [(assemble.look_at_endpoint(error.finding, target), [target])]
        if error.finding.rule == "several-partners":
            return [
                found for one in files.partners(target) for found in _look_at(target, {**given, "with": (str(one),)})
            ]
        return [([error.finding], [target])]


def _look(choices: Choices, target: Path) -> tuple[list[Finding], list[Path]]:
    subject, unseen = subject_of(choices, target)
    read = list(choices.said.files) if choices.said is not None else []
    asked_in = [subject.requirements.place.file] if subject.requirements is not None else []
    script = [subject.script.path] if subject.script is not None else []
    return [*look(subject), *unseen], [*read, *asked_in, *script]


def _python(given: Mapping[str, Any]) -> Path:
    return interpreter.find_python(given["python"])


def subject_of(choices: Choices, target: Path) -> tuple[Subject, list[Finding]]:
    """Return what there is to look at, for the options that were chosen; and what could not be looked at."""
    options, said = choices.options, choices.said
    named = cli_plan.pairs(options["model"], "--model", "NAME:VERSION=PATH")
    models: tuple[Model, ...] = ()
    unseen: list[Finding] = []
    requirements = choices.requirements
    if said is not None:
        models, unseen = assemble.models_of(said, options["model_dir"], named, choices.project.models)
        unseen += assemble.unseen_environment(said, choices.requirements)
    elif _exists(target):
        models = cli_plan.deployment_of(choices).models
        requirements = asked.beside(Path(os.path.abspath(target)).parent)
        unseen = assemble.unseen_packages(target) if requirements is None else []
    found = assemble.subject_of(
        target,
        said,
        python=interpreter.find_python(options["python"]),
        models=models,
        requirements=requirements,
        variables={name: value for name, (value, _) in choices.variables.items()},
        code=Path(options["code"]) if options["code"] else None,
    )
    return found, unseen


def _exists(target: Path) -> bool:
    return os.path.isfile(target) and not is_azure_file(target)
