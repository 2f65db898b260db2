"""
What an image begins with: Microsoft's inference image, the one that the deployment or the user names, a Dockerfile of
theirs; or the reference image, where Microsoft's registry is out of reach. Values only; `images.py` fetches.
"""

from __future__ import annotations

import functools
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from amlemu.azure.description import EnvironmentSaid
from amlemu.azure.requirements import Requirements
from amlemu.errors import UsageError
from amlemu.finding import shown
from packaging.specifiers import InvalidSpecifier, SpecifierSet

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DATA = Path(__file__).with_name("docker")
"""Dockerfiles, and what goes into images besides."""

_MICROSOFT = "mcr.microsoft.com/"
_NEWEST = "3.12"
_FROM = re.compile(r"(?im)^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?")
_USER = re.compile(r"(?im)^\s*USER\s+(\S+)")


@dataclass(frozen=True)
class Base:
    """
    What an image begins with.

    Attributes:
        image: its name; empty where `lines` say it.
        why: who says so.
        is_reference: it is ours, in the place of `instead_of` if that is not empty.
        lines: a Dockerfile of the user, in place of FROM.
        folder: what these lines are built with; None for nothing.
    """

    image: str
    why: str
    is_reference: bool = False
    instead_of: str = ""
    lines: str = ""
    folder: Path | None = None

    @property
    def begins_with(self) -> str:
        """The image that has to be there: of a Dockerfile the last stage's, empty where that is one of its own."""
        found = _FROM.findall(self.lines)
        stages = {name.lower() for _, name in found if name}
        if not self.lines:
            return self.image
        return found[-1][0] if found and found[-1][0].lower() not in stages and "$" not in found[-1][0] else ""

    @property
    def has_stand_in(self) -> bool:
        """Whether the reference image may take its place: it does what Microsoft's images do, and no others."""
        return self.begins_with.startswith(_MICROSOFT)

    @property
    def user(self) -> str:
        """Whom a Dockerfile leaves its commands to; empty where it does not say."""
        found: list[str] = _USER.findall(self.lines)
        return found[-1] if found else ""

    @property
    def in_words(self) -> str:
        """Which it is, for every message."""
        if self.is_reference:
            return f"the reference image (Debian, Python {reference('python')}, {reference('server')})"
        return self.image or "the Dockerfile's own image"


def choose(
    environment: EnvironmentSaid | None,
    requirements: Requirements | None,
    *,
    image: str = "",
    dockerfile: Path | None = None,
    base_dockerfile: str = "",
    is_reference: bool = False,
) -> Base:
    """
    Say what an image begins with: what the user names, else what the deployment names, else Microsoft's for its Python.

    Args:
        environment: of the deployment.
        dockerfile: a file; its folder is what it is built with.
        base_dockerfile: Dockerfile lines, or a file that holds them.
        is_reference: the reference image is wanted.

    Raises:
        UsageError: two of these are given, or a file is not there.
    """
    given = {"--base-image": image, "--dockerfile": dockerfile, "--base-dockerfile": base_dockerfile, "--reference": is_reference}  # fmt: skip
    named = [flag for flag, value in given.items() if value]
    if len(named) > 1:
        raise UsageError(f"{' and '.join(named)} exclude each other", hint="Name one thing to begin with.")
    if is_reference:
        return the_reference("--reference")
    if dockerfile is not None:
        return Base("", f"--dockerfile {dockerfile}", lines=_read(dockerfile), folder=dockerfile.absolute().parent)
    if base_dockerfile:
        return Base("", "--base-dockerfile", lines=_lines(base_dockerfile))
    if image:
        return Base(image, "--base-image")
    return _of_deployment(environment) or _microsofts(requirements)


def the_reference(why: str) -> Base:
    """Return the reference image."""
    return Base(reference("base"), why, is_reference=True)


def stand_in(base: Base, why: str) -> Base:
    """Return the reference image in place of Microsoft's; other lines of a Dockerfile stay."""
    there, ours = base.begins_with, reference("base")
    lines = re.sub(rf"(?im)^(\s*FROM\s+){re.escape(there)}(?=\s|$)", rf"\g<1>{ours}", base.lines)
    return replace(base, image=ours, why=why, is_reference=True, instead_of=there, lines=lines)


def reference(name: str) -> Any:
    """Return a value of the table about the reference image."""
    return _table()["reference"][name]


def _of_deployment(environment: EnvironmentSaid | None) -> Base | None:
    if environment is None:
        return None
    where = shown(environment.place)
    if environment.build_folder is not None:
        lines = _read(environment.build_folder / environment.dockerfile)
        return Base("", where, lines=lines, folder=environment.build_folder)
    if environment.dockerfile:
        return Base("", where, lines=_lines(environment.dockerfile))
    return Base(environment.image, where) if environment.image else None


def _microsofts(requirements: Requirements | None) -> Base:
    """Return the image for the Python that is wanted; a conda environment brings its own, so that any will do for it."""
    table: dict[str, str] = _table()["microsoft"]
    wanted = requirements.python if requirements is not None else None
    fitting = [version for version in reversed(table) if fits(wanted, version)]
    version = fitting[0] if fitting and wanted else _NEWEST
    return Base(table[version], f"docker/images.toml, Python {version}")


def fits(specifier: str | None, version: str) -> bool:
    """Tell whether `3.11` is what a specifier asks for; what cannot be read asks for nothing."""
    try:
        return specifier is None or any(SpecifierSet(specifier).contains(f"{version}.{patch}") for patch in range(30))
    except InvalidSpecifier:
        return True


def _lines(text: str) -> str:
    """Take lines, or the file that holds them, as `Environment.docker.base_dockerfile` does."""
    if "\n" not in text and len(text) < 1000 and Path(text).is_file():
        return _read(Path(text))
    if "FROM" not in text.upper().split():
        raise UsageError("no such file, and no lines of a Dockerfile", where=text, expected="Expected FROM IMAGE ...")
    return text


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "no UTF-8"
        raise UsageError(f"this Dockerfile cannot be read: {why}", where=shown(str(path))) from error


@functools.cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((DATA / "images.toml").read_text(encoding="utf-8"))
    return table
