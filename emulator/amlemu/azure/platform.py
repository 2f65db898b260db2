"""
What the files say of the platform around the container: probes, scaling, machine and memory, in the words of the profile.

The readers have read it; `cli_plan.py` and `allotment.py` put it into the plan. What no file says is Azure's default, with its source.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from amlemu.azure import machines
from amlemu.azure.description import Description, NotEmulated, Probe, ScalingSaid
from amlemu.azure.machines import GIBIBYTE, Machine
from amlemu.finding import CloudError, Finding, Place
from amlemu.memory import gigabytes

_PROBE_FIELDS = ("initial_delay", "period", "timeout", "success_threshold", "failure_threshold")
_PROBE_V1 = ("initialDelaySeconds", "periodSeconds", "timeoutSeconds", "successThreshold", "failureThreshold")
_SCALE_V2 = ("min_instances", "max_instances", "target_utilization_percentage", "polling_interval")
_SCALE_V1 = ("minReplicas", "maxReplicas", "targetUtilization", "refreshPeriodInSeconds")
_SCALE_KEYS = ("limits.instance_count", "scale.maximum", "scale.target_percent", "scale.refresh_ms")
_MEMORY_FIELDS = (
    "resources.limits.memory",
    "resource_requirements.memory",
    "containerResourceRequirements.memoryInGBLimit",
    "containerResourceRequirements.memoryInGB",
)
_PROBES = ("liveness_probe", "readiness_probe", "livenessProbeRequirements")
_RESOURCES = ("resources", "resource_requirements")

_DEFAULT_TYPE = "defaultinstancetype"
_DEFAULT = Machine(
    _DEFAULT_TYPE, 2, 2 * GIBIBYTE, 0, "azure-ai-docs, how-to-manage-kubernetes-instance-types, 2025-07-23"
)
# The page's YAML limits memory to 2Gi. Its text said 8 GB for a while; later versions say 2, so the YAML counts.
_DEFAULT_GIVER = f"{_DEFAULT_TYPE} of Kubernetes (how-to-manage-kubernetes-instance-types, 2025-07-23)"
_ACI_BYTES, _ACI_GIVER = GIBIBYTE // 2, "AciWebservice's default memory_gb (azureml-core 1.61)"
_TOO_SMALL = CloudError(
    "BadArgument, OutOfQuota", "ERR_2100", "contract 6.1, 6.4: asks more than the instance_type has"
)
_OVER_TYPE = CloudError("BadArgument", "", "contract 6.2; how-to-manage-kubernetes-instance-types, 2025-07-23")


@dataclass(frozen=True)
class Given:
    """A value as `--set` would take it, and the most exact place that says so."""

    word: str
    place: Place


@dataclass(frozen=True)
class Asked:
    """What one replica asks of a cluster, where only requests count: processors, bytes, GPUs."""

    cpus: float
    memory_bytes: int
    gpus: int


def settings(said: Description) -> dict[str, Given]:
    """
    Return what the files say of probes and scaling, by `section.key` of a profile.

    A number that Azure refuses for being 0 or less is left to the profile; one that is too large is not, and the profile says so.
    """
    found = {}
    for kind, probe in (("liveness", said.liveness), ("readiness", said.readiness)):
        found.update(_of_probe(said, kind, probe) if probe is not None else {})
    found.update(_of_scaling(said, said.scaling) if said.scaling is not None else {})
    return found


def _of_probe(said: Description, kind: str, probe: Probe) -> dict[str, Given]:
    table, names = (
        (f"{kind}_probe", _PROBE_FIELDS) if said.generation != "v1" else ("livenessProbeRequirements", _PROBE_V1)
    )
    given = {}
    for field, name in zip(_PROBE_FIELDS, names, strict=True):
        number = getattr(probe, field)
        if number > 0:
            place = _place(said, f"{table}.{name}", f"{table}.{name}_seconds") or probe.place
            given[f"probes.{kind}_{field}"] = Given(f"{number:.15g}", place)
    return given


def _of_scaling(said: Description, scaling: ScalingSaid) -> dict[str, Given]:
    if scaling.is_fixed:
        return {"scale.maximum": Given("0", scaling.place)}
    table, names = ("autoScaler", _SCALE_V1) if said.generation == "v1" else ("scale_settings", _SCALE_V2)
    numbers = (scaling.minimum, scaling.maximum, scaling.target_percent, scaling.refresh_s * 1000)
    return {
        key: Given(str(number), _place(said, f"{table}.{name}") or scaling.place)
        for key, name, number in zip(_SCALE_KEYS, names, numbers, strict=True)
    }


def machine(said: Description) -> Machine | None:
    """Return the machine that `instance_type` names; None where there is none, or the table does not have it."""
    return machines.find(said.instance_type) if said.instance_type else None


def memory(said: Description) -> tuple[int, Place | str] | None:
    """
    Return the bytes that one instance may use, and who says so: a place in the files, or the source of a default.

    The deployment's own limit counts first, then the machine that its `instance_type` names, then Azure's default where the files leave
    it to Azure. None where nobody knows, and for AKS, whose default is what a pod asks for (azureml-core 1.61, aks.py).
    """
    resources, named = said.resources, machine(said)
    if resources is not None and resources.most_memory_bytes:
        return resources.most_memory_bytes, _place(said, *_MEMORY_FIELDS) or resources.place
    if named is not None:
        return named.memory_bytes, _place(said, "instance_type") or Place(said.file)
    if said.kind == "kubernetes" and _has_default_type(said) and not any(one in said.said_at for one in _RESOURCES):
        return _DEFAULT.memory_bytes, _DEFAULT_GIVER
    if said.kind == "aci" and not any(one in said.said_at for one in _MEMORY_FIELDS):
        return _ACI_BYTES, _ACI_GIVER
    return None


def pod(said: Description | None) -> Asked:
    """
    Return what one replica asks for; where the files, or a script alone, say nothing, what Azure asks for in their place.

    Source: Kubernetes, the requests of `defaultinstancetype`; AKS, contract 2.2. What a cluster's own instance type asks for is not
    known here: as the default one, `assumed`.
    """
    resources = said.resources if said is not None else None
    if said is not None and said.generation == "v1":
        asked = Asked(0.1, GIBIBYTE // 2, 0)
        if resources is None:
            return asked
        memory_bytes = resources.asked_memory_bytes or asked.memory_bytes
        return Asked(resources.asked_cpus or asked.cpus, memory_bytes, resources.asked_gpus)
    if resources is None:
        return Asked(0.1, 2 * GIBIBYTE, 0)
    return Asked(resources.asked_cpus, resources.asked_memory_bytes, resources.asked_gpus)


def looked_at(said: Description) -> Description:
    """Return the description with what can only be told of the whole: notes on the machine, and whether it has what is asked for."""
    return replace(
        said,
        not_emulated=(*said.not_emulated, *_notes(said)),
        findings=(*said.findings, *_misfits(said)),
    )


def unplayed(said: Description) -> tuple[NotEmulated, ...]:
    """Return what has no effect where there is one server and no platform around it: a container, or one that runs elsewhere."""
    probes = [name for name in _PROBES if name in said.said_at]
    is_scaled = said.scaling is not None and not said.scaling.is_fixed
    scaling = [name for name in ("scale_settings", "autoScaler") if is_scaled and name in said.said_at]
    return (
        *(NotEmulated(name, said.said_at[name], "nobody probes this server") for name in probes),
        *(NotEmulated(name, said.said_at[name], "one server serves; nothing grows or shrinks") for name in scaling),
    )


def _notes(said: Description) -> Iterator[NotEmulated]:
    place, word = _place(said, "instance_type"), said.instance_type
    if place is not None and word and machine(said) is None:
        if said.kind == "managed":
            near = machines.nearest(word)
            meant = f" (did you mean {near}?)" if near else ""
            rest = "the script may use what this machine has"
            yield NotEmulated("instance_type", place, f"{word} is not in the table of machines{meant}; {rest}")
        elif not _has_default_type(said):
            what = f"{word} is an instance type of the cluster, and amlemu asks none"
            yield NotEmulated("instance_type", place, f"{what}; what resources say counts")
    count = _place(said, "instance_count")
    if count is not None and said.generation == "v2" and said.scaling is not None:
        reason = "with type: target_utilization there are min_instances to max_instances"
        yield NotEmulated("instance_count", count, reason)


def _misfits(said: Description) -> Iterator[Finding]:
    """Yield a finding for each thing of which more is wanted than the instance type has (contract 6.4)."""
    wanted, named = said.resources, machine(said)
    is_default = named is None and said.kind == "kubernetes" and _has_default_type(said)
    has = _DEFAULT if is_default else named
    if wanted is None or has is None or said.generation == "v1":
        return
    for what, name, most, there in (
        ("memory", "memory", max(wanted.memory_bytes, wanted.asked_memory_bytes), has.memory_bytes),
        ("processors", "cpu", max(wanted.cpus, wanted.asked_cpus), has.cpus),
        ("GPUs", "gpu", max(wanted.gpus, wanted.asked_gpus), has.gpus),
    ):
        if most <= there:
            continue
        place = _place(said, *_fields_of(name)) or wanted.place
        asked, owned = _amounts(what, most, there)
        cause = f"the container wants {asked}, and {has.name} has {owned}"
        if is_default:
            fix = "Ask for less, or name an instance_type of the cluster that has more."
            yield Finding("warning", "instance-too-small", cause, place, _OVER_TYPE, fix)
        else:
            larger = machines.smallest(wanted.memory_bytes, wanted.cpus, wanted.gpus)
            fix = f"Ask for less, or take a larger machine{f', {larger.name}' if larger else ''}."
            yield Finding("error", "instance-too-small", cause, place, _TOO_SMALL, fix)


def _fields_of(name: str) -> Iterator[str]:
    """Yield where the larger of limit and request may stand: the limit, which cannot be less."""
    for part in ("resources.limits", "resources.requests", "resource_requirements"):
        yield from (f"{part}.{one}" for one in ((name, "nvidia.com/gpu") if name == "gpu" else (name,)))


def _amounts(what: str, most: float, there: float) -> tuple[str, str]:
    if what != "memory":
        return f"{most:.15g} {what if most > 1 else what.removesuffix('s')}", f"{there:.15g}" if there else "none"
    asked, owned = gigabytes(int(most)), gigabytes(int(there))
    return (f"{asked} of memory", owned) if asked != owned else (f"{most:.15g} bytes of memory", f"{there:.15g}")


def _has_default_type(said: Description) -> bool:
    """Tell whether a Kubernetes deployment lies on the type that each cluster has; one that could not be read is none."""
    return said.instance_type.lower() == _DEFAULT_TYPE or "instance_type" not in said.said_at


def _place(said: Description, *names: str) -> Place | None:
    """Return where the first of these fields was said that was."""
    return next((said.said_at[name] for name in names if name in said.said_at), None)
