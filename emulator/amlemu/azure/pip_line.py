"""
One line of what pip is asked for: a requirement, an address, a path, or an option. As it stands in a requirements file.

`pip_file.py` and `conda_file.py` hand their lines in; nothing is looked up but whether a file that a line names is there.

Source: pip 23.2.1, _internal/req/req_file.py and constructors.py; names and versions by `packaging`, as pip has it inside.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from amlemu.azure.conda_names import normalised
from amlemu.azure.requirements import Requirement
from amlemu.finding import CANNOT_BUILD, Finding, Place, Severity

_COMMENT = re.compile(r"(^|\s+)#.*$")
_FILE_OPTION = re.compile(r"(-r|-c|-e|--requirement|--constraint|--editable)(?:\s*=\s*|\s+|(?<=-[rce]))(\S.*)")
_SHORT = {"--requirement": "-r", "--constraint": "-c", "--editable": "-e"}
# What `pip install` takes and a requirements file does not: pip stops with "no such option".
_COMMAND_LINE_ONLY = re.compile(
    r"(-U|--upgrade|--user|--no-deps|--no-dependencies|--no-cache-dir|--force-reinstall|--ignore-installed|-I|-q|--quiet"
    r"|-v|--verbose|--target|-t|--prefix|--no-build-isolation|--upgrade-strategy)(\s|=|$)"
)
_PER_REQUIREMENT = re.compile(r"\s--?[a-z].*$", re.DOTALL)
_VERSION_CONTROL = re.compile(r"(git|hg|svn|bzr)\+[a-z]+(\+[a-z]+)?:|git@", re.IGNORECASE)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://|file:", re.IGNORECASE)
_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar.lzma", ".tlz")
_EXTRAS = re.compile(r"\[([^\]]*)\]$")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9._-]+)")
_HEAD = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*\(?([^;)]*)\)?\s*(?:;.*)?", re.DOTALL)
_SINGLE_SIGN = re.compile(r"([A-Za-z0-9][\w.-]*(?:\[[^\]]*\])?)\s*=\s*([^=<>~!\s]+)(?:\s*=\s*[^=<>~!\s]+)?")
_TURNED_SIGN = re.compile(r"([A-Za-z0-9][\w.-]*(?:\[[^\]]*\])?)\s*=([<>])\s*([^=<>~!\s,]+)")
_QUOTED = re.compile(r"""(["'])(.+?)\1,?""")  # a line of a setup.py
_NO_SIGN = re.compile(r"([A-Za-z0-9][\w.-]*)\s+(\d[\w.]*)")
_LEGACY = re.compile(r"[A-Za-z0-9][\w.-]*(?:\[[^\]]*\])?\s*\(?\s*((===|==|>=|<=|~=|!=|<|>)\s*[\w.*+!-]+\s*,?\s*)+\)?")


@dataclass(frozen=True)
class PipLine:
    """
    What one line says.

    Attributes:
        requirement: what is to be installed; None for an option, and for what pip cannot read.
        option: the line, where it is an option.
        follows: `-r` or `-c` where it names another file, and that file as written.
        finding: what is wrong with it.
        marker: what has to hold for the requirement, `python_version < "3.8"`; empty for always.
    """

    requirement: Requirement | None = None
    option: str = ""
    follows: tuple[str, str] | None = None
    finding: Finding | None = None
    marker: str = ""


def without_comment(text: str) -> str:
    """Return a line as pip sees it."""
    return _COMMENT.sub("", text).strip()


def parse(text: str, place: Place, folders: tuple[Path, ...]) -> PipLine | None:
    """
    Read one line.

    Args:
        text: a logical line; a continuation has been joined.
        place: where it begins.
        folders: where a relative path may begin.

    Returns:
        None for a line without anything.
    """
    text = without_comment(text)
    if not text:
        return None
    if text.startswith("-"):
        return _option(text, place, folders)
    wanted = _PER_REQUIREMENT.sub("", text).strip()
    entry = Requirement("", "", text, "pip", place, is_elsewhere=True)
    if _VERSION_CONTROL.match(wanted) or _ADDRESS.match(wanted):
        return PipLine(replace(entry, key=_name_in_address(wanted)))
    if _is_path(wanted, folders):
        return _path(wanted, entry, folders)
    return _named(wanted, text, place)


def holds(marker: str, python: str | None = None) -> bool:
    """
    Tell whether a marker holds in the cloud's Linux container.

    Args:
        marker: as in `PipLine`.
        python: the specifier of the environment's Python, `==3.8.*`; None where it is unknown, then every Python counts.
    """
    from packaging.markers import Marker

    if not marker:
        return True
    variables = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"}
    parsed = Marker(marker)
    return any(_evaluates(parsed, {**variables, **version}) for version in _pythons(python))


def marker_of(text: str) -> str:
    """Return the marker in a requirement's text; empty where it has none, or is none."""
    from packaging.requirements import InvalidRequirement
    from packaging.requirements import Requirement as Parsed

    try:
        return str(Parsed(_PER_REQUIREMENT.sub("", text).strip()).marker or "")
    except InvalidRequirement:
        return ""


def is_relative(text: str) -> bool:
    """Tell whether a requirement is a file or folder by a relative path."""
    found = _FILE_OPTION.fullmatch(text)
    named = found[2] if found else text
    is_address = _VERSION_CONTROL.match(named) or _ADDRESS.match(named) or " @ " in named
    return not is_address and not named.startswith(("/", "$"))


def _evaluates(marker: object, variables: Mapping[str, str]) -> bool:
    from packaging.markers import Marker, UndefinedComparison, UndefinedEnvironmentName

    assert isinstance(marker, Marker)
    try:
        return marker.evaluate(dict(variables))
    except (UndefinedComparison, UndefinedEnvironmentName):
        return True


def _pythons(python: str | None) -> list[dict[str, str]]:
    from packaging.specifiers import SpecifierSet

    allowed = SpecifierSet(python or "")
    minors = [number for number in range(6, 16) if any(f"3.{number}.{patch}" in allowed for patch in (*range(25), 99))]
    return [{"python_version": f"3.{n}", "python_full_version": f"3.{n}.0"} for n in minors or range(6, 16)]


def _option(text: str, place: Place, folders: tuple[Path, ...]) -> PipLine:
    found = _FILE_OPTION.fullmatch(text)
    if found is None:
        refused = _COMMAND_LINE_ONLY.match(text)
        if refused is None:
            return PipLine(option=text)
        cause = f"pip takes {refused[1]} on its command line only, not among the requirements"
        return PipLine(finding=_wrong("pip-option", cause, place, "Leave it out."))
    option, named = _SHORT.get(found[1], found[1]), found[2].strip().strip("\"'")
    if option in ("-r", "-c"):
        return PipLine(option=text, follows=(option, named))
    entry = Requirement("", "", text, "pip", place, is_elsewhere=True)
    if _VERSION_CONTROL.match(named) or _ADDRESS.match(named):
        return PipLine(replace(entry, key=_name_in_address(named)))
    return _path(named, entry, folders)


def _path(written: str, entry: Requirement, folders: tuple[Path, ...]) -> PipLine:
    """A file or folder to install; one that is relative has to be there, others may be in the image only."""
    bare = _EXTRAS.sub("", written.partition(";")[0].strip())
    entry = replace(entry, key=_name_of_file(bare))
    if "$" in bare or os.path.isabs(bare):
        return PipLine(entry)
    found = next((folder / bare for folder in folders if (folder / bare).exists()), None)
    if found is None:
        fix = f"Relative paths begin in {folders[0]}."
        cause = f"pip is to install {bare}, and there is no such file"
        return PipLine(entry, finding=_wrong("pip-path-missing", cause, entry.place, fix))
    if found.is_dir() and not any((found / name).exists() for name in ("pyproject.toml", "setup.py")):
        cause = f"pip is to install the folder {bare}, which has neither a pyproject.toml nor a setup.py"
        return PipLine(entry, finding=_wrong("pip-path-missing", cause, entry.place, "Name a folder with a package."))
    return PipLine(entry)


def _named(wanted: str, text: str, place: Place) -> PipLine:
    from packaging.requirements import InvalidRequirement
    from packaging.requirements import Requirement as Parsed

    try:
        parsed = Parsed(wanted)
    except InvalidRequirement as error:
        return _unreadable(wanted, text, place, str(error))
    marker = str(parsed.marker or "")
    found = _HEAD.fullmatch(wanted)
    specifier = "" if parsed.url or found is None else _tidy(found[3])
    key, extras = normalised(parsed.name), tuple(sorted(parsed.extras))
    entry = Requirement(key, specifier, text, "pip", place, extras, is_elsewhere=bool(parsed.url))
    if key == "python":
        cause = "pip cannot install Python, and PyPI has nothing of this name"
        fix = "Name Python among conda's own dependencies: python=3.10."
        return PipLine(finding=_wrong("pip-python", cause, place, fix))
    return PipLine(entry, marker=marker)


def _unreadable(wanted: str, text: str, place: Place, said: str) -> PipLine:
    """Say what was probably meant."""
    meant, fix = _meant(wanted)
    if not meant and _LEGACY.fullmatch(wanted.partition(";")[0].strip()):
        return _legacy(wanted, text, place)
    cause = f"pip cannot read the requirement {wanted}"
    cause += f"; did you mean {meant}" if meant else f": {said.splitlines()[0].rstrip('.:')}"
    return PipLine(finding=_wrong("pip-requirement", cause, place, fix))


def _meant(wanted: str) -> tuple[str, str]:
    """Return the requirement that somebody had in mind, and what to know for the next time."""
    if found := _QUOTED.fullmatch(wanted):
        return found[2], "In a list of requirements each stands alone, without quotes and commas."
    if found := _TURNED_SIGN.match(wanted):
        return f"{found[1]}{found[2]}={found[3]}", "The = comes last."
    if found := _SINGLE_SIGN.match(wanted):
        return f"{found[1]}=={found[2]}", "A single = is conda's; pip wants two."
    if found := _NO_SIGN.fullmatch(wanted):
        return f"{found[1]}=={found[2]}", "A blank is conda's; pip wants ==."
    if "::" in wanted:
        return wanted.rpartition("::")[2], "Channels are conda's; pip has --extra-index-url."
    return "", ""


def _legacy(wanted: str, text: str, place: Place) -> PipLine:
    """A version that PEP 440 does not know, such as `>=1.*`: pip took it until 24.0."""
    key = normalised(re.split(r"[^\w.-]", wanted)[0])
    cause = f"pip 24.1 and later do not read the versions of {wanted}"
    fix = "Write the versions as PEP 440 has them; .* stands after == and != only."
    finding = _wrong("pip-old-version", cause, place, fix, "warning")
    return PipLine(Requirement(key, "", text, "pip", place), finding=finding)


def _tidy(specifier: str) -> str:
    return ",".join(part.strip().replace(" ", "") for part in specifier.split(",") if part.strip())


def _is_path(text: str, folders: tuple[Path, ...]) -> bool:
    """As pip sees it: a folder that is written like a path, or the name of an archive."""
    bare = _EXTRAS.sub("", text.partition(";")[0].strip())
    if " @ " in text or ("@" in bare and "/" not in bare.partition("@")[0]):
        return False
    return bare.startswith(".") or "/" in bare or bare.lower().endswith(_ARCHIVES)


def _name_in_address(text: str) -> str:
    found = _EGG.search(text)
    return normalised(found[1]) if found else _name_of_file(re.split(r"[#?]", text)[0])


def _name_of_file(text: str) -> str:
    """The name that a wheel's file name begins with; other files do not say theirs."""
    name = text.rstrip("/").rpartition("/")[2]
    return normalised(name.split("-")[0]) if name.lower().endswith(".whl") and "$" not in name else ""


def _wrong(rule: str, cause: str, place: Place, fix: str = "", severity: str = "error") -> Finding:
    kind: Severity = "error" if severity == "error" else "warning"
    return Finding(kind, rule, cause, place, CANNOT_BUILD, fix)
