"""
What the cloud says when a container does not come up, by what was seen here: one entry a row of contract 6.4.

Rows of the files alone (a package that is not asked for, a model that is not there) are findings of the doctor and bring their own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent
from typing import Any

from amlemu.check.report import Cause
from amlemu.cluster import NOT_SCHEDULED
from amlemu.doctor.clouds import starts_as
from amlemu.errors import AmlemuError
from amlemu.events import WorkerEnded
from amlemu.finding import (
    CANNOT_BUILD,
    CANNOT_IMPORT,
    CANNOT_INIT,
    CANNOT_START,
    LACKS_FUNCTION,
    CloudError,
    Finding,
    shown,
)
from amlemu.memory import GIBIBYTE, gigabytes
from amlemu.worker.ends import likely_reason
from amlemu.worker.process import told_end

_BY_PHASE = {"import": CANNOT_IMPORT, "check": LACKS_FUNCTION, "init": CANNOT_INIT}
_NEVER_HEALTHY = CloudError("ResourceNotReady, Liveness probe failed", "ERR_2200", "contract 3.6, 6.2, 6.4")
_OUT_OF_MEMORY = CloudError("ResourceNotReady, CrashLoopBackOff", "ERR_2200", "contract 2.3, 6.1, 6.4")
# The server of the container goes on in these, so nowhere there is the exit code 111 of `doctor/clouds.py`.
_NEVER_HEALTHY_IN = {
    "aks": CloudError("CrashLoopBackOff, Liveness probe failed", "", "contract 2.2, 2.3, 3.6"),
    "aci": CloudError("AciDeploymentFailed, CrashLoopBackOff", "", "contract 2.3, 6.3"),
    "local": CloudError("no answer, ever", "", "contract 3.4, 3.5: requests wait, and nobody probes"),
}
_OUT_OF_MEMORY_IN = {
    "kubernetes": CloudError(
        "ResourceNotReady, CrashLoopBackOff, PodOutOfMemory", "ERR_2200", "contract 2.3, 6.1, 6.3, 6.4"
    ),
    "aks": CloudError("CrashLoopBackOff", "", "contract 2.3, 6.4"),
    "aci": CloudError("AciDeploymentFailed, CrashLoopBackOff", "", "contract 2.3, 6.3, 6.4"),
    "local": CloudError("Booting worker with pid, again and again", "", "contract 2.3"),
}
_NOT_SCHEDULED = CloudError("OutOfQuota, PodUnschedulable", "", "contract 2.3, 6.2, 6.3")
_NOT_SCHEDULED_IN = {"aks": CloudError(NOT_SCHEDULED, "", "contract 2.3; documentation of 2020-03-05")}
_DISK_FULL = CloudError("OutOfQuota", "ERR_1350", "contract 6.1, 6.4")
_OF_IMAGES = {
    "BuildFailed": CANNOT_BUILD,
    "NoSuchImage": CloudError(
        "BadArgument, ImagePullLoopBackOff", "ERR_1200", "contract 6.1, 6.3, 6.4: image not found"
    ),
}
_FOR_EVER = "; the server starts another one for ever, and nothing ever answers the probe"
_PATIENCE = {
    "aks": "Load less, or say more patience: livenessProbeRequirements with a larger initialDelaySeconds or failureThreshold.",
    "aci": "Load less.",
    "local": "Load less.",
}
_PATIENCE_OTHERWISE = (
    "Load less, or say more patience: liveness_probe with a larger initial_delay or failure_threshold."
)
_MADE_HERE = "The deployment's environment has it. amlemu env create makes that here; or name an interpreter that has it by --python."


def raised(fault: Mapping[str, Any], kind: str, *, is_of_this_machine: bool = False) -> Cause:
    """
    Return the cause where the script raised, is not what the server needs, or ended the server with it.

    Args:
        fault: see `scoring.faults.Fault.as_data`; of a process that said nothing the kind is `Exit`.
        kind: of the deployment, see `doctor.subject.Subject`.
        is_of_this_machine: in the cloud it would have what it lacks here.
    """
    place = f"{fault['where']}: " if fault.get("where") else ""
    told, hint, traceback = place + fault["what"].rstrip("."), fault.get("hint", ""), fault.get("traceback", "")
    if is_of_this_machine:
        return Cause(told, None, _MADE_HERE, traceback)
    usual = CANNOT_START if fault["kind"] == "Exit" else _BY_PHASE.get(fault["phase"], CANNOT_START)
    return Cause(told, starts_as(kind, usual), hint, traceback)


def out_of_memory(death: WorkerEnded, told: str, kind: str) -> Cause:
    """Return the cause where a worker was killed for its memory; `told` names what it had and what it may have."""
    when = "while the script was loading" if death.was_booting else "while it answered the sample request"
    fix = "Give it more (memory_gb, resources, a larger instance_type), or load less; each worker has a copy of the model."
    return Cause(f"memory ran out {when}: {told}", _OUT_OF_MEMORY_IN.get(kind, _OUT_OF_MEMORY), fix)


def died(death: WorkerEnded, kind: str, place: str, where: str) -> Cause:
    """
    Return the cause where a worker ended without a word as the script was loading.

    Args:
        place: begins the sentence.
        where: the stack's word, `in load_model (score.py:14)`; empty where there is none.
    """
    at = f", {where}" if where else ""
    told = f"{place}: the worker {told_end(death.exit_code)} while the script was loading{at}{_FOR_EVER}"
    reason = likely_reason(death.exit_code)
    return Cause(told, _NEVER_HEALTHY_IN.get(kind, _NEVER_HEALTHY), f"{reason[0].upper()}{reason[1:]}.")


def too_slow(told: str, kind: str) -> Cause:
    """Return the cause where init() took longer than the probes allow; `told` says where it was."""
    return Cause(told, _NEVER_HEALTHY_IN.get(kind, _NEVER_HEALTHY), _PATIENCE.get(kind, _PATIENCE_OTHERWISE))


def not_answered(sample: str, statuses: str, reason: str, fix: str = "") -> Cause:
    """Return the cause where it starts, and the sample request fails; of `reason` the first line is the cause, the others are evidence."""
    first, *rest = reason.splitlines()
    cloud = CloudError(statuses, "", "contract 1.2, 2.1, 4.7")
    return Cause(f"it starts, but {sample} fails: {first.strip()}", cloud, fix, dedent("\n".join(rest)))


def not_scheduled(why: str, kind: str) -> Cause:
    """Return the cause where no node has room; `why` is the scheduler's line."""
    return Cause(
        f"{NOT_SCHEDULED}: {why}",
        _NOT_SCHEDULED_IN.get(kind, _NOT_SCHEDULED),
        "Ask for less, or for fewer replicas; the nodes are those of --cluster.",
    )


def disk_full(size_bytes: int, disk_gb: float) -> Cause:
    """Return the cause where the models are larger than the disk."""
    sizes = size_bytes, round(disk_gb * GIBIBYTE)
    size, disk = map(gigabytes, sizes)
    if size == disk:
        size, disk = (f"{one} bytes" for one in sizes)
    told = f"the models take {size}, and --disk-gb allows {disk}"
    return Cause(told, _DISK_FULL, "Take a larger instance_type, or a smaller model.")


def found(finding: Finding) -> Cause:
    """Return the cause that a finding is."""
    place = f"{shown(finding.place)}: " if finding.place is not None else ""
    return Cause(place + finding.cause, finding.cloud, finding.fix)


def not_made(error: AmlemuError) -> Cause:
    """Return the cause where there is no image to start; which of the cloud's words it is, the class of the harness's error says."""
    first, *rest = str(error).splitlines()
    return Cause(first.rstrip("."), _OF_IMAGES.get(type(error).__name__), "", "\n".join(rest))
