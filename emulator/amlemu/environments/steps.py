"""
What is to be done for what a file asks for: what pip gets exactly as written, what stands for conda's packages, what is left.

Values only; `make.py` does it.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from amlemu.azure import conda_spec, pip_file, pip_line
from amlemu.azure.conda_names import is_no_python, pypi_name
from amlemu.azure.requirements import Requirement, Requirements


@dataclass(frozen=True)
class Mapped:
    """A conda package, what pip gets for it, and what pip cannot be told."""

    entry: Requirement
    requirement: str
    lost: str = ""


@dataclass(frozen=True)
class Left:
    """A conda package that is not installed here, and why."""

    entry: Requirement
    reason: str


@dataclass(frozen=True)
class Steps:
    """
    All steps, in their order: Python, conda's packages, then pip's, as conda has it.

    Attributes:
        python: specifier; None where the file names none.
        pip_lines: of a requirements file that is to be given to pip.
        pip_count: how many requirements that makes.
        upgrades: conda gives pip -U, so that a bare name in pip's list outdoes what conda has installed.
        folder: where pip runs; relative paths begin here.
    """

    python: str | None
    mapped: tuple[Mapped, ...]
    left: tuple[Left, ...]
    pip_lines: tuple[str, ...]
    pip_count: int
    upgrades: bool
    folder: Path


def steps(asked: Requirements) -> Steps:
    """Say what is to be done."""
    conda = [entry for entry in asked.entries if entry.manager == "conda"]
    mapped = [_mapped(entry) for entry in conda]
    is_pip_file = pip_file.is_one(asked.place.file)
    pip = [entry for entry in asked.entries if entry.manager == "pip"]
    lines = [f"-r {shlex.quote(str(asked.place.file))}"] if is_pip_file else _own_lines(asked, pip)
    return Steps(
        python=asked.python,
        mapped=tuple(one for one in mapped if isinstance(one, Mapped)),
        left=tuple(one for one in mapped if isinstance(one, Left)),
        pip_lines=tuple(lines) if pip else (),
        pip_count=len(pip),
        upgrades=not is_pip_file,
        folder=asked.place.file.parent,
    )


def _mapped(entry: Requirement) -> Mapped | Left:
    if entry.is_elsewhere:
        return Left(entry, "a package file of conda's")
    name = pypi_name(entry.key)
    if name is None:
        known = "PyPI has no such thing" if is_no_python(entry.key) else "no PyPI package is known for it"
        return Left(entry, known)
    version = conda_spec.parse(entry.text).version
    lost = "" if entry.specifier or version in ("", "*") else f"pip cannot be told {version}"
    return Mapped(entry, f"{name}{entry.specifier}", lost)


def _own_lines(asked: Requirements, pip: list[Requirement]) -> list[str]:
    """Options first, which hold for all; entries of another file come by its `-r`."""
    options = [_rooted(option, asked) for option in asked.pip_options]
    return [*options, *(entry.text for entry in pip if entry.place.file == asked.place.file)]


def _rooted(option: str, asked: Requirements) -> str:
    """Make the path of `-r` and `-c` absolute: pip takes it from where the list lies, and ours lies elsewhere."""
    line = pip_line.parse(option, asked.place, (asked.place.file.parent,))
    if line is None or line.follows is None:
        return option
    flag, named = line.follows
    return option if ":" in named or "$" in named else f"{flag} {shlex.quote(str(asked.place.file.parent / named))}"
