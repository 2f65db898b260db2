"""How many replicas a load needs: the formula of the pages, in the numbers that people type."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import ceil, inf, nan

import pytest
from amlemu.capacity import Load, check
from amlemu.errors import UsageError
from hypothesis import given
from hypothesis import strategies as st

AMOUNTS = st.decimals(Decimal("0.001"), 1000, places=3)
SHARES = st.decimals(Decimal("0.01"), 1, places=2)
SEVERAL = st.integers(1, 64)


def load(rps: Decimal, latency: Decimal, concurrency: int, share: Decimal) -> Load:
    return Load(float(rps), float(latency), concurrency, float(share))


def test_the_pages_example_needs_286():
    """Contract 2.2: 20 requests a second, 10 s each, 70 %, one at a time."""
    found = Load(20, 10, 1, 0.7)

    assert found.concurrent == Fraction(2000, 7)
    assert found.replicas == 286


def test_one_request_at_a_time_and_70_percent_are_the_defaults():
    """As in azureml-fe; contract 2.2."""
    assert Load(20, 10) == Load(20, 10, 1, 0.7)


@pytest.mark.parametrize(
    ("rps", "latency_s", "utilization", "replicas"),
    [
        (7, 0.1, 0.7, 1),
        (0.7, 1, 0.7, 1),
        (0.3, 3, 0.9, 1),
        (1.1, 3, 0.3, 11),
        (100, 0.07, 0.7, 10),
        (1e-05, 70, 0.7, 1),
    ],
)
def test_the_formula_is_exact_in_decimals(rps, latency_s, utilization, replicas):
    """7 * 0.1 / 0.7 is 1; in binary it is a little more, and would be 2 replicas."""
    assert Load(rps, latency_s, 1, utilization).replicas == replicas


def test_binary_numbers_would_buy_a_replica_too_many():
    """What the exact numbers are for."""
    assert ceil(7 * 0.1 / 0.7) == 2


@given(AMOUNTS, AMOUNTS, SEVERAL, SHARES)
def test_they_are_enough_and_one_less_is_not(rps, latency, concurrency, share):
    """Requests in work at the same time are at most the target's share of all that the replicas can take."""
    replicas = load(rps, latency, concurrency, share).replicas
    in_work, each = Fraction(rps) * Fraction(latency), concurrency * Fraction(share)

    assert replicas * each >= in_work
    assert (replicas - 1) * each < in_work


@given(AMOUNTS, AMOUNTS, SEVERAL, SHARES, AMOUNTS, SEVERAL, SHARES)
def test_more_to_do_never_needs_fewer(rps, latency, concurrency, share, more, wider, fuller):
    """More requests, slower ones; and never more where a replica takes several, or may be busier."""
    found = load(rps, latency, concurrency, share).replicas

    assert load(rps + more, latency, concurrency, share).replicas >= found
    assert load(rps, latency + more, concurrency, share).replicas >= found
    assert load(rps, latency, concurrency + wider, share).replicas <= found
    assert load(rps, latency, concurrency, max(share, fuller)).replicas <= found


@given(AMOUNTS, AMOUNTS, SEVERAL, SHARES)
def test_a_load_that_makes_sense_is_taken_as_it_is(rps, latency, concurrency, share):
    given_ = load(rps, latency, concurrency, share)

    assert check(given_) is given_
    assert given_.replicas >= 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (Load(0, 10), "--rps: 0 is none. Expected a number above 0."),
        (Load(-2.5, 10), "--rps: -2.5 is none. Expected a number above 0."),
        (Load(nan, 10), "--rps: nan is none. Expected a number above 0."),
        (Load(20, 0), "--latency: 0 is none. Expected a number above 0."),
        (Load(20, inf), "--latency: inf is none. Expected a number above 0."),
        (Load(20, 10, 0), "--concurrency: 0 is none. Expected a whole number, 1 or more."),
        (Load(20, 10, -1), "--concurrency: -1 is none. Expected a whole number, 1 or more."),
        (Load(20, 10, 1, 0), "--utilization: 0 is no share. Expected more than 0, at most 1."),
        (Load(20, 10, 1, nan), "--utilization: nan is no share. Expected more than 0, at most 1."),
        (Load(20, 10, 1, 70), "--utilization: 70 is no share. Expected more than 0, at most 1. 70 is 0.7."),
        (Load(20, 10, 1, 65.5), "--utilization: 65.5 is no share. Expected more than 0, at most 1. 65.5 is 0.655."),
        (Load(20, 10, 1, 101), "--utilization: 101 is no share. Expected more than 0, at most 1."),
    ],
)
def test_numbers_that_mean_nothing_are_refused(wrong, message):
    """Each names its option and what was expected; per cent are turned into a share."""
    with pytest.raises(UsageError) as refused:
        check(wrong)

    assert str(refused.value) == message
