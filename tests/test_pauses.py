"""Stretches of standing still, against a model that looks once a second at who is held."""

from __future__ import annotations

import pytest
from amlemu.pauses import ANYBODY, Pauses
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

NUMBERS = st.sampled_from([ANYBODY, 1, 2])


class Holding(RuleBasedStateMachine):
    """Holders come and go, exchanges end, seconds pass; a second in which somebody holds an exchange counts."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.pauses = Pauses(lambda: float(self.now))
        self.holders = dict.fromkeys(range(3), 0)
        self.held_since = dict.fromkeys(range(3), 0)
        self.still: dict[int, set[int]] = {number: set() for number in range(3)}  # the seconds that count

    @rule(seconds=st.integers(1, 3))
    def time_passes(self, seconds: int) -> None:
        for number, holders in self.holders.items():
            self.still[number] |= set(range(self.now, self.now + seconds)) if holders else set()
        self.now += seconds

    @rule(number=NUMBERS)
    def somebody_holds(self, number: int) -> None:
        if not self.holders[number]:
            self.held_since[number] = self.now
        self.holders[number] += 1
        self.pauses.begin(number)

    @rule(number=NUMBERS)
    def somebody_lets_go(self, number: int) -> None:
        if self.holders[number]:
            self.holders[number] -= 1
            self.pauses.end(number)

    @rule(number=NUMBERS)
    def the_exchange_is_over(self, number: int) -> None:
        """Whoever holds it still does, and lets go some time."""
        begin = self.held_since[number] if self.holders[number] else self.now
        self.still[number] = {second for second in self.still[number] if second >= begin}
        self.pauses.forget(number)

    @invariant()
    def each_exchange_has_stood_still_for_its_seconds(self) -> None:
        for number, still in self.still.items():
            for since in (0, self.now // 2, self.now):
                assert self.pauses.seconds(number, since) == len([second for second in still if second >= since])


Holding.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None, print_blob=True)
TestHolding = Holding.TestCase


def test_nobody_has_stood_still_where_nobody_debugs() -> None:
    """That is asked for at each request, several times."""
    assert Pauses().seconds(7) == 0.0


def test_what_stands_still_now_counts_until_now() -> None:
    """By the clock that visits have, too."""
    pauses = Pauses(iter([10.0, 12.5]).__next__)
    pauses.begin(1)

    assert pauses.seconds(1) == 2.5


def test_to_let_go_what_nobody_holds_is_a_mistake() -> None:
    """The pool says each beginning and each end once."""
    with pytest.raises(KeyError):
        Pauses().end(1)


def test_what_is_over_leaves_nothing_behind() -> None:
    """A server that is debugged all day does not grow."""
    pauses = Pauses()
    for number in range(1, 100):
        pauses.begin(number)
        pauses.end(number)
        pauses.forget(number)

    assert (pauses._open, pauses._over) == ({}, {})
