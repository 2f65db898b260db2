"""
Puts the first thing first: of all that speaks against a deployment, what the cloud would meet before anything else.

Files are read and refused before an image is built, an image is built before a pod finds its node, and a script boots last of all.
"""

from __future__ import annotations

import os
import posixpath
import re
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amlemu import whereabouts
from amlemu.check import causes
from amlemu.check.boot import Trace
from amlemu.check.report import Cause, Trial
from amlemu.cluster import Cluster
from amlemu.console import lanes, verdicts
from amlemu.doctor.clouds import stops_the_start
from amlemu.errors import BackendTimeout
from amlemu.exchange import Exchange, Response
from amlemu.finding import CANNOT_IMPORT, Finding, shown
from amlemu.layout import Layout
from amlemu.memory import GIBIBYTE, gigabytes
from amlemu.stand import Plan

_AT_START = ("ResourceNotReady", "CrashLoopBackOff", "AciDeploymentFailed", "the container ends")
_QUICKER = "Make run() quicker, or allow it more time: request_timeout_ms (v1: scoring_timeout_ms)."
_PID = re.compile(r"^pid \d+: ")  # of a process that was ours, and is gone
_ANSWER_LETTERS = 200  # of what a script says with a status of its own


def before_start(findings: Sequence[Finding]) -> Cause | None:
    """Return the first finding for which the cloud would not even start a container."""
    return _first(findings, is_at_start=False)


def at_start(findings: Sequence[Finding]) -> Cause | None:
    """Return the first finding for which a container would start in vain."""
    return _first(findings, is_at_start=True)


def _first(findings: Sequence[Finding], *, is_at_start: bool) -> Cause | None:
    stopping = (one for one in findings if one.severity == "error" and stops_the_start(one.cloud))
    found = (one for one in stopping if one.cloud and one.cloud.today.startswith(_AT_START) is is_at_start)
    return next(map(causes.found, found), None)


def of_disk(plan: Plan, disk_gb: float | None) -> Cause | None:
    """Return why the models do not fit on the disk."""
    if disk_gb is None:
        return None
    size = sum(_size(model.path) for model in plan.deployment.models)
    return causes.disk_full(size, disk_gb) if size > disk_gb * GIBIBYTE else None


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(one.stat().st_size for one in files if one.is_file())


def of_place(plan: Plan, kind: str) -> Cause | None:
    """Return why there is no room for all replicas on the nodes that were named."""
    if plan.nodes is None:
        return None
    cluster, replicas = Cluster(plan.nodes), plan.profile.scale_rule.minimum
    why = next(filter(None, (cluster.place(plan.pod) for _ in range(replicas))), "")
    return causes.not_scheduled(why, kind) if why else None


@dataclass(frozen=True)
class Scene:
    """
    What a boot took place in.

    Attributes:
        plan: as it was before it was made one for a look; its probes are the deployment's own.
        kind: of the deployment, see `doctor.subject.Subject`.
        findings: of the doctor.
        layout: the script's view.
    """

    plan: Plan
    kind: str
    findings: Sequence[Finding]
    layout: Layout

    @property
    def folders(self) -> Sequence[str]:
        """Those of the user's own code, as the script and as this machine name them."""
        return [self.layout.app_root, posixpath.dirname(self.layout.script), str(self.plan.deployment.code)]

    @property
    def script(self) -> str:
        """The script, as a person finds it from here."""
        return shown(str(self.plan.deployment.script))

    def place(self, where: str) -> str:
        """Return a fault's place, `score.py:14` from the script's folder, as a person finds it from here."""
        file, colon, line = where.rpartition(":")
        seen = (self.layout.to_host(posixpath.join(folder, file)) for folder in self.folders)
        found = next((one for one in seen if os.path.isfile(one)), None)
        return shown(f"{found}:{line}") if colon and found else where


def of_boot(trace: Trace, scene: Scene) -> Cause | None:
    """Return why the script has not come up; what is so on this machine alone gives way to what the cloud would meet."""
    if trace.ready_s is not None:
        return at_start(scene.findings)
    if trace.fault is not None:
        cause = _of_fault(trace.fault, scene)
        return cause if cause.cloud is not None else at_start(scene.findings) or cause
    if trace.death is not None:
        return _of_death(trace, scene)
    return _of_wait(trace, scene)


def _of_fault(fault: Mapping[str, Any], scene: Scene) -> Cause:
    place = scene.place(fault["where"]) if fault.get("where") else _exit(scene)
    is_lacking = _is_lacking_here_only(fault, scene)
    return causes.raised({**fault, "where": place}, scene.kind, is_of_this_machine=is_lacking)


def _of_death(trace: Trace, scene: Scene) -> Cause:
    death = trace.death
    assert death is not None, "that is what this is about"
    if death.memory is not None:
        return causes.out_of_memory(death, death.memory.told, scene.kind)
    limit = scene.plan.memory
    if limit is not None and scene.plan.quarters is not None and death.exit_code == -signal.SIGKILL:
        told = f"the kernel has killed the worker, and {limit.giver} allows {gigabytes(limit.limit_bytes)}"
        return causes.out_of_memory(death, told, scene.kind)
    stack = whereabouts.read_dump("".join(f"{line}\n" for line in trace.said))
    place = _exit(scene) if death.exit_code >= 0 else scene.script
    return causes.died(death, scene.kind, place, verdicts.where(stack, scene.folders))


def _of_wait(trace: Trace, scene: Scene) -> Cause:
    killed = trace.killed
    assert killed is not None, "that is what else ends a wait"
    if not scene.plan.profile.probes.liveness.is_on:
        return causes.too_slow(verdicts.waited(killed, scene.folders), "local")
    return causes.too_slow(verdicts.killed(killed, scene.folders), scene.kind)


def _exit(scene: Scene) -> str:
    """Return the place where the script ends its process by its own will, if the doctor has seen one and no more; else the script."""
    places = [one.place for one in scene.findings if one.rule == "exits" and one.place is not None]
    return shown(places[0]) if len(places) == 1 else scene.script


def _is_lacking_here_only(fault: Mapping[str, Any], scene: Scene) -> bool:
    """Tell whether a module is missing on this machine that the deployment's environment has, or may have: the doctor has read it."""
    is_missing = "is not installed for" in fault["what"]
    is_asked_for = bool(scene.plan.deployment.files)
    return is_missing and is_asked_for and not any(one.cloud == CANNOT_IMPORT for one in scene.findings)


def of_trial(exchange: Exchange, trace: Trace, file: Path, kind: str) -> Cause | None:
    """Return what became wrong of the sample request."""
    if trace.death is not None and trace.death.memory is not None:
        return causes.out_of_memory(trace.death, trace.death.memory.told, kind)
    if exchange.response is not None and exchange.response.status == 200:
        return None
    status = lanes.status(exchange)
    model = f", model {exchange.model.status}" if exchange.model is not None else ""
    statuses = f"{'the connection is closed' if status == 'closed' else status}{model}"
    fix = _QUICKER if isinstance(exchange.failure, BackendTimeout) else ""
    return causes.not_answered(file.name, statuses, _reason(exchange), fix)


def _reason(exchange: Exchange) -> str:
    told = _PID.sub("", lanes.reason(exchange).strip(), count=1)
    return told or f"the answer is {_beginning(exchange.model or exchange.response)}"


def _beginning(answer: Response | None) -> str:
    body = answer.body if answer is not None and isinstance(answer.body, bytes) else b""
    text = body[: _ANSWER_LETTERS * 4].decode("utf-8", "replace").strip()
    first = (text.splitlines() or [""])[0][:_ANSWER_LETTERS]
    return f'"{first}"' if first else "empty"


def trial(exchange: Exchange, file: Path) -> Trial:
    """Return the sample request in numbers."""
    model, response = exchange.model, exchange.response
    return Trial(
        file=file,
        status=None if response is None or lanes.status(exchange) == "closed" else response.status,
        model_status=None if model is None else model.status,
        elapsed_ms=exchange.elapsed_ms,
        run_ms=exchange.account.get("run_ms"),
        request_bytes=file.stat().st_size,  # of one that was refused early the exchange has nothing
        answer_bytes=exchange.sent_bytes,
        peak_bytes=exchange.peak_bytes,
    )
