"""
Which Python an environment is made with: the one that was named, one of the version that the file asks for, or our own.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from amlemu.errors import UsageError
from amlemu.interpreter import find_python, version_of

_OLDEST, _NEWEST = 9, 15  # of Python 3: on an older one amlemu runs no script


@dataclass(frozen=True)
class Chosen:
    """
    The Python that was chosen.

    Attributes:
        path: of the interpreter.
        version: `3.11.7`.
        why: which one it is, in words.
        is_other: the file asks for another minor version.
    """

    path: Path
    version: str
    why: str
    is_other: bool = False


def choose(wanted: str | None, named: str | None = None) -> Chosen:
    """
    Choose.

    Args:
        wanted: the specifier that the file has, `==3.8.*`; None or empty for any.
        named: what --python says: a path, an environment's folder or a command.

    Raises:
        UsageError: `named` is no interpreter.
    """
    if named is not None:
        path = find_python(_command(named))
        return _judged(path, version_of(path) or "", wanted, "named by --python")
    own = Path(sys.executable)
    mine = ".".join(str(number) for number in sys.version_info[:3])
    if _holds(wanted, mine):
        return Chosen(own, mine, _own_reason(wanted))
    found = [pair for pair in (_on_path(minor) for minor in _minors(wanted)) if pair is not None]
    exact = [(path, version) for path, version in found if _holds(wanted, version)]
    if _has_minor(wanted, mine) and not exact:
        return _judged(own, mine, wanted, "this one")
    path, version = (exact or found or [(own, mine)])[0]
    return _judged(path, version, wanted, "this one" if path == own else str(path))


def in_words(wanted: str) -> str:
    """Return `3.8` for `==3.8.*`; other specifiers as they are."""
    is_one = wanted.startswith("==") and "," not in wanted
    return wanted[2:].removesuffix(".*") if is_one else wanted


def _command(named: str) -> str:
    """A bare word is a command, unless a file here has that name."""
    found = None if Path(named).exists() or "/" in named else shutil.which(named)
    return found or named


def _own_reason(wanted: str | None) -> str:
    return "this one" if wanted else "this one; the file names none"


def _judged(path: Path, version: str, wanted: str | None, which: str) -> Chosen:
    if not wanted:
        return Chosen(path, version, which if which != "this one" else _own_reason(wanted))
    if _holds(wanted, version):
        return Chosen(path, version, which)
    asks = f"the file asks for {in_words(wanted)}"
    if _has_minor(wanted, version):
        return Chosen(path, version, f"{which}; {asks}")
    minors = _minors(wanted)
    too_old = f", and amlemu runs scripts on 3.{_OLDEST} or later"
    lacking = ", which is not on this machine" if minors else too_old
    return Chosen(path, version, f"{which}; {asks}{'' if which.startswith('named') else lacking}", is_other=True)


def _on_path(minor: int) -> tuple[Path, str] | None:
    found = shutil.which(f"python3.{minor}")
    version = version_of(Path(found)) if found else None
    return (Path(found), version) if found and version and version.startswith(f"3.{minor}.") else None


def _minors(wanted: str | None) -> list[int]:
    """Return the minor versions that the specifier lets in, newest first."""
    return [minor for minor in range(_NEWEST, _OLDEST - 1, -1) if _has_minor(wanted, f"3.{minor}.0")]


def _has_minor(wanted: str | None, version: str) -> bool:
    minor = version.rpartition(".")[0]
    return any(_holds(wanted, f"{minor}.{patch}") for patch in (*range(30), 99))


def _holds(wanted: str | None, version: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(wanted or "").contains(version, prereleases=True)
    except InvalidSpecifier as error:  # none of ours is
        raise UsageError(f"{wanted!r} are no versions of Python") from error
