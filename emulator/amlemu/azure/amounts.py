"""
Reads how much memory and how many processors a deployment is given, in the words of each generation of files.

Under `amlemu serve` they have no effect; a container keeps to them. What a file says wrongly is told by its reader.
Sources: Kubernetes' documentation, "Resource units in Kubernetes" (v2); azure-docs, includes/machine-learning-service-aks-deploy-config.md (v1).
"""

from __future__ import annotations

import re
from math import isfinite

from amlemu.azure import said
from amlemu.azure.description import Resources
from amlemu.azure.marked import Value
from amlemu.azure.schema import Check
from amlemu.finding import Place

_QUANTITY = re.compile(r"(?P<number>\d+(?:\.\d*)?|\.\d+)(?:[eE](?P<exponent>\d{1,2})|(?P<suffix>[numk]|[KMGTPE]i?))?")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "K": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_GIBIBYTE = 1 << 30  # whether memoryInGB means 2^30 or 10^9 bytes is said nowhere: `assumed`


def quantity(text: str) -> float | None:
    """Return what Kubernetes reads in `500m`, `2Gi`, `1e3` or `0.5`; None where that is no quantity."""
    found = _QUANTITY.fullmatch(text.strip())
    if found is None:
        return None
    number, suffix = float(found["number"]), found["suffix"] or ""
    factor = 2.0 ** _BINARY[suffix] if suffix in _BINARY else 10.0 ** _DECIMAL.get(suffix, int(found["exponent"] or 0))
    amount = number * factor
    return amount if isfinite(amount) else None


def of_kubernetes(check: Check, resources: Value | None) -> Resources | None:
    """Return the limits of a v2 deployment, where it has none for something the request for it."""
    if resources is None:
        return None

    def amount(*names: str) -> float:
        words = (resources.text(part, name) for part in ("limits", "requests") for name in names)
        return next((found for word in words if (found := quantity(word))), 0.0)

    return _resources(check, resources, amount("memory"), amount("cpu"), amount("nvidia.com/gpu", "gpu"))


def of_2021(check: Check, resources: Value | None) -> Resources | None:
    """Return `resource_requirements`; a bare number of memory is in GB as in v1, `assumed`."""
    if resources is None:
        return None
    cpu, memory, gpu = (quantity(resources.text(name)) or 0.0 for name in ("cpu", "memory", "gpu"))
    is_bare = said.number(resources.get("memory")) is not None
    return _resources(check, resources, memory * _GIBIBYTE if is_bare else memory, cpu, gpu)


def of_v1(check: Check, container: Value | None) -> Resources | None:
    """Return `containerResourceRequirements`, the limits before what is asked for."""
    if container is None:
        return None

    def number(*names: str) -> float:
        found = (said.number(container.get(name)) for name in names)
        return next((one for one in found if one is not None and 0 < one < 1e6), 0.0)

    memory = number("memoryInGBLimit", "memoryInGB") * _GIBIBYTE
    return _resources(check, container, memory, number("cpuLimit", "cpu"), number("gpu"))


def _resources(check: Check, value: Value, memory: float, cpus: float, gpus: float) -> Resources | None:
    if not (memory >= 1 or cpus or gpus):
        return None
    return Resources(Place(check.path, value.line), int(memory), cpus, int(gpus))
