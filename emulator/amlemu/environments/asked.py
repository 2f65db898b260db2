"""
Which requirements a file stands for: a conda file, a requirements file, an environment of Azure's or a whole deployment.

The readers are in `azure`; `steps.py` says what becomes of what they have read.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from amlemu.azure import conda_file, files, marked, pip_file, said
from amlemu.azure.asked import BESIDE
from amlemu.azure.description import EnvironmentSaid
from amlemu.azure.marked import Value
from amlemu.azure.requirements import Requirements
from amlemu.azure.schema import Check
from amlemu.errors import UsageError

_DEPLOYMENTS = ("deployment", "2021", "inference", "endpoint", "webservice")
OfDeployment = Callable[[Path], Requirements | None]


def find(folder: Path) -> Path:
    """
    Return the conda file of a folder, else its requirements.txt.

    Raises:
        UsageError: it has none, or more than one conda file.
    """
    there = [folder / name for name in BESIDE if (folder / name).is_file()]
    conda = [path for path in there if not pip_file.is_one(path)]
    if len(conda) > 1:
        names = ", ".join(path.name for path in conda)
        raise UsageError(f"there is more than one: {names}", where=str(folder), hint="Name the one that is meant.")
    if not there:
        hint = f"Name a file; else amlemu looks for {', '.join(BESIDE)}."
        raise UsageError("there is no conda file and no requirements.txt", where=str(folder), hint=hint)
    return (conda or there)[0]


def read(file: Path, of_deployment: OfDeployment | None = None) -> Requirements:
    """
    Read what a file asks for, directly or by the file that it names.

    Args:
        of_deployment: says what a deployment's file asks for, None for nothing; by default its description does.

    Raises:
        UsageError: it cannot be read, or names no packages.
    """
    path = Path(os.path.abspath(file))
    if pip_file.is_one(path):
        return pip_file.read(path)
    value = marked.read(path)
    kind = files.recognise(value)
    if kind in _DEPLOYMENTS:
        return _known((of_deployment or _of_description)(path), path, "deployment")
    inner = value.get("python", "condaDependencies")  # what v1's Environment.save_to_directory writes
    if inner is not None:
        return conda_file.from_value(inner, path)
    if kind == "environment":
        return _of_environment(path, value)
    return conda_file.read(path)


def _of_environment(path: Path, value: Value) -> Requirements:
    check = Check(path)
    found = said.environment_table(check, value, path.parent)
    if found.requirements is None and found.builds:
        hint = "Name the conda or requirements file that the Dockerfile installs."
        raise UsageError("this environment is built from a Dockerfile", where=str(path), hint=hint)
    missing = [one for one in check.findings if one.rule == "conda-file-missing"]
    if found.requirements is None and missing:
        raise marked.Unreadable(missing[0])
    return _known(found.requirements, path, "environment")


def _of_description(path: Path) -> Requirements | None:
    environment: EnvironmentSaid | None = files.describe(path).environment
    return None if environment is None else environment.requirements


def _known(found: Requirements | None, path: Path, what: str) -> Requirements:
    if found is None:
        hint = "Name the conda or requirements file itself, if there is one."
        raise UsageError(f"this {what} names no conda file, so its packages are not known", where=str(path), hint=hint)
    return replace(found, place=replace(found.place, file=Path(os.path.abspath(found.place.file))))
