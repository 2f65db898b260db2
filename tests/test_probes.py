"""What a probe's numbers come to; contract 1.7, 2.2, 6.4."""

from __future__ import annotations

from itertools import islice, takewhile

import pytest
from amlemu import profile_file as profiles
from amlemu.probes import ProbeRules, Streak
from hypothesis import given
from hypothesis import strategies as st

MANAGED = ProbeRules(10, 10, 2, 1, 30)
V1 = ProbeRules(310, 10, 2, 1, 3)


@pytest.mark.parametrize(("rules", "seconds"), [(MANAGED, 310), (V1, 340), (ProbeRules(0, 1, 1, 1, 1), 1)])
def test_a_container_may_boot_for_the_delay_and_so_many_periods(rules, seconds):
    """Contract 6.4: 10 + 30 * 10 = 310 s for the defaults; v1's 310 s and three periods."""
    assert rules.allows_s == seconds


@pytest.mark.parametrize(
    ("profile", "rules"), [("managed-current", MANAGED), ("managed", MANAGED), ("kubernetes", MANAGED), ("aks", V1)]
)
def test_the_profiles_have_the_numbers_of_the_contract(profile, rules):
    """Rows 1.7 (both kinds of v2) and 2.2 (v1) of the liveness probe."""
    assert profiles.load(profile).probes.liveness == rules
    assert rules.is_on


def test_nobody_probes_a_server_alone():
    """A period of 0."""
    assert not profiles.load("bare").probes.liveness.is_on
    assert not ProbeRules(10, 0, 2, 1, 30).is_on


def test_it_asks_after_the_delay_and_then_each_period():
    """Without an end."""
    assert list(islice(MANAGED.moments(), 4)) == [10, 20, 30, 40]
    assert list(islice(V1.moments(), 4)) == [310, 320, 330, 340]


@given(st.integers(0, 400), st.integers(1, 60), st.integers(1, 60))
def test_who_never_answers_misses_as_many_as_are_too_many(delay, period, failures):
    """In the time that the probes allow, and not one less."""
    rules = ProbeRules(delay, period, 2, 1, failures)
    streak, missed = Streak(), 0
    for _ in takewhile(lambda moment: moment < rules.allows_s, rules.moments()):
        assert not streak.has_failed(rules)
        streak, missed = streak.and_then(answered=False), missed + 1

    assert streak.has_failed(rules)
    assert missed == failures


def test_thirty_misses_in_a_row_are_too_many():
    """Contract 1.7: failure_threshold 30. One answer, and it begins anew."""
    streak = Streak()
    for _ in range(29):
        streak = streak.and_then(answered=False)
    assert not streak.has_failed(MANAGED)
    assert streak.and_then(answered=False).has_failed(MANAGED)
    assert not streak.and_then(answered=True).and_then(answered=False).has_failed(MANAGED)


def test_before_the_first_nothing_has_failed_or_succeeded():
    """Not even where one is enough."""
    once = ProbeRules(1, 1, 1, 1, 1)

    assert not Streak().has_failed(once)
    assert not Streak().has_succeeded(once)
    assert Streak().and_then(answered=True).has_succeeded(once)


@given(st.lists(st.booleans(), min_size=1), st.integers(1, 6), st.integers(1, 6))
def test_only_the_last_in_a_row_count(answers, successes, failures):
    """So many answers, or misses, at the end of all."""
    rules = ProbeRules(1, 1, 1, successes, failures)
    streak = Streak()
    for answered in answers:
        streak = streak.and_then(answered=answered)

    assert streak.has_succeeded(rules) == (len(answers) >= successes and all(answers[-successes:]))
    assert streak.has_failed(rules) == (len(answers) >= failures and not any(answers[-failures:]))
