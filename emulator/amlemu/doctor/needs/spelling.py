"""
Checks the names that pip is asked for: the name of a module where a distribution's is wanted, and slips of the keyboard.

What conda does not have is told by the reader of conda files. `known_faults.toml` has the names.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from amlemu.azure.requirements import Requirement
from amlemu.doctor.needs import distributions
from amlemu.doctor.needs.imports import Import, all_imports
from amlemu.doctor.needs.standard_library import is_standard
from amlemu.doctor.needs.supply import Supply, supply_of
from amlemu.doctor.subject import Subject
from amlemu.finding import CANNOT_BUILD, CANNOT_IMPORT, Finding

_SHORTEST = 5  # of shorter names, too many are one letter apart
_ALIKE = 0.85  # of 1, where the script imports what the name is like


def check_names(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each name that pip does not know, or knows as something else."""
    supply = supply_of(subject)
    if supply is None:
        return
    imports = [each for _, each in all_imports(subject) if each.module and not each.level]
    standing = slips(supply, imports)
    for name, entry in supply.asked.items():
        if entry.manager != "pip" or entry.is_elsewhere:
            continue
        yield from _absent(name, entry)
        yield from _another(name, entry, supply, imports)
        if name in standing:
            yield _slip(entry, standing[name], _importer(standing[name], imports))
    yield from _standard(supply)


def slips(supply: Supply, imports: list[Import]) -> Mapping[str, str]:
    """Return by requirement what it is a slip of, as far as that can be said: `scikit-lern` of `scikit-learn`."""
    wanted = {
        distributions.holders(each.module)[0] for each in imports if supply.holder(each.module, each.names) is None
    }
    found = {}
    for name, entry in supply.asked.items():
        if entry.manager == "pip" and not entry.is_elsewhere and _is_strange(name, supply):
            near = difflib.get_close_matches(name, wanted & distributions.well_known(), n=1, cutoff=_ALIKE)
            right = near[0] if near else _one_letter_off(name)
            if right is not None and right not in supply.asked:
                found[name] = right
    return found


def stand_ins(supply: Supply, imports: list[Import]) -> Mapping[str, str]:
    """Return by requirement what is meant by it, of those that `check_names` speaks of and that install nothing of the kind."""
    another = distributions.load_table("known_faults.toml")["another"]
    taken = {name: str(another[name]) for name in supply.asked if name in another and _importer(another[name], imports)}
    return {**taken, **slips(supply, imports)}


def _is_strange(name: str, supply: Supply) -> bool:
    table = distributions.load_table("known_faults.toml")
    listed = any(name in table[part] for part in ("absent", "another"))
    faulty = any(fault["package"] == name for fault in table["fault"])
    return not (
        listed or faulty or is_standard(name) or distributions.is_real(name) or name in supply.here.distributions
    )


def _one_letter_off(name: str) -> str | None:
    if len(name) < _SHORTEST:
        return None
    likely = [known for known in sorted(distributions.well_known()) if abs(len(known) - len(name)) <= 1]
    return next((known for known in likely if len(known) >= _SHORTEST and _is_one_off(name, known)), None)


def _is_one_off(one: str, other: str) -> bool:
    """One letter added, lost, changed, or two swapped."""
    length = min(len(one), len(other))
    start = next((place for place in range(length) if one[place] != other[place]), length)
    left, right = one[start:], other[start:]
    swapped = left[:2] == right[:2][::-1] and left[2:] == right[2:]
    return left[1:] == right[1:] or left[1:] == right or left == right[1:] or swapped


def _importer(right: str, imports: list[Import]) -> Import | None:
    return next((each for each in imports if right in distributions.holders(each.module)), None)


def _absent(name: str, entry: Requirement) -> Iterator[Finding]:
    right = distributions.load_table("known_faults.toml")["absent"].get(name)
    if right is not None:
        yield Finding(
            "error",
            "misnamed-package",
            f"pip is asked for {name}, and no distribution has this name, so the image cannot be built",
            entry.place,
            CANNOT_BUILD,
            f"The distribution is called {right}.",
        )


def _another(name: str, entry: Requirement, supply: Supply, imports: list[Import]) -> Iterator[Finding]:
    """It installs, and is something else: a finding if the script imports what it is taken for."""
    right = distributions.load_table("known_faults.toml")["another"].get(name)
    importer = _importer(right, imports) if right is not None else None
    if right is None or importer is None or right in supply.every:
        return
    yield Finding(
        "error",
        "misnamed-package",
        f"pip's distribution {name} is not what holds {importer.module}, which {importer.place.file.name} imports",
        entry.place,
        CANNOT_IMPORT,
        f"Ask for {right} instead.",
    )


def _slip(entry: Requirement, right: str, importer: Import | None) -> Finding:
    told = f", which {importer.place.file.name} needs for {importer.top}" if importer else ""
    return Finding(
        "error" if importer else "warning",
        "misspelt-package",
        f"pip is asked for {entry.key}, which looks like a slip for {right}{told}",
        entry.place,
        CANNOT_BUILD,
        f"Write {right}, if that is what is meant.",
    )


def _standard(supply: Supply) -> Iterator[Finding]:
    """A module of Python itself; the few names that distributions have as well are left alone, some are backports."""
    existing = distributions.load_table("known_faults.toml")["also_distributions"].split()
    for name, entry in supply.asked.items():
        if entry.manager == "pip" and not entry.is_elsewhere and is_standard(name) and name not in existing:
            yield Finding(
                "error",
                "standard-module-required",
                f"pip is asked for {name}, which comes with Python and is no distribution, so the image cannot be built",
                entry.place,
                CANNOT_BUILD,
                "Take it out.",
            )
