"""
What the environment of a deployment or a script is made of, as far as a file on this machine says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from amlemu.azure import conda_file, pip_file
from amlemu.azure.description import Description
from amlemu.azure.requirements import Requirements
from amlemu.azure.said import reference

BESIDE = ("conda.yml", "conda.yaml", "environment.yml", "environment.yaml", "env.yml", "env.yaml", "requirements.txt")
"""Names of files that are taken for the environment of a script beside them, and of a folder."""


def asked_for(said: Description, known: Mapping[str, Path]) -> Requirements | None:
    """
    Return what a deployment's environment is made of; None where that is an image or a registered environment alone.

    Args:
        known: conda or requirements files that stand for registered environments, by `NAME` or `NAME:VERSION`.

    Raises:
        Unreadable: the file that stands for it cannot be read.
    """
    if said.environment is None:
        return None
    path = _stand_in(said.environment.reference, known)
    return read(path) if path is not None else said.environment.requirements


def beside(folder: Path) -> Requirements | None:
    """Return what the file of a script's folder asks for. Raises Unreadable."""
    found = (folder / name for name in BESIDE)
    path = next((path for path in found if path.is_file()), None)
    return None if path is None else read(path)


def read(path: Path) -> Requirements:
    """Read a conda or a requirements file, by its ending. Raises Unreadable."""
    return pip_file.read(path) if pip_file.is_one(path) else conda_file.read(path)


def _stand_in(named: str, known: Mapping[str, Path]) -> Path | None:
    if not named:
        return None
    name, version = reference(named) or (named, "")
    return known.get(f"{name}:{version}") or known.get(name) or known.get(named.removeprefix("azureml:"))
