"""A limit without a debugger, and with one: how long is waited, and what is noted for the cloud."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from amlemu.errors import BackendFailure, Busy
from amlemu.gateway.limit import Limit
from amlemu.gateway.visit import Visit
from amlemu.pauses import ANYBODY, Pauses

from .conftest import Clock
from .front_door import new_visit

FAILURE = Busy("nobody came")


class Waiting:
    """Waits by the clock of the test for what comes at a moment, or never; `at` is done when so many seconds have passed."""

    def __init__(self, clock: Clock, comes_at: float = 1e9, at: dict[float, Callable[[], None]] | None = None) -> None:
        self.clock, self.began = clock, clock.now
        self.comes_at = comes_at
        self.events = sorted((at or {}).items())
        self.waits: list[float] = []
        self.spared: list[BackendFailure] = []

    async def __call__(self, seconds: float) -> bool:
        self.waits.append(seconds)
        until = self.clock.now + seconds
        while self.events and self.began + self.events[0][0] <= until:
            after, event = self.events.pop(0)
            self.clock.now = self.began + after
            event()
        self.clock.now = min(until, self.began + self.comes_at)
        return self.clock.now < until

    def visit(self, pauses: Pauses) -> Visit:
        return new_visit(pauses=pauses, when_spared=lambda visit, failure: self.spared.append(failure))

    def for_five_seconds(self, visit: Visit) -> bool:
        return asyncio.run(Limit(visit, 5).wait(self, FAILURE))


def test_without_a_debugger_it_is_waited_for_once(clock: Clock) -> None:
    """And the cloud would have said what is said."""
    waiting = Waiting(clock)

    assert not waiting.for_five_seconds(waiting.visit(clock.pauses()))
    assert (waiting.waits, waiting.spared) == ([5], [])


def test_what_comes_in_time_has_come(clock: Clock) -> None:
    waiting = Waiting(clock, comes_at=4)

    assert waiting.for_five_seconds(waiting.visit(clock.pauses()))
    assert (waiting.waits, waiting.spared) == ([5], [])


def test_the_time_that_a_debugger_took_is_waited_for_once_more(clock: Clock) -> None:
    """Held from the first second to the fourth: until 8 s all in all; the cloud would have given up at 5 s."""
    pauses = clock.pauses()
    waiting = Waiting(clock, at={1: lambda: pauses.begin(ANYBODY), 4: lambda: pauses.end(ANYBODY)})

    assert not waiting.for_five_seconds(waiting.visit(pauses))
    assert (waiting.waits, waiting.spared, clock.now) == ([5, 3], [FAILURE], 1008)


def test_nobody_gives_up_while_a_debugger_holds_on(clock: Clock) -> None:
    """For as long as that takes: it is looked again when as much has passed as was left."""
    pauses = clock.pauses()
    waiting = Waiting(clock, comes_at=100, at={1: lambda: pauses.begin(ANYBODY)})

    assert waiting.for_five_seconds(waiting.visit(pauses))
    assert waiting.waits[:3] == [5, 4, 4]
    assert set(waiting.spared) == {FAILURE}


def test_what_a_debugger_took_before_does_not_count(clock: Clock) -> None:
    """A limit begins when it is made."""
    pauses = clock.pauses()
    waiting = Waiting(clock)
    visit = waiting.visit(pauses)
    pauses.begin(ANYBODY)
    clock.now += 60
    pauses.end(ANYBODY)

    assert not waiting.for_five_seconds(visit)
    assert waiting.waits == [5]


@pytest.mark.parametrize(("held_s", "left_s"), [(0, 0), (0.001, 0), (0.01, 0.02), (2, 2)])
def test_so_much_is_left_when_its_time_has_passed(clock: Clock, held_s: float, left_s: float) -> None:
    """Nothing of a limit that nobody has stopped; at least as much as a look is worth, of one that somebody has."""
    pauses = clock.pauses()
    limit = Limit(new_visit(pauses=pauses), 5)
    pauses.begin(ANYBODY)
    clock.now += held_s
    pauses.end(ANYBODY)
    clock.now += 5 - held_s

    assert limit.left_s == pytest.approx(left_s)
