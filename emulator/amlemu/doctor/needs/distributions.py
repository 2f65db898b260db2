"""
Which distribution holds a module, and what a distribution brings along: from the files of site-packages and from a table.

The interpreter of the script is never started: its `*.dist-info` folders are listed, and METADATA, top_level.txt and RECORD
read of those that matter. What is not installed here stands in `distributions.toml`, if it is well known.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amlemu.azure.conda_names import normalised, pypi_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_INFO = re.compile(r"(?P<name>.+?)-(?P<version>\d[^-]*)(?:-.*)?\.(?:dist|egg)-info$")
_REQUIRES = re.compile(r"Requires-Dist:\s*(?P<name>[\w.-]+)\s*(?P<extras>\[[^\]]*\])?[^;]*(?:;(?P<marker>.*))?$")
_EXTRA = re.compile(r"extra\s*==\s*[\"']([\w.-]+)[\"']")
_ELSEWHERE = re.compile(r"(?:sys_platform|platform_system|os_name)\s*==\s*[\"'](?:win32|Windows|darwin|Darwin|nt)[\"']")
_LARGEST_TEXT = 4 << 20  # a RECORD; larger ones are not worth the time
_SHARED = frozenset(("azure", "azureml", "google", "opentelemetry", "opencensus", "sphinxcontrib", "backports", "zope"))
"""Packages that many distributions share; that one part is there says nothing of another."""


def load_table(name: str) -> Mapping[str, Any]:
    """Read one of the tables beside this file."""
    return _load(name)


@functools.cache
def _load(name: str) -> Mapping[str, Any]:
    table: dict[str, Any] = tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    return table


@dataclass(frozen=True)
class _Known:
    """`distributions.toml`, with its lists as sets."""

    brings: Mapping[str, tuple[str, ...]]
    extras: Mapping[str, tuple[str, ...]]
    names: frozenset[str]
    neighbours: frozenset[str]
    modules: Mapping[str, tuple[str, ...]]


@functools.cache
def _known() -> _Known:
    table = _load("distributions.toml")
    brings = {name: tuple(words.split()) for name, words in table["brings"].items()}
    brings.update(dict.fromkeys(table["leaves"].split(), ()))
    extras = {name: tuple(words.split()) for name, words in table["extras"].items()}
    modules = {name: tuple(words.split()) for name, words in table["modules"].items()}
    return _Known(
        brings, extras, frozenset((*brings, *table["names"].split())), frozenset(table["neighbours"].split()), modules
    )


def well_known() -> frozenset[str]:
    """Return the names of all distributions in the table."""
    return _known().names


def is_real(name: str) -> bool:
    """Whether a distribution of this name is known to exist, here or in conda's table."""
    return name in _known().names or name in _known().neighbours or pypi_name(name) is not None


def holders(module: str) -> tuple[str, ...]:
    """
    Return the distributions that hold a module, by the table and by its name; the one to recommend first.

    Args:
        module: dotted. The longest part of it that the table knows counts; else its own name, and those of its parents.
    """
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        known = _known().modules.get(".".join(parts[:length]))
        if known:
            return known
    if parts[0] not in _SHARED or len(parts) == 1:
        return (normalised(parts[0]),)
    names = [normalised("-".join(parts[:length])) for length in range(min(len(parts), 4), 1, -1)]
    likely = [name for name in names if name in _known().names]
    return tuple(dict.fromkeys((*likely, *names)))


def is_shared(package: str) -> bool:
    """Whether many distributions have modules in a top-level package of this name."""
    return package in _SHARED


def is_well_known(module: str) -> bool:
    """Whether the table says who holds a module, so that the name is not the person's own."""
    return module.partition(".")[0] in _tops() or any(name in _known().names for name in holders(module))


@functools.cache
def _tops() -> frozenset[str]:
    return frozenset(name.partition(".")[0] for name in _known().modules)


@dataclass(frozen=True)
class Distribution:
    """One that is installed: its normalised name, its version, and the folder that tells of it."""

    key: str
    version: str
    folder: Path

    def requires(self, extras: Iterable[str] = ()) -> tuple[str, ...]:
        """Return what it brings along on Linux, by name, with their extras in brackets."""
        wanted = {normalised(extra) for extra in extras}
        return tuple(dict.fromkeys(self._required(wanted)))

    def _required(self, wanted: set[str]) -> Iterator[str]:
        for line in _read(self.folder / "METADATA").split("\n\n", 1)[0].splitlines():
            found = _REQUIRES.match(line)
            if found is None:
                continue
            marker = found["marker"] or ""
            of_extras = {normalised(extra) for extra in _EXTRA.findall(marker)}
            if _ELSEWHERE.search(marker) or (of_extras and not of_extras & wanted):
                continue
            yield normalised(found["name"]) + (found["extras"] or "")

    def modules(self) -> frozenset[str]:
        """Return its top-level modules."""
        listed = _read(self.folder / "top_level.txt").split()
        if listed:
            return frozenset(listed)
        files = (line.partition(",")[0] for line in _read(self.folder / "RECORD").splitlines())
        tops = {file.partition("/")[0] for file in files if "/" in file or file.endswith((".py", ".so"))}
        return frozenset(top.partition(".")[0] for top in tops if not top.endswith((".dist-info", ".data", "..")))


@dataclass(frozen=True)
class Interpreter:
    """
    What the files of an interpreter say of it.

    Attributes:
        version: `3.11`; empty where no file tells.
        distributions: what is installed, by normalised name.
    """

    version: str
    distributions: Mapping[str, Distribution]


def look_at(python: Path) -> Interpreter:
    """Read what is installed for an interpreter; empty where its folders are not found. Costs some milliseconds."""
    configuration = _configuration(python)
    version = _version(python, configuration)
    found: dict[str, Distribution] = {}
    for folder in _site_packages(python, version, configuration):
        for entry in _names_in(folder):
            known = _INFO.match(entry)
            if known is not None:
                key = normalised(known["name"])
                found.setdefault(key, Distribution(key, known["version"], folder / entry))
    return Interpreter(version, found)


def _configuration(python: Path) -> Mapping[str, str]:
    """Return what pyvenv.cfg says; empty outside of virtual environments."""
    lines = _read(python.parent.parent / "pyvenv.cfg").splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _version(python: Path, configuration: Mapping[str, str]) -> str:
    if python.parent == Path(sys.executable).parent:
        return f"{sys.version_info[0]}.{sys.version_info[1]}"
    said = configuration.get("version") or configuration.get("version_info") or ""
    name = re.match(r"(\d+\.\d+)", said) or re.search(r"python(\d+\.\d+)", os.path.realpath(python))
    return name[1] if name else ""


def _site_packages(python: Path, version: str, configuration: Mapping[str, str]) -> list[Path]:
    prefixes = [python.parent.parent, python.parent]  # on Windows an environment's root holds a bare python.exe
    if not configuration:  # a link in a folder of programs, such as /usr/local/bin
        prefixes.append(Path(os.path.realpath(python)).parent.parent)
    elif configuration.get("include-system-site-packages", "").lower() == "true" and "home" in configuration:
        prefixes.append(Path(configuration["home"]).parent)
    names = [f"python{version}", "python3"] if version else _names_of_pythons(prefixes[0] / "lib")
    folders = [prefix / "lib" / name / kind for prefix in prefixes for name in names for kind in _KINDS]
    folders += [prefix / "Lib" / "site-packages" for prefix in prefixes]
    return [folder for folder in dict.fromkeys(folders) if folder.is_dir()]


_KINDS = ("site-packages", "dist-packages")


def _names_of_pythons(folder: Path) -> list[str]:
    return [name for name in _names_in(folder) if name.startswith("python3")]


def _names_in(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST_TEXT:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return ""


def brings(key: str, extras: Iterable[str], here: Interpreter) -> tuple[tuple[str, ...], bool]:
    """
    Say what a distribution brings along.

    Returns:
        Names, with their extras in brackets, of what may come: of the installed version and of those in the table. And whether that is
        all: an unknown distribution may bring anything.
    """
    installed = here.distributions.get(key)
    listed = _known().brings.get(key)
    of_extras = [name for extra in extras for name in _known().extras.get(f"{key}[{normalised(extra)}]", ())]
    found = [*(installed.requires(extras) if installed else ()), *(listed or ()), *of_extras]
    return tuple(dict.fromkeys(found)), installed is not None or listed is not None
