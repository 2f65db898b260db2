"""
The worker pool: `workers` processes around one script, each answering one request at a time.

Requests wait in one queue, first come, first served, without limit, as in the kernel's queue before gunicorn. A worker
that ends is replaced; a request it had not yet taken goes to another one, so that `run()` is entered at most once.

Source: gunicorn 27.0.1, arbiter.py (read 2026-11); contract 3.4, 4.7, 4.8.
"""

from __future__ import annotations

import asyncio
import dataclasses
import signal
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from amlemu.backends import Capabilities
from amlemu.errors import BootFailed, NotReady, UsageError
from amlemu.events import Listener, WorkerEnded, WorkerTimedOut
from amlemu.exchange import Request, Response
from amlemu.worker.handle import BOOT_ERRORS, Job, Worker
from amlemu.worker.launch import LaunchPlan

_ABORT_GRACE_S = 1.0  # gunicorn's arbiter looks once a second: SIGABRT first, SIGKILL at the next look
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.25, 10.0


class Pool:
    """Worker processes as a backend."""

    capabilities = Capabilities(survives_crashes=True, keeps_scoring_timeout=True, streams=True)

    def __init__(
        self,
        plan: LaunchPlan,
        workers: int,
        listener: Listener,
        worker_timeout_s: float = 300.0,
        make_worker: Callable[..., Worker] = Worker,
    ) -> None:
        """
        Args:
            plan: what each worker is started with.
            workers: how many.
            listener: told about every worker's life and words.
            worker_timeout_s: WORKER_TIMEOUT; 0 = none. Does not apply to init().
            make_worker: for tests.
        """
        self._plan = plan
        self._count = workers
        self._tell = listener
        self._worker_timeout_s = worker_timeout_s
        self._make_worker = make_worker
        self._workers: set[Worker] = set()
        self._with_room: deque[Worker] = deque()
        self._waiting: deque[Job] = deque()
        # A lone worker gets its next request while it is still busy, so that it need not wait for us in between
        # (half again as many requests a second). With several workers the next one belongs to whoever is free first.
        self._depth = 2 if workers == 1 else 1
        self._tasks: set[asyncio.Task[Any]] = set()
        self._launches: set[asyncio.Task[Any]] = set()  # those of the tasks that must not be cancelled
        self._failed_boots = 0
        self._stopping = False

    async def start(self) -> None:
        """Launch all workers; raises UsageError when the interpreter cannot be started."""
        loop = asyncio.get_running_loop()
        self._first_ready: asyncio.Future[None] = loop.create_future()
        self._gave_up: asyncio.Future[Exception] = loop.create_future()
        for _ in range(self._count):
            await self._launch()
        if self._worker_timeout_s:
            self._spawn(self._abort_stuck_workers())

    async def ready(self) -> None:
        """Wait until a worker has finished init(); raises BootFailed."""
        either: set[asyncio.Future[Any]] = {self._first_ready, self._gave_up}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if self._gave_up.done():
            raise self._gave_up.result()

    async def failed(self) -> Exception:
        """Wait until a worker could not boot: gunicorn's master ends then, even if others are serving."""
        return await asyncio.shield(self._gave_up)

    async def handle(self, request: Request) -> Response:
        """Answer one request; see `Backend.handle`."""
        if self._stopping or self._gave_up.done():
            raise NotReady("the server is stopping")
        job = Job(request, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        self._hand_out()
        return await job.answer

    async def stop(self, grace_s: float) -> None:
        """Let busy workers finish for `grace_s` seconds, then kill; afterwards no process is left."""
        self._stopping = True
        for task in self._tasks - self._launches:
            task.cancel()
        await asyncio.gather(*self._launches, return_exceptions=True)  # half a start would leave a process behind
        self._refuse_waiting()
        await asyncio.gather(*(worker.stop(grace_s) for worker in list(self._workers)))
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1)

    # Owner: a worker's life

    def worker_ready(self, worker: Worker) -> None:
        """Take it into service."""
        self._failed_boots = 0
        if not self._first_ready.done():
            self._first_ready.set_result(None)
        self._with_room.extend([worker] * self._depth)
        self._hand_out()

    def worker_has_room(self, worker: Worker) -> None:
        """Give it the request that has waited longest, or let it rest."""
        self._with_room.append(worker)
        self._hand_out()

    def worker_ended(self, worker: Worker, end: WorkerEnded, untaken: list[Job], fault: dict[str, Any] | None) -> None:
        """Replace it, unless the script cannot be booted or we are stopping; what it never took waits again."""
        self._workers.discard(worker)
        self._with_room = deque(other for other in self._with_room if other is not worker)
        self._waiting.extendleft(reversed(untaken))
        wait_s = None
        if fault is not None:
            self._give_up(BootFailed(fault, end.exit_code if end.exit_code in BOOT_ERRORS else BOOT_ERRORS[0]))
        elif not self._stopping:
            wait_s = self._wait_before_restart(end)
            self._spawn(self._restart(wait_s))
        self._tell(dataclasses.replace(end, restart_in_s=wait_s))
        if self._stopping:
            self._refuse_waiting()
        self._hand_out()

    def _hand_out(self) -> None:
        while self._waiting and self._with_room:
            job = self._waiting.popleft()
            if not job.answer.done():
                self._with_room.popleft().submit(job)

    async def _launch(self) -> None:
        worker = self._make_worker(self._plan, self, self._tell)
        await worker.start()
        self._workers.add(worker)

    def _wait_before_restart(self, end: WorkerEnded) -> float:
        """A worker that dies while serving comes back at once; one that dies at start waits longer each time."""
        if not end.was_booting:
            return 0.0
        self._failed_boots += 1
        return float(min(_FIRST_WAIT_S * 2 ** (self._failed_boots - 1), _LONGEST_WAIT_S))

    async def _restart(self, wait_s: float) -> None:
        if wait_s:
            await asyncio.sleep(wait_s)
        if self._stopping or self._gave_up.done():
            return
        task = asyncio.current_task()
        assert task is not None
        self._launches.add(task)
        try:
            await self._launch()
        except UsageError as error:  # the interpreter or the folder has vanished meanwhile
            self._give_up(error)
        finally:
            self._launches.discard(task)

    def _give_up(self, reason: Exception) -> None:
        if not self._gave_up.done():
            self._gave_up.set_result(reason)
        self._refuse_waiting()

    def _refuse_waiting(self) -> None:
        for job in self._waiting:
            if not job.answer.done():
                job.answer.set_exception(NotReady("the server is stopping"))
        self._waiting.clear()

    async def _abort_stuck_workers(self) -> None:
        look_every_s = min(1.0, self._worker_timeout_s / 4)
        while True:
            await asyncio.sleep(look_every_s)
            now = time.monotonic()
            for worker in self._workers:
                if worker.busy_since is not None and now - worker.busy_since > self._worker_timeout_s:
                    self._abort(worker, now)

    def _abort(self, worker: Worker, now: float) -> None:
        if worker.aborted_at is None:
            worker.aborted_at = now
            self._tell(WorkerTimedOut(worker.pid, self._worker_timeout_s))
            worker.kill(signal.SIGABRT)
        elif now - worker.aborted_at > _ABORT_GRACE_S:
            worker.kill(signal.SIGKILL)

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
