"""Generations against every order of saves, boots, failures and requests, and the cases worth a name; pools are fakes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from amlemu.backends.generation import Outcome
from amlemu.backends.generations import Generations
from amlemu.errors import BootFailed, HostLost, NotReady, UsageError, WorkerCrashed
from amlemu.events import Event, Listener, Noticed, ReloadBegan, Reloaded, ReloadFailed, WorkerEnded, WorkerReady
from amlemu.exchange import Request, Response
from amlemu.readiness import Readiness
from amlemu.reload import MODES
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from .fake_worker import FAULT, StillLoop

NO_ROOM = "two of them are too many"


class FakePool:
    """A generation's workers. What they do next is said by the test: start, boot, take, answer, die."""

    def __init__(self, world: World, tell: Listener) -> None:
        self.world, self.tell, self.workers = world, tell, []
        self.waiting: dict[int, asyncio.Future[Response]] = {}
        self.taken: dict[int, asyncio.Future[Response]] = {}
        future = asyncio.get_running_loop().create_future
        self.started, self.booted, self.reason = future(), future(), future()
        self.has_answered = asyncio.Event()
        self.is_alive = self.is_closed = False

    async def start(self) -> None:
        self.world.pool_starts(self)
        self.is_alive = True
        await self.started

    async def ready(self) -> None:
        await asyncio.shield(self.booted)

    async def failed(self) -> Exception:
        return await asyncio.shield(self.reason)

    async def handle(self, request: Request) -> Response:
        self.world.pool_is_asked(self)
        if self.is_closed:
            raise NotReady("this pool is closed")
        self.waiting[int(request.target)] = answer = asyncio.get_running_loop().create_future()
        return await answer

    async def locate(self, number: int) -> Any:
        return ["here"] if number in self.taken else None

    def closes(self) -> None:
        self.is_closed = True
        for answer in self.waiting.values():
            if not answer.done():
                answer.set_exception(NotReady("this pool is closed"))
        self.waiting.clear()

    async def drain(self) -> None:
        self.closes()
        while self.taken:
            self.has_answered.clear()
            await self.has_answered.wait()
        self.is_alive = False

    async def stop(self, grace_s: float) -> None:
        self.closes()
        self.loses_all()
        self.is_alive = False

    def loses_all(self) -> None:
        self.has_answered.set()
        while self.taken:
            _, answer = self.taken.popitem()
            if not answer.done():
                answer.set_exception(WorkerCrashed("killed"))

    # What the test says

    def takes(self) -> int:
        number = next(iter(self.waiting))
        self.taken[number] = self.waiting.pop(number)
        return number

    def answers(self) -> None:
        number = next(iter(self.taken))
        answer = self.taken.pop(number)
        self.has_answered.set()
        if not answer.done():
            answer.set_result(Response(200, str(number), []))

    def boots(self) -> None:
        self.tell(WorkerReady(1, 5.0))
        self.booted.set_result(None)

    def fails(self, error: Exception | None = None) -> None:
        """As when the script cannot be booted: nobody is served, and nobody waits."""
        self.booted.set_exception(error or BootFailed(FAULT, 3))
        self.booted.exception()
        self.closes()

    def dies_silently(self) -> None:
        self.tell(WorkerEnded(1, 7, planned=False, was_booting=True, restart_in_s=0.25))

    def ends_the_server(self) -> None:
        """As with exit code 3 while serving."""
        self.reason.set_result(BootFailed(FAULT, 3))
        self.loses_all()
        self.closes()


class World:
    """Generations of fake pools, everybody who has asked them for something, and every reload that was asked for."""

    def __init__(self, *, boots: bool = True, **rules: Any) -> None:
        self.loop = StillLoop()
        self.events: list[Event] = []
        self.pools: list[FakePool] = []
        self.asked: list[asyncio.Task[Response]] = []
        self.reloads: list[tuple[int, asyncio.Task[Outcome]]] = []
        self.entered: Counter[int] = Counter()
        self.has_room = True
        self.readiness = Readiness()
        self.generations = Generations(
            lambda tell: FakePool(self, tell),
            self.readiness,
            self.events.append,
            no_room=lambda pids: "" if self.has_room else NO_ROOM,
            **rules,
        )
        starting = self.loop.create_task(self.generations.start())
        self.starts()
        starting.result()
        self.ready = self.loop.create_task(self.generations.ready())
        self.failed = self.loop.create_task(self.generations.failed())
        if boots:
            self.does(self.pools[0].boots)

    def does(self, act: Callable[..., Any], *words: Any) -> Any:
        """Let something happen in the loop, and all that follows."""
        found: list[Any] = []
        self.loop.call_soon(lambda: found.append(act(*words)))
        self.loop.settle()
        return found[0]

    def starts(self) -> None:
        """Let the processes of all pools be there."""
        self.loop.settle()
        while waiting := [pool for pool in self.pools if not pool.started.done()]:
            self.does(waiting[0].started.set_result, None)

    def pool_starts(self, pool: FakePool) -> None:
        began = [event for event in self.events if isinstance(event, ReloadBegan)]
        if began and (began[-1].mode == "stop-first" or not self.readiness.is_ready):
            assert self.alive == [], "two pools are alive at once"
        self.pools.append(pool)

    def pool_is_asked(self, pool: FakePool) -> None:
        assert self.generations.serving.pool is pool, "a request went to a generation that does not serve"

    @property
    def alive(self) -> list[FakePool]:
        return [pool for pool in self.pools if pool.is_alive]

    def asks(self) -> int:
        self.asked.append(self.loop.create_task(self.generations.handle(Request("POST", str(len(self.asked)), []))))
        self.loop.settle()
        return len(self.asked) - 1

    def takes(self, pool: FakePool) -> None:
        self.entered[self.does(pool.takes)] += 1

    def reloads_it(self, mode: str = "beside", *, starts: bool = True) -> asyncio.Task[Outcome]:
        number = self.generations.number + 1
        task = self.loop.create_task(self.generations.reload({f"file{number}.py"}, mode))
        self.reloads.append((number, task))
        self.starts() if starts else self.loop.settle()
        return task

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def stops(self) -> None:
        stopping = self.loop.create_task(self.generations.stop(1))
        self.starts()
        assert stopping.done()
        stopping.result()

    def close(self) -> None:
        """End all that is left, and the loop."""
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.turn()
        self.loop.close()


class Life(RuleBasedStateMachine):
    """Saves, boots, failures, requests, in any order; the invariants are what a client, and who reloads, may rely on."""

    world: World

    @initialize(stays=st.booleans(), keeps=st.booleans())
    def begin(self, *, stays: bool, keeps: bool) -> None:
        self.world = World(boots=False, stays=stays, keeps_last_good=keeps)
        self.has_stopped = self.was_unhealthy = False

    def pick(self, data: st.DataObject, fits: Callable[[FakePool], Any]) -> FakePool | None:
        fitting = [pool for pool in self.world.alive if pool.started.done() and fits(pool)]
        return data.draw(st.sampled_from(fitting)) if fitting else None

    @rule()
    def a_request_arrives(self) -> None:
        self.world.asks()

    @rule(data=st.data())
    def a_client_gives_up(self, data: st.DataObject) -> None:
        if open_tasks := [task for task in self.world.asked if not task.done()]:
            data.draw(st.sampled_from(open_tasks)).cancel()
            self.world.loop.settle()

    @rule(data=st.data())
    def a_worker_takes_a_request(self, data: st.DataObject) -> None:
        if pool := self.pick(data, lambda pool: pool.waiting and pool.booted.done()):
            self.world.takes(pool)

    @rule(data=st.data())
    def a_request_is_answered(self, data: st.DataObject) -> None:
        if pool := self.pick(data, lambda pool: pool.taken):
            self.world.does(pool.answers)

    @rule(mode=st.sampled_from(MODES), starts=st.booleans(), has_room=st.booleans())
    def a_file_is_saved(self, mode: str, *, starts: bool, has_room: bool) -> None:
        self.world.has_room = has_room
        if not self.has_stopped:
            self.world.reloads_it(mode, starts=starts)

    @rule(data=st.data())
    def who_has_asked_for_a_reload_leaves(self, data: st.DataObject) -> None:
        """As a client of the control port."""
        if begun := [task for number, task in self.world.reloads if not task.done() and self.has_begun(number)]:
            data.draw(st.sampled_from(begun)).cancel()
            self.world.loop.settle()

    def has_begun(self, number: int) -> bool:
        return any(one.number == number and one.begun.is_set() for one in self.world.generations.all)

    @rule(data=st.data())
    def a_process_is_there(self, data: st.DataObject) -> None:
        if starting := [pool for pool in self.world.pools if not pool.started.done()]:
            self.world.does(data.draw(st.sampled_from(starting)).started.set_result, None)

    @precondition(lambda self: len(self.world.pools) > 1)
    @rule(data=st.data())
    def a_process_cannot_be_started(self, data: st.DataObject) -> None:
        if starting := [pool for pool in self.world.pools if not pool.started.done()]:
            pool = data.draw(st.sampled_from(starting))
            pool.is_alive = False
            self.world.does(pool.started.set_exception, UsageError("cannot be started"))

    @rule(data=st.data())
    def a_generation_boots(self, data: st.DataObject) -> None:
        if pool := self.pick(data, lambda pool: not pool.booted.done()):
            self.world.does(pool.boots)

    @rule(data=st.data())
    def a_boot_fails(self, data: st.DataObject) -> None:
        if pool := self.pick(data, lambda pool: not pool.booted.done()):
            self.world.does(pool.fails)

    @rule(data=st.data())
    def a_worker_dies_at_start(self, data: st.DataObject) -> None:
        if pool := self.pick(data, lambda pool: not pool.booted.done()):
            self.world.does(pool.dies_silently)

    @rule(data=st.data())
    def a_script_ends_its_server(self, data: st.DataObject) -> None:
        if pool := self.pick(data, lambda pool: pool.booted.done() and not pool.is_closed):
            self.world.does(pool.ends_the_server)

    @rule(seconds=st.sampled_from([0.1, 3.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.loop.passes(seconds)

    @precondition(lambda self: len(self.world.asked) > 3 and not self.has_stopped)
    @rule()
    def it_is_stopped(self) -> None:
        self.has_stopped = True
        self.world.stops()

    @invariant()
    def each_request_ends_once_with_its_own_answer(self) -> None:
        assert max(self.world.entered.values(), default=0) <= 1
        for number, task in enumerate(self.world.asked):
            if not task.done() or task.cancelled():
                continue
            error = task.exception()
            if error is None:
                assert (task.result().phrase, self.world.entered[number]) == (str(number), 1)
            else:
                assert isinstance(error, WorkerCrashed if self.world.entered[number] else NotReady)

    @invariant()
    def nobody_is_refused_while_one_serves_or_boots(self) -> None:
        generations = self.world.generations
        self.was_unhealthy |= generations.serving.state == "failed" or self.world.failed.done() or self.has_stopped
        self.was_unhealthy |= bool(self.world.of(ReloadFailed))
        if not self.was_unhealthy:
            done = [task for task in self.world.asked if task.done() and not task.cancelled()]
            assert not [task for task in done if isinstance(task.exception(), NotReady)]

    @invariant()
    def at_most_one_serves_and_readiness_agrees(self) -> None:
        if self.has_stopped:
            return
        generations, readiness = self.world.generations, self.world.readiness
        ready = [one for one in generations.all if one.state == "ready"]
        assert ready in ([], [generations.serving])
        assert readiness.is_ready == bool(ready)
        if not self.world.failed.done():
            assert bool(readiness.why) == (not ready and generations.serving.fault is not None)

    @invariant()
    def nothing_was_asked_that_nobody_answers(self) -> None:
        assert self.world.loop.errors == []

    def teardown(self) -> None:
        if hasattr(self, "world"):
            try:
                self.settle()
            finally:
                self.world.close()

    def settle(self) -> None:
        """Answer all, boot the newest; then nothing is left but that one, and everybody has heard."""
        world = self.world
        world.starts()
        for _ in range(20):
            for pool in world.alive:
                if not pool.booted.done():
                    world.does(pool.boots)
            for pool in world.alive:
                while pool.waiting and pool.booted.done():
                    world.takes(pool)
                while pool.taken:
                    world.does(pool.answers)
            world.loop.passes(1)
            world.starts()
        assert [number for number, task in world.reloads if not task.done()] == []
        assert [task for task in world.asked if not task.done()] == []
        self.outcomes_are_their_own()
        if self.has_stopped:
            assert world.alive == []
        elif not world.failed.done():
            left = world.generations.all
            assert [one for one in left if one not in (world.generations.serving, left[-1])] == []
            assert len(world.alive) <= 1

    def outcomes_are_their_own(self) -> None:
        for number, task in self.world.reloads:
            if task.cancelled():
                continue
            if error := task.exception():
                assert isinstance(error, NotReady)
                assert self.has_stopped
            else:
                assert number <= task.result().generation <= self.world.generations.number


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)


@pytest.fixture
def make() -> Iterator[Callable[..., World]]:
    """Make a world; its first generation serves, unless told otherwise."""
    worlds: list[World] = []

    def make(**rules: Any) -> World:
        worlds.append(World(**rules))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()


@pytest.fixture
def world(make: Callable[..., World]) -> World:
    return make()


def test_requests_go_to_the_old_one_until_the_new_one_is_ready(world: World) -> None:
    """Then to the new one; each answer's account names the generation that gave it."""
    reload = world.reloads_it()
    first = world.asks()
    world.takes(world.pools[0])
    world.does(world.pools[1].boots)
    second = world.asks()
    world.takes(world.pools[1])
    for pool in world.pools:
        world.does(pool.answers)

    assert [world.asked[number].result().account["generation"] for number in (first, second)] == [1, 2]
    assert (reload.result().generation, reload.result().serving, reload.result().fault) == (2, 2, None)


def test_what_the_old_one_has_begun_it_finishes_and_what_it_has_not_taken_goes_on(world: World) -> None:
    """Nothing is lost, nothing runs twice."""
    taken, waiting = world.asks(), world.asks()
    world.takes(world.pools[0])
    world.reloads_it()
    world.does(world.pools[1].boots)
    moved = list(world.pools[1].waiting)
    before = list(world.alive)
    world.does(world.pools[0].answers)

    assert (moved, before, world.alive) == ([waiting], world.pools, [world.pools[1]])
    assert world.asked[taken].result().account["generation"] == 1


def test_a_reload_is_told_from_its_beginning_to_its_end(world: World) -> None:
    """With what has changed, and how long init() took."""
    world.reloads_it()
    world.does(world.pools[1].boots)
    [began], [reloaded] = world.of(ReloadBegan), world.of(Reloaded)

    assert (began.generation, began.changed, began.mode, began.why) == (2, ("file2.py",), "beside", "")
    assert (reloaded.generation, reloaded.changed, reloaded.boot_ms) == (2, ("file2.py",), 5.0)


def test_the_first_boot_is_no_reload(world: World) -> None:
    assert world.of(ReloadBegan) + world.of(Reloaded) == []
    assert world.readiness.is_ready


def test_a_generation_that_does_not_boot_makes_the_deployment_unhealthy(world: World) -> None:
    """The cause is told, the requests are refused, the old one goes: its code is not what is on the disk."""
    waiting = world.asks()
    reload = world.reloads_it()
    world.does(world.pools[1].fails)
    [failed] = world.of(ReloadFailed)

    assert (failed.generation, failed.changed, failed.fault, failed.serving) == (2, ("file2.py",), FAULT, None)
    assert (reload.result().fault, reload.result().serving) == (FAULT, None)
    assert world.readiness.why == "generation 2 does not start: the script does not load"
    assert isinstance(world.asked[waiting].exception(), NotReady)
    assert world.alive == []


def test_the_next_save_heals_it(world: World) -> None:
    world.reloads_it()
    world.does(world.pools[1].fails)
    world.reloads_it()
    world.does(world.pools[2].boots)
    number = world.asks()
    world.takes(world.pools[2])
    world.does(world.pools[2].answers)

    assert world.asked[number].result().account["generation"] == 3
    assert (world.readiness.is_ready, [one.number for one in world.generations.all]) == (True, [3])


def test_the_last_good_one_may_go_on(make: Callable[..., World]) -> None:
    """Requests do not notice; the next one that boots takes over all the same."""
    world = make(keeps_last_good=True)
    reload = world.reloads_it()
    world.does(world.pools[1].fails)
    number = world.asks()
    again = world.reloads_it()
    world.does(world.pools[2].boots)

    assert (reload.result().fault, reload.result().serving) == (FAULT, 1)
    assert world.of(ReloadFailed)[0].serving == 1
    assert (list(world.pools[2].waiting), again.result().serving, world.alive) == ([number], 3, [world.pools[2]])


def test_a_worker_that_dies_at_start_is_the_verdict_at_once(world: World) -> None:
    """The pool tries again, later and later; who waits for the reload need not."""
    reload = world.reloads_it()
    world.does(world.pools[1].dies_silently)

    assert reload.result().fault is not None
    assert reload.result().fault["what"] == "the worker ended with exit code 7 while the script was loading"
    assert world.readiness.why


@pytest.mark.parametrize("keeps", [True, False])
def test_one_that_dies_and_then_fails_leaves_nothing(make: Callable[..., World], keeps: bool) -> None:
    """Its other workers would stay for nobody; told of is the first reason alone."""
    world = make(keeps_last_good=keeps)
    world.reloads_it()
    world.does(world.pools[1].dies_silently)
    world.does(world.pools[1].fails)

    assert world.alive == world.pools[:keeps]
    assert len(world.of(ReloadFailed)) == 1


def test_one_that_comes_up_after_all_serves(world: World) -> None:
    """Such as one that needs a database which was not there yet."""
    world.reloads_it()
    world.does(world.pools[1].dies_silently)
    world.does(world.pools[1].boots)

    assert world.readiness.is_ready
    assert [event.generation for event in world.of(Reloaded)] == [2]
    assert world.alive == [world.pools[1]]


def test_a_generation_that_hangs_is_overtaken_by_the_next_one(world: World) -> None:
    """And who waited for it hears how that one went; the change that it was for counts, too."""
    first, second = world.reloads_it(), world.reloads_it()
    third = world.reloads_it()
    alive = list(world.alive)
    world.does(world.pools[3].boots)

    assert alive == [world.pools[0], world.pools[3]]
    assert [task.result().generation for task in (first, second, third)] == [4, 4, 4]
    assert world.of(Reloaded)[0].changed == ("file2.py", "file3.py", "file4.py")


def test_who_leaves_while_it_waits_for_a_reload_stops_nothing(world: World) -> None:
    """A client of the control port that hangs up."""
    world.reloads_it().cancel()
    world.loop.settle()
    world.does(world.pools[1].boots)

    assert [event.generation for event in world.of(Reloaded)] == [2]


def test_stop_first_lets_the_old_one_end_before_the_new_one_begins(world: World) -> None:
    """Requests wait for the new one meanwhile, at the front door and here."""
    world.asks()
    world.takes(world.pools[0])
    world.reloads_it("stop-first")
    before = len(world.pools)
    waiting = world.asks()
    world.does(world.pools[0].answers)
    world.starts()

    assert (before, len(world.pools), world.alive) == (1, 2, [world.pools[1]])
    assert list(world.pools[1].waiting) == [waiting]
    assert (world.of(ReloadBegan)[0].mode, world.readiness.is_ready, world.readiness.why) == ("stop-first", False, "")


def test_stop_first_is_chosen_where_two_would_be_too_many(world: World) -> None:
    """And said."""
    world.has_room = False
    world.reloads_it("auto")

    assert (world.of(ReloadBegan)[0].mode, world.of(ReloadBegan)[0].why) == ("stop-first", NO_ROOM)


def test_who_asks_for_beside_gets_it(world: World) -> None:
    world.has_room = False
    world.reloads_it("beside")

    assert (world.of(ReloadBegan)[0].mode, len(world.alive)) == ("beside", 2)


def test_a_long_wait_for_the_old_one_is_told(world: World) -> None:
    """Somebody looks at the console and wonders."""
    world.asks()
    world.takes(world.pools[0])
    world.reloads_it("stop-first")
    before = world.of(Noticed)
    world.loop.passes(3)

    assert before == []
    assert world.of(Noticed) == [
        Noticed("the generation before has requests in hand; the new one starts when they are answered")
    ]


def test_a_script_that_ends_its_server_is_waited_for(world: World) -> None:
    """Exit codes 3 and 4 while serving end the real server; here the next save heals."""
    world.does(world.pools[0].ends_the_server)
    unhealthy = world.readiness.why
    refused = world.asks()
    world.reloads_it()
    world.does(world.pools[1].boots)

    assert unhealthy == "generation 1 does not start: the script does not load"
    assert isinstance(world.asked[refused].exception(), NotReady)
    assert (world.readiness.is_ready, world.failed.done()) == (True, False)


def test_where_a_platform_restarts_containers_it_is_booted_again(make: Callable[..., World]) -> None:
    """Contract 3.4. Requests are refused meanwhile; one that ends again waits longer, a save for nothing."""
    world = make(restarts=True)
    world.does(world.pools[0].ends_the_server)
    refused = world.asks()
    world.loop.passes(0.25)
    world.starts()
    world.does(world.pools[1].boots)

    assert isinstance(world.asked[refused].exception(), NotReady)
    assert (world.readiness.is_ready, world.generations.number) == (True, 2)
    world.does(world.pools[1].ends_the_server)
    assert world.of(Noticed) == [
        Noticed("the server has ended; the container starts again in 0.25 s"),
        Noticed("the server has ended; the container starts again in 0.5 s"),
    ]
    world.reloads_it()
    world.does(world.pools[2].boots)
    world.loop.passes(1)
    assert world.generations.number == 3
    assert world.of(ReloadFailed) == []


def test_without_reload_such_a_script_ends_the_server(make: Callable[..., World]) -> None:
    """As before; somebody may have asked for reloads through the control port all the same."""
    world = make(stays=False)
    world.does(world.pools[0].ends_the_server)

    assert isinstance(world.failed.result(), BootFailed)


def test_a_first_boot_that_fails_is_waited_for(make: Callable[..., World]) -> None:
    """The server stays up, unhealthy: the next save may heal it."""
    world = make(boots=False)
    world.does(world.pools[0].fails)

    assert (world.ready.done(), world.ready.exception(), world.failed.done()) == (True, None, False)
    assert world.readiness.why == "generation 1 does not start: the script does not load"


def test_without_reload_a_first_boot_that_fails_is_the_end(make: Callable[..., World]) -> None:
    world = make(boots=False, stays=False)
    world.does(world.pools[0].fails)

    assert isinstance(world.ready.exception(), BootFailed)
    assert isinstance(world.failed.result(), BootFailed)
    assert world.of(ReloadFailed) == []


def test_a_process_that_cannot_be_started_is_a_failed_reload(world: World) -> None:
    """The environment is being rebuilt, for example."""
    reload = world.reloads_it(starts=False)
    world.does(world.pools[1].started.set_exception, UsageError("cannot be started", where="/env/bin/python"))

    assert reload.result().fault is not None
    assert reload.result().fault["what"] == "/env/bin/python: cannot be started"
    assert world.alive == []


def test_a_stop_ends_all_and_tells_who_waits(world: World) -> None:
    """What boots, what drains, and what has not begun."""
    world.asks()
    world.takes(world.pools[0])
    reloads = [world.reloads_it(), world.reloads_it("stop-first")]
    world.stops()

    assert world.alive == []
    assert [type(task.exception()) for task in reloads] == [NotReady, NotReady]
    assert isinstance(world.asked[0].exception(), WorkerCrashed)


def test_nobody_reloads_what_is_stopping(world: World) -> None:
    world.stops()

    assert isinstance(world.reloads_it().exception(), NotReady)


def test_a_request_is_found_in_whichever_generation_has_it(world: World) -> None:
    world.asks()
    world.takes(world.pools[0])
    world.reloads_it()
    world.does(world.pools[1].boots)
    found = [world.loop.create_task(world.generations.locate(number)) for number in (0, 1)]
    world.loop.settle()

    assert [task.result() for task in found] == [["here"], None]


def test_a_host_that_is_gone_ends_the_server(world: World) -> None:
    """No save can mend it, whatever the generation and whenever it is noticed."""
    world.does(world.pools[0].reason.set_result, HostLost("the engine has gone away"))

    assert isinstance(world.failed.result(), HostLost)
    assert world.of(ReloadFailed) == []


@pytest.mark.parametrize("when", ["at start", "while booting"])
def test_a_host_that_is_gone_at_a_save_ends_the_server(world: World, when: str) -> None:
    world.reloads_it("stop-first", starts=False)
    if when == "at start":
        world.does(world.pools[1].started.set_exception, HostLost("the engine has gone away"))
    else:
        world.starts()
        world.does(world.pools[1].fails, HostLost("the engine has gone away"))

    assert isinstance(world.failed.result(), HostLost)
