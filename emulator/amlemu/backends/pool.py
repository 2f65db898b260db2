"""
The worker pool: `workers` processes around one script, each answering one request at a time.

Requests wait in one queue, first come, first served, without limit, as in the kernel's queue before gunicorn. A worker
that ends is replaced; a request it had not yet taken goes to another one, so that `run()` is entered at most once. With
`preload` the script boots once, in a zygote, and the workers are its forks.

Source: gunicorn 27.0.1, arbiter.py (read 2026-11); contract 3.4, 3.7, 4.7, 4.8.
"""

from __future__ import annotations

import asyncio
import dataclasses
import re
import signal
import time
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from amlemu.backends import Capabilities
from amlemu.backends.back_off import BackOff
from amlemu.backends.guard import Guard
from amlemu.backends.prober import Prober
from amlemu.errors import AmlemuError, BootFailed, NotReady
from amlemu.events import Listener, WorkerEnded, WorkerTimedOut
from amlemu.exchange import Frame, Request, Response
from amlemu.memory import MemoryRules, OutOfMemory
from amlemu.pauses import ANYBODY, Pauses
from amlemu.probes import ProbeRules
from amlemu.profile import Probes
from amlemu.worker.forks import Zygote
from amlemu.worker.handle import Job, Worker
from amlemu.worker.launch import Launcher, LaunchPlan, fresh
from amlemu.worker.nursery import Nursery
from amlemu.worker.process import BOOT_ERRORS, silent_fault, told_end

_ABORT_GRACE_S = 1.0  # gunicorn's arbiter looks once a second: SIGABRT first, SIGKILL at the next look
_OF_FORKS = re.compile(r"\bfork|CUDA|initialization error", re.IGNORECASE)  # what is said of what a fork cannot do
_DOWN = "CrashLoopBackOff: memory ran out, and the container has not come up again"


class Pool:
    """Worker processes as a backend."""

    capabilities = Capabilities(survives_crashes=True, keeps_scoring_timeout=True, streams=True)

    def __init__(
        self,
        plan: LaunchPlan,
        workers: int,
        listener: Listener,
        worker_timeout_s: float = 300.0,
        *,
        preload: bool = False,
        nursery: Nursery | None = None,
        pauses: Pauses | None = None,
        probes: Probes | None = None,
        sends_ahead: bool = True,
        make_worker: Callable[..., Worker] = Worker,
        make_zygote: Callable[..., Zygote] = Zygote,
    ) -> None:
        """
        Args:
            plan: what each worker is started with.
            workers: how many.
            listener: told about every worker's life and words.
            worker_timeout_s: WORKER_TIMEOUT; 0 = none. Does not apply to init().
            preload: WORKER_PRELOAD; init() runs once, before the workers are made.
            nursery: launches workers, else each is a fresh interpreter; not for `preload`.
            pauses: told which requests stand still because a debugger holds a worker; None: no clock stops for that.
            probes: of the platform, to be played; None: nobody asks.
            sends_ahead: a lone worker may be sent the next request while it is busy.
            make_worker: for tests.
            make_zygote: likewise.
        """
        self._plan = plan
        self._count = workers
        self._tell = listener
        self._worker_timeout_s = worker_timeout_s
        self._make_worker = make_worker
        self._zygote = make_zygote(plan, self, listener) if preload else None
        self._zygote_is_ready = False
        self._nursery = None if preload else nursery
        self._launcher: Launcher = (
            self._zygote.launch if self._zygote else self._nursery.launch if self._nursery else fresh
        )
        self._why = "the server is stopping"  # nobody is served
        self._workers: set[Worker] = set()
        self._with_room: deque[Worker] = deque()
        self._waiting: deque[Job] = deque()
        # A lone worker gets its next request while it is still busy, so that it need not wait for us in between
        # (half again as many requests a second). With several workers the next one belongs to whoever is free first.
        self._depth = 2 if workers == 1 and sends_ahead else 1
        self._pauses = pauses
        self._probes = probes
        self._is_held = False  # a debugger has some worker
        self._still: set[int] = set()  # exchanges, and `ANYBODY`, that stand still
        self._tasks: set[asyncio.Task[Any]] = set()
        self._launches: set[asyncio.Task[Any]] = set()  # those of the tasks that must not be cancelled
        self._doubts: dict[Worker, asyncio.TimerHandle] = {}  # forks that are booting
        self._waits = BackOff()  # by the loop's time
        self._probing: list[asyncio.Task[None]] = []  # the container that is there
        self._stopping = False
        self.is_down = False  # the container has ended for want of memory, and no worker of the next one is ready
        self.changed: Callable[[], None] = lambda: None  # called when `is_down` is another one

    async def start(self) -> None:
        """Launch all workers, or the zygote; raises UsageError when the interpreter cannot be started."""
        if self._plan.memory is not None:
            guard = Guard(self._plan.memory.limit_bytes, self._pids, self._ran_out)
            self._spawn(guard.watch())
        loop = asyncio.get_running_loop()
        self._first_ready: asyncio.Future[None] = loop.create_future()
        self._gave_up: asyncio.Future[Exception] = loop.create_future()
        if self._zygote is not None:
            await self._zygote.start()
        else:
            for _ in range(self._count):
                await self._launch()
        if self._worker_timeout_s:
            self._spawn(self._abort_stuck_workers())
        self._play_probes()

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
            raise NotReady(self._why)
        if self.is_down:
            raise down(_DOWN)
        job = Job(request, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        self._hand_out()
        return await job.answer

    async def locate(self, number: int) -> list[Frame] | None:
        """Return where the script is with a request; None while no worker has it in hand."""
        for worker in self._workers:
            if worker.is_busy_with(number):
                return await worker.locate()
        return None

    @property
    def has_booted(self) -> bool:
        """Whether some worker can take a request by now, if it is not busy."""
        return any(worker.is_ready for worker in self._workers)

    @property
    def workers(self) -> list[Worker]:
        """Those that run, the oldest first."""
        return sorted(self._workers, key=lambda worker: worker.pid)

    async def drain(self) -> None:
        """
        Take nothing more, and let workers finish what they have begun, however long that takes; WORKER_TIMEOUT is kept.

        What no worker has taken is refused (NotReady), for somebody else can take it.
        """
        self._stopping = True
        self._refuse_waiting()
        if self._launches:
            await asyncio.wait(self._launches)
        await self._stop_workers(None)
        await self.stop(0)

    async def stop(self, grace_s: float) -> None:
        """Let busy workers finish for `grace_s` seconds, then kill; afterwards no process is left."""
        self._stopping = True
        self._look_for_pauses()  # who still waits is refused as soon as launches are over
        deadline = asyncio.get_running_loop().time() + grace_s
        for task in self._tasks - self._launches:
            task.cancel()
        if self._launches:  # half a start would leave a process behind
            await asyncio.wait(self._launches, timeout=grace_s if self._zygote else None)
        self._refuse_waiting()
        await self._stop_workers(grace_s)
        if self._zygote is not None:
            await self._zygote.stop(max(0.0, deadline - asyncio.get_running_loop().time()))
            await asyncio.gather(*self._launches, return_exceptions=True)  # they hung in a fork; now that has failed
            await self._stop_workers(0)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1)

    async def interrupt(self, grace_s: float) -> None:
        """
        End as gunicorn does at SIGINT: SystemExit in init() or run(), which gets `grace_s` seconds for it.

        Raises:
            BootFailed: that was init()'s end.
        """
        self._stopping = True
        ends = [worker.ended for worker in self._workers]
        for worker in self._workers:
            worker.kill(signal.SIGINT)
        if ends:
            await asyncio.wait(ends, timeout=grace_s)
        if self._gave_up.done():
            raise self._gave_up.result()

    def interrupt_prompt(self) -> bool:
        """Interrupt whoever asks in the terminal; returns whether somebody does."""
        asking = [worker for worker in self._workers if worker.is_at_prompt]
        for worker in asking:
            worker.kill(signal.SIGINT)
        return bool(asking)

    async def _stop_workers(self, grace_s: float | None) -> None:
        await asyncio.gather(*(worker.stop(grace_s) for worker in list(self._workers)))

    # Owner: the zygote's life

    def zygote_ready(self) -> None:
        """The script has booted: fork the workers."""
        self._zygote_is_ready = True  # what it has it shares with them from now on
        for _ in range(self._count):
            self._spawn(self._start_worker(0))

    def zygote_ended(self, reason: BootFailed) -> None:
        """Nothing is served any more, as when gunicorn's master has died; nobody can tell us of its children now."""
        self._give_up(reason)
        self._spawn(self._stop_workers(0))

    # Owner: a worker's life

    def worker_ready(self, worker: Worker) -> None:
        """Take it into service."""
        self._waits.has_come_up()
        self._become(is_down=False)
        if not self._first_ready.done():
            self._first_ready.set_result(None)
        if self._nursery is not None:
            self._forget_doubt(worker)
            self._nursery.came_up(worker.boot_ms, is_fork=worker.is_fork)
            self._tell_nursery(worker)
        self._with_room.extend([worker] * self._depth)
        self._hand_out()

    def worker_has_room(self, worker: Worker) -> None:
        """Give it the request that has waited longest, or let it rest."""
        self._with_room.append(worker)
        self._hand_out()

    def worker_paused(self, worker: Worker) -> None:
        """A debugger has taken hold of it, or has let it go: so do the clocks of whoever waits for it."""
        self._look_for_pauses()
        if not worker.is_ready and not worker.is_paused and worker in self._doubts:
            self._begin_doubt(worker)  # all over again: how long it was held does not matter

    def worker_out_of_memory(self, worker: Worker, peak_bytes: int) -> None:
        """
        End it, and where the platform ends all processes of a container together, the others.

        A fork that has not even begun has it from the script's boot, which was gunicorn's master's (contract 3.4).
        """
        rules = self._plan.memory
        if rules is None or worker.is_out_of_memory:
            return
        if self._zygote is not None and not worker.is_ready:
            self._end_zygote(self._zygote, OutOfMemory(peak_bytes, rules))
            return
        if rules.is_whole:
            self._container_ends(rules)
        for one in list(self._workers) if rules.is_whole else [worker]:
            one.run_out_of_memory(peak_bytes)

    def worker_ended(self, worker: Worker, end: WorkerEnded, untaken: list[Job], fault: dict[str, Any] | None) -> None:
        """Replace it, unless the script cannot be booted or we are stopping; what it never took waits again."""
        self._workers.discard(worker)
        self._look_for_pauses()
        self._with_room = deque(other for other in self._with_room if other is not worker)
        self._waiting.extendleft(reversed(untaken))
        wait_s = None
        self._forget_doubt(worker)
        self._tell_nursery(worker)
        if self._nursery is not None and end.was_booting and not worker.is_fork:
            self._nursery.fresh_failed()
        if self._failed_as_fork(worker, end, fault):
            self._spawn(self._start_worker(0))
            end = dataclasses.replace(end, planned=True)
        elif fault is not None:
            self._give_up(BootFailed(fault, end.exit_code if end.exit_code in BOOT_ERRORS else BOOT_ERRORS[0]))
        elif not self._stopping and not self._gave_up.done():
            wait_s = self._wait_before_restart(end)
            self._spawn(self._start_worker(wait_s))
        self._tell(dataclasses.replace(end, restart_in_s=wait_s))
        if self._stopping or self.is_down:
            self._refuse_waiting()
        self._hand_out()

    def _failed_as_fork(self, worker: Worker, end: WorkerEnded, fault: dict[str, Any] | None) -> bool:
        """Tell whether a fresh interpreter might come up where this one did not; if so, that is what comes next."""
        if self._nursery is None or self._stopping or not (worker.is_fork and end.was_booting):
            return False
        if end.memory is not None:
            return False
        if fault is not None and not _OF_FORKS.search(fault["what"]):
            return False
        self._nursery.fork_failed()
        return True

    def _tell_nursery(self, worker: Worker) -> None:
        if self._nursery is not None and worker.imports is not None:
            self._nursery.learn(worker.imports)
            worker.imports = None

    def _begin_doubt(self, worker: Worker) -> None:
        self._forget_doubt(worker)
        assert self._nursery is not None
        timer = asyncio.get_running_loop().call_later(self._nursery.patience_s, self._doubt, worker)
        self._doubts[worker] = timer

    def _doubt(self, worker: Worker) -> None:
        """A fork that does not come up in time may hang in what a fork must not do."""
        if worker.is_paused:
            return  # when it goes on there is another timer
        self._forget_doubt(worker)
        if worker.is_fork and not self._stopping:
            worker.kill(signal.SIGKILL)

    def _forget_doubt(self, worker: Worker) -> None:
        if timer := self._doubts.pop(worker, None):
            timer.cancel()

    def _look_for_pauses(self) -> None:
        """Say which requests begin to stand still, and which go on."""
        if self._pauses is None:
            return
        held = [worker for worker in self._workers if worker.is_paused]
        self._is_held = bool(held)
        still = {number for worker in held for number in worker.numbers}
        if held and len(held) == len(self._workers) and not self._stopping:  # nobody else could take one
            still |= {ANYBODY, *(job.request.number for job in self._waiting)}
        for number in still - self._still:
            self._pauses.begin(number)
        for number in self._still - still:
            self._pauses.end(number)
        self._still = still

    def _hand_out(self) -> None:
        while self._waiting and self._with_room:
            worker = self._with_room[0]
            if worker.load and not worker.is_quick:
                break  # what is sent ahead cannot be given to another one, and this may take a while
            job = self._waiting.popleft()
            if not job.answer.done():
                self._with_room.popleft().submit(job)
        if self._is_held:
            self._look_for_pauses()

    async def _launch(self) -> None:
        worker = self._make_worker(self._plan, self, self._tell, self._launcher)
        await worker.start()
        self._workers.add(worker)
        self._look_for_pauses()
        if self._nursery is not None and worker.is_fork:
            self._begin_doubt(worker)

    def _play_probes(self) -> None:
        """Play them against the container that has just started, unless they are being played."""
        if not self._probing and self._probes is not None:
            probers = [self._prober(rules, is_readiness=is_readiness) for rules, is_readiness in self._probes.played]
            self._probing = [self._spawn(prober.play()) for prober in probers]

    def _prober(self, rules: ProbeRules, *, is_readiness: bool) -> Prober:
        return Prober(
            rules,
            self.handle,
            self._tell,
            has_booted=lambda: self.has_booted,
            is_held=lambda: any(worker.is_paused for worker in self._workers),
            stack=self._stack,
            is_readiness=is_readiness,
        )

    async def _stack(self) -> list[Frame]:
        """Return where the first of the workers is that is not idle."""
        busy = [worker for worker in self.workers if worker.load or not worker.is_ready]
        return await busy[0].locate() if busy else []

    def _pids(self) -> list[int]:
        booting = [self._zygote.pid] if self._zygote is not None and not self._zygote_is_ready else []
        return booting + [worker.pid for worker in self._workers]

    def _ran_out(self, pid: int, used: int) -> None:
        if self._zygote is not None and self._plan.memory is not None and pid == self._zygote.pid:
            self._end_zygote(self._zygote, OutOfMemory(used, self._plan.memory))
        for worker in [one for one in self._workers if one.pid == pid]:
            self.worker_out_of_memory(worker, used)

    def _wait_before_restart(self, end: WorkerEnded) -> float:
        """A worker that dies while serving comes back at once; one that dies at start waits longer each time."""
        if end.memory is not None and end.memory.rules.is_whole:
            return self._down_s
        return self._waits.after_failed_boot() if end.was_booting else 0.0

    def _container_ends(self, rules: MemoryRules) -> None:
        """It takes all with it that waits in it."""
        self._waits.container_ends(asyncio.get_running_loop().time(), rules)
        for task in self._probing:
            task.cancel()
        self._probing = []
        self._become(is_down=True)
        self._refuse_waiting()

    def _become(self, *, is_down: bool) -> None:
        if self.is_down != is_down:
            self.is_down = is_down
            self.changed()

    @property
    def _down_s(self) -> float:
        """For how long the container does not start again."""
        return self._waits.down_s(asyncio.get_running_loop().time())

    def _end_zygote(self, zygote: Zygote, memory: OutOfMemory) -> None:
        """Nothing is served any more; the exit code is that of a master that was killed."""
        if self._gave_up.done():
            return
        what = f"the process that was loading the script {told_end(-signal.SIGKILL)}: {memory.told}"
        self.zygote_ended(BootFailed(silent_fault(what), -signal.SIGKILL))
        self._spawn(zygote.stop(0))

    async def _start_worker(self, wait_s: float) -> None:
        if wait_s:
            await asyncio.sleep(wait_s)
        if self._stopping or self._gave_up.done():
            return
        if self._down_s:  # the container that it was to come back to has ended meanwhile
            self._spawn(self._start_worker(self._down_s))
            return
        task = asyncio.current_task()
        assert task is not None
        self._launches.add(task)
        self._play_probes()
        try:
            await self._launch()
        except AmlemuError as error:  # the interpreter, the folder or the zygote has vanished meanwhile
            self._give_up(error)
        finally:
            self._launches.discard(task)

    def _give_up(self, reason: Exception) -> None:
        if not self._gave_up.done():
            self._gave_up.set_result(reason)
        self._why = str(reason)
        self._refuse_waiting()

    def _refuse_waiting(self) -> None:
        is_only_down = self.is_down and not self._stopping and not self._gave_up.done()
        for job in self._waiting:
            if not job.answer.done():
                job.answer.set_exception(down(_DOWN) if is_only_down else NotReady(self._why))
        self._waiting.clear()
        self._look_for_pauses()

    async def _abort_stuck_workers(self) -> None:
        look_every_s = min(1.0, self._worker_timeout_s / 4)
        while True:
            await asyncio.sleep(look_every_s)
            for worker in list(self._workers):
                if worker.busy_s(without_pauses=self._pauses is not None) > self._worker_timeout_s:
                    await self._abort(worker, time.monotonic())

    async def _abort(self, worker: Worker, now: float) -> None:
        if worker.aborted_at is None:
            worker.aborted_at = now
            await worker.locate()
            self._tell(WorkerTimedOut(worker.pid, self._worker_timeout_s))
            worker.kill(signal.SIGABRT)
        elif now - worker.aborted_at > _ABORT_GRACE_S:
            worker.kill(signal.SIGKILL)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def down(what: str) -> NotReady:
    """Return the failure of a request to a container that is not there."""
    failure = NotReady(what)
    failure.is_container = True
    return failure
