"""
Generations of one deployment as a backend: a new one boots beside the one that serves, and takes its place when it is ready.

Requests go to the one that serves. What it has in hand it finishes; what none of its workers has taken goes to the next one, so
nothing is lost and nothing runs twice. What one of them is, and how it lives, is in `generation.py`. A generation that does not start is told with its cause, and the requests are refused as by an
unhealthy deployment, unless the one before may go on. Who decides when to reload is above (`reloader.py`, `control/`).
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from amlemu.backends import Capabilities, pool, room
from amlemu.backends.back_off import BackOff
from amlemu.backends.generation import Generation, Outcome, Pool, fault_of
from amlemu.backends.replicas import Replicas
from amlemu.errors import AmlemuError, HostLost, NotReady
from amlemu.events import (
    Event,
    FileWritten,
    Listener,
    Noticed,
    ReloadBegan,
    Reloaded,
    ReloadFailed,
    WorkerEnded,
    WorkerReady,
)
from amlemu.exchange import Frame, Request, Response
from amlemu.readiness import Readiness
from amlemu.worker.nursery import Nursery
from amlemu.worker.process import silent_fault, told_end

_IN_USE = re.compile(r"[Aa]ddress already in use|Errno (98|48|10048)\b")
_IMPATIENCE_S = 2.0  # who waits for requests in hand is told so
_LOOK_AGAIN_S = 0.25


class Generations:
    """Generations as a backend. Used from one event loop."""

    def __init__(
        self,
        make_pool: Callable[[Listener], Pool],
        readiness: Readiness,
        listener: Listener,
        *,
        capabilities: Capabilities = pool.Pool.capabilities,
        stays: bool = True,
        restarts: bool = False,
        keeps_last_good: bool = False,
        nursery: Nursery | None = None,
        no_room: Callable[[Iterable[int]], str] = room.no_room,
    ) -> None:
        """
        Args:
            make_pool: makes a pool, not started, that tells this listener of its life.
            readiness: written here, read by the front door.
            listener: told about all generations.
            capabilities: of the pools.
            stays: a script that does not start, or ends the server, is waited for to become another one; else that
                is the end, as without reload.
            restarts: one that ends the server while it serves is booted again, as a platform does with a container.
            keeps_last_good: the generation that serves goes on when the next one does not start.
            nursery: where the pools' workers come from; ended with us.
            no_room: says why two generations at once would be too many, given the pids of one; empty: they are not.
        """
        self.capabilities = capabilities
        self._make_pool = make_pool
        self._readiness = readiness
        self._tell = listener
        self._stays = stays
        self._restarts = restarts
        self._waits = BackOff()
        self._keeps_last_good = keeps_last_good
        self._nursery = nursery
        self._no_room = no_room
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_stopping = False
        self._exclusive = ""  # why no two generations can be beside each other, once that has been seen
        self._written: dict[str, float] = {}  # by the script itself, and when, as time.monotonic() has it
        self._booted_at = 0.0
        self.all: list[Generation] = []  # those that have not ended, oldest first

    @property
    def number(self) -> int:
        """Of the newest generation."""
        return self._newest.number

    @property
    def serving(self) -> Generation:
        """The one that requests go to."""
        return self._serving

    def written_since(self, moment: float) -> set[str]:
        """Return the files that the script has written since `moment` (time.monotonic()), in its own names."""
        self._written = {path: at for path, at in self._written.items() if at >= moment}
        return set(self._written)

    def was_booting_since(self, moment: float) -> bool:
        """Tell whether init() was at work at some time since `moment` (time.monotonic())."""
        is_booting = any(not worker.is_ready for generation in self.all for worker in generation.workers)
        return is_booting or self._booted_at >= moment

    @property
    def surroundings(self) -> str:
        """What has changed that a fork cannot follow, in words; empty when nothing has."""
        return self._nursery.outdated() if self._nursery else ""

    @property
    def launcher(self) -> str:
        """How the next worker comes into being, in words."""
        return self._nursery.told if self._nursery else "fresh interpreter"

    async def start(self) -> None:
        """Begin to boot the first one. Raises UsageError when the interpreter cannot be started."""
        self._gave_up: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self._serving = self._newest = self._new(1, (), time.monotonic(), "beside")
        await self._begin(self._serving)
        self._settle_soon(self._serving, None)

    async def ready(self) -> None:
        """Wait for the first verdict on the script; raises BootFailed when that is the end."""
        verdict: asyncio.Future[Any] = self._spawn(self._readiness.verdict())
        await asyncio.wait({verdict, self._gave_up}, return_when=asyncio.FIRST_COMPLETED)
        if self._gave_up.done():
            raise self._gave_up.result()

    async def failed(self) -> Exception:
        """Wait until the script has ended the server for good."""
        return await asyncio.shield(self._gave_up)

    async def handle(self, request: Request) -> Response:
        """Answer one request; see `Backend.handle`."""
        while True:
            generation = self._serving
            try:
                response = await generation.handle(request)
            except NotReady:  # no worker has taken it
                if generation is self._serving or self._is_stopping:
                    raise
            else:
                response.account["generation"] = generation.number
                return response

    async def locate(self, number: int) -> list[Frame] | None:
        """Return where the script is with a request, in whichever generation; None while it waits."""
        for generation in self.all:
            if generation.pool is not None and (stack := await generation.pool.locate(number)) is not None:
                return stack
        return None

    async def reload(self, changed: Iterable[str] = (), mode: str = "auto", since: float | None = None) -> Outcome:
        """
        Boot another generation and let it serve.

        Args:
            changed: paths that are the reason, for whoever reads of it.
            mode: see `reload.MODES`.
            since: time.monotonic() of the first change; None: now.

        Returns:
            How it went; of the one that has overtaken this one, where it has.
        """
        if self._is_stopping:
            raise NotReady("the server is stopping")
        if changed:
            self._waits.has_come_up()
        before, overtaken = self._serving, self._newest
        changes = {*changed, *(() if overtaken.verdict.done() else overtaken.changed)}
        generation = self._new(overtaken.number + 1, changes, since or time.monotonic(), mode)
        self._newest = overtaken.next = generation
        stays = before if self._make_way(generation, before, mode) else None
        self._spawn(self._replace(generation, stays))  # who has asked may leave
        while True:
            await asyncio.wait({generation.outcome})
            if not generation.outcome.cancelled():
                return generation.outcome.result()
            assert generation.next is not None, "it was overtaken"
            generation = generation.next

    async def _replace(self, generation: Generation, before: Generation | None) -> None:
        """Begin a generation; `before` serves meanwhile, unless there is none."""
        if before is None:
            await self._others_gone(generation)
        if generation.next is None and not self._is_stopping:
            generation.begin = self._spawn(self._begin(generation))
            await asyncio.wait({generation.begin})
            self._settle_soon(generation, before)

    def _make_way(self, generation: Generation, before: Generation, mode: str) -> bool:
        """Let go whoever is not to stay while it boots; returns whether the one that serves does."""
        is_served = before.state == "ready"
        why = self._why_not_beside(before) if mode == "auto" and is_served else ""
        is_beside = is_served and mode != "stop-first" and not why
        stops_first = is_served and not is_beside
        generation.is_alone = stops_first or mode == "stop-first" or bool(self._exclusive)
        self._tell(ReloadBegan(generation.number, generation.changed, "stop-first" if stops_first else "beside", why))
        if not is_beside:
            self._serving = generation
            self._readiness.boots()
        for one in list(self.all):
            if one is not generation and one.state != "draining" and not (is_beside and one is before):
                self._leave(one)
        return is_beside

    def _why_not_beside(self, before: Generation) -> str:
        return self._exclusive or self._no_room(worker.pid for worker in before.workers)

    async def stop(self, grace_s: float) -> None:
        """End all of them."""
        self._is_stopping = True
        await asyncio.gather(*(one.stop(grace_s) for one in self.all))
        for generation in self.all:
            generation.refuse(NotReady("the server is stopping"))
        begins = {one.begin for one in self.all if one.begin is not None}  # half a start would leave processes behind
        for task in self._tasks - begins:
            task.cancel()
        if begins:
            await asyncio.wait(begins)
        if self._nursery is not None:
            await self._nursery.stop()

    async def interrupt(self, grace_s: float) -> None:
        """End as gunicorn does at SIGINT, see `Pool.interrupt`. Raises BootFailed when that was init()'s end."""
        if isinstance(self._serving.pool, (pool.Pool, Replicas)):
            await self._serving.pool.interrupt(grace_s)

    def interrupt_prompt(self) -> bool:
        """Interrupt whoever asks in the terminal, see `Pool.interrupt_prompt`."""
        pools = [one.pool for one in self.all if isinstance(one.pool, (pool.Pool, Replicas))]
        return any([one.interrupt_prompt() for one in pools])  # noqa: C419  # all of them are asked

    # One generation's life

    def _new(self, number: int, changed: Iterable[str], since: float, mode: str) -> Generation:
        generation = Generation(number, changed, since, mode)
        self.all.append(generation)
        return generation

    async def _begin(self, generation: Generation) -> None:
        """Start its workers. Only the first one may raise: where nothing can be started there is nothing to serve."""
        try:
            await generation.start(self._make_pool(lambda event: self._heard(generation, event)))
        except (AmlemuError, OSError) as error:  # no interpreter, or no room for another process
            if generation.number == 1:
                raise
            if isinstance(error, HostLost):
                self._give_up(error)
            elif generation.state == "booting":
                generation.state = "failed"
                generation.fails(fault_of(error))
        if self._is_stopping:
            await generation.stop()

    def _heard(self, generation: Generation, event: Event) -> None:
        """Pass on what a pool tells; a worker that dies at start is the verdict on what it was to boot."""
        if isinstance(event, FileWritten):
            self._written[event.path] = time.monotonic()
            return
        if isinstance(event, WorkerReady):
            generation.boot_ms, self._booted_at = event.boot_ms, time.monotonic()
        self._tell(event)
        if isinstance(event, WorkerEnded) and _is_death_at_start(event) and self._may_falter(generation):
            because = f": {event.memory.told}" if event.memory else ""
            generation.fails(
                silent_fault(f"the worker {told_end(event.exit_code)} while the script was loading{because}")
            )

    def _may_falter(self, generation: Generation) -> bool:
        is_to_stay = self._stays or generation.number > 1
        return is_to_stay and not generation.verdict.done() and not self._is_stopping

    def _settle_soon(self, generation: Generation, before: Generation | None) -> None:
        if generation.state == "draining":
            return
        boot = self._spawn(self._boot(generation))
        generation.tasks += [boot, self._spawn(self._settle(generation, before, boot))]

    async def _settle(self, generation: Generation, before: Generation | None, boot: asyncio.Task[None]) -> None:
        """Wait for the verdict on a generation and act on it; one whose workers die at start may still come up."""
        await asyncio.shield(generation.verdict)
        if before is not None and self._wants_what_is_taken(generation):
            self._spawn(self.reload(generation.changed, generation.mode, generation.since))  # overtakes this one
            return
        if generation.fault is not None:
            self._has_failed(generation, before)
        await boot
        if generation.state == "ready":
            self._serves(generation)
            await self._watch(generation)
        else:
            await generation.stop()

    async def _boot(self, generation: Generation) -> None:
        error = await generation.boot()
        if error is None:
            generation.decide()
        elif (self._stays or generation.number > 1) and not isinstance(error, HostLost):
            generation.fails(fault_of(error))
        else:
            self._give_up(error)

    def _serves(self, generation: Generation) -> None:
        """Let requests go to it; the one before drains."""
        before, self._serving = self._serving, generation
        generation.fault = None
        self._readiness.serves()
        took_ms = (time.monotonic() - generation.since) * 1000
        if generation.number > 1:
            self._tell(Reloaded(generation.number, generation.changed, generation.boot_ms, took_ms))
        if before is not generation:
            self._leave(before)
        generation.answer(Outcome(generation.number, took_ms, generation.boot_ms, None, generation.number))

    def _wants_what_is_taken(self, generation: Generation) -> bool:
        """Tell whether it wants what the one before still has, a port above all: then they cannot be beside each other."""
        said = (generation.fault or {}).get("what", "")
        if generation.mode != "auto" or self._exclusive or not _IN_USE.search(said):
            return False
        self._exclusive = f"two at once cannot have the same ({said})"
        return True

    def _has_failed(self, generation: Generation, before: Generation | None) -> None:
        """Say why, and refuse what comes, unless the one before may go on."""
        fault = generation.fault
        assert fault is not None
        goes_on = before if self._keeps_last_good and before is not None and before.state == "ready" else None
        serving = goes_on.number if goes_on else None
        self._tell(ReloadFailed(generation.number, generation.changed, fault, serving))
        if goes_on is None:
            self._refuse(generation, fault)
            if before is not None:
                self._leave(before)
        took_ms = (time.monotonic() - generation.since) * 1000
        generation.answer(Outcome(generation.number, took_ms, 0.0, fault, serving))

    async def _watch(self, generation: Generation) -> None:
        """Wait until a script that serves ends its server: exit codes 3 and 4."""
        assert generation.pool is not None
        reason = await generation.pool.failed()
        if not self._stays or isinstance(reason, HostLost):
            self._give_up(reason)
            return
        generation.state, generation.fault = "failed", fault_of(reason)
        self._refuse(generation, generation.fault)
        if self._restarts:
            self._spawn(self._restart(generation))
        else:
            self._tell(ReloadFailed(generation.number, (), generation.fault, None))
        await generation.stop()

    async def _restart(self, generation: Generation) -> None:
        """
        Boot the script again, unless somebody has done so meanwhile; one that ends time and again waits ever longer.

        Source: contract 3.4 (the platform restarts the container); the waits are ours, see `back_off.py`.
        """
        wait_s = self._waits.after_failed_boot()
        self._tell(Noticed(f"the server has ended; the container starts again in {wait_s:g} s"))
        await asyncio.sleep(wait_s)
        if self._newest is generation and not self._is_stopping:
            await self.reload()

    def _refuse(self, generation: Generation, fault: dict[str, Any]) -> None:
        self._serving = generation
        self._readiness.fails(f"generation {generation.number} does not start: {fault['what']}")

    def _leave(self, generation: Generation) -> None:
        """Let one finish what it has in hand and go."""
        self._spawn(self._end(generation, has_served=generation.leave()))

    async def _end(self, generation: Generation, *, has_served: bool) -> None:
        await generation.end(has_served=has_served)
        self.all.remove(generation)

    async def _others_gone(self, generation: Generation) -> None:
        """
        Wait for the others' ends; say so when that takes long. One that a debugger holds is not waited for, unless two cannot
        be there at once.
        """
        clock = asyncio.get_running_loop().time
        began, has_told = clock(), False
        while others := [one for one in self.all if one is not generation and (generation.is_alone or not one.is_held)]:
            await asyncio.wait(
                [one.ended for one in others], timeout=_LOOK_AGAIN_S, return_when=asyncio.FIRST_COMPLETED
            )
            if not has_told and clock() - began >= _IMPATIENCE_S:
                has_told = True
                self._tell(Noticed(_told_wait(others)))

    def _give_up(self, reason: Exception) -> None:
        if not self._gave_up.done():
            self._gave_up.set_result(reason)

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _told_wait(others: Iterable[Generation]) -> str:
    if any(one.is_held for one in others):
        return "a debugger holds a request of the generation before; the new one starts when you let it go on"
    return "the generation before has requests in hand; the new one starts when they are answered"


def _is_death_at_start(event: WorkerEnded) -> bool:
    """Tell whether a worker has ended before init() had, without a word; one with a fault is not started again."""
    return event.was_booting and not event.planned and event.restart_in_s is not None
