"""The platform's liveness probe against a container whose boots and answers are said by the test, on a clock moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from amlemu.backends.prober import Prober
from amlemu.errors import NotReady, WorkerCrashed
from amlemu.events import Event, WouldBeKilled, WouldBeUnready
from amlemu.exchange import Frame, Request, Response
from amlemu.probes import ProbeRules

from .fake_worker import StillLoop

DEFAULTS = (10, 10, 2, 1, 30)  # contract 1.7: initial delay, period, timeout, success and failure threshold
AT_LOAD_MODEL = (Frame("score.py", 20, "init"), Frame("score.py", 14, "load_model"))


class Container:
    """One that is probed: a worker that boots, answers, or is busy."""

    def __init__(self, rules: tuple[float, ...], *, is_readiness: bool = False) -> None:
        self.loop = StillLoop()
        self.events: list[Event] = []
        self.asked: list[tuple[float, Request]] = []
        self.pending = self.most_pending = 0
        self.has_booted = self.is_held = False
        self.answer: int | Exception | None = None  # a status, a failure, or none for as long as it is asked
        self.takes_s = 0.0
        prober = Prober(
            ProbeRules(*rules),  # type: ignore[arg-type]
            self.ask,
            self.events.append,
            has_booted=lambda: self.has_booted,
            is_held=lambda: self.is_held,
            stack=self.stack,
            is_readiness=is_readiness,
        )
        self.loop.create_task(prober.play())
        self.loop.settle()

    async def ask(self, request: Request) -> Response:
        self.asked.append((self.loop.time(), request))
        self.pending += 1
        self.most_pending = max(self.pending, self.most_pending)
        try:
            await asyncio.sleep(self.takes_s)
            if isinstance(self.answer, Exception):
                raise self.answer
            if self.answer is None:
                await asyncio.get_running_loop().create_future()
            return Response(self.answer or 0, "", [])
        finally:
            self.pending -= 1

    async def stack(self) -> list[Frame]:
        return list(AT_LOAD_MODEL)

    def until(self, moment: float) -> None:
        """Let time go by in steps that are smaller than anything that is waited for."""
        while self.loop.now < moment:
            self.loop.passes(0.5)

    def boots(self) -> None:
        self.has_booted, self.answer = True, 200

    @property
    def told(self) -> list[tuple[float, bool]]:
        return [(event.after_s, event.is_booting) for event in self.events if isinstance(event, WouldBeKilled)]


@pytest.fixture
def make() -> Iterator[Callable[..., Container]]:
    """Make containers with rules; a loop each."""
    made: list[Container] = []

    def make(rules: tuple[float, ...] = DEFAULTS, *, is_readiness: bool = False) -> Container:
        made.append(Container(rules, is_readiness=is_readiness))
        return made[-1]

    yield make
    for container in made:
        for task in asyncio.all_tasks(container.loop):
            task.cancel()
        container.loop.turn()
        container.loop.close()


def test_a_boot_without_end_is_told_once_at_310_s(make: Callable[..., Container]) -> None:
    """Contract 6.4: 10 + 30 * 10 s for the defaults; with the place where the script is. Nothing is ended."""
    container = make()
    container.until(309.5)
    before = list(container.told)
    container.until(1000)

    assert (before, container.told) == ([], [(310, True)])
    assert container.events == [WouldBeKilled(310, is_booting=True, stack=AT_LOAD_MODEL)]
    assert len(container.asked) == 100  # and it is asked on


def test_who_is_up_in_time_is_not_told_of(make: Callable[..., Container]) -> None:
    """In the last half second that is allowed."""
    container = make()
    container.until(309.5)
    container.boots()
    container.until(1000)

    assert container.told == []


def test_a_boot_may_keep_the_readiness_probe_waiting(make: Callable[..., Container]) -> None:
    """It gets no requests meanwhile, and nobody ends it; one that was ready and is not any more is told, and again when it has answered."""
    container = make((10, 10, 2, 1, 3), is_readiness=True)
    container.until(500)
    before = list(container.events)
    container.boots()
    container.until(515)
    container.answer = None  # in run()
    container.until(560)
    container.answer = 200
    container.until(575)
    container.answer = None
    container.until(620)

    assert before == []
    assert container.events == [WouldBeUnready(22, AT_LOAD_MODEL), WouldBeUnready(22, AT_LOAD_MODEL)]


def test_one_answer_is_not_enough_where_more_are_wanted(make: Callable[..., Container]) -> None:
    """Contract 1.7, success_threshold: until so many have come it is still the same story, and is not told anew."""
    container = make((10, 10, 2, 3, 3), is_readiness=True)
    container.boots()
    container.until(15)
    for answer, until in ((None, 55), (200, 65), (None, 105), (200, 145), (None, 185)):
        container.answer = answer
        container.until(until)

    assert container.events == [WouldBeUnready(22, AT_LOAD_MODEL), WouldBeUnready(22, AT_LOAD_MODEL)]


def test_the_values_of_v1_allow_340_s(make: Callable[..., Container]) -> None:
    """Contract 2.2: period 10, initial delay 310, timeout 2, success 1, failure 3."""
    container = make((310, 10, 2, 1, 3))
    container.until(339.5)
    before = list(container.told)
    container.until(340)

    assert (before, container.told) == ([], [(340, True)])


def test_it_asks_as_the_platform_does(make: Callable[..., Container]) -> None:
    """Contract 3.6: GET /, after the initial delay and in each period; never as the request of an exchange."""
    container = make()
    container.boots()
    container.until(45)

    assert [moment for moment, _ in container.asked] == [10, 20, 30, 40]
    assert {(request.method, request.target) for _, request in container.asked} == {("GET", "/")}
    assert all(request.number < 0 for _, request in container.asked)


def test_a_busy_worker_misses_its_probe(make: Callable[..., Container]) -> None:
    """Contract 3.6: a limit of 2 s fails while run() takes longer; three in a row end the container here."""
    container = make((10, 10, 2, 1, 3))
    container.boots()
    container.until(15)
    container.answer = None  # in run()
    container.until(41.5)
    before = list(container.told)
    container.until(42)
    container.until(80)

    assert (before, container.told) == ([], [(22, False)])


@pytest.mark.parametrize(("takes_s", "told"), [(1.5, 0), (3.0, 1)])
def test_an_answer_counts_that_comes_within_the_timeout(
    make: Callable[..., Container], takes_s: float, told: int
) -> None:
    """2 s by default."""
    container = make()
    container.boots()
    container.takes_s = takes_s
    container.until(500)

    assert len(container.told) == told


def test_one_answer_forgives_all_misses(make: Callable[..., Container]) -> None:
    """Two, an answer, two: never three in a row."""
    container = make((10, 10, 2, 1, 3))
    container.boots()
    for _ in range(3):
        container.answer = None
        container.until(container.loop.now + 20)
        container.answer = 200
        container.until(container.loop.now + 10)

    assert container.told == []


def test_what_happens_again_is_told_again(make: Callable[..., Container]) -> None:
    """Once for each time."""
    container = make((10, 10, 2, 1, 2))
    container.boots()
    for _ in range(2):
        container.answer = None
        container.until(container.loop.now + 50)
        container.answer = 200
        container.until(container.loop.now + 10)

    assert container.told == [(12, False), (12, False)]


@pytest.mark.parametrize(
    ("answer", "is_missed"),
    [(200, False), (302, False), (399, False), (400, True), (404, True), (502, True)],
)
def test_an_answer_is_one_from_200_to_399(make: Callable[..., Container], answer: int, is_missed: bool) -> None:
    """Contract 8 #22."""
    container = make((10, 10, 2, 1, 3))
    container.boots()
    container.answer = answer
    container.until(60)

    assert bool(container.told) == is_missed


@pytest.mark.parametrize("failure", [NotReady("no"), WorkerCrashed("died")])
def test_no_answer_at_all_is_a_miss(make: Callable[..., Container], failure: Exception) -> None:
    """And the next one is asked for."""
    container = make((10, 10, 2, 1, 3))
    container.boots()
    container.answer = failure
    container.until(60)

    assert container.told == [(20, False)]
    assert len(container.asked) == 6


def test_while_a_debugger_holds_the_worker_nothing_counts(make: Callable[..., Container]) -> None:
    """Not the boot's time: 400 s at a breakpoint in init(), and still 310 s of its own are allowed."""
    container = make()
    container.until(55)
    container.is_held = True
    container.until(455)
    container.is_held = False
    container.until(709.5)
    before = list(container.told)
    container.until(710)

    assert (before, container.told) == ([], [(310, True)])


def test_a_probe_that_a_debugger_came_into_does_not_count(make: Callable[..., Container]) -> None:
    """It was asked when the worker was free, and the breakpoint hit before the answer."""
    container = make((10, 10, 2, 1, 1))
    container.boots()
    container.takes_s = 1
    container.until(10.5)
    container.answer, container.is_held = None, True
    container.until(100)

    assert container.told == []


def test_one_is_asked_at_a_time_however_short_the_period(make: Callable[..., Container]) -> None:
    """Answers after 3 s, a period of 1 s: probes that are due meanwhile are left out."""
    container = make((1, 1, 5, 1, 3))
    container.boots()
    container.takes_s = 3
    container.until(60)
    slowly = len(container.asked)
    container.takes_s = 0
    container.until(80)

    assert container.told == []
    assert container.most_pending == 1
    assert 15 <= slowly <= 20
    assert len(container.asked) - slowly <= 25  # what was left out is not made up for


def test_a_worker_that_boots_again_has_the_failure_threshold_for_it(make: Callable[..., Container]) -> None:
    """After a crash in a container that has long been up there is no initial delay: 3 misses in a row, as for a busy one."""
    container = make((10, 10, 2, 1, 3))
    container.boots()
    container.until(505)
    container.has_booted, container.answer = False, None
    container.until(525)
    container.boots()
    container.until(605)
    short = list(container.told)
    container.has_booted, container.answer = False, None
    container.until(700)

    assert (short, container.told) == ([], [(22, True)])
