"""
Checks the versions that are asked for against those that the server's own packages ask for: can pip satisfy both?

The releases stand in `server_pins.toml`. A server without a version may be an older one, as pip would choose, so that is only
a finding if no release goes with the rest. Dependencies of dependencies are not followed.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from amlemu.azure.requirements import Requirement, Requirements
from amlemu.doctor.needs import distributions
from amlemu.doctor.needs.specifiers import admits, agree, pythons
from amlemu.doctor.needs.supply import DEFAULTS, SERVER, supply_of
from amlemu.doctor.subject import Subject
from amlemu.finding import CANNOT_BUILD, Finding

_RUNTIME = "azureml-dataset-runtime"
_CORE = "azureml-core"
_WISH = re.compile(r"([a-z0-9-]+)(.*)")


@dataclass(frozen=True)
class _Release:
    """One release of a package, with what it asks for: specifiers by name."""

    name: str
    version: str
    wishes: tuple[tuple[str, str], ...]
    python: str = ""


@dataclass(frozen=True)
class _Clash:
    """Somebody's entry that a release cannot live with; `entry` is None where it is Python's version."""

    release: _Release
    wish: str
    entry: Requirement | None


def check_pins(subject: Subject) -> Iterator[Finding]:
    """Yield a finding where pip finds no releases of the server's packages for the other requirements."""
    supply = supply_of(subject)
    if supply is None or subject.requirements is None:
        return
    chosen = [entry for name in (DEFAULTS, SERVER) if (entry := supply.asked.get(name)) and not entry.is_elsewhere]
    if not chosen:
        return
    of_pip = {name: entry for name, entry in supply.asked.items() if entry.manager == "pip" and entry.specifier}
    first: _Clash | None = None
    for releases in _sets(supply.asked):
        clashes = _clashes(releases, of_pip, subject.requirements.python)
        if not clashes:  # pip takes these, and then has its way with what conda has installed
            of_conda = {
                name: entry for name, entry in supply.asked.items() if entry.manager == "conda" and entry.specifier
            }
            yield from (_replaced(clash) for clash in _clashes(releases, of_conda, None))
            return
        first = first or clashes[0]
    if first is not None:
        yield _cannot(first, chosen[0], subject.requirements)


def _sets(asked: Mapping[str, Requirement]) -> Iterator[tuple[_Release, ...]]:
    """Yield the releases that may be installed together, newest first; none where the table does not know the version asked for."""
    mine = asked[SERVER].specifier if SERVER in asked else ""
    if DEFAULTS not in asked:
        yield from ((one,) for one in _servers() if admits(mine, one.version))
        return
    for defaults in (one for one in _defaults() if admits(asked[DEFAULTS].specifier, one.version)):
        wanted = dict(defaults.wishes).get(SERVER)
        with_it = _with_runtime(defaults)
        if wanted is None:
            yield with_it
            continue
        servers = [one for one in _servers() if admits(wanted, one.version)]
        both = [one for one in servers if admits(mine, one.version)]
        yield from ((*with_it, one) for one in both or servers)  # with none for both, the wish itself clashes


def _with_runtime(defaults: _Release) -> tuple[_Release, ...]:
    same = defaults.version.split(".")[:2]
    return (defaults, *(one for one in _runtimes() if one.version.split(".")[:2] == same))


def _clashes(releases: tuple[_Release, ...], asked: Mapping[str, Requirement], python: str | None) -> list[_Clash]:
    found = []
    for release in releases:
        if release.python and python and not set(pythons(python)) & set(pythons(release.python)):
            found.append(_Clash(release, f"python{release.python}", None))
        for name, specifier in release.wishes:
            entry = asked.get(name)
            if entry is not None and _is_fixed(entry) and not _agree(entry.specifier, specifier):
                found.append(_Clash(release, f"{name}{specifier}", entry))
    return found


def _is_fixed(entry: Requirement) -> bool:
    """Whether it holds for every Python, and the index has it."""
    return not entry.is_elsewhere and ";" not in entry.text


@functools.cache
def _agree(one: str, other: str) -> bool:
    return agree([one, other])


def _cannot(clash: _Clash, chosen: Requirement, requirements: Requirements) -> Finding:
    mine = clash.entry.text.strip() if clash.entry else f"python{requirements.python}"
    release = f"{clash.release.name} {clash.release.version}"
    brought = f", which {chosen.key} brings," if chosen.key != clash.release.name else ""
    return Finding(
        "error",
        "server-pins",
        f"{requirements.place.file.name} asks for {mine}, and {release}{brought} for {clash.wish}: no version is both, so pip gives up",
        clash.entry.place if clash.entry else chosen.place,
        CANNOT_BUILD,
        f"Change {mine} to what it asks for, or choose another version in {chosen.text.strip()!r}.",
    )


def _replaced(clash: _Clash) -> Finding:
    entry = clash.entry
    said = entry.text.strip() if entry else ""
    return Finding(
        "warning",
        "server-pins",
        f"conda installs {said}, and pip then replaces it, since {clash.release.name} {clash.release.version} asks for {clash.wish}",
        entry.place if entry else None,
        None,
        f"Ask for a version that both can have, or for another {clash.release.name}.",
    )


@functools.cache
def _servers() -> tuple[_Release, ...]:
    return _newest_first(SERVER, "server")


@functools.cache
def _defaults() -> tuple[_Release, ...]:
    """Each asks for the core and the runtime of its own version as well, but for the last, which takes any core."""
    found = []
    for one in _newest_first(DEFAULTS, "defaults"):
        major, minor = one.version.split(".")[:2]
        own = f"~={major}.{minor}.0" if int(minor) >= 5 else f"=={major}.{minor}.*"
        more = ((_RUNTIME, own),) if int(minor) >= 62 else ((_RUNTIME, own), (_CORE, own))
        found.append(_Release(one.name, one.version, (*one.wishes, *more)))
    return tuple(found)


@functools.cache
def _runtimes() -> tuple[_Release, ...]:
    return _newest_first(_RUNTIME, "runtime")


def _newest_first(name: str, table: str) -> tuple[_Release, ...]:
    from packaging.version import Version

    found = []
    for group in distributions.load_table("server_pins.toml")[table]:
        parted = (_WISH.fullmatch(wish) for wish in group["requires"])
        wishes = tuple((wish[1], wish[2]) for wish in parted if wish)
        found += [_Release(name, version, wishes, group.get("python", "")) for version in group["versions"].split()]
    return tuple(sorted(found, key=lambda release: Version(release.version), reverse=True))
