"""The pool against every order of events that workers and clients can produce, and the cases worth a name."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from amlemu.backends.pool import Pool
from amlemu.errors import BackendFailure, BootFailed, NotReady, UsageError, WorkerCrashed
from amlemu.events import Event, WorkerEnded, WorkerTimedOut, WouldBeKilled, WouldBeUnready
from amlemu.exchange import Frame, Request, Response
from amlemu.memory import MemoryRules, OutOfMemory
from amlemu.pauses import ANYBODY, Pauses
from amlemu.profile import Probes
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from .fake_worker import FAULT, FakePlan, FakeWorker, FakeZygote, StillLoop

Outcome = Response | BaseException | None


class World:
    """A pool of fake workers, and everybody who has asked it for something."""

    def __init__(
        self,
        workers: int,
        worker_timeout_s: float = 0,
        *,
        preload: bool = False,
        nursery: Any = None,
        stops_clocks: bool = True,
        sends_ahead: bool = True,
        memory: MemoryRules | None = None,
        probes: Probes | None = None,
    ) -> None:
        self.loop = StillLoop()
        self.pauses = Pauses(self.loop.time)
        self.workers: list[FakeWorker] = []
        self.events: list[Event] = []
        self.asked: list[asyncio.Task[Response]] = []
        plan: Any = FakePlan(self.workers, memory)
        make: Any = FakeWorker
        make_zygote: Any = FakeZygote
        self.pool = Pool(
            plan,
            workers,
            self.events.append,
            worker_timeout_s,
            preload=preload,
            nursery=nursery,
            pauses=self.pauses if stops_clocks else None,
            probes=probes,
            sends_ahead=sends_ahead,
            make_worker=make,
            make_zygote=make_zygote,
        )
        self.zygote: Any = self.pool._zygote
        self.starting = self.loop.create_task(self.pool.start())
        self.connects()
        assert self.starting.done()

    def connects(self) -> None:
        """Let everything that is starting be connected."""
        self.loop.settle()
        while waiting := [worker for worker in self.workers if not worker.connected.done()]:
            waiting[0].connected.set_result(None)
            self.loop.settle()

    def asks(self, numbered: int = 0) -> int:
        number = len(self.asked)
        request = Request("POST", str(number), [], number=numbered)
        self.asked.append(self.loop.create_task(self.pool.handle(request)))
        self.loop.settle()
        return number

    @property
    def still(self) -> set[int]:
        """The exchanges that stand still, and `ANYBODY`."""
        return set(self.pauses._open)

    def locates(self, numbered: int) -> list[Frame] | None:
        locating = self.loop.create_task(self.pool.locate(numbered))
        self.loop.settle()
        return locating.result()

    def outcome(self, number: int) -> Outcome:
        task = self.asked[number]
        if not task.done():
            return None
        return asyncio.CancelledError() if task.cancelled() else task.exception() or task.result()

    @property
    def alive(self) -> list[FakeWorker]:
        return [worker for worker in self.workers if worker.is_alive]

    def stops(self) -> asyncio.Task[None]:
        stopping = self.loop.create_task(self.pool.stop(1))
        self.loop.settle()
        return stopping

    def close(self) -> None:
        """End all that is left, and the loop."""
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.turn()
        self.loop.close()


class Life(RuleBasedStateMachine):
    """Requests, boots, answers, deaths, in any order; the invariants are what a client may rely on."""

    world: World

    @initialize(count=st.integers(1, 3), preload=st.booleans())
    def begin(self, count: int, *, preload: bool) -> None:
        self.count = count
        self.world = World(count, preload=preload)
        self.entered: list[int] = []  # requests whose run() was entered, in that order
        self.has_failed = False
        self.stopping: asyncio.Task[None] | None = None

    def pick(self, data: st.DataObject, **facts: bool) -> FakeWorker | None:
        fitting = [
            worker
            for worker in self.world.alive
            if worker.connected.done() and all(bool(getattr(worker, name)) == fact for name, fact in facts.items())
        ]
        return data.draw(st.sampled_from(fitting)) if fitting else None

    @rule()
    def a_request_arrives(self) -> None:
        self.world.asks(numbered=len(self.world.asked) + 1)

    @rule(data=st.data())
    def a_client_gives_up(self, data: st.DataObject) -> None:
        if open_tasks := [task for task in self.world.asked if not task.done()]:
            data.draw(st.sampled_from(open_tasks)).cancel()
            self.world.loop.settle()

    @rule(data=st.data())
    def a_worker_boots(self, data: st.DataObject) -> None:
        if worker := self.pick(data, is_ready=False):
            worker.boots()

    @rule(data=st.data())
    def a_worker_takes(self, data: st.DataObject) -> None:
        if worker := self.pick(data, is_ready=True, has_taken=False, jobs=True):
            worker.has_taken = True
            self.entered.append(int(worker.jobs[0].request.target))

    @rule(data=st.data())
    def a_worker_answers(self, data: st.DataObject) -> None:
        if worker := self.pick(data, has_taken=True):
            worker.answers()

    @rule(data=st.data())
    def a_debugger_holds_a_worker(self, data: st.DataObject) -> None:
        if worker := self.pick(data, is_paused=False):
            worker.is_held()

    @rule(data=st.data())
    def a_debugger_lets_a_worker_go(self, data: st.DataObject) -> None:
        if worker := self.pick(data, is_paused=True):
            worker.goes_on()

    @rule(data=st.data())
    def a_worker_dies(self, data: st.DataObject) -> None:
        if worker := self.pick(data):
            worker.dies(planned=self.stopping is not None)

    @precondition(lambda self: len(self.world.asked) > 4)
    @rule(data=st.data())
    def a_boot_fails(self, data: st.DataObject) -> None:
        if worker := self.pick(data, is_ready=False):
            worker.dies(fault=FAULT, exit_code=3)
            self.has_failed = True

    @precondition(lambda self: self.world.zygote and self.world.zygote.is_alive and not self.world.zygote.is_ready)
    @rule()
    def the_script_boots_before_the_workers(self) -> None:
        self.world.zygote.boots()

    @precondition(lambda self: self.world.zygote and self.world.zygote.is_alive and len(self.world.asked) > 4)
    @rule()
    def the_zygote_dies(self) -> None:
        self.has_failed = True
        self.world.zygote.dies(self.world.workers)

    @rule(seconds=st.sampled_from([0.0, 0.1, 1.0, 20.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.loop.passes(seconds)

    @rule()
    def a_start_is_connected(self) -> None:
        self.world.connects()

    @precondition(lambda self: len(self.world.asked) > 2 and self.stopping is None)
    @rule()
    def it_is_stopped(self) -> None:
        self.stopping = self.world.stops()

    @invariant()
    def run_is_entered_at_most_once(self) -> None:
        assert len(set(self.entered)) == len(self.entered)

    @invariant()
    def every_request_has_its_own_answer(self) -> None:
        self.world.loop.settle()
        for number in range(len(self.world.asked)):
            outcome = self.world.outcome(number)
            if isinstance(outcome, Response):
                assert outcome.phrase == str(number)
                assert number in self.entered
            elif isinstance(outcome, NotReady):
                assert number not in self.entered
                assert self.has_failed or self.stopping is not None
            else:
                assert outcome is None or isinstance(outcome, WorkerCrashed | asyncio.CancelledError)

    @invariant()
    def nobody_waits_while_a_worker_has_room(self) -> None:
        depth = 2 if self.count == 1 else 1
        if any(worker.is_ready and len(worker.jobs) < depth for worker in self.world.alive):
            held = {int(job.request.target) for worker in self.world.alive for job in worker.jobs}
            waiting = {number for number, task in enumerate(self.world.asked) if not task.done()}
            assert waiting <= held

    @invariant()
    def no_worker_holds_more_than_it_should(self) -> None:
        assert all(len(worker.jobs) <= (2 if self.count == 1 else 1) for worker in self.world.alive)

    @invariant()
    def a_lone_worker_serves_first_come_first_served(self) -> None:
        if self.count == 1:
            assert self.entered == sorted(self.entered)

    @invariant()
    def what_a_debugger_holds_stands_still_and_nothing_else(self) -> None:
        """Requests in hand, and those that wait where nobody else could take one; of who has left it does not matter."""
        self.world.loop.settle()
        there = [worker for worker in self.world.alive if worker.connected.done()]
        held = {number for worker in there if worker.is_paused for number in worker.numbers}
        if there and all(worker.is_paused for worker in there) and self.stopping is None:
            handed = {number for worker in there for number in worker.numbers}
            asked = {number + 1 for number, task in enumerate(self.world.asked) if not task.done()}
            held |= {ANYBODY} | (asked - handed)
        left = {number + 1 for number, task in enumerate(self.world.asked) if task.done() and task.cancelled()}
        assert self.world.still - left == held - left

    @invariant()
    def there_are_never_too_many_workers(self) -> None:
        assert len(self.world.alive) <= self.count

    @invariant()
    def a_stop_that_has_ended_has_left_nothing(self) -> None:
        if self.stopping is not None and self.stopping.done():
            assert self.world.alive == []
            assert self.world.zygote is None or not self.world.zygote.is_alive

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self.ends_whole()
        finally:
            self.world.close()

    def ends_whole(self) -> None:
        """Stop; afterwards nothing pends and nothing runs."""
        world = self.world
        if not self.has_failed and self.stopping is None:
            if world.zygote is not None and not world.zygote.is_ready:
                world.zygote.boots()
            world.loop.passes(60)
            world.connects()
            assert len(world.alive) == self.count
        stopping = self.stopping or world.stops()
        for _ in range(10):
            world.connects()
            for worker in world.alive:
                if worker.has_taken:
                    worker.answers()
                elif worker.jobs:
                    worker.has_taken = True
                    self.entered.append(int(worker.jobs[0].request.target))
                else:
                    worker.dies(planned=True, exit_code=0)
            world.loop.passes(2)
        self.run_is_entered_at_most_once()
        assert stopping.done()
        assert world.alive == []
        assert [number for number, task in enumerate(world.asked) if not task.done()] == []
        assert asyncio.all_tasks(world.loop) == set()


Life.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None, print_blob=True)
TestLife = Life.TestCase


@pytest.fixture(params=[1, 4], ids=["one-worker", "four-workers"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A pool that has been started; its workers are booting."""
    world = World(request.param)
    yield world
    world.close()


@pytest.fixture
def lone() -> Iterator[World]:
    """A pool of one worker that is ready."""
    world = World(1, worker_timeout_s=300)
    world.workers[0].boots()
    yield world
    world.close()


def crash(world: World) -> FakeWorker:
    """Let the newest worker die; return the one that replaces it."""
    world.workers[-1].dies()
    world.connects()
    return world.workers[-1]


def test_requests_wait_for_the_first_worker(world: World) -> None:
    """As connections wait in the kernel's queue while gunicorn boots."""
    number = world.asks()
    world.workers[0].boots()
    world.workers[0].answers()
    world.loop.settle()

    assert isinstance(world.outcome(number), Response)


def test_several_workers_get_one_request_each(world: World) -> None:
    """Nobody waits behind a slow request while another worker is free."""
    for worker in world.workers:
        worker.boots()
    for _ in world.workers:
        world.asks()

    assert {len(worker.jobs) for worker in world.workers} == {1}


def test_a_lone_worker_gets_its_next_request_while_it_is_busy(lone: World) -> None:
    """It finds it in its socket; more than one would be lost to the others if it died."""
    for _ in range(5):
        lone.asks()

    assert len(lone.workers[0].jobs) == 2


def test_what_a_dead_worker_had_not_taken_is_first_in_the_queue(lone: World) -> None:
    """Its place is not lost with the worker."""
    for _ in range(4):
        lone.asks()
    lone.workers[0].has_taken = True
    successor = crash(lone)
    successor.boots()

    assert [job.request.target for job in successor.jobs] == ["1", "2"]
    assert isinstance(lone.outcome(0), WorkerCrashed)


def test_requests_that_a_dead_worker_had_not_taken_keep_their_order(lone: World) -> None:
    """Two of them, before the one that was waiting anyway."""
    for _ in range(3):
        lone.asks()
    successor = crash(lone)
    successor.boots()

    assert [job.request.target for job in successor.jobs] == ["0", "1"]


def test_a_dead_worker_gets_no_requests(world: World) -> None:
    """It was idle, so it had room; now its successor has."""
    for worker in list(world.workers):
        worker.boots()
    for worker in list(world.workers):
        worker.dies()
    number = world.asks()
    world.connects()
    world.alive[0].boots()

    assert [job.request.target for job in world.alive[0].jobs] == [str(number)]


def test_a_worker_that_dies_while_serving_comes_back_at_once(lone: World) -> None:
    """The event says so, too."""
    crash(lone)

    ended = [event for event in lone.events if isinstance(event, WorkerEnded)]
    assert len(lone.workers) == 2
    assert [event.restart_in_s for event in ended] == [0.0]


def test_workers_that_die_at_start_come_back_ever_more_slowly(world: World) -> None:
    """A quarter of a second, twice as long each time, ten seconds at most; and from the start after one has booted."""
    waits = []
    for _ in range(8):
        world.workers[-1].dies()
        waits.append(world.events[-1].restart_in_s)  # type: ignore[union-attr]
        world.loop.passes(waits[-1])
        world.connects()
    world.workers[-1].boots()
    crash(world).dies()

    assert waits == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    assert world.events[-1].restart_in_s == 0.25  # type: ignore[union-attr]


@pytest.mark.parametrize(("exit_code", "told"), [(3, 3), (4, 4), (-9, 3)])
def test_a_script_that_cannot_be_booted_ends_the_pool(world: World, exit_code: int, told: int) -> None:
    """Waiting requests are refused, further ones too; the exit code for the command line is the worker's."""
    waiting = world.asks()
    ready, failed = world.loop.create_task(world.pool.ready()), world.loop.create_task(world.pool.failed())
    world.workers[0].dies(fault=FAULT, exit_code=exit_code)
    later = world.asks()

    reason = failed.result()
    assert isinstance(reason, BootFailed)
    assert (reason.what, reason.exit_code) == (FAULT["what"], told)
    assert ready.exception() is reason
    assert isinstance(world.outcome(waiting), NotReady)
    assert isinstance(world.outcome(later), NotReady)


def test_a_second_failed_boot_changes_nothing(world: World) -> None:
    """Four workers fail one after another; the first reason stands."""
    for worker in list(world.workers):
        worker.dies(fault=FAULT, exit_code=3)
    world.loop.passes(60)

    assert world.alive == []


def test_it_is_ready_when_one_worker_is(world: World) -> None:
    """The others may need longer."""
    ready = world.loop.create_task(world.pool.ready())
    world.loop.settle()
    before = ready.done()
    world.workers[-1].boots()
    world.loop.settle()

    assert (before, ready.done()) == (False, True)


def test_a_stopped_pool_takes_no_requests(lone: World) -> None:
    """Those that no worker has yet are refused, those that one has are answered."""
    held, waiting = [lone.asks(), lone.asks()], lone.asks()
    stopping = lone.stops()
    late = lone.asks()
    for _ in held:
        lone.workers[0].answers()
    lone.workers[0].dies(planned=True)
    lone.loop.settle()

    assert stopping.done()
    assert [type(lone.outcome(number)) for number in (*held, waiting, late)] == [Response, Response, NotReady, NotReady]


def test_a_worker_that_dies_while_stopping_is_not_replaced(lone: World) -> None:
    """What it had not taken is refused: nobody else will take it."""
    numbers = [lone.asks(), lone.asks()]
    lone.stops()
    lone.workers[0].dies(planned=True)
    lone.loop.passes(60)

    assert lone.alive == []
    assert [type(lone.outcome(number)) for number in numbers] == [NotReady, NotReady]


def test_a_client_that_has_left_costs_no_worker(lone: World) -> None:
    """A request given up while it waited is not handed out."""
    numbers = [lone.asks() for _ in range(4)]
    lone.asked[2].cancel()
    lone.loop.settle()
    lone.workers[0].answers()

    assert numbers == [0, 1, 2, 3]
    assert [job.request.target for job in lone.workers[0].jobs] == ["1", "3"]


def test_a_worker_busy_for_too_long_is_told_to_abort_then_killed(lone: World) -> None:
    """Contract 4.8: SIGABRT at the limit, SIGKILL at the next look a second later."""
    lone.asks()
    worker = lone.workers[0]
    worker.busy_since = time.monotonic() - 301
    lone.loop.passes(1)
    lone.loop.passes(1)
    aborted = list(worker.signals)
    assert worker.aborted_at is not None
    worker.aborted_at -= 2
    lone.loop.passes(1)

    assert aborted == [signal.SIGABRT]
    assert worker.signals == [signal.SIGABRT, signal.SIGKILL]
    assert lone.events == [WorkerTimedOut(worker.pid, 300)]


@pytest.fixture
def pair() -> Iterator[World]:
    """A pool of two workers that are ready."""
    world = World(2)
    for worker in world.workers:
        worker.boots()
    yield world
    world.close()


def test_a_request_is_found_with_the_worker_that_has_it(pair: World) -> None:
    """The second one is found with the second worker; a third one waits, and has no stack yet."""
    for number in (7, 8, 9):
        pair.asks(numbered=number)
    found = [pair.locates(number) for number in (8, 7, 9)]

    assert found == [[Frame("score.py", 1, "run of 8")], [Frame("score.py", 1, "run of 7")], None]


def test_a_request_that_a_lone_worker_has_been_sent_ahead_is_still_waiting(lone: World) -> None:
    """It lies in the worker's socket; the stack would be another request's."""
    for number in (7, 8):
        lone.asks(numbered=number)

    assert lone.workers[0].jobs[1].request.number == 8
    assert lone.locates(8) is None


def test_a_request_that_is_answered_is_nowhere(lone: World) -> None:
    lone.asks(numbered=7)
    lone.workers[0].answers()

    assert lone.locates(7) is None


def test_a_long_init_is_not_aborted(lone: World) -> None:
    """WORKER_TIMEOUT does not apply to init(), nor to idle workers."""
    successor = crash(lone)
    lone.loop.passes(1000)

    assert successor.signals == []


def test_a_worker_that_is_starting_when_it_is_stopped_is_stopped_too(lone: World) -> None:
    """The replacement's process is there, its connection not yet; it must not be left behind."""
    lone.workers[0].dies()
    lone.loop.settle()
    lone.stops()
    lone.connects()

    assert len(lone.workers) == 2
    assert lone.alive == []


@pytest.fixture
def preloaded() -> Iterator[World]:
    """A pool of two workers whose script is being loaded before they are made."""
    world = World(2, preload=True)
    yield world
    world.close()


def test_workers_are_forked_when_the_script_has_booted(preloaded: World) -> None:
    """Not one before; requests wait meanwhile."""
    number = preloaded.asks()
    before = list(preloaded.workers)
    preloaded.zygote.boots()
    preloaded.connects()
    preloaded.workers[0].boots()
    preloaded.workers[0].answers()
    preloaded.loop.settle()

    assert before == []
    assert [worker.launch for worker in preloaded.workers] == [preloaded.zygote.launch] * 2
    assert isinstance(preloaded.outcome(number), Response)


def test_a_forked_worker_is_replaced_by_another_fork(preloaded: World) -> None:
    """The zygote is there for that."""
    preloaded.zygote.boots()
    preloaded.connects()
    for worker in list(preloaded.workers):
        worker.boots()
    preloaded.workers[0].dies()
    preloaded.connects()

    assert len(preloaded.alive) == 2
    assert preloaded.workers[-1].launch == preloaded.zygote.launch


@pytest.mark.parametrize("exit_code", [3, 0, -9])
def test_a_script_that_cannot_be_preloaded_ends_the_pool(preloaded: World, exit_code: int) -> None:
    """With the exit code of its process, a signal included, and without a worker."""
    ready, failed = (
        preloaded.loop.create_task(preloaded.pool.ready()),
        preloaded.loop.create_task(preloaded.pool.failed()),
    )
    waiting = preloaded.asks()
    preloaded.zygote.dies(preloaded.workers, exit_code)
    reason = failed.result()

    assert isinstance(reason, BootFailed)
    assert reason.exit_code == exit_code
    assert ready.exception() is reason
    assert isinstance(preloaded.outcome(waiting), NotReady)
    assert preloaded.workers == []


def test_workers_without_a_zygote_are_not_replaced(preloaded: World) -> None:
    """Whether they served or were on their way; what one had in hand is lost, what none had is refused."""
    preloaded.zygote.boots()
    preloaded.connects()
    preloaded.workers[0].boots()
    numbers = [preloaded.asks(), preloaded.asks()]
    preloaded.workers[0].has_taken = True
    preloaded.workers[1].dies()  # its successor is on its way
    preloaded.loop.passes(1)
    preloaded.zygote.dies(preloaded.workers)
    preloaded.loop.passes(60)

    assert preloaded.alive == []
    assert [type(preloaded.outcome(number)) for number in numbers] == [WorkerCrashed, NotReady]
    assert [event.restart_in_s for event in preloaded.events if isinstance(event, WorkerEnded)] == [0.25, None]


def test_the_zygote_is_stopped_after_the_workers(preloaded: World) -> None:
    """It tells us how they ended."""
    preloaded.zygote.boots()
    preloaded.connects()
    for worker in preloaded.workers:
        worker.boots()
    stopping = preloaded.stops()
    before = preloaded.zygote.is_alive
    for worker in list(preloaded.workers):
        worker.dies(planned=True)
    preloaded.loop.settle()

    assert (before, preloaded.zygote.is_alive, stopping.done()) == (True, False, True)


def test_a_fork_that_hangs_does_not_hold_up_a_stop(preloaded: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The grace ends, the zygote is killed, and with it what was to be forked."""

    async def stop(grace_s: float) -> None:
        preloaded.zygote.dies(preloaded.workers)

    monkeypatch.setattr(preloaded.zygote, "stop", stop)
    preloaded.zygote.boots()
    stopping = preloaded.stops()
    before = stopping.done()
    preloaded.loop.passes(1)
    preloaded.loop.passes(0)

    assert (before, stopping.done()) == (False, True)
    assert preloaded.alive == []


def test_an_interpreter_that_has_vanished_is_not_waited_for_in_vain(
    lone: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody rebuilds the environment while it is served: whoever waits must hear of it, or of another attempt."""
    attempts = []

    async def start(worker: FakeWorker) -> None:
        attempts.append(worker)
        raise UsageError("cannot be started")

    monkeypatch.setattr(FakeWorker, "start", start)
    waiting = lone.asks()
    lone.workers[0].has_taken = True
    behind = lone.asks()
    lone.workers[0].dies()
    lone.loop.passes(60)
    lone.loop.passes(60)

    assert isinstance(lone.outcome(waiting), WorkerCrashed)
    assert isinstance(lone.outcome(behind), BackendFailure) or len(attempts) > 1


class FakeNursery:
    """Where workers come from, as a pool sees it: the next one is a fork, or it is not."""

    patience_s = 15.0

    def __init__(self) -> None:
        self.learnt: list[Any] = []
        self.came: list[bool] = []
        self.failures = self.fresh_failures = 0

    async def launch(self, plan: Any) -> Any:
        raise AssertionError("a fake worker has no process")

    def learn(self, imports: Any) -> None:
        self.learnt.append(imports)

    def came_up(self, boot_ms: float, *, is_fork: bool) -> None:
        self.came.append(is_fork)

    def fork_failed(self) -> None:
        self.failures += 1

    def fresh_failed(self) -> None:
        self.fresh_failures += 1


@pytest.fixture
def forking(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A pool of one worker, a fork that is booting."""
    start = FakeWorker.start

    async def start_fork(worker: FakeWorker) -> None:
        worker.is_fork = not world_of.nursery.failures
        await start(worker)

    class world_of:  # noqa: N801  # only to be known before it is made
        nursery = FakeNursery()

    monkeypatch.setattr(FakeWorker, "start", start_fork)
    world = World(1, nursery=world_of.nursery)
    yield world
    world.close()


def nursery_of(world: World) -> Any:
    return world.pool._nursery


def test_a_worker_comes_from_the_nursery(forking: World) -> None:
    assert forking.workers[0].launch == nursery_of(forking).launch


def test_what_a_boot_has_imported_is_learnt_once(forking: World) -> None:
    forking.workers[0].imports = {"modules": ["a"]}
    forking.workers[0].boots()
    forking.workers[0].dies()

    assert nursery_of(forking).learnt == [{"modules": ["a"]}]
    assert nursery_of(forking).came == [True]


def test_what_a_boot_that_fails_has_imported_is_learnt_too(forking: World) -> None:
    forking.workers[0].imports = {"modules": ["a"]}
    forking.workers[0].dies(fault=FAULT, exit_code=3)

    assert nursery_of(forking).learnt == [{"modules": ["a"]}]


def test_a_fork_that_dies_silently_is_followed_by_a_fresh_one_at_once(forking: World) -> None:
    """Nobody is told of a failure: it may be the fork's. The request waits on."""
    number = forking.asks()
    forking.workers[0].dies(exit_code=-11)
    forking.connects()
    [end] = [event for event in forking.events if isinstance(event, WorkerEnded)]
    forking.workers[1].boots()
    forking.workers[1].answers()
    forking.loop.settle()

    assert ([worker.is_fork for worker in forking.workers], nursery_of(forking).failures) == ([True, False], 1)
    assert (end.planned, end.restart_in_s) == (True, None)
    assert isinstance(forking.outcome(number), Response)
    assert nursery_of(forking).came == [False]


def test_a_fork_that_hangs_is_killed_after_a_while(forking: World) -> None:
    """Patience is three times the longest boot, and 15 s; then a fresh one comes."""
    worker = forking.workers[0]
    forking.loop.passes(14.9)
    before = list(worker.signals)
    forking.loop.passes(0.2)

    assert (before, worker.signals) == ([], [signal.SIGKILL])


def test_a_fork_that_has_come_up_is_not_doubted_any_more(forking: World) -> None:
    forking.workers[0].boots()
    forking.loop.passes(100)

    assert forking.workers[0].signals == []


def test_a_fork_that_has_begun_afresh_is_not_doubted(forking: World) -> None:
    """It is a fresh interpreter by now, and may take as long as it takes."""
    forking.workers[0].is_fork = False
    forking.loop.passes(100)

    assert forking.workers[0].signals == []


@pytest.mark.parametrize(
    "what",
    [
        "init() raised RuntimeError: Cannot re-initialize CUDA in forked subprocess",
        "init() raised RuntimeError: CUDA error: initialization error",
        "init() raised RuntimeError: grpc is not fork-safe",
        "init() raised InternalError: initialization error",
    ],
)
def test_a_fault_that_speaks_of_forks_is_tried_without(forking: World, what: str) -> None:
    forking.workers[0].dies(fault={**FAULT, "what": what}, exit_code=3)
    forking.connects()

    assert [worker.is_fork for worker in forking.workers] == [True, False]
    assert not forking.pool._gave_up.done()


@pytest.mark.parametrize("what", ["init() raised ZeroDivisionError", "init() raised KeyError: 'pitchfork'"])
def test_another_fault_is_the_scripts(forking: World, what: str) -> None:
    """At once: a fresh interpreter would say the same."""
    forking.workers[0].dies(fault={**FAULT, "what": what}, exit_code=3)
    forking.connects()

    assert len(forking.workers) == 1
    assert isinstance(forking.pool._gave_up.result(), BootFailed)


def test_a_fresh_one_that_dies_at_start_waits_as_ever(forking: World) -> None:
    """What follows a fork in vain is an ordinary worker."""
    forking.workers[0].dies(exit_code=1)
    forking.connects()
    forking.workers[1].dies(exit_code=1)
    ends = [event.restart_in_s for event in forking.events if isinstance(event, WorkerEnded)]

    assert ends == [None, 0.25]


def test_a_fork_that_dies_while_it_serves_is_replaced_by_a_fork(forking: World) -> None:
    """A crash in run() says nothing about forks."""
    forking.workers[0].boots()
    forking.workers[0].dies(exit_code=-11)
    forking.connects()

    assert ([worker.is_fork for worker in forking.workers], nursery_of(forking).failures) == ([True, True], 0)


def test_a_fork_that_is_stopped_in_its_boot_is_not_in_vain(forking: World) -> None:
    """It was overtaken by the next save."""
    forking.stops()

    assert (nursery_of(forking).failures, forking.alive) == (0, [])


def test_a_pool_that_drains_finishes_what_is_taken_and_gives_back_the_rest(lone: World) -> None:
    """However long that takes; who has been sent ahead goes elsewhere."""
    taken, sent_ahead, waiting = lone.asks(), lone.asks(), lone.asks()
    lone.workers[0].has_taken = True
    draining = lone.loop.create_task(lone.pool.drain())
    lone.loop.settle()
    refused, is_done = lone.outcome(waiting), draining.done()
    lone.loop.passes(1000)
    lone.workers[0].answers()
    lone.workers[0].dies(planned=True)
    lone.loop.settle()

    assert (type(refused), is_done, draining.done()) == (NotReady, False, True)
    assert isinstance(lone.outcome(taken), Response)
    assert isinstance(lone.outcome(sent_ahead), NotReady)
    assert lone.alive == []


def test_a_pool_that_drains_keeps_the_time_limit(lone: World) -> None:
    """WORKER_TIMEOUT holds for the old code, too."""
    lone.asks()
    lone.loop.create_task(lone.pool.drain())
    lone.workers[0].busy_since = time.monotonic() - 301
    lone.loop.passes(1)
    lone.loop.passes(1)

    assert lone.workers[0].signals == [signal.SIGABRT]


def test_a_pool_that_has_given_up_says_why(lone: World) -> None:
    """To who comes later, too."""
    lone.workers[0].dies(fault=FAULT, exit_code=3)
    number = lone.asks()

    assert str(lone.outcome(number)) == "the script does not load"


# while a debugger holds workers


def test_all_that_a_lone_worker_has_to_answer_stands_still_while_it_is_held(lone: World) -> None:
    """What it has in hand, what it has been sent ahead, what waits, and what no exchange has a number for yet."""
    for number in (1, 2, 3):
        lone.asks(numbered=number)
    lone.workers[0].is_held()
    lone.asks(numbered=4)
    held = lone.still
    lone.loop.passes(41)
    lone.workers[0].goes_on()
    lone.loop.passes(5)

    assert held == {ANYBODY, 1, 2, 3, 4}
    assert lone.still == set()
    assert [lone.pauses.seconds(number) for number in (ANYBODY, 1, 2, 3, 4, 5)] == [41, 41, 41, 41, 41, 0]


def test_what_another_worker_could_take_does_not_stand_still(pair: World) -> None:
    """Only what the held one has in hand; as soon as the other one is held, too, everything does."""
    for number in (1, 2, 3):
        pair.asks(numbered=number)
    pair.workers[0].is_held()
    one_held = pair.still
    pair.workers[1].is_held()
    both_held = pair.still
    pair.workers[0].goes_on()

    assert (one_held, both_held, pair.still) == ({1}, {ANYBODY, 1, 2, 3}, {2})


def test_what_is_answered_while_its_worker_is_held_goes_on(pair: World) -> None:
    """A thread of the script is held, run() is not; the request that it gets next stands still."""
    for number in (1, 2, 3):
        pair.asks(numbered=number)
    pair.workers[0].is_held()
    pair.workers[0].answers()

    assert pair.still == {3}


def test_a_worker_that_dies_while_it_is_held_holds_nothing_any_more(lone: World) -> None:
    """Its successor is nobody's prisoner."""
    lone.asks(numbered=1)
    lone.workers[0].has_taken = True
    lone.asks(numbered=2)
    lone.workers[0].is_held()
    lone.workers[0].dies()
    lone.connects()

    assert isinstance(lone.outcome(0), WorkerCrashed)
    assert lone.still == set()


def test_a_worker_that_is_held_while_it_boots_holds_up_whoever_waits(lone: World) -> None:
    """A breakpoint in init(): also for the request that comes now."""
    crash(lone).is_held()
    lone.asks(numbered=1)

    assert lone.still == {ANYBODY, 1}


def test_a_worker_that_is_about_to_come_lets_the_others_go_on(pair: World) -> None:
    """A held one is all there is, until the dead one has been replaced."""
    pair.workers[0].is_held()
    pair.asks(numbered=1)
    pair.asks(numbered=2)
    pair.asks(numbered=3)
    pair.workers[1].dies()
    alone = pair.still
    pair.connects()

    assert (alone, pair.still) == ({ANYBODY, 1, 2, 3}, {1})


def test_of_a_pool_that_drains_stands_still_what_is_in_hand(lone: World) -> None:
    """The next generation serves whoever comes, and its clocks go on."""
    lone.asks(numbered=1)
    lone.workers[0].has_taken = True
    lone.workers[0].is_held()
    before = lone.still
    lone.loop.create_task(lone.pool.drain())
    lone.loop.settle()

    assert (before, lone.still) == ({ANYBODY, 1}, {1})


def test_where_timeouts_go_on_nothing_stands_still() -> None:
    """`--no-pause`; WORKER_TIMEOUT counts all the time that run() takes."""
    world = World(1, worker_timeout_s=300, stops_clocks=False)
    world.workers[0].boots()
    world.asks(numbered=1)
    world.workers[0].is_held()
    world.workers[0].busy_since, world.workers[0].paused_s = time.monotonic() - 301, 200.0
    world.loop.passes(1)
    signals, still = world.workers[0].signals, world.still
    world.close()

    assert (signals, still) == ([signal.SIGABRT], set())


def test_the_time_in_a_debugger_is_no_part_of_worker_timeout(lone: World) -> None:
    """Busy for 301 s, of which somebody has held it for two; then for two more."""
    lone.asks()
    worker = lone.workers[0]
    worker.busy_since, worker.paused_s = time.monotonic() - 301, 2.0
    lone.loop.passes(1)
    early = list(worker.signals)
    worker.paused_s = 0.0
    lone.loop.passes(1)

    assert (early, worker.signals) == ([], [signal.SIGABRT])


def test_a_lone_worker_that_is_debugged_is_sent_nothing_ahead() -> None:
    """It would be taken by a worker that is going to be stopped, though the next generation could answer."""
    world = World(1, sends_ahead=False)
    world.workers[0].boots()
    world.asks()
    world.asks()
    loads = [world.workers[0].load]
    world.workers[0].answers()
    loads.append(world.workers[0].load)
    world.close()

    assert loads == [1, 1]


def test_a_fork_that_is_held_in_its_boot_is_not_doubted_until_it_goes_on(forking: World) -> None:
    """Then patience begins anew: how long somebody looked at it does not matter."""
    worker = forking.workers[0]
    worker.is_held()
    forking.loop.passes(100)
    held = list(worker.signals)
    worker.goes_on()
    forking.loop.passes(14.9)
    before = list(worker.signals)
    forking.loop.passes(0.2)

    assert (held, before, worker.signals) == ([], [], [signal.SIGKILL])


def test_a_fork_that_is_held_for_a_moment_has_all_the_time_after_it(forking: World) -> None:
    """The timer from before has been taken back."""
    worker = forking.workers[0]
    forking.loop.passes(14)
    worker.is_held()
    worker.goes_on()
    forking.loop.passes(14)

    assert worker.signals == []


def test_a_fork_that_is_held_after_its_boot_is_not_doubted(forking: World) -> None:
    worker = forking.workers[0]
    worker.boots()
    worker.is_held()
    worker.goes_on()
    forking.loop.passes(100)

    assert worker.signals == []


def test_ctrl_c_is_for_the_worker_that_asks_in_the_terminal(pair: World) -> None:
    """Whoever is held by an editor has no prompt."""
    pair.workers[0].is_held()
    nobody = pair.pool.interrupt_prompt()
    pair.workers[1].is_at_prompt = True
    somebody = pair.pool.interrupt_prompt()

    assert (nobody, somebody) == (False, True)
    assert [worker.signals for worker in pair.workers] == [[], [signal.SIGINT]]


# memory

GB = 1 << 30
WHOLE = MemoryRules(GB, "--memory-gb", is_whole=True, first_s=10, longest_s=300)


ONE = MemoryRules(GB, "--memory-gb")


@pytest.fixture
def make() -> Iterator[Callable[..., World]]:
    """Make pools that may have a GB; their workers are booting."""
    made: list[World] = []

    def make(count: int, memory: MemoryRules = WHOLE, **more: Any) -> World:
        made.append(World(count, memory=memory, **more))
        return made[-1]

    yield make
    for world in made:
        world.close()


@pytest.fixture
def whole(make: Callable[..., World]) -> World:
    """A container of two workers that are ready, all of which end together."""
    world = make(2)
    comes_up(world)
    return world


def goes_down(world: World) -> list[float | None]:
    """Let the container run out of memory; returns the waits that are told."""
    before = len(world.events)
    workers = world.alive
    workers[0].eats(2 * GB)
    for worker in workers:
        worker.dies()
    return [event.restart_in_s for event in world.events[before:] if isinstance(event, WorkerEnded)]


def comes_up(world: World) -> None:
    world.connects()
    for worker in world.alive:
        worker.boots()


def test_where_the_kernel_ends_one_process_the_others_go_on(make: Callable[..., World]) -> None:
    """Contract 3.4: gunicorn starts another one at once."""
    one_by_one = make(2, ONE)
    comes_up(one_by_one)
    one_by_one.workers[0].eats(2 * GB)
    flagged = [worker.memory for worker in one_by_one.workers]
    one_by_one.workers[0].dies()
    number = one_by_one.asks()
    one_by_one.connects()

    assert flagged == [OutOfMemory(2 * GB, ONE), None]
    assert one_by_one.events[-1].restart_in_s == 0.0  # type: ignore[union-attr]
    assert (len(one_by_one.workers), len(one_by_one.alive)) == (3, 2)
    assert one_by_one.workers[1].jobs[0].request.target == str(number)


def test_a_server_whose_workers_eat_at_start_starts_them_for_ever(make: Callable[..., World]) -> None:
    """Contract 2.3, `Booting worker with pid` again and again; ever more slowly."""
    world, waits = make(1, ONE), []
    for _ in range(4):
        waits += goes_down(world)
        world.loop.passes(waits[-1] or 0)
        world.connects()

    assert waits == [0.25, 0.5, 1.0, 2.0]
    assert len(world.alive) == 1


def test_all_processes_of_a_container_end_together(whole: World) -> None:
    """Each with what was seen; the second one is told no second time."""
    whole.workers[0].eats(2 * GB)
    whole.workers[1].eats(3 * GB)

    assert [worker.memory for worker in whole.workers] == [OutOfMemory(2 * GB, WHOLE)] * 2


def test_a_container_waits_longer_each_time(whole: World) -> None:
    """Kubernetes' documentation, pod lifecycle: at once, 10 s, 20 s, 40 s ... 300 s at most; both workers come together."""
    waits = []
    for _ in range(8):
        told = goes_down(whole)
        assert told[0] == told[1]
        waits.append(told[0])
        whole.loop.passes((told[0] or 0) - 0.01)
        whole.connects()
        assert len(whole.alive) == (0 if told[0] else 2)
        whole.loop.passes(0.02)
        comes_up(whole)
        assert len(whole.alive) == 2

    assert waits == pytest.approx([0, 10, 20, 40, 80, 160, 300, 300])


@pytest.mark.parametrize(("lasted_s", "wait"), [(599, 20), (601, 0)])
def test_a_container_that_has_run_for_ten_minutes_is_forgiven(whole: World, lasted_s: float, wait: float) -> None:
    """Kubernetes' documentation, pod lifecycle: the back-off is reset after that."""
    for wait_s in (0, 10):
        goes_down(whole)
        whole.loop.passes(wait_s)
        comes_up(whole)
    whole.loop.passes(lasted_s)

    assert goes_down(whole) == [wait, wait]


def test_who_asks_a_container_that_is_down_is_refused(whole: World) -> None:
    """And those who wait in it: its connections are gone. Until a worker of the next one is ready."""
    taken = [whole.asks(), whole.asks()]
    waiting = whole.asks()
    for worker in whole.workers:
        worker.has_taken = True
    goes_down(whole)
    early = whole.asks()
    whole.connects()
    booting = whole.asks()
    comes_up(whole)
    late = whole.asks()
    whole.alive[0].answers()
    whole.loop.settle()

    assert [type(whole.outcome(number)) for number in taken] == [WorkerCrashed, WorkerCrashed]
    for number in (waiting, early, booting):
        assert isinstance(whole.outcome(number), NotReady)
        assert "CrashLoopBackOff" in str(whole.outcome(number))
    assert isinstance(whole.outcome(late), Response)


def test_what_it_had_not_taken_is_refused_with_it(whole: World) -> None:
    """Somebody else can take it; see `Replicas.handle`."""
    number = whole.asks()
    goes_down(whole)

    assert isinstance(whole.outcome(number), NotReady)


def test_it_tells_when_it_goes_down_and_when_it_is_up(whole: World) -> None:
    """Once each."""
    told: list[bool] = []
    whole.pool.changed = lambda: told.append(whole.pool.is_down)
    goes_down(whole)
    while_down = list(told)
    comes_up(whole)

    assert (while_down, told) == ([True], [True, False])


def test_a_worker_that_was_to_come_back_waits_with_its_container(whole: World) -> None:
    """It had died at start by itself; there is no container for it until the next one starts."""
    goes_down(whole)
    comes_up(whole)
    crash = whole.alive[0]
    crash.is_ready = False
    crash.dies()  # would be back in 0.25 s
    goes_down(whole)  # the other one; 10 s
    whole.loop.passes(1)
    whole.connects()
    early = len(whole.alive)
    whole.loop.passes(9.5)
    whole.connects()

    assert (early, len(whole.alive)) == (0, 2)


def test_each_container_has_the_whole_time_of_the_probes(make: Callable[..., World]) -> None:
    """One that starts again is not blamed for the time before: 10 + 3 * 10 s, counted anew."""
    world = make(1, probes=Probes(10.0, 10.0, 2.0, 1, 3, 10.0, 0.0, 2.0, 1, 3))
    comes_up(world)
    for _ in range(60):
        world.loop.passes(1)
        if world.workers[0].jobs:
            world.workers[0].answers()
    goes_down(world)
    world.connects()
    told = []
    for _ in range(100):
        world.loop.passes(0.5)
        told.append([(event.after_s, event.is_booting) for event in world.events if isinstance(event, WouldBeKilled)])

    assert (told[78], told[80], told[-1]) == ([], [(40, True)], [(40, True)])


def test_who_would_get_no_more_requests_is_told(make: Callable[..., World]) -> None:
    """Readiness after three misses, liveness after thirty: a run() of a minute is told as the first alone."""
    world = make(1, probes=Probes(10.0, 10.0, 2.0, 1, 30, 10.0, 10.0, 2.0, 1, 3))
    comes_up(world)
    world.asks()
    for _ in range(140):
        world.loop.passes(0.5)

    told = [event for event in world.events if isinstance(event, (WouldBeKilled, WouldBeUnready))]
    assert [type(event) for event in told] == [WouldBeUnready]
    assert told[0].after_s == 22  # the third one, and the 2 s that it waited


def test_a_fork_that_ran_out_of_memory_is_no_fork_in_vain(forking: World) -> None:
    """A fresh one would eat as much."""
    forking.workers[0]._rules = forking.pool._plan.memory = WHOLE  # type: ignore[misc]
    told = goes_down(forking)
    again = len(forking.workers)
    forking.connects()

    assert (told, again) == ([0.0], 2)
    assert nursery_of(forking).failures == 0


def test_init_that_eats_ahead_of_the_workers_ends_the_server(preloaded: World) -> None:
    """Contract 3.4: with WORKER_PRELOAD the master is killed, -9; a fork that begins is the first to know its peak."""
    preloaded.pool._plan.memory = WHOLE  # type: ignore[misc]
    failed = preloaded.loop.create_task(preloaded.pool.failed())
    waiting = preloaded.asks()
    preloaded.zygote.boots()
    preloaded.connects()
    preloaded.workers[0].eats(2 * GB)
    preloaded.loop.passes(60)
    reason = failed.result()

    assert isinstance(reason, BootFailed)
    assert reason.exit_code == -9
    assert "it had 2 GB, and --memory-gb allows 1 GB" in str(reason)
    assert isinstance(preloaded.outcome(waiting), NotReady)
    assert (preloaded.zygote.is_alive, preloaded.alive) == (False, [])
