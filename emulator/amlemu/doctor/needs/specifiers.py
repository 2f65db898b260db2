"""
What two version specifiers have in common, and which Pythons one admits. Text in, truth out; PEP 440 by `packaging`.

Nobody is asked which versions exist: two specifiers agree if some version, real or not, is in both.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

PYTHONS = tuple((3, minor) for minor in range(6, 16))
_NEWEST = "99999"
_PATCHES = range(40)
_CLAUSE = re.compile(r"(===?|<=|<|>=|>|~=|!=)\s*([^,\s*]+?)(?:\.\*)?(?=,|\s|$)")
_ABOVE = {"<": ">=", "<=": ">", "==": ">"}  # what is beyond a bound
_NUMBER = re.compile(r"\d+(?:\.\d+)*")


@functools.cache
def _parsed(specifier: str) -> SpecifierSet | None:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(specifier)
    except InvalidSpecifier:  # conda's `1.2.*|1.3.*`, or a slip that the file's reader has told of
        return None


def admits(specifier: str, version: str) -> bool:
    """Whether a version is one of these; a specifier that is none, and a version that is none, exclude nothing."""
    from packaging.version import InvalidVersion, Version

    parsed = _parsed(specifier)
    try:
        return parsed is None or parsed.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return True


def is_open(specifier: str) -> bool:
    """Whether the newest version of all will do, so that this is what pip and conda take."""
    return admits(specifier, _NEWEST)


def agree(specifiers: Iterable[str]) -> bool:
    """Whether some version satisfies them all. One that cannot be read excludes nothing."""
    every = [specifier for specifier in specifiers if specifier]
    parsed = [found for found in map(_parsed, every) if found is not None]
    if len(parsed) < 2:
        return True
    return any(all(one.contains(point, prereleases=True) for one in parsed) for point in _points(every))


def newest_is_in(specifier: str, others: str) -> bool:
    """Whether what pip and conda take, the newest that `specifier` admits, is one of `others`."""
    above = [f"{_ABOVE[sign]}{version}" for sign, version in _CLAUSE.findall(others) if sign in _ABOVE]
    return agree([specifier, others]) and not any(agree([specifier or ">=0", beyond]) for beyond in above)


def _points(specifiers: list[str]) -> Iterator[str]:
    """Versions at, just above and just below each number that is named: between two of them nothing changes."""
    yield from ("0", _NEWEST)
    for number in dict.fromkeys(itertools.chain.from_iterable(map(_NUMBER.findall, specifiers))):
        parts = [int(part) for part in number.split(".")]
        yield number
        yield f"{number}.0"
        yield f"{number}.{_NEWEST}"
        for place, part in enumerate(parts):
            head = [str(each) for each in parts[:place]]
            yield ".".join([*head, str(part + 1)])
            if part:
                yield ".".join([*head, str(part - 1), _NEWEST])
    for one in specifiers:  # `==1.0.1b6.post1`, `==3.7.4.post0`: no number alone
        yield from (version.strip() for version in re.findall(r"===?\s*([^,\s*]+)", one))


def pythons(specifier: str | None) -> tuple[tuple[int, int], ...]:
    """Return the versions of Python, up to 3.15, that are admitted; all of them where nothing is said."""
    if not specifier:
        return PYTHONS
    return tuple(
        (major, minor)
        for major, minor in PYTHONS
        if any(admits(specifier, f"{major}.{minor}.{patch}") for patch in _PATCHES)
    )
