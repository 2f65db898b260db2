"""
Checks for requirements that are known to fail, whatever the rest: `known_faults.toml`, each with its source.

`spelling.py` speaks of names that are no distribution, `pins.py` of versions that do not go together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from amlemu.azure.requirements import Requirement
from amlemu.doctor.needs import distributions
from amlemu.doctor.needs.specifiers import newest_is_in, pythons
from amlemu.doctor.needs.supply import Supply, supply_of
from amlemu.doctor.subject import Subject
from amlemu.finding import CANNOT_BUILD, CANNOT_START, Finding

_NAME_AND_VERSIONS = re.compile(r"([a-z0-9-]+)(.*)")


def check_known_faults(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each requirement that stands in the table."""
    supply = supply_of(subject)
    if supply is None or subject.requirements is None:
        return
    for fault in distributions.load_table("known_faults.toml")["fault"]:
        entry = supply.asked.get(fault["package"])
        if entry is None or entry.is_elsewhere or not _applies(fault, entry, supply, subject.requirements.python):
            continue
        yield Finding(
            fault["severity"],
            "known-fault",
            fault["cause"],
            entry.place,
            CANNOT_START if fault.get("is_built") else CANNOT_BUILD,
            fault["fix"],
        )


def _applies(fault: Mapping[str, Any], entry: Requirement, supply: Supply, python: str | None) -> bool:
    if entry.manager != fault.get("manager", "pip"):  # conda's channels have what pip's index lost
        return False
    if not _is_for_linux(entry.text):
        return False
    if not newest_is_in(entry.specifier, fault.get("versions", "")):
        return False
    failing = fault.get("python", "")
    if failing and not (python and all(version in pythons(failing) for version in pythons(python))):
        return False
    return not any(_is_held_back(each, supply) for each in fault.get("unless", ()))


def _is_for_linux(line: str) -> bool:
    """Whether pip takes a requirement there: `pywin32; sys_platform == "win32"` is left out."""
    _, semicolon, rest = line.partition(";")
    if not semicolon:
        return True
    from packaging.markers import InvalidMarker, Marker, UndefinedEnvironmentName

    try:
        linux = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
        return Marker(rest.partition(" #")[0].strip()).evaluate(linux)
    except (InvalidMarker, UndefinedEnvironmentName):
        return True


def _is_held_back(wanted: str, supply: Supply) -> bool:
    """Whether the file holds a package to these versions itself."""
    found = _NAME_AND_VERSIONS.fullmatch(wanted)
    entry = supply.asked.get(found[1]) if found else None
    return found is not None and entry is not None and bool(entry.specifier) and newest_is_in(entry.specifier, found[2])
