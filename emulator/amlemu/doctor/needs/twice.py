"""
Checks for packages that a file asks for more than once, and cannot get as asked. Says nothing where one version serves all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from amlemu.azure.requirements import Requirement
from amlemu.doctor.needs.specifiers import agree
from amlemu.doctor.needs.supply import on_pypi
from amlemu.doctor.subject import Subject
from amlemu.finding import CANNOT_BUILD, Finding

_PIN = re.compile(r"={2,3}[^,*]+")


def check_twice(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for contradicting entries of one manager, and for what pip replaces of conda's."""
    if subject.requirements is None:
        return
    by_name: dict[str, list[Requirement]] = {}
    for entry in subject.requirements.entries:
        name = on_pypi(entry)
        if name is not None and not entry.is_elsewhere:
            by_name.setdefault(name, []).append(entry)
    for name, entries in by_name.items():
        if len(entries) > 1:
            yield from _of_one_manager(name, [entry for entry in entries if entry.manager == "pip"])
            yield from _of_one_manager(name, [entry for entry in entries if entry.manager == "conda"])
            yield from _of_both(entries)


def _of_one_manager(name: str, entries: list[Requirement]) -> Iterator[Finding]:
    """Two pins of pip's are told of by the reader of its lines, who knows whether they are for different Pythons."""
    entries = [entry for entry in entries if ";" not in entry.text]
    are_pins = all(entry.manager == "pip" and _PIN.fullmatch(entry.specifier) for entry in entries)
    if len(entries) < 2 or are_pins or agree([entry.specifier for entry in entries]):
        return
    first, last = entries[0], entries[-1]
    yield Finding(
        "error",
        "contradicting-requirements",
        f"{first.manager} is asked for {first.text.strip()} and for {last.text.strip()}, and no version is both, so it gives up",
        last.place,
        CANNOT_BUILD,
        f"Keep one of the entries for {name}.",
    )


def _of_both(entries: list[Requirement]) -> Iterator[Finding]:
    """Pip comes after conda and replaces what does not satisfy it, without asking what conda has built upon that."""
    conda = next((entry for entry in entries if entry.manager == "conda"), None)
    pip = next((entry for entry in entries if entry.manager == "pip"), None)
    if conda is None or pip is None or not pip.specifier:
        return
    if conda.specifier and agree([conda.specifier, pip.specifier]):
        return
    yield Finding(
        "warning",
        "required-twice",
        f"conda installs {conda.text.strip()}, and pip then replaces it, since it is asked for {pip.text.strip()}",
        pip.place,
        None,
        "Ask one of them; what conda has built against its own version may not work with the other.",
    )
