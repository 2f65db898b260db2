"""Replicas against every order of looks, requests, answers and deaths on a clock moved by hand, and the cases worth a name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from amlemu.autoscale import ScaleRule
from amlemu.backends.generations import Generations
from amlemu.backends.pool import Pool
from amlemu.backends.replicas import ReplicaRules, Replicas
from amlemu.cluster import Cluster, Node, Pod
from amlemu.errors import BootFailed, NotReady, UsageError, WorkerCrashed
from amlemu.events import Event, Noticed, Scaled
from amlemu.exchange import Request, Response
from amlemu.memory import MemoryRules
from amlemu.readiness import Readiness
from amlemu.slots import Slots
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from .fake_worker import FAULT, FakePlan, FakeWorker, StillLoop

GB = 1 << 30
START_S = 20.0
MEMORY = MemoryRules(GB, "--memory-gb", is_whole=True, first_s=10, longest_s=300)


def fixed(count: int) -> ScaleRule:
    return ScaleRule(count, count)


def scaled(least: int, most: int) -> ScaleRule:
    """Contract 2.2: a target of 70 %, a look each second, a minute before there are fewer."""
    return ScaleRule(least, most, target_percent=70, refresh_s=1, shrink_after_s=60)


class World:
    """Replicas of one fake worker each, and everybody who has asked them for something."""

    def __init__(self, rule: ScaleRule, *, room: int | None = None, sends_ahead: bool = False) -> None:
        self.loop = StillLoop()
        self.workers: list[FakeWorker] = []
        self.events: list[Event] = []
        self.asked: list[asyncio.Task[Response]] = []
        self.slots = Slots(1, rule.minimum)
        self.cluster = None if room is None else Cluster([Node("node-0", room, 64 * GB)])
        self.rule, self.sends_ahead = rule, sends_ahead
        self.backend: Replicas | Generations = self.make()

    def make(self, listener: Callable[[Event], None] | None = None) -> Replicas:
        cluster, pod = self.cluster, Pod(cpus=1, memory_bytes=GB)
        more: dict[str, Any] = {}
        if cluster is not None:
            more = {"place": lambda: cluster.place(pod), "leave": lambda: cluster.remove(pod)}
        return Replicas(
            self.make_pool,
            ReplicaRules(self.rule, START_S),
            self.slots,
            listener or self.events.append,
            capabilities=Pool.capabilities,
            clock=self.loop.time,
            **more,
        )

    def make_pool(self) -> Pool:
        plan: Any = FakePlan(self.workers, MEMORY)
        make: Any = FakeWorker
        return Pool(plan, 1, self.events.append, 0, sends_ahead=self.sends_ahead, make_worker=make)

    @property
    def replicas(self) -> Replicas:
        assert isinstance(self.backend, Replicas)
        return self.backend

    def starts(self) -> World:
        starting = self.loop.create_task(self.backend.start())
        self.connects()
        starting.result()
        return self

    def comes_up(self) -> World:
        """Let every worker boot that is there."""
        self.connects()
        for worker in self.alive:
            if not worker.is_ready:
                worker.boots()
        return self

    def connects(self) -> None:
        self.loop.settle()
        while waiting := [worker for worker in self.workers if not worker.connected.done()]:
            waiting[0].connected.set_result(None)
            self.loop.settle()

    def asks(self) -> int:
        number = len(self.asked) + 1
        request = Request("POST", str(number), [], number=number)
        self.asked.append(self.loop.create_task(self.backend.handle(request)))
        self.loop.settle()
        return number

    def outcome(self, number: int) -> Any:
        task = self.asked[number - 1]
        return (task.exception() or task.result()) if task.done() else None

    def holder(self, number: int) -> FakeWorker | None:
        """Who has a request."""
        return next((worker for worker in self.alive if number in worker.numbers), None)

    @property
    def alive(self) -> list[FakeWorker]:
        return [worker for worker in self.workers if worker.is_alive]

    @property
    def loads(self) -> list[int]:
        return [len(worker.jobs) for worker in self.alive]

    def passes(self, seconds: float) -> None:
        """Let time go by, a look at a time."""
        for _ in range(int(seconds / 0.5)):
            self.loop.passes(0.5)
            self.connects()

    def does(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = self.loop.create_task(work)
        self.loop.settle()
        return task

    def told(self, kind: type[Event] = Scaled) -> list[str]:
        said = [event for event in self.events if isinstance(event, kind)]
        return [event.text if isinstance(event, Noticed) else event.why for event in said]  # type: ignore[union-attr]

    def close(self) -> None:
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.turn()
        self.loop.close()


@pytest.fixture
def make() -> Iterator[Callable[..., World]]:
    """Make worlds, not started."""
    made: list[World] = []

    def make(rule: ScaleRule, **more: Any) -> World:
        made.append(World(rule, **more))
        return made[-1]

    yield make
    for world in made:
        world.close()


@pytest.fixture
def pair(make: Callable[..., World]) -> World:
    """Two of them that are ready, and never another number."""
    return make(fixed(2)).starts().comes_up()


@pytest.fixture
def growing(make: Callable[..., World]) -> World:
    """One that is ready; there may be three."""
    return make(scaled(1, 3)).starts().comes_up()


# how requests are spread


def test_a_request_goes_to_the_one_with_the_fewest_in_hand(pair: World) -> None:
    """Whoever is busy gets the next one only when all are."""
    for _ in range(3):
        pair.asks()

    assert [pair.holder(number) is not None for number in (1, 2)] == [True, True]
    assert pair.holder(1) is not pair.holder(2)
    assert sorted(pair.loads) == [1, 1]  # the third one waits in a container's queue


def test_one_after_another_they_take_turns(pair: World) -> None:
    """Who keeps something in memory between two requests is to notice here, not in the cloud."""
    had = []
    for _ in range(4):
        worker = pair.holder(pair.asks())
        assert worker is not None
        had.append(pair.workers.index(worker))
        worker.answers()

    assert had in ([0, 1, 0, 1], [1, 0, 1, 0])


def test_a_worker_that_died_and_boots_again_is_avoided(pair: World) -> None:
    """The other one goes on, and it gets requests again when it is ready; its container has been there all the time."""
    pair.workers[0].dies()
    pair.connects()
    busy = pair.asks()
    pair.workers[1].answers()
    second = pair.asks()
    counted = (pair.slots.instances, pair.replicas.ready_count)
    pair.comes_up()
    third = pair.asks()

    assert isinstance(pair.outcome(busy), Response)
    assert pair.holder(second) is pair.workers[1]
    assert pair.holder(third) is pair.workers[2]
    assert counted == (2, 2)


def test_what_a_worker_had_taken_is_lost_with_it(pair: World) -> None:
    """run() is not entered twice."""
    number = pair.asks()
    worker = pair.holder(number)
    assert worker is not None
    worker.has_taken = True
    worker.dies()

    assert isinstance(pair.outcome(number), WorkerCrashed)


def test_where_a_request_is_can_be_told_of_each(pair: World) -> None:
    """And not of one that nobody has."""
    numbers = [pair.asks(), pair.asks()]
    found = [pair.does(pair.backend.locate(number)).result() for number in (*numbers, 99)]

    assert [stack and stack[0].function for stack in found] == ["run of 1", "run of 2", None]


# a container that ran out of memory


def goes_down(world: World, worker: FakeWorker) -> None:
    worker.eats(2 * GB)
    worker.dies()


def test_a_request_that_a_container_had_not_taken_goes_to_another_one(pair: World) -> None:
    """It lay in its queue."""
    numbers = [pair.asks() for _ in range(4)]
    first = pair.holder(1)
    assert first is not None
    first.has_taken = True
    other = next(worker for worker in pair.workers if worker is not first)
    goes_down(pair, first)
    for _ in range(3):
        other.answers()

    assert isinstance(pair.outcome(1), WorkerCrashed)
    assert [type(pair.outcome(number)) for number in numbers[1:]] == [Response] * 3


def test_a_replica_whose_container_starts_again_does_not_count(pair: World) -> None:
    """Neither for the router, nor for the front end's slots; until it is ready again."""
    goes_down(pair, pair.workers[0])
    down = (pair.slots.instances, pair.replicas.ready_count)
    pair.connects()
    booting = (pair.slots.instances, [pair.holder(pair.asks()) is pair.workers[1] for _ in range(2)])
    pair.comes_up()

    assert (down, booting[0], booting[1][0]) == ((1, 1), 1, True)
    assert (pair.slots.instances, pair.replicas.ready_count) == (2, 2)
    assert [text for text in pair.told() if "again" in text] == [
        "replica 1 starts again",
        "replica 1 is ready again",
    ]


def test_where_all_start_again_nobody_waits(pair: World) -> None:
    """Contract 2.1: 503, no ready replicas; one slot is left, so that this is heard, and not that they are overloaded."""
    for worker in list(pair.workers):
        goes_down(pair, worker)
    number = pair.asks()

    assert isinstance(pair.outcome(number), NotReady)
    assert "no replica is ready" in str(pair.outcome(number))
    assert "CrashLoopBackOff" in str(pair.outcome(number))
    assert (pair.replicas.ready_count, pair.slots.total) == (0, 1)


# the first ones


def test_it_is_ready_when_all_of_the_first_are(make: Callable[..., World]) -> None:
    """One of two is not enough."""
    world = make(fixed(2)).starts()
    ready = world.does(world.replicas.ready())
    world.workers[1].boots()
    before = ready.done()
    world.workers[0].boots()

    assert (before, ready.done()) == (False, True)
    assert world.slots.instances == 2


def test_requests_wait_for_the_first_one(make: Callable[..., World]) -> None:
    """As connections do; each of them has its own queue."""
    world = make(fixed(2)).starts()
    numbers = [world.asks(), world.asks()]
    world.comes_up()

    assert world.loads == [1, 1]
    assert all(world.holder(number) for number in numbers)


def test_nothing_is_scaled_before_they_are_ready(make: Callable[..., World]) -> None:
    """Who waits then waits for them; or it is the generation before that they wait for."""
    world = make(scaled(1, 3)).starts()
    for _ in range(4):
        world.loop.run_until_complete(_queued(world.slots))
    world.passes(30)

    assert len(world.workers) == 1
    assert world.told() == []


async def _queued(slots: Slots) -> None:
    """Let one more request wait in the front end."""
    slots.take()
    slots.queue()


def test_one_of_the_first_that_cannot_boot_ends_it(make: Callable[..., World]) -> None:
    """As with a single one: the script is the same."""
    world = make(fixed(2)).starts()
    ready, failed = world.does(world.replicas.ready()), world.does(world.replicas.failed())
    world.workers[0].boots()
    world.workers[1].dies(fault=FAULT, exit_code=3)

    assert isinstance(failed.result(), BootFailed)
    assert isinstance(ready.exception(), BootFailed)


def test_an_interpreter_that_is_none_is_told_at_the_start(
    make: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a pool tells it."""

    async def start(worker: FakeWorker) -> None:
        raise UsageError("cannot be started")

    monkeypatch.setattr(FakeWorker, "start", start)
    world = make(fixed(2))
    starting = world.does(world.replicas.start())

    assert isinstance(starting.exception(), UsageError)


# growing and shrinking


def test_more_are_asked_for_at_once_and_come_when_their_container_is_there(growing: World) -> None:
    """Contract 2.2: grow at once; 1 busy and 1 waiting at 70 % make 3. Until they are there they take nothing."""
    growing.asks()
    growing.loop.run_until_complete(_queued(growing.slots))
    growing.passes(1)
    wanted, early = growing.replicas.wanted, len(growing.workers)
    growing.passes(19)
    just_before = len(growing.workers)
    growing.passes(1)
    growing.connects()
    containers, slots_before = len(growing.workers), growing.slots.instances
    growing.comes_up()

    assert (wanted, early, just_before, containers) == (3, 1, 1, 3)
    assert (slots_before, growing.slots.instances, growing.replicas.ready_count) == (1, 3, 3)
    assert growing.told()[0] == "1 replica is busy and 1 request waits: 200 %, the target is 70 %"
    assert sorted(growing.told()[1:]) == ["replica 2 is ready", "replica 3 is ready"]


def test_a_busy_replica_alone_is_above_the_target(growing: World) -> None:
    """1 of 1 is 100 %: two are wanted, 1 / 0.7 rounded up."""
    growing.asks()
    growing.passes(2)

    assert growing.replicas.wanted == 2


def grown(world: World) -> World:
    """Let there be three, all idle."""
    world.asks()
    world.loop.run_until_complete(_queued(world.slots))
    world.passes(22)
    world.comes_up()
    world.workers[0].answers()
    assert world.replicas.ready_count == 3
    return world


def test_fewer_are_left_only_after_a_quiet_minute(growing: World) -> None:
    """Contract 2.2: shrinking is slow. The newest go first."""
    grown(growing)
    growing.passes(58)
    before = growing.replicas.ready_count
    growing.passes(4)
    for worker in list(growing.alive):
        if worker is not growing.workers[0]:
            worker.dies(planned=True)
    growing.loop.settle()

    assert (before, growing.replicas.ready_count, growing.slots.instances) == (3, 1, 1)
    assert growing.alive == growing.workers[:1]
    assert sorted(growing.told()[-2:]) == ["replica 2 has gone", "replica 3 has gone"]


def test_the_idle_ones_go_and_not_who_is_busy(growing: World) -> None:
    """The newest has a long run() in hand: 1 / 0.7 are 2, so it stays, and of the idle ones the newer one goes."""
    grown(growing)
    workers: dict[int, Any] = dict(growing.replicas.numbered)
    for _ in workers:
        growing.asks()
    [busy] = workers[3].numbers
    workers[1].answers()
    workers[2].answers()
    growing.passes(62)
    workers[2].dies(planned=True)
    growing.loop.settle()

    assert [one.number for one in growing.replicas._all] == [1, 3]
    assert growing.holder(busy) is workers[3]
    assert growing.slots.instances == 2


def test_one_that_goes_takes_nothing_more(growing: World) -> None:
    """While its process still ends."""
    grown(growing)
    growing.passes(62)
    holders = []
    for _ in range(3):
        holders.append(growing.holder(growing.asks()))
        growing.workers[0].answers()

    assert len(growing.alive) == 3
    assert holders == [growing.workers[0]] * 3


def test_one_that_has_not_come_yet_is_let_go_without_having_been_there(growing: World) -> None:
    """The peak was over in a moment; here the container takes longer than the quiet that is asked for."""
    growing.replicas._rules = ReplicaRules(growing.rule, 1000)
    number = growing.asks()
    growing.passes(2)
    wanted = growing.replicas.wanted
    growing.workers[0].answers()
    growing.passes(70)

    assert isinstance(growing.outcome(number), Response)
    assert (wanted, growing.replicas.wanted, len(growing.workers)) == (2, 1, 1)
    assert [one.state for one in growing.replicas._all] == ["ready"]


def test_an_additional_one_that_cannot_boot_is_dropped(growing: World) -> None:
    """Two at once cannot have the same port, say; the others go on, and it is told."""
    growing.asks()
    growing.passes(22)
    failed = growing.does(growing.replicas.failed())
    growing.workers[1].dies(fault=FAULT, exit_code=3)
    growing.loop.settle()

    assert not failed.done()
    assert growing.told(Noticed) == ["replica 2 does not start: the script does not load"]
    assert [one.number for one in growing.replicas._all] == [1]
    assert growing.slots.instances == 1


def test_an_additional_one_whose_script_ends_its_server_is_told_as_that(growing: World) -> None:
    """Exit codes 3 and 4 while it serves."""
    growing.asks()
    growing.passes(22)
    growing.comes_up()
    growing.workers[1].dies(fault=FAULT, exit_code=3)
    growing.loop.settle()

    assert growing.told(Noticed) == ["replica 2 ends: the script does not load"]
    assert growing.slots.instances == 1


def test_an_additional_one_that_cannot_be_started_is_dropped(growing: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be no room for another process."""

    async def start(worker: FakeWorker) -> None:
        worker.connected = asyncio.get_running_loop().create_future()
        worker.connected.set_result(None)
        raise OSError("Cannot allocate memory")

    monkeypatch.setattr(FakeWorker, "start", start)
    growing.asks()
    growing.passes(22)

    assert growing.told(Noticed)[0] == "replica 2 does not start: Cannot allocate memory"
    assert growing.replicas.ready_count == 1


def test_the_history_has_every_change_with_its_reason(growing: World) -> None:
    """What status shows: how many were wanted, how many were ready."""
    growing.asks()
    growing.passes(22)
    growing.comes_up()

    assert [(one.wanted, one.ready, one.why) for one in growing.replicas.history] == [
        (2, 1, "1 replica is busy: 100 %, the target is 70 %"),
        (2, 2, "replica 2 is ready"),
    ]


# room in a cluster


def test_who_finds_no_node_at_the_start_does_not_start(make: Callable[..., World]) -> None:
    """Contract 2.3, 6.4: the platform's words, then the scheduler's. Nothing has been started."""
    world = make(fixed(3), room=2)
    world.does(world.replicas.start()).result()
    ready = world.does(world.replicas.ready())
    number = world.asks()

    assert str(ready.exception()) == (
        "Couldn't Schedule because the kubernetes cluster didn't have available resources after trying for 00:05:00:"
        " 0/1 nodes are available: 1 Insufficient cpu"
    )
    assert isinstance(ready.exception(), BootFailed)
    assert world.workers == []
    assert isinstance(world.outcome(number), NotReady)


def test_an_additional_one_without_a_node_is_told_once(make: Callable[..., World]) -> None:
    """Pods are scaled, never nodes (contract 2.2); who goes leaves room for the next one."""
    world = make(scaled(1, 3), room=2).starts().comes_up()
    world.asks()
    world.loop.run_until_complete(_queued(world.slots))
    world.passes(30)
    world.comes_up()

    assert world.told(Noticed) == ["replica 3 is not scheduled: 0/1 nodes are available: 1 Insufficient cpu"]
    assert (world.replicas.wanted, world.replicas.ready_count) == (3, 2)


def test_the_room_of_one_that_has_gone_is_free(make: Callable[..., World]) -> None:
    """The replica that did not start has given its place to the next one."""
    world = make(scaled(1, 2), room=2).starts().comes_up()
    world.asks()
    world.passes(22)
    world.workers[1].dies(fault=FAULT, exit_code=3)
    world.passes(22)
    world.comes_up()

    assert world.replicas.ready_count == 2
    assert world.told(Noticed) == ["replica 2 does not start: the script does not load"]


# the end


@pytest.fixture
def half(growing: World) -> World:
    """Two are there; a third one's process has been started, and is not connected yet."""
    growing.asks()
    growing.loop.run_until_complete(_queued(growing.slots))
    growing.passes(1)
    for _ in range(41):
        growing.loop.passes(0.5)
    growing.workers[1].connected.set_result(None)
    growing.loop.settle()
    assert not growing.workers[2].connected.done()
    return growing


def ends(world: World, ending: asyncio.Task[Any]) -> None:
    """Let the workers do what they are asked to."""
    for _ in range(3):
        world.connects()
        for worker in world.alive:
            if worker.jobs:
                worker.has_taken = True
                worker.answers()
            worker.dies(planned=True)
        world.loop.passes(1)
    assert ending.done()


@pytest.mark.parametrize("how", ["stop", "drain"])
def test_an_end_in_the_middle_of_a_start_leaves_nothing(half: World, how: str) -> None:
    """Neither a process, nor a task; what somebody had in hand is answered, and nobody comes any more."""
    ending = half.does(half.replicas.stop(5) if how == "stop" else half.replicas.drain())
    ends(half, ending)
    half.does(half.replicas.stop(0))
    half.passes(60)

    assert half.alive == []
    assert isinstance(half.outcome(1), Response)
    assert asyncio.all_tasks(half.loop) == set()
    assert len(half.workers) == 3


def test_an_interrupt_reaches_all_of_them(pair: World) -> None:
    """SIGINT, as to one."""
    interrupting = pair.does(pair.replicas.interrupt(5))
    signals = [worker.signals for worker in pair.workers]
    for worker in list(pair.workers):
        worker.dies()
    pair.loop.settle()

    assert signals == [[2], [2]]
    assert interrupting.done()


def test_an_interrupt_in_the_middle_of_a_start_leaves_nothing(half: World) -> None:
    """The third one never comes."""
    interrupting = half.does(half.replicas.interrupt(5))
    half.connects()
    for worker in half.alive:
        worker.dies()
    half.loop.passes(6)
    ends(half, half.does(half.replicas.stop(0)))

    assert interrupting.done()
    assert half.alive == []
    assert asyncio.all_tasks(half.loop) == set()


# generations of them


class Reloading(World):
    """Generations of replicas that share their slots."""

    def __init__(self, rule: ScaleRule) -> None:
        super().__init__(rule)
        self.backend: Generations = Generations(self.make, Readiness(), self.events.append, no_room=lambda pids: "")

    def reloads(self) -> asyncio.Task[Any]:
        task = self.does(self.backend.reload())
        self.connects()
        return task


@pytest.fixture
def reloading() -> Iterator[Reloading]:
    """Two replicas of the first generation are ready."""
    world = Reloading(fixed(2))
    world.starts()
    world.comes_up()
    yield world
    world.close()


def test_a_generation_takes_over_when_all_of_its_replicas_are_ready(reloading: Reloading) -> None:
    """Until then the one before answers; what it has in hand it finishes, and the slots are as many as ever."""
    held = reloading.asks()
    old = reloading.holder(held)
    reload = reloading.reloads()
    reloading.workers[2].boots()
    meanwhile = reloading.holder(reloading.asks())
    reloading.workers[3].boots()
    reloading.loop.settle()
    later = reloading.holder(reloading.asks())
    assert old is not None
    old.has_taken = True
    old.answers()

    assert meanwhile in reloading.workers[:2]
    assert later in reloading.workers[2:]
    assert isinstance(reloading.outcome(held), Response)
    assert (reload.done(), reloading.slots.instances) == (True, 2)


def test_who_waited_in_the_generation_before_is_answered_by_the_next_one(reloading: Reloading) -> None:
    """Nobody is lost: 4 requests for 2 workers, of which 2 had been taken."""
    numbers = [reloading.asks() for _ in range(4)]
    for worker in reloading.workers:
        worker.has_taken = True
    reloading.reloads()
    reloading.comes_up()
    reloading.loop.settle()
    for worker in reloading.alive:
        worker.answers()

    assert [type(reloading.outcome(number)) for number in numbers] == [Response] * 4


def test_a_generation_that_leaves_says_nothing_of_slots(reloading: Reloading) -> None:
    """They are the next one's; what happens to the old replicas meanwhile is nobody's business."""
    reloading.asks()
    reloading.workers[0].has_taken = reloading.workers[1].has_taken = True
    reloading.reloads()
    reloading.comes_up()
    reloading.loop.settle()
    goes_down(reloading, reloading.workers[0])

    assert reloading.slots.instances == 2


# any order


class Life(RuleBasedStateMachine):
    """Looks, requests, boots, answers, deaths, in any order."""

    world: World

    @initialize(least=st.integers(1, 2), more=st.integers(0, 2))
    def begin(self, least: int, more: int) -> None:
        self.world = World(ScaleRule(least, least + more, target_percent=70, refresh_s=1, shrink_after_s=4))
        self.world.replicas._rules = ReplicaRules(self.world.rule, 2)
        self.world.starts()
        self.world.comes_up()
        self.entered: list[int] = []
        self.has_been_down = False

    def pick(self, data: st.DataObject, **facts: bool) -> FakeWorker | None:
        fitting = [
            worker
            for worker in self.world.alive
            if worker.connected.done() and all(bool(getattr(worker, name)) == fact for name, fact in facts.items())
        ]
        return data.draw(st.sampled_from(fitting)) if fitting else None

    @rule(count=st.integers(1, 3))
    def requests_arrive(self, count: int) -> None:
        for _ in range(count):
            self.world.asks()

    @rule(seconds=st.sampled_from([0.5, 1, 3, 7]))
    def time_passes(self, seconds: float) -> None:
        self.world.passes(seconds)

    @rule(data=st.data())
    def a_worker_boots(self, data: st.DataObject) -> None:
        if worker := self.pick(data, is_ready=False, is_out_of_memory=False):
            worker.boots()

    @rule(data=st.data())
    def a_worker_takes(self, data: st.DataObject) -> None:
        if worker := self.pick(data, is_ready=True, has_taken=False, jobs=True, is_out_of_memory=False):
            worker.has_taken = True
            self.entered.append(worker.numbers[0])

    @rule(data=st.data())
    def a_worker_answers(self, data: st.DataObject) -> None:
        if worker := self.pick(data, has_taken=True, is_out_of_memory=False):
            worker.answers()

    @rule(data=st.data())
    def a_worker_dies(self, data: st.DataObject) -> None:
        if worker := self.pick(data):
            worker.dies(planned=self.is_leaving(worker))

    @rule(data=st.data())
    def a_container_runs_out_of_memory(self, data: st.DataObject) -> None:
        if worker := self.pick(data):
            worker.eats(2 * GB)
            self.has_been_down = True

    @rule()
    def who_is_asked_to_go_goes(self) -> None:
        """A worker without work, whose host has hung up."""
        for worker in self.world.alive:
            is_free = worker.is_alive and worker.connected.done() and not worker.has_taken
            if is_free and self.is_leaving(worker):
                worker.dies(planned=True)
        self.world.loop.settle()

    def is_leaving(self, worker: FakeWorker) -> bool:
        return bool(worker.owner._stopping)  # type: ignore[attr-defined]

    @invariant()
    def there_are_never_more_than_the_rule_allows(self) -> None:
        """Those that are leaving do not count."""
        staying = [worker for worker in self.world.alive if not self.is_leaving(worker)]
        rule = self.world.rule
        assert len(staying) <= rule.maximum
        assert rule.minimum <= self.world.replicas.wanted <= rule.maximum

    @invariant()
    def the_slots_are_those_that_are_ready(self) -> None:
        self.world.loop.settle()
        assert self.world.slots.instances == max(1, self.world.replicas.ready_count)

    @invariant()
    def run_is_entered_at_most_once(self) -> None:
        assert len(set(self.entered)) == len(self.entered)

    @invariant()
    def no_request_is_lost(self) -> None:
        """It is answered, waits somewhere, died with its worker, or nobody was there for it."""
        self.world.loop.settle()
        for number in range(1, len(self.world.asked) + 1):
            outcome = self.world.outcome(number)
            if isinstance(outcome, Response):
                assert (outcome.phrase, number in self.entered) == (str(number), True)
            elif isinstance(outcome, WorkerCrashed):
                assert number in self.entered
            elif isinstance(outcome, NotReady):
                assert self.has_been_down
                assert number not in self.entered
            else:
                assert outcome is None

    @invariant()
    def who_has_no_answer_is_with_a_replica(self) -> None:
        """They know what each of them has in hand."""
        open_ones = sum(not task.done() for task in self.world.asked)
        assert sum(one.in_hand for one in self.world.replicas._all) == open_ones

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self.ends_whole()
        finally:
            self.world.close()

    def ends_whole(self) -> None:
        world = self.world
        stopping = world.does(world.replicas.stop(1))
        for _ in range(12):
            world.connects()
            for worker in world.alive:
                if worker.has_taken and not worker.is_out_of_memory:
                    worker.answers()
                elif worker.is_alive:  # the end of another one may have been this one's
                    worker.dies(planned=True)
            world.loop.passes(1)
        assert stopping.done()
        assert world.alive == []
        assert [task for task in world.asked if not task.done()] == []
        assert asyncio.all_tasks(world.loop) == set()


Life.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None, print_blob=True)
TestLife = Life.TestCase
