"""
Drift: packages that are installed in other versions on the two sides, or that the deployment asks for and only one has.

Names and versions in, a verdict out. `probe.py` tells what is installed; what the deployment asks for is `amlemu.azure`'s reading
of its conda or requirements file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from amlemu.azure.requirements import Requirement, Requirements
from amlemu.finding import shown

from amlemu_harness.parity.judging.surroundings import NONE, difference
from amlemu_harness.parity.verdict import Difference, Verdict

CASE = "packages"

_RUNS = re.compile(r"[-_.]+")
_TOOLS = frozenset({"pip", "setuptools", "wheel"})  # they install, and nothing asks them at run time
_MOST_NAMES = 5

_OF_THE_SERVER = (
    "annotated-types azure-core azure-identity azure-monitor-opentelemetry-exporter azureml-inference-server-http blinker certifi"
    " cffi charset-normalizer click cryptography deprecated fixedint flask flask-cors gunicorn idna importlib-metadata"
    " inference-schema isodate itsdangerous jinja2 markupsafe msal msal-extensions msrest oauthlib opentelemetry-api"
    " opentelemetry-sdk opentelemetry-semantic-conventions psutil pycparser pydantic pydantic-core pydantic-settings pyjwt"
    " python-dateutil python-dotenv pytz requests requests-oauthlib typing-extensions typing-inspection tzdata urllib3 werkzeug"
    " wrapt zipp azureml-defaults"
)
OF_THE_SERVER = frozenset(_OF_THE_SERVER.split())
"""
The server and what it needs. Where only the reference has them, nothing is amiss: ours needs none of them.
Where both have one in other versions, and the deployment does not ask for it, that is a remark.
Source: metadata of azureml-inference-server-http 1.5.1 and of all that it requires (read 2026-11).
"""


def judge_packages(
    theirs: Mapping[str, str] | None, ours: Mapping[str, str] | None, asked: Requirements | None = None
) -> tuple[Verdict, tuple[str, ...]]:
    """
    Compare what is installed.

    Args:
        theirs, ours: versions by the packages' names, in any spelling; None where nobody could tell.
        asked: what the deployment's own file asks for.

    Returns:
        The verdict, smallest difference first, and remarks: what only one side has, and what is asked for otherwise.
    """
    if theirs is None or ours is None:
        who = "the reference" if theirs is None else "our side"
        return Verdict(CASE, "unasked", why=f"{who} did not say what is installed"), ()
    there, here = _by_key(theirs), _by_key(ours)
    entries = {entry.key: entry for entry in (asked.entries if asked else ()) if entry.key}
    found = sorted(_differences(there, here, entries), key=lambda one: one.size)
    remarks = [*_of_entries(there, here, entries), *_of_the_rest(there, here, entries)]
    kind: Literal["different", "same"] = "different" if found else "same"
    source = shown(asked.place) if asked else ""
    return Verdict(CASE, kind, tuple(found), source=source), tuple(remarks)


def key_of(name: str) -> str:
    """Return a package's name as PEP 503 has it."""
    return _RUNS.sub("-", name).lower()


def _by_key(versions: Mapping[str, str]) -> dict[str, str]:
    return {key_of(name): version for name, version in versions.items()}


def _differences(
    there: Mapping[str, str], here: Mapping[str, str], entries: Mapping[str, Requirement]
) -> Iterator[Difference]:
    for key in sorted({*there, *here}):
        one, other = there.get(key, NONE), here.get(key, NONE)
        if NONE in (one, other):
            counts = key in entries and not (key not in here and key in OF_THE_SERVER)
        else:
            # without a file that says what is asked for, nobody knows which of them the script needs
            may_be_needed = bool(entries) and key not in (*_TOOLS, *OF_THE_SERVER)
            counts = not _is_same(one, other) and (key in entries or may_be_needed)
        if counts:
            yield difference(f"packages.{key}", one, other)


def _of_entries(there: Mapping[str, str], here: Mapping[str, str], entries: Mapping[str, Requirement]) -> Iterator[str]:
    """Say of each package that is asked for where it is not what is asked for. A conda package need be no Python package."""
    for key, entry in entries.items():
        versions = [side.get(key) for side in (there, here)]
        if versions == [None, None]:
            if entry.manager == "pip":
                yield f"packages: {_asked(entry)}, and neither side has it"
            continue
        is_lacking = key not in here and key in OF_THE_SERVER
        amiss = [(version is None and not is_lacking) or not _is_admitted(entry, version) for version in versions]
        if any(amiss):
            one, other = (version or "missing" for version in versions)
            yield f"packages: {_asked(entry)}; it is {one} there, {other} here"


def _of_the_rest(
    there: Mapping[str, str], here: Mapping[str, str], entries: Mapping[str, Requirement]
) -> Iterator[str]:
    """Count what only one side has, and nobody has asked for."""
    only_there = sorted(there.keys() - here.keys() - entries.keys() - OF_THE_SERVER)
    only_here = sorted(here.keys() - there.keys() - entries.keys())
    others = [
        key
        for key in sorted(({*there} & {*here}) - _TOOLS - entries.keys())
        if (key in OF_THE_SERVER or not entries) and not _is_same(there[key], here[key])
    ]
    if others:
        versions = ", ".join(f"{key} {there[key]} there, {here[key]} here" for key in others[:_MOST_NAMES])
        yield f"packages: {len(others)} that nobody asks for, in other versions: {versions}"
    of_server = sorted((there.keys() - here.keys()) & OF_THE_SERVER)
    if of_server:
        yield f"packages: {len(of_server)} of the server and its needs are only there; ours needs none of them"
    if only_there:
        yield f"packages: {len(only_there)} that nobody asks for {_are(only_there)} only there: {_names(only_there)}"
    if only_here:
        yield f"packages: {len(only_here)} that nobody asks for {_are(only_here)} only here: {_names(only_here)}"


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _asked(entry: Requirement) -> str:
    return f"{entry.text} is asked for ({shown(entry.place)})"


def _names(names: list[str]) -> str:
    return ", ".join(names[:_MOST_NAMES]) + (", ..." if len(names) > _MOST_NAMES else "")


def _is_same(one: str, other: str) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        return one == other or Version(one) == Version(other)
    except InvalidVersion:
        return False


def _is_admitted(entry: Requirement, version: str | None) -> bool:
    """Whether a version is one of those that are asked for; what is no version, or no specifier, excludes nothing."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    if version is None:
        return True
    try:
        return SpecifierSet(entry.specifier).contains(version, prereleases=True)
    except InvalidSpecifier:
        return True
