"""
One generation: all workers that were started from one state of the files, from its first process to its last.

It is a `pool.Pool` or an `engine.Engine` with a number, a state, and futures for whoever waits for its verdict, its outcome or its
end. Which of them serves, and what a verdict means, is decided in `generations.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from amlemu.backends import Backend
from amlemu.errors import AmlemuError, BootFailed, NotReady
from amlemu.exchange import Request, Response
from amlemu.worker.handle import Worker
from amlemu.worker.process import silent_fault

State = Literal["booting", "ready", "draining", "failed"]


class Pool(Backend, Protocol):
    """What a generation is made of."""

    @property
    def workers(self) -> Sequence[Worker]:
        """Those that run."""

    async def drain(self) -> None:
        """Take nothing more, finish what was begun, end."""


@dataclass(frozen=True)
class Outcome:
    """How a reload went. `fault` is None when the new generation serves; `serving` is the one that does, if any."""

    generation: int
    took_ms: float
    boot_ms: float = 0.0
    fault: dict[str, Any] | None = None
    serving: int | None = None


class Generation:
    """States: booting -> ready | failed -> draining -> gone."""

    def __init__(self, number: int, changed: Iterable[str], since: float, mode: str) -> None:
        """`since` is time.monotonic() of the first change, `mode` what was asked for, one of `reload.MODES`."""
        self.number = number
        self.changed = tuple(sorted(changed))
        self.since = since
        self.mode = mode
        self.state: State = "booting"
        self.boot_ms = 0.0
        self.fault: dict[str, Any] | None = None
        self.pool: Pool | None = None
        self.next: Generation | None = None  # the one that came before this one had been decided
        self.begin: asyncio.Task[None] | None = None  # starts its processes
        self.tasks: list[asyncio.Task[Any]] = []  # that wait for what its pool has to tell
        self.is_alone = False  # no other one may be there while it boots
        self.begun = asyncio.Event()  # or never to begin
        loop = asyncio.get_running_loop()
        self.verdict: asyncio.Future[None] = loop.create_future()  # ready, failed, or overtaken
        self.outcome: asyncio.Future[Outcome] = loop.create_future()  # cancelled when it was overtaken
        self.ended: asyncio.Future[None] = loop.create_future()

    @property
    def workers(self) -> Sequence[Worker]:
        """Those that run."""
        return self.pool.workers if self.pool is not None else ()

    @property
    def is_held(self) -> bool:
        """Whether a debugger holds one of its workers."""
        return any(worker.is_paused for worker in self.workers)

    async def handle(self, request: Request) -> Response:
        """Answer one request; see `Backend.handle`."""
        if not self.begun.is_set():
            await self.begun.wait()
        if self.pool is None:
            raise NotReady(f"generation {self.number} was overtaken")
        return await self.pool.handle(request)

    async def start(self, pool: Pool) -> None:
        """Start the processes of a pool and keep it. Raises what that raises; then nothing is left of it."""
        try:
            await pool.start()
        except (AmlemuError, OSError):
            await pool.stop(0)
            raise
        else:
            self.pool = pool
        finally:
            self.begun.set()
        if self.state == "draining":  # overtaken meanwhile
            await pool.stop(0)

    async def boot(self) -> AmlemuError | None:
        """Wait until it is ready, or has failed; returns why."""
        if self.pool is None:
            return None
        try:
            await self.pool.ready()
        except AmlemuError as error:
            self.state = "failed"
            return error
        self.state = "ready"
        return None

    def fails(self, fault: dict[str, Any]) -> None:
        """Note why it does not start; the first reason counts."""
        self.fault = self.fault or fault
        self.decide()

    def decide(self) -> None:
        """Let who waits for the verdict know that there is one."""
        if not self.verdict.done():
            self.verdict.set_result(None)

    def answer(self, outcome: Outcome) -> None:
        """Let who has asked for it know how it went."""
        if not self.outcome.done():
            self.outcome.set_result(outcome)

    def refuse(self, error: Exception) -> None:
        """Let everybody who waits for anything go."""
        self.begun.set()
        if not self.outcome.done():
            self.outcome.set_exception(error)
            self.outcome.exception()  # nobody may have asked
        self.decide()

    async def stop(self, grace_s: float = 0) -> None:
        """End its processes."""
        if self.pool is not None:
            await self.pool.stop(grace_s)

    def leave(self) -> bool:
        """Become draining, and let who waits for it look at the next one; returns whether it has ever served."""
        has_served = self.state == "ready"
        self.state = "draining"
        for task in self.tasks:
            task.cancel()
        self.begun.set()
        self.decide()
        self.outcome.cancel()  # nothing happens to one that is known
        return has_served

    async def end(self, *, has_served: bool) -> None:
        """Finish what it has in hand, and go; one that never served goes at once."""
        if self.begin is not None:
            await asyncio.wait({self.begin})
        if has_served and self.pool is not None:
            await self.pool.drain()
        await self.stop()
        self.ended.set_result(None)


def fault_of(error: Exception) -> dict[str, Any]:
    """Return what a person is told of a failure, see `scoring.faults.Fault.as_data`."""
    return error.fault if isinstance(error, BootFailed) else silent_fault(str(error))
