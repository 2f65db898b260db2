"""
What the control port is told of a server: its generations and workers, its requests, what was written. `control/` asks.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Literal

from amlemu import __version__
from amlemu.backends import Backend, room
from amlemu.backends.generation import Generation, Outcome
from amlemu.backends.generations import Generations
from amlemu.backends.replicas import Replicas
from amlemu.control.models import GenerationStatus, ReloadOutcome, ReplicaCount, Status, WorkerStatus
from amlemu.exchange import Exchange
from amlemu.journal import Journal
from amlemu.readiness import Readiness
from amlemu.stand import Plan
from amlemu.transcript import Transcript
from amlemu.worker.handle import Worker


class Overseer:
    """A server, as the control port sees it; its `routes.Controlled`. Used from the server's event loop."""

    def __init__(
        self,
        plan: Plan,
        url: str,
        *,
        readiness: Readiness,
        journal: Journal,
        transcript: Transcript,
    ) -> None:
        """`url` is where requests are answered."""
        self.transcript = transcript
        self.watching = ""  # what is looked at for changes, in words
        self.is_stopping = False
        self.debugger: Callable[[], str] = str  # where editors attach; empty: nowhere
        self.to_host: Callable[[str], str] = str  # the host's name of a file, given the script's
        self._plan = plan
        self._url = url
        self._readiness = readiness
        self._journal = journal
        self._started_at = time.time()

    def oversee(self, backend: Backend, reload: Callable[[], Coroutine[Any, Any, Outcome]]) -> None:
        """Take the backend, once there is one, and what loads its script anew."""
        self._backend, self._reload = backend, reload

    def status(self) -> Status:
        """Say how the server is."""
        plan, generations = self._plan, self._backend if isinstance(self._backend, Generations) else None
        number = generations.serving.number if generations else 1
        return Status(
            state=self._state(),
            why=self._readiness.why,
            script=str(plan.deployment.script),
            profile=plan.profile.name,
            url=self._url,
            pid=os.getpid(),
            version=__version__,
            started_at=self._started_at,
            uptime_s=time.time() - self._started_at,
            generation=number,
            reloads=generations.number - 1 if generations else 0,
            requests=self._journal.total,
            watching=self.watching,
            reload_mode=plan.reload.mode,
            generations=[_told(one, self.to_host) for one in generations.all] if generations else [],
            **_replicas(generations.serving.pool if generations else self._backend),
            launcher=generations.launcher if generations else "",
            debugger=self.debugger(),
            deployment=plan.deployment.name,
        )

    def _state(self) -> Literal["booting", "ready", "unhealthy", "stopping"]:
        if self.is_stopping:
            return "stopping"
        if self._readiness.is_ready:
            return "ready"
        return "unhealthy" if self._readiness.why else "booting"

    async def reload(self) -> ReloadOutcome:
        """Load the script anew. Raises UsageError where the backend cannot."""
        outcome = await self._reload()
        return ReloadOutcome(
            generation=outcome.generation,
            ok=outcome.fault is None,
            took_ms=outcome.took_ms,
            boot_ms=outcome.boot_ms,
            fault=outcome.fault,
            serving=outcome.serving,
        )

    def exchanges(self) -> Iterable[Exchange]:
        """The requests that are over, oldest first."""
        return self._journal

    async def wait_ready(self, wait_s: float) -> bool:
        """Wait until requests are answered."""
        return await self._readiness.wait(wait_s)


def _replicas(pool: object) -> dict[str, Any]:
    """Return what is told of replicas, where their number is something to be told."""
    if not isinstance(pool, Replicas):
        return {}
    before = [ReplicaCount(at=one.at, wanted=one.wanted, ready=one.ready, why=one.why) for one in pool.history]
    return {
        "replicas": ReplicaCount(at=time.time(), wanted=pool.wanted, ready=pool.ready_count),
        "replicas_before": before,
    }


def _told(generation: Generation, to_host: Callable[[str], str]) -> GenerationStatus:
    pool = generation.pool
    numbered = pool.numbered if isinstance(pool, Replicas) else [(1, worker) for worker in generation.workers]
    workers = [_told_worker(number, worker, to_host) for number, worker in numbered]
    return GenerationStatus(number=generation.number, state=generation.state, workers=workers)


def _told_worker(replica: int, worker: Worker, to_host: Callable[[str], str]) -> WorkerStatus:
    at = worker.hold.place
    return WorkerStatus(
        pid=worker.pid,
        replica=replica,
        state=_state_of(worker),
        where=f"{to_host(at.file)}:{at.line}" if at is not None and at.file else "",
        busy_s=worker.busy_s(),
        memory_bytes=room.memory_of(worker.pid),
    )


def _state_of(worker: Worker) -> Literal["booting", "idle", "busy", "stopped"]:
    if worker.is_paused:
        return "stopped"
    if not worker.is_ready:
        return "booting"
    return "busy" if worker.load else "idle"
