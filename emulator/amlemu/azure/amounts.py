"""
Reads how much memory and how many processors a deployment is given and asks for, in the words of each generation of files.

A container keeps to all of it, `amlemu serve` to the memory (`platform.py`). What a file says wrongly is told by its reader.
Sources: Kubernetes' documentation, "Resource units in Kubernetes" (v2); azure-docs, includes/machine-learning-service-aks-deploy-config.md (v1).
"""

from __future__ import annotations

import re
from math import isfinite
from typing import NamedTuple

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
    """
    Return limits and requests of a v2 deployment.

    Nothing is killed for taking more than it has asked for: limits are optional (azure-ai-docs,
    how-to-manage-kubernetes-instance-types.md, 2025-07-23). Where only a limit is said it is asked for, too, as Kubernetes does.
    """
    if resources is None:
        return None

    def amounts(part: str) -> _Amounts:
        gpus = (quantity(resources.text(part, name)) for name in ("nvidia.com/gpu", "gpu"))
        cpu, memory = (quantity(resources.text(part, name)) or 0.0 for name in ("cpu", "memory"))
        return _Amounts(memory, cpu, next((one for one in gpus if one), 0.0))

    limits = amounts("limits")
    return _resources(check, resources, limits, amounts("requests"), limits.memory)


def of_2021(check: Check, resources: Value | None) -> Resources | None:
    """Return `resource_requirements`, which are both limit and request; a bare number of memory is in GB as in v1, `assumed`."""
    if resources is None:
        return None
    cpu, memory, gpu = (quantity(resources.text(name)) or 0.0 for name in ("cpu", "memory", "gpu"))
    is_bare = said.number(resources.get("memory")) is not None
    both = _Amounts(memory * _GIBIBYTE if is_bare else memory, cpu, gpu)
    return _resources(check, resources, both, both, both.memory)


def of_v1(check: Check, container: Value | None, gpu_cores: Value | None = None) -> Resources | None:
    """
    Return `containerResourceRequirements`, and `gpuCores` of AKS.

    Of memory without a limit of its own memoryInGB is the limit, for it is what is to be raised when workers are killed (contract
    2.3); azureml-core 1.61, aks.py calls it the pod's request.
    """

    def number(value: Value | None) -> float:
        found = said.number(value)
        return found if found is not None and 0 < found < 1e6 else 0.0

    def of(name: str) -> float:
        return number(container.get(name)) if container is not None else 0.0

    asked = _Amounts(of("memoryInGB") * _GIBIBYTE, of("cpu"), of("gpu") or number(gpu_cores))
    limits = _Amounts(of("memoryInGBLimit") * _GIBIBYTE, of("cpuLimit"), 0.0)
    return _resources(check, container or gpu_cores, limits, asked, limits.memory or asked.memory)


class _Amounts(NamedTuple):
    """Bytes and numbers; 0 is nothing."""

    memory: float
    cpus: float
    gpus: float

    def before(self, other: _Amounts) -> _Amounts:
        """Return these, and those of another where there are none."""
        return _Amounts(*(mine or its for mine, its in zip(self, other, strict=True)))


def _resources(
    check: Check, value: Value | None, limits: _Amounts, requests: _Amounts, most_memory: float
) -> Resources | None:
    given, asked = limits.before(requests), requests.before(limits)
    if value is None or not (given.memory >= 1 or given.cpus or given.gpus):
        return None
    return Resources(
        Place(check.path, value.line),
        int(given.memory),
        given.cpus,
        int(given.gpus),
        int(asked.memory),
        asked.cpus,
        int(asked.gpus),
        int(most_memory),
    )
