"""Token buckets: so many a second and as many at once, whatever the times are at which somebody asks."""

from __future__ import annotations

import itertools

from amlemu.gateway.bucket import Bucket
from hypothesis import given
from hypothesis import strategies as st

RATES = st.integers(1, 500)
GAPS = st.lists(st.floats(0, 3), min_size=1, max_size=200)


def taken(bucket: Bucket, times: list[float]) -> list[bool]:
    return [bucket.take(time) for time in times]


def test_a_second_s_worth_may_come_at_once() -> None:
    """It is full at the beginning, whatever the clock says."""
    assert taken(Bucket(3), [1e6] * 4) == [True, True, True, False]


def test_one_comes_back_after_its_part_of_a_second() -> None:
    """At 4 a second that is a quarter: not earlier, and one only."""
    bucket = Bucket(4)
    taken(bucket, [0.0] * 4)

    assert taken(bucket, [0.125, 0.25, 0.25]) == [False, True, False]


def test_no_more_than_a_second_s_worth_is_saved() -> None:
    """An hour of silence allows no larger crowd."""
    bucket = Bucket(2)
    taken(bucket, [0.0] * 2)

    assert taken(bucket, [3600.0] * 3) == [True, True, False]


def test_the_same_moment_asked_again_gives_nothing() -> None:
    """Nor does one before it."""
    bucket = Bucket(1)
    taken(bucket, [5.0])

    assert taken(bucket, [5.0, 4.0]) == [False, False]


@given(rate=RATES, gaps=GAPS, crowd=st.integers(1, 40))
def test_no_window_holds_more_than_its_rate_and_one_second_s_worth(rate: int, gaps: list[float], crowd: int) -> None:
    """For every two moments: at most rate * seconds between them + rate are let in, both moments included."""
    bucket, moments = Bucket(rate), list(itertools.accumulate(gaps))
    let_in = [moment for moment in moments for _ in range(crowd) if bucket.take(moment)]

    for first, begin in enumerate(let_in):
        for last in range(first, len(let_in)):
            assert last - first + 1 <= rate * (let_in[last] - begin) + rate + 1e-6


def test_what_is_taken_on_credit_has_to_be_waited_for() -> None:
    """10 a second: 15 are 5 too many, half a second; another 10 come a second later."""
    bucket = Bucket(10)

    assert [bucket.owe(15, 0.0), bucket.owe(10, 0.0)] == [0.5, 1.5]


def test_a_debt_is_paid_by_time() -> None:
    """1.5 s after 15 too many at 10 a second nothing is owed."""
    bucket = Bucket(10)
    bucket.owe(25, 0.0)

    assert bucket.owe(0, 1.0) == 0.5
    assert bucket.owe(0, 1.5) == 0


@given(rate=RATES, loads=st.lists(st.tuples(st.floats(0, 3), st.integers(0, 2000)), min_size=1, max_size=50))
def test_what_is_owed_keeps_the_rate(rate: int, loads: list[tuple[float, int]]) -> None:
    """Whoever waits as told has, up to the end of the wait, used at most rate * seconds + rate."""
    bucket, now, used = Bucket(rate), 0.0, 0
    for gap, amount in loads:
        now, used = now + gap, used + amount
        begin_to_end = now - loads[0][0] + bucket.owe(amount, now)

        assert used <= rate * begin_to_end + rate + 1e-6
