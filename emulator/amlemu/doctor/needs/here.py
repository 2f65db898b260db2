"""
Says how the interpreter on this machine differs from the environment that is asked for. Information, never about the deployment.
"""

from __future__ import annotations

from collections.abc import Iterator

from amlemu.doctor.needs.specifiers import admits
from amlemu.doctor.needs.supply import DEFAULTS, SERVER, Supply, supply_of
from amlemu.doctor.subject import Subject
from amlemu.finding import Finding

_MOST_NAMED = 6
_NOT_NEEDED_HERE = (SERVER, DEFAULTS)  # amlemu stands in for them


def check_this_machine(subject: Subject) -> Iterator[Finding]:
    """Yield at most one finding each: another Python, packages in other versions, packages that are not installed."""
    supply = supply_of(subject)
    if supply is None or subject.requirements is None or not supply.here.distributions:
        return
    yield from _python(subject, supply)
    others = [told for name in supply.asked if (told := _other_version(name, supply))]
    if others:
        yield Finding(
            "information",
            "other-versions-here",
            f"{subject.python} has other versions than {subject.requirements.place.file.name} asks for: {_some(others)}",
            subject.requirements.place,
            None,
            f"amlemu env create {subject.requirements.place.file.name} makes an environment with the versions asked for.",
        )
    absent = [name for name in supply.asked if name not in supply.here.distributions and name not in _NOT_NEEDED_HERE]
    if absent:
        yield Finding(
            "information",
            "not-installed-here",
            f"{subject.python} does not have {_some(absent)}, for which {subject.requirements.place.file.name} asks",
            subject.requirements.place,
            None,
            f"amlemu env create {subject.requirements.place.file.name} makes an environment that has them, or name one with --python.",
        )


def _python(subject: Subject, supply: Supply) -> Iterator[Finding]:
    wanted = subject.requirements.python if subject.requirements else None
    version = supply.here.version
    if subject.requirements is None or not wanted or not version:
        return
    if not any(admits(wanted, f"{version}.{patch}") for patch in range(40)):
        yield Finding(
            "information",
            "other-python-here",
            f"{subject.python} is Python {version}, and {subject.requirements.place.file.name} asks for python{wanted}",
            subject.requirements.place,
            None,
            f"amlemu env create {subject.requirements.place.file.name} makes an environment of that Python, if it is on this machine.",
        )


def _other_version(name: str, supply: Supply) -> str:
    entry, installed = supply.asked[name], supply.here.distributions.get(name)
    if installed is None or entry.is_elsewhere or admits(entry.specifier, installed.version):
        return ""
    return f"{name} {installed.version} for {entry.specifier}"


def _some(words: list[str]) -> str:
    more = len(words) - _MOST_NAMED
    return ", ".join(words[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
