"""A worker and a zygote in memory, obeying the protocols with their owner; and a loop whose clock stands still."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from amlemu.errors import BootFailed, WorkerCrashed
from amlemu.events import WorkerEnded
from amlemu.exchange import Frame, Response
from amlemu.memory import MemoryRules, OutOfMemory
from amlemu.worker import forks
from amlemu.worker.handle import Job, Owner

FAULT = {"what": "the script does not load", "phase": "import"}


class FakePlan:
    """What a pool is told to launch; it keeps the workers that are made of it."""

    def __init__(self, workers: list[FakeWorker], memory: MemoryRules | None = None) -> None:
        self._workers = workers
        self.memory = memory

    def __call__(self, worker: FakeWorker) -> None:
        self._workers.append(worker)


class FakeWorker:
    """A process as a pool sees it. What it does next is said by the test: boots, takes, answers, dies."""

    def __init__(self, plan: Any, owner: Owner, listener: Any, launch: Any) -> None:
        self.owner = owner
        self.launch = launch
        self.jobs: deque[Job] = deque()
        self.has_taken = False  # the first of them
        self.is_ready = self.is_alive = False
        self.is_quick = True
        self.is_fork = False
        self.boot_ms = 5.0
        self.imports: dict[str, Any] | None = None
        self.busy_since: float | None = None
        self.aborted_at: float | None = None
        self.is_paused = self.is_at_prompt = False
        self.paused_s = 0.0  # of the time that it has been busy
        self.pid = id(self)
        self.signals: list[int] = []
        self.memory: OutOfMemory | None = None
        self._rules = plan.memory
        plan(self)

    async def start(self) -> None:
        """The process is there at once; to connect to it takes a moment."""
        self.is_alive = True
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.connected: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await self.connected

    def submit(self, job: Job) -> None:
        self.jobs.append(job)
        self.busy_since = self.busy_since or time.monotonic()

    @property
    def load(self) -> int:
        return len(self.jobs)

    @property
    def numbers(self) -> list[int]:
        return [job.request.number for job in self.jobs]

    def busy_s(self, *, without_pauses: bool = False) -> float:
        busy_s = 0.0 if self.busy_since is None else time.monotonic() - self.busy_since
        return busy_s - self.paused_s if without_pauses else busy_s

    def is_busy_with(self, number: int) -> bool:
        return bool(self.jobs) and self.jobs[0].request.number == number

    async def locate(self) -> list[Frame]:
        return [Frame("score.py", 1, f"run of {self.jobs[0].request.number}" if self.jobs else "init")]

    def kill(self, number: int) -> None:
        self.signals.append(number)

    @property
    def is_out_of_memory(self) -> bool:
        return self.memory is not None

    def run_out_of_memory(self, peak_bytes: int) -> None:
        """The kernel takes a moment to end it; `dies` is that."""
        assert self._rules is not None
        self.memory = OutOfMemory(peak_bytes, self._rules)

    async def stop(self, grace_s: float) -> None:
        if not self.is_ready:
            self.dies(planned=True)
        await asyncio.shield(self.ended)

    def eats(self, peak_bytes: int) -> None:
        """It tells of more memory than it may have."""
        self._in_loop(self.owner.worker_out_of_memory, self, peak_bytes)

    def boots(self) -> None:
        self.is_ready = True
        self._in_loop(self.owner.worker_ready, self)

    def is_held(self) -> None:
        """A debugger has stopped it."""
        self.is_paused = True
        self._in_loop(self.owner.worker_paused, self)

    def goes_on(self) -> None:
        """It has been let go."""
        self.is_paused = False
        self._in_loop(self.owner.worker_paused, self)

    def answers(self) -> None:
        job = self.jobs.popleft()
        self.has_taken, self.busy_since = False, time.monotonic() if self.jobs else None
        if not job.answer.done():
            job.answer.set_result(Response(200, job.request.target, []))
        self._in_loop(self.owner.worker_has_room, self)

    def dies(self, *, planned: bool = False, fault: dict[str, Any] | None = None, exit_code: int = -9) -> None:
        self.is_alive = False
        untaken = list(self.jobs)
        if self.has_taken:
            job = untaken.pop(0)
            if not job.answer.done():
                job.answer.set_exception(WorkerCrashed("died"))
        end = WorkerEnded(self.pid, exit_code, planned, was_booting=not self.is_ready, memory=self.memory)
        self.ended.set_result(None)
        self._in_loop(self.owner.worker_ended, self, end, untaken, fault)

    def _in_loop(self, function: Callable[..., None], *arguments: Any) -> None:
        _call(self.ended.get_loop(), function, *arguments)


class FakeZygote:
    """A zygote as a pool sees it. The workers in the test are fakes, so nothing is ever forked."""

    def __init__(self, plan: Any, owner: forks.Owner, listener: Any) -> None:
        self.owner = owner
        self.is_ready = self.is_alive = False

    async def start(self) -> None:
        self.is_alive = True
        self._loop = asyncio.get_running_loop()

    async def launch(self, plan: Any) -> Any:
        raise AssertionError("a fake worker has no process")

    async def stop(self, grace_s: float) -> None:
        self.is_alive = False

    def boots(self) -> None:
        self.is_ready = True
        _call(self._loop, self.owner.zygote_ready)

    def dies(self, workers: list[FakeWorker], exit_code: int = -9) -> None:
        """Die, and let the workers follow: those that live are killed, those that are being forked never come."""
        self.is_alive = False
        reason = BootFailed(FAULT, exit_code)
        _call(self._loop, self.owner.zygote_ended, reason)
        for worker in workers:
            if not worker.connected.done():
                worker.is_alive = False
                worker.connected.set_exception(reason)
            elif worker.is_alive:
                worker.dies(planned=True)


def _call(loop: Any, function: Callable[..., None], *arguments: Any) -> None:
    """Call the owner as a callback of the loop does, then let everything happen that follows."""
    loop.call_soon(function, *arguments)
    if not loop.is_running():
        loop.settle()


class StillLoop(asyncio.SelectorEventLoop):
    """An event loop that runs only when told, and whose clock is moved by hand."""

    now = 0.0
    _ready: deque[Any]  # asyncio's own: what runs in the next turn

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[dict[str, Any]] = []
        self.set_exception_handler(lambda loop, context: self.errors.append(context))

    def time(self) -> float:
        """Seconds since the test began, as the test sees it."""
        return self.now

    def settle(self) -> None:
        """Run until nothing more happens by itself."""
        self.turn()
        assert self.errors == []

    def turn(self) -> None:
        """Run what can run now, and what follows from it."""
        is_first = True
        while is_first or self._ready:
            is_first = False
            self.call_soon(self.stop)
            self.run_forever()

    def passes(self, seconds: float) -> None:
        """Move the clock."""
        self.now += seconds
        self.settle()
