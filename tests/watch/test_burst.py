"""When many changes are one; time is a number here."""

from __future__ import annotations

import math

from amlemu.watch.burst import Burst
from hypothesis import given, settings
from hypothesis import strategies as st


def test_a_burst_is_due_when_nothing_has_changed_for_the_delay():
    """Each change begins the wait anew."""
    burst = Burst(0.25)
    burst.add({"/a"}, 10.0)
    burst.add({"/b"}, 10.125)

    assert burst.due_at == 10.375
    assert burst.take() == {"/a", "/b"}


def test_without_a_change_nothing_is_due():
    """Nor after it was taken, nor by changes of nothing."""
    burst = Burst(0.25)
    burst.add(set(), 1.0)

    assert burst.due_at == math.inf
    burst.add({"/a"}, 2.0)
    burst.take()
    assert burst.due_at == math.inf
    assert burst.take() == frozenset()


def test_a_burst_without_an_end_is_due_after_half_a_second():
    """Where the delay is short."""
    burst = Burst(0.03)
    for step in range(200):
        burst.add({"/a"}, 8.0 + step / 64)

    assert burst.due_at == 8.5


def test_a_burst_without_an_end_is_due_after_ten_delays():
    """Where the delay is long."""
    burst = Burst(0.25)
    for step in range(200):
        burst.add({"/a"}, 8.0 + step / 8)

    assert burst.due_at == 10.5


@settings(deadline=None)  # the machine has more to do
@given(st.lists(st.floats(0, 2), min_size=1), st.sampled_from([(0.03, 0.5), (0.25, 2.5)]))
def test_no_change_is_lost_and_none_waits_too_long(gaps, waits):
    """Taken when due, every path is handed over once, and is due the longest wait after it came at the latest."""
    delay_s, longest_s = waits
    burst, now, handed, waiting_since = Burst(delay_s), 100.0, [], None
    for number, gap in enumerate(gaps):
        now += gap
        if burst.due_at <= now:
            handed += burst.take()
            waiting_since = None
        waiting_since = now if waiting_since is None else waiting_since
        burst.add({f"/{number}"}, now)
        assert burst.due_at <= min(now + delay_s, waiting_since + longest_s)
    handed += burst.take()

    assert sorted(handed) == sorted(f"/{number}" for number in range(len(gaps)))
