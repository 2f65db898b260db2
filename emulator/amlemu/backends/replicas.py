"""
Replicas of a deployment behind one router: each is a pool of its own, and how many there are azureml-fe's rule decides.

A request goes to the replica that has the fewest in hand. A replica that is added takes as long as a new container does, which is what
makes a 503 of a sudden peak; one that goes finishes what it has. `autoscale.py` decides, `pool.py` is one replica.

Source: contract 1.7 (instance_count), 2.2 (the rule, and that pods are scaled, never nodes).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from amlemu import autoscale
from amlemu.autoscale import Scale, ScaleRule
from amlemu.backends import Capabilities
from amlemu.backends.pool import Pool, down
from amlemu.cluster import NOT_SCHEDULED
from amlemu.errors import AmlemuError, BootFailed, NotReady
from amlemu.events import Listener, Noticed, Scaled
from amlemu.exchange import Frame, Request, Response
from amlemu.slots import Slots
from amlemu.worker.handle import Worker
from amlemu.worker.process import silent_fault

_REMEMBERED = 200  # changes of the number
_START_AGAIN = "no replica is ready: memory ran out, and their containers start again (CrashLoopBackOff)"


@dataclass(frozen=True)
class ReplicaRules:
    """
    How many there are, and what a new one takes.

    Attributes:
        start_s: seconds from the decision to the first step of the new container: a node is found, the image pulled.
    """

    scale: ScaleRule
    start_s: float


class Replica:
    """One of them; `pool` is None until its container is there."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.state: Literal["starting", "ready", "leaving"] = "starting"
        self.pool: Pool | None = None
        self.is_down = False  # it was ready, and its container starts again
        self.in_hand = 0
        self.last = 0  # which request was its last one
        self.life: asyncio.Task[None] | None = None

    @property
    def serves(self) -> bool:
        """Whether it takes requests."""
        return self.state == "ready" and not self.is_down


class Replicas:
    """Replicas as one pool. Used from one event loop."""

    def __init__(
        self,
        make_pool: Callable[[], Pool],
        rules: ReplicaRules,
        slots: Slots,
        listener: Listener,
        *,
        capabilities: Capabilities,
        place: Callable[[], str] = lambda: "",
        leave: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            make_pool: makes a replica's pool, not started.
            rules: how many, and how quickly.
            slots: is told how many replicas take requests, and tells how many wait.
            listener: is told when the number changes.
            capabilities: of the pools.
            place: finds room for one more; returns why there is none, empty where there is.
            leave: gives such room back.
            clock: for tests.
        """
        self.capabilities = capabilities
        self.history: deque[Scaled] = deque(maxlen=_REMEMBERED)
        self._make_pool = make_pool
        self._rules = rules
        self._slots = slots
        self._tell = listener
        self._place, self._leave = place, leave
        self._clock = clock
        self._all: list[Replica] = []
        self._first: set[Replica] = set()  # those that were there at first
        self._scale = Scale(rules.scale.minimum)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._endings: set[asyncio.Task[None]] = set()  # those that must not be cancelled
        self._is_stopping = False
        self._refused = ""  # why there is no room for another one, once told
        self._number = 0  # of the newest replica
        self._requests = 0

    async def start(self) -> None:
        """Begin with the fewest. Raises as a pool's `start` does."""
        loop = asyncio.get_running_loop()
        self._gave_up: asyncio.Future[Exception] = loop.create_future()
        self._up: asyncio.Future[None] = loop.create_future()
        if why := next(filter(None, (self._place() for _ in range(self._scale.replicas))), ""):
            self._give_up(BootFailed(silent_fault(f"{NOT_SCHEDULED}: {why}")))
            return
        self._first = {self._new() for _ in range(self._scale.replicas)}
        for replica in list(self._all):
            await self._begin(replica)

    async def ready(self) -> None:
        """Wait until all that were there at first answer; raises BootFailed."""
        either: set[asyncio.Future[Any]] = {self._up, self._gave_up}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if self._gave_up.done():
            raise self._gave_up.result()

    async def failed(self) -> Exception:
        """Wait until the script cannot be booted, or ends its server."""
        return await asyncio.shield(self._gave_up)

    async def handle(self, request: Request) -> Response:
        """Answer one request; see `Backend.handle`. One that a replica has not taken goes to another one."""
        tried: set[Replica] = set()
        while True:
            replica = self._choose(tried)
            if replica is None or replica.pool is None:
                if any(one.is_down for one in self._all):
                    raise down(_START_AGAIN)
                raise NotReady("no replica is ready")
            self._requests += 1
            replica.in_hand, replica.last = replica.in_hand + 1, self._requests
            try:
                return await replica.pool.handle(request)
            except NotReady:
                tried.add(replica)
                if self._choose(tried) is None:
                    raise
            finally:
                replica.in_hand -= 1

    async def locate(self, number: int) -> list[Frame] | None:
        """Return where the script is with a request; None while no worker has it in hand."""
        for pool in self._pools:
            if (stack := await pool.locate(number)) is not None:
                return stack
        return None

    @property
    def workers(self) -> Sequence[Worker]:
        """Those of all replicas."""
        return [worker for _, worker in self.numbered]

    @property
    def numbered(self) -> list[tuple[int, Worker]]:
        """The same, each with the number of its replica."""
        return [(one.number, worker) for one in self._all if one.pool is not None for worker in one.pool.workers]

    async def drain(self) -> None:
        """Take nothing more, finish what was begun, end."""
        self._leave_alone()
        await asyncio.gather(*(pool.drain() for pool in self._pools))

    async def stop(self, grace_s: float) -> None:
        """End all; requests in hand get `grace_s` seconds."""
        self._leave_alone()
        await asyncio.gather(*(pool.stop(grace_s) for pool in self._pools))
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1)
        if self._endings:
            await asyncio.wait(self._endings)

    async def interrupt(self, grace_s: float) -> None:
        """End as gunicorn does at SIGINT, every one of them; see `Pool.interrupt`."""
        self._leave_alone()
        await asyncio.gather(*(pool.interrupt(grace_s) for pool in self._pools))

    def interrupt_prompt(self) -> bool:
        """Interrupt whoever asks in the terminal; returns whether somebody does."""
        return any([pool.interrupt_prompt() for pool in self._pools])  # noqa: C419  # all of them

    @property
    def ready_count(self) -> int:
        """How many take requests."""
        return sum(replica.serves for replica in self._all)

    @property
    def wanted(self) -> int:
        """How many there are to be."""
        return self._scale.replicas

    def look(self) -> None:
        """Count, ask the rule, and begin to follow it."""
        busy = sum(replica.in_hand > 0 for replica in self._all if replica.serves)
        queued, before = self._slots.queued, self._scale.replicas
        self._scale = autoscale.look(self._rules.scale, self._scale, self._clock(), busy, queued)
        if self._scale.replicas != before:
            self._note(_why(busy, queued, self.ready_count, self._rules.scale))
        self._follow()

    async def _look_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(self._rules.scale.refresh_s)
            self.look()

    def _follow(self) -> None:
        """Start what is missing, let go what is too much: first what has not started, then what is idle, the newest first."""
        staying = [replica for replica in self._all if replica.state != "leaving"]
        for _ in range(self._scale.replicas - len(staying)):
            if not self._has_room():
                return
            replica = self._new()
            replica.life = self._spawn(self._come(replica))
        idle_last = sorted(staying, key=lambda one: (one.state == "ready", one.in_hand > 0, -one.number))
        for replica in idle_last[: max(0, len(staying) - self._scale.replicas)]:
            self._let_go(replica)

    def _has_room(self) -> bool:
        """Tell whether the cluster takes one more; say so when it does not, and once."""
        why = self._place()
        if why and why != self._refused:
            self._tell(Noticed(f"replica {self._number + 1} is not scheduled: {why}"))
        self._refused = why
        return not why

    async def _come(self, replica: Replica) -> None:
        await asyncio.sleep(self._rules.start_s)
        try:
            await self._begin(replica)
        except (AmlemuError, OSError) as error:
            self._drop(replica, str(error))

    async def _begin(self, replica: Replica) -> None:
        pool = self._make_pool()
        try:
            await pool.start()
        except BaseException:
            ending = asyncio.get_running_loop().create_task(pool.stop(0))
            self._endings.add(ending)
            ending.add_done_callback(self._endings.discard)
            await asyncio.shield(ending)  # who gives this up, perhaps for the second time, does not give that up
            raise
        replica.pool, pool.changed = pool, lambda: self._has_changed(replica, pool)
        replica.life = self._spawn(self._live(replica, pool))

    async def _live(self, replica: Replica, pool: Pool) -> None:
        try:
            await pool.ready()
        except AmlemuError as error:
            self._end(replica, error)
            return
        replica.state = "ready"
        self._has_come(replica)
        self._end(replica, await pool.failed())

    def _has_come(self, replica: Replica) -> None:
        if self._up.done():
            self._resize()
            self._note(f"replica {replica.number} is ready")
        elif all(one.state == "ready" for one in self._first):
            self._up.set_result(None)
            self._resize()
            if not self._rules.scale.is_fixed:
                self._spawn(self._look_again_and_again())

    def _has_changed(self, replica: Replica, pool: Pool) -> None:
        """Its container has ended and will start again, or has done so."""
        if replica.state == "ready" and replica.is_down != pool.is_down:
            replica.is_down = pool.is_down
            self._resize()
            self._note(f"replica {replica.number} {'starts again' if pool.is_down else 'is ready again'}")

    def _resize(self) -> None:
        """
        Say how many take requests, unless the slots belong to the generation before, or to the next one.

        Where none does, one slot is left: who gets it hears at once that nobody is ready, which is not the same as overloaded.
        """
        if self._up.done() and not self._is_stopping:
            self._slots.resize(max(1, self.ready_count))

    def _end(self, replica: Replica, error: Exception) -> None:
        """The script ends its server: the first ones cannot do without, an additional one is dropped."""
        if replica in self._first:
            self._give_up(error)
        else:
            self._drop(replica, str(error))

    def _drop(self, replica: Replica, why: str) -> None:
        how = "ends" if replica.state == "ready" else "does not start"
        self._tell(Noticed(f"replica {replica.number} {how}: {why}"))
        self._let_go(replica)

    def _let_go(self, replica: Replica) -> None:
        """Let it finish what it has in hand and end."""
        replica.state = "leaving"
        self._resize()
        if replica.life is not None and replica.life is not asyncio.current_task():
            replica.life.cancel()
        self._spawn(self._see_off(replica))

    async def _see_off(self, replica: Replica) -> None:
        if replica.pool is not None:
            await replica.pool.drain()
        self._all.remove(replica)
        self._leave()
        if not self._is_stopping:
            self._note(f"replica {replica.number} has gone")

    def _choose(self, tried: set[Replica]) -> Replica | None:
        """
        Return the one with the fewest requests in hand; of several, the one that has rested longest, so that all get some. Before
        the first ones are ready it may be one that boots.
        """
        there = [one for one in self._all if one.pool is not None and one.state != "leaving" and one not in tried]
        candidates = [one for one in there if one.serves] if self._up.done() else there
        return min(candidates, key=_order, default=None)

    def _new(self) -> Replica:
        self._number += 1
        replica = Replica(self._number)
        self._all.append(replica)
        return replica

    def _note(self, why: str) -> None:
        event = Scaled(time.time(), self._scale.replicas, self.ready_count, why)
        self.history.append(event)
        self._tell(event)

    def _give_up(self, reason: Exception) -> None:
        if not self._gave_up.done():
            self._gave_up.set_result(reason)

    def _leave_alone(self) -> None:
        """Nothing is started any more."""
        self._is_stopping = True
        for task in self._tasks:
            task.cancel()

    @property
    def _pools(self) -> list[Pool]:
        return [replica.pool for replica in self._all if replica.pool is not None]

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _order(replica: Replica) -> tuple[bool, int, int]:
    """Whose worker has died and boots again comes last: nobody knows how long that takes."""
    return replica.pool is None or not replica.pool.has_booted, replica.in_hand, replica.last


def _why(busy: int, queued: int, ready: int, rule: ScaleRule) -> str:
    percent = round(autoscale.utilization_percent(ready, busy, queued))
    waiting = f" and {queued} request{' waits' if queued == 1 else 's wait'}" if queued else ""
    return f"{busy} replica{' is' if busy == 1 else 's are'} busy{waiting}: {percent} %, the target is {rule.target_percent} %"
