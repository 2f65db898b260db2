"""
What one replica is allotted: memory, processors, room on the nodes of a cluster; from the options, else from the deployment's files.

`stand.py` gives it to the workers. Who says so stays with it, for the message when it was not enough.
"""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from amlemu import cluster
from amlemu.cluster import Node, Pod
from amlemu.errors import UsageError
from amlemu.finding import Place, shown
from amlemu.memory import GIBIBYTE, MemoryRules

if TYPE_CHECKING:
    from amlemu.azure.description import Description
    from amlemu.profile import Profile

_LEAST_GB = 0.01  # an interpreter alone has nearly as much


def settings(profile: Profile, said: Description | None) -> dict[str, tuple[str, str]]:
    """
    Return what the files say of probes and scaling, by `section.key` of a profile: the value as `--set` takes it, and who says so.

    Nothing for a profile without a platform around the server: nobody would read it.
    """
    if said is None or not profile.probes.liveness.is_on:
        return {}
    from amlemu.azure import platform

    return {key: (given.word, shown(given.place)) for key, given in platform.settings(said).items()}


def memory(profile: Profile, memory_gb: float | None, said: Description | None, giver: str = "") -> MemoryRules | None:
    """
    Return the limit for all processes of a replica; None where nobody says one.

    Args:
        memory_gb: of the option, in 2^30 bytes; it beats the files.
        giver: how the option was spelled; empty is its flag.

    Raises:
        UsageError: no amount that a process could run in.
    """
    if memory_gb is not None:
        flag = giver or "--memory-gb"
        if not (isfinite(memory_gb) and memory_gb >= _LEAST_GB):
            expected = f"Expected GB, {_LEAST_GB:g} or more: 0.5 is 512 MB."
            raise UsageError(f"{memory_gb:g} is no memory to run in", where=flag, expected=expected)
        return _rules(profile, round(memory_gb * GIBIBYTE), flag)
    if said is None:
        return None
    from amlemu.azure import platform

    found = platform.memory(said)
    if found is None:
        return None
    limit_bytes, who = found
    return _rules(profile, limit_bytes, shown(who) if isinstance(who, Place) else who)


def cpus(number: float | None, giver: str = "") -> float | None:
    """Return the number of processors for a replica's workers. Raises UsageError for none."""
    if number is not None and not (isfinite(number) and number > 0):
        raise UsageError(
            f"{number:g} is no number of processors",
            where=giver or "--cpu",
            expected="Expected more than 0, such as 2.",
        )
    return number


def nodes(profile: Profile, file: str | None, giver: str = "") -> tuple[Node, ...] | None:
    """
    Return the nodes that replicas have to find room on; None where nobody names any.

    Raises:
        UsageError: the file is none, or this cloud has no cluster of the user's own.
    """
    if file is None:
        return None
    if not profile.restarts.whole:
        hint = "Add --profile kubernetes, or leave it out."
        raise UsageError(f"profile {profile.name} has no nodes of yours", where=giver or "--cluster", hint=hint)
    return tuple(cluster.load(Path(file)))


def pod(said: Description | None, memory_gb: float | None, cpu: float | None) -> Pod:
    """Return what one replica asks of a cluster: the options' numbers, then the files', then Azure's defaults."""
    from amlemu.azure import platform

    asked = platform.pod(said)
    return Pod(
        asked.cpus if cpu is None else cpu,
        asked.memory_bytes if memory_gb is None else round(memory_gb * GIBIBYTE),
        asked.gpus,
    )


def _rules(profile: Profile, limit_bytes: int, giver: str) -> MemoryRules:
    rules = profile.restarts
    return MemoryRules(limit_bytes, giver, rules.whole, rules.first_ms / 1000, rules.longest_ms / 1000)
