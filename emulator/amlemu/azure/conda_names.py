"""
What conda's packages are called on PyPI, and what conda does not have: a table, `conda_names.toml`, with its sources.

A name that is not in it is not guessed. `environments` installs by it, `conda_file.py` and the doctor compare by it.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Mapping
from importlib import resources
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_SEPARATORS = re.compile(r"[-_.]+")


def normalised(name: str) -> str:
    """Return a name as PEP 503 writes it, `Ruamel_YAML` as `ruamel-yaml`."""
    return _SEPARATORS.sub("-", name).lower()


def pypi_name(conda_name: str) -> str | None:
    """Return the normalised name on PyPI of a conda package; None where it has none, or none is known."""
    name = normalised(conda_name)
    return _different().get(name) or (name if name in _same() else None)


def is_no_python(conda_name: str) -> bool:
    """Tell whether this conda package is known to be a C library, a tool or another language, which PyPI cannot have."""
    return normalised(conda_name) in _not_python()


def conda_has(name: str) -> str | None:
    """
    Return what conda calls a package that it does not have under this name, empty where only pip has it.

    None for all other names: conda has it, or it is not known.
    """
    return _not_in_conda().get(normalised(name))


@functools.cache
def _table() -> Mapping[str, Any]:
    text = (resources.files("amlemu.azure") / "conda_names.toml").read_text(encoding="utf-8")
    table: dict[str, Any] = tomllib.loads(text)
    return table


@functools.cache
def _same() -> frozenset[str]:
    return frozenset(normalised(name) for name in _table()["same"]["names"].split())


@functools.cache
def _not_python() -> frozenset[str]:
    return frozenset(normalised(name) for name in _table()["not_python"]["names"].split())


@functools.cache
def _different() -> dict[str, str]:
    return {normalised(name): found for name, found in _table()["different"].items()}


@functools.cache
def _not_in_conda() -> dict[str, str]:
    return {normalised(name): found for name, found in _table()["not_in_conda"].items()}
