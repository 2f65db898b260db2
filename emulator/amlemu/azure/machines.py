"""
How big the machines are that an `instance_type` names: `machines.toml`, with its sources. What the system keeps for itself is not taken off.

The table is small and not complete: a name that it does not have is no mistake, there are others in Azure.
"""

from __future__ import annotations

import difflib
import functools
import sys
from dataclasses import dataclass
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_TABLE = Path(__file__).with_name("machines.toml")
GIBIBYTE = 1 << 30
_PREFIX = "standard_"  # of all names; what is alike in all makes none more like another


@dataclass(frozen=True)
class Machine:
    """One size: processors, bytes of memory, GPUs, and where that is said."""

    name: str
    cpus: int
    memory_bytes: int
    gpus: int
    source: str


def find(name: str) -> Machine | None:
    """Return the machine of this name, in any case of letters; None where the table does not have it."""
    return _machines().get(name.lower())


def nearest(name: str) -> str:
    """Return the name that is most like this one, whether it begins with `Standard_` or not; empty where none is."""
    short = {key.removeprefix(_PREFIX): machine.name for key, machine in _machines().items()}
    near = difflib.get_close_matches(name.lower().removeprefix(_PREFIX), short, 1)
    return short[near[0]] if near else ""


def smallest(memory_bytes: int, cpus: float = 0, gpus: int = 0) -> Machine | None:
    """Return the smallest machine that has as much, by memory and then by processors; None where none has."""
    fitting = [one for one in _machines().values() if one.memory_bytes >= memory_bytes and one.cpus >= cpus]
    fitting = [one for one in fitting if one.gpus >= gpus and bool(one.gpus) == bool(gpus)]
    return min(fitting, key=lambda one: (one.memory_bytes, one.cpus, one.name), default=None)


@functools.cache
def _machines() -> dict[str, Machine]:
    families = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return {
        name.lower(): Machine(name, size[0], round(size[1] * GIBIBYTE), size[2], family["source"])
        for family in families.values()
        for name, size in family.items()
        if name != "source"
    }
