"""
What a conda file or a requirements file asks for: Python's version and packages, each with its line. Values only.

`conda_file.py` and `pip_file.py` read them; the doctor holds them against imports, `environments` installs them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from amlemu.finding import Finding, Place


@dataclass(frozen=True)
class Requirement:
    """
    One package that is asked for.

    Attributes:
        key: its name as PEP 503 normalises it: `scikit-learn`, `azureml-defaults`. Of a conda package, conda's own name.
        specifier: the versions as PEP 440 writes them, `==1.3.*`, `>=1,<2`; empty for any. Conda's `=1.3` has become `==1.3.*`.
        text: the whole entry as written, which is what pip or conda gets.
        manager: who installs it.
        place: file and line.
        extras: of a pip requirement.
        is_elsewhere: a URL, a path or a version control system has it, so that its name may be unknown (then `key` is empty).
    """

    key: str
    specifier: str
    text: str
    manager: Literal["pip", "conda"]
    place: Place
    extras: tuple[str, ...] = ()
    is_elsewhere: bool = False


@dataclass(frozen=True)
class Requirements:
    """
    All that one file asks for.

    Attributes:
        place: the file; the line where the specification begins, if it stands inside another file.
        name: of the conda environment, if it says so.
        channels: of conda.
        python: the specifier of its Python, `==3.8.*`; None where it names none.
        entries: packages in their order, without Python and pip themselves.
        pip_options: lines such as `--extra-index-url ...`, as written.
        findings: what is wrong with the file itself.
        text: the file's own text, or that of the inline mapping.
    """

    place: Place
    entries: tuple[Requirement, ...] = ()
    name: str = ""
    channels: tuple[str, ...] = ()
    python: str | None = None
    pip_options: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    text: str = ""

    def find(self, key: str) -> Requirement | None:
        """Return the entry of this normalised name; the pip one where both ask for it."""
        found = [entry for entry in self.entries if entry.key == key]
        return next((entry for entry in found if entry.manager == "pip"), found[0] if found else None)
