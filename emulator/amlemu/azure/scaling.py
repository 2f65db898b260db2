"""
Reads how the number of instances is to change, in the words of each generation of files.

What is wrong with it is told by the readers and by `v1_rules.py`; a number that makes no sense has Azure's default here.
Sources: azure-ai-docs, reference-yaml-deployment-kubernetes-online.md (2022-08-31); contract 2.2 (v1), 9 (2021).
"""

from __future__ import annotations

import re
from dataclasses import replace

from amlemu.azure import said
from amlemu.azure.description import ScalingSaid
from amlemu.azure.marked import Value
from amlemu.azure.schema import Check
from amlemu.finding import Place

_V2 = ("min_instances", "max_instances", "target_utilization_percentage", "polling_interval")
_V1 = ("minReplicas", "maxReplicas", "targetUtilization", "refreshPeriodInSeconds")
_DEFAULTS_V2 = (1, 1, 70, 1)
_DEFAULTS_V1 = (1, 10, 70, 1)  # contract 2.2
_BY_LOAD = ("target_utilization", "auto")
_DURATION = re.compile(r"PT(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9})S)?")  # contract 1.7: REST has PT5S for 5


def is_by_load(scale: Value | None) -> bool:
    """Tell whether these scale_settings, of v2 or 2021, let the load decide."""
    return scale is not None and said.plain_word(scale.text("type") or scale.text("scale_type")) in _BY_LOAD


def of_kubernetes(check: Check, scale: Value | None) -> ScalingSaid | None:
    """Return what v2 scale_settings of type target_utilization say; None of type default, which is by hand."""
    return _by_load(check, scale, _V2, _DEFAULTS_V2) if scale is not None and is_by_load(scale) else None


def of_2021(check: Check, scale: Value | None, smallest: int | None) -> ScalingSaid | None:
    """Return what scale_settings of 2021 say; `smallest` is the number of instances that the file comes to."""
    if scale is None or not scale.text("scale_type"):
        return None
    if not is_by_load(scale):
        return _fixed(check, scale.get("scale_type") or scale)
    found = _by_load(check, scale, _V2, _DEFAULTS_V2)
    seconds = _seconds(scale.text("polling_interval")) or found.refresh_s
    return replace(found, minimum=smallest or found.minimum, refresh_s=seconds)


def of_v1(check: Check, value: Value) -> ScalingSaid | None:
    """
    Return what an AKS deployment configuration says; None where it leaves all to Azure.

    Source: azureml-core 1.61, aks.py, deploy_configuration: autoscaling is on where num_replicas is not given.
    """
    scaler = value.get("autoScaler")
    switch, replicas = value.get("autoScaler", "autoscaleEnabled"), value.get("numReplicas")
    if not said.is_on(switch) and (switch is not None or replicas is not None):
        return _fixed(check, replicas or switch or value)
    return _by_load(check, scaler, _V1, _DEFAULTS_V1) if scaler is not None else None


def _by_load(check: Check, scale: Value, names: tuple[str, ...], defaults: tuple[int, ...]) -> ScalingSaid:
    found = (said.whole(scale.get(name)) or 0 for name in names)
    numbers = [one if one > 0 else default for one, default in zip(found, defaults, strict=True)]
    return ScalingSaid(Place(check.path, scale.line), *numbers)


def _fixed(check: Check, value: Value) -> ScalingSaid:
    return ScalingSaid(Place(check.path, value.line), 1, 0, 70, 1)


def _seconds(text: str) -> int:
    found = _DURATION.fullmatch(text)
    hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    return hours * 3600 + minutes * 60 + seconds
