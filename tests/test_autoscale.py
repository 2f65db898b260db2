"""The rule of azureml-fe against every load, with a clock that is a number; contract 2.2 and the pages of 2020 on 503."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from amlemu import profile_file as profiles
from amlemu.autoscale import Scale, ScaleRule, fixed, look, needed, utilization_percent
from hypothesis import given, settings
from hypothesis import strategies as st

QUIET = 0
COUNTS = st.integers(0, 60)
LOOKS = st.lists(st.tuples(st.integers(1, 30), COUNTS, COUNTS), min_size=1, max_size=60)  # seconds since, busy, queued


@st.composite
def rules(draw):
    minimum = draw(st.integers(1, 20))
    maximum = draw(st.integers(minimum, 60))
    return ScaleRule(minimum, maximum, draw(st.integers(1, 100)), 1.0, draw(st.sampled_from([0.0, 20.0, 60.0])))


def play(rule: ScaleRule, looks: Iterable[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Return when it was looked, how many were needed then, and how many there were to be from then on."""
    scale, now, seen = Scale(rule.minimum), 0, []
    for since, busy, queued in looks:
        now += since
        scale = look(rule, scale, now, busy, queued)
        seen.append((now, needed(rule, busy, queued), scale.replicas))
    return seen


def changes(rule: ScaleRule, load: Callable[[float], int], until_s: float) -> list[tuple[float, int]]:
    """Return when the number changed, and to what, where `load` says how many requests there are at a time."""
    scale, now, seen = Scale(rule.minimum), 0.0, []
    while now <= until_s:
        requests = load(now)
        busy = min(requests, scale.replicas)
        after = look(rule, scale, now, busy, requests - busy)
        if after.replicas != scale.replicas:
            seen.append((now, after.replicas))
        scale, now = after, now + rule.refresh_s
    return seen


@pytest.mark.parametrize(
    ("target_percent", "busy", "queued", "wanted"),
    [
        pytest.param(70, 7, 0, 10, id="at-the-target"),
        pytest.param(70, 8, 0, 12, id="above-the-target"),
        pytest.param(70, 1, 6, 10, id="who-waits-counts"),
        pytest.param(70, 200, 0, 286, id="the-pages-example"),
        pytest.param(30, 3, 0, 10, id="30-percent"),
        pytest.param(100, 5, 2, 7, id="100-percent"),
        pytest.param(1, 3, 0, 300, id="1-percent"),
        pytest.param(70, 0, 0, 2, id="not-fewer-than-the-minimum"),
        pytest.param(70, 900, 100, 300, id="not-more-than-the-maximum"),
    ],
)
def test_what_is_needed_is_the_load_over_the_target_rounded_up(target_percent, busy, queued, wanted):
    """Contract 2.2: wanted = ceil((busy + queued) / target), clamped."""
    assert needed(ScaleRule(2, 300, target_percent), busy, queued) == wanted


@pytest.mark.parametrize(
    ("replicas", "busy", "queued", "percent"), [(10, 7, 0, 70), (10, 10, 5, 150), (4, 0, 0, 0), (0, 0, 0, 100)]
)
def test_utilization_counts_who_waits_in_the_front_end(replicas, busy, queued, percent):
    """Contract 2.2: (busy replicas + requests queued in the front end) / all replicas; where there is none, nothing is free."""
    assert utilization_percent(replicas, busy, queued) == percent


@given(rules(), COUNTS, COUNTS)
def test_what_is_needed_has_the_target_and_one_less_has_not(rule, busy, queued):
    """Where the bounds do not say otherwise."""
    wanted = needed(rule, busy, queued)

    if rule.minimum < wanted:
        assert utilization_percent(wanted - 1, busy, queued) > rule.target_percent
    if wanted < rule.maximum:
        assert utilization_percent(wanted, busy, queued) <= rule.target_percent


@given(rules(), LOOKS)
def test_the_bounds_are_kept(rule, looks):
    """Whatever comes."""
    assert {rule.minimum <= replicas <= rule.maximum for _, _, replicas in play(rule, looks)} == {True}


@given(rules(), LOOKS)
def test_growing_is_decided_at_once(rule, looks):
    """There are never fewer than are needed at this moment, and more than before only as many as are."""
    before = rule.minimum
    for _, wanted, replicas in play(rule, looks):
        assert replicas >= wanted
        assert replicas in (before, wanted) or replicas < before
        before = replicas


@settings(max_examples=300)
@given(rules(), LOOKS)
def test_fewer_only_after_less_was_enough_all_the_while(rule, looks):
    """In each look of the time that the rule asks for; and those that are left are as many as were needed meanwhile."""
    seen = play(rule, looks)
    before = rule.minimum
    for number, (now, _, replicas) in enumerate(seen):
        if replicas < before:
            spare = [one for one in seen[: number + 1] if one[0] >= now - rule.shrink_after_s]
            assert any(at <= now - rule.shrink_after_s for at, _, _ in seen[: number + 1])
            assert all(wanted < before for _, wanted, _ in spare)
            assert replicas >= max(wanted for _, wanted, _ in spare)
        before = replicas


@given(rules(), LOOKS, COUNTS)
def test_a_load_that_stays_gets_what_it_needs_and_no_more(rule, looks, busy):
    """After twice the time of the rule: what was before it began may have put it off once."""
    waits = [(1, busy, 0)] * round(2 * rule.shrink_after_s + 2)

    assert play(rule, [*looks, *waits])[-1][2] == needed(rule, busy, 0)


@given(st.integers(1, 30), LOOKS)
def test_a_fixed_number_stays(replicas, looks):
    """`instance_count` of a managed deployment, `num_replicas` of AKS."""
    rule = fixed(replicas)

    assert rule.is_fixed
    assert {found for _, _, found in play(rule, looks)} == {replicas}
    assert not ScaleRule(replicas, replicas + 1).is_fixed


def test_the_defaults_are_those_of_the_pages():
    """Contract 2.2: 70 %, a look each second, about a minute until there are fewer."""
    rule = ScaleRule(1, 10)

    assert (rule.target_percent, rule.refresh_s, rule.shrink_after_s) == (70, 1.0, 60.0)


@pytest.mark.parametrize(
    ("profile", "overrides", "history"),
    [
        pytest.param("aks", {}, [(10, 8), (90, 1)], id="2020-a-minute"),
        pytest.param("kubernetes", {"scale.maximum": "10"}, [(10, 8), (50, 1)], id="20-looks-of-1-s"),
        pytest.param(
            "kubernetes", {"scale.maximum": "10", "scale.refresh_ms": "5000"}, [(10, 8), (130, 1)], id="20-looks-of-5-s"
        ),
    ],
)
def test_a_step_of_load_then_quiet(profile, overrides, history):
    """Five requests at once from 10 s to 30 s: up in the look that sees them; down a minute (2020) or 20 looks (now) after they ended."""
    rule = profiles.load(profile, overrides).scale_rule

    assert changes(rule, lambda now: 5 if 10 <= now < 30 else QUIET, 300) == history


def test_a_peak_in_the_quiet_keeps_what_it_needed():
    """3 requests, once, in the minute after 20: there are 5 left when it is over, and the rest goes a minute after that."""
    rule = ScaleRule(1, 100)

    found = changes(rule, lambda now: {0: 20, 30: 3}.get(round(now), QUIET), 300)

    assert found == [(0, 29), (61, 5), (122, 1)]


def test_a_peak_that_needs_all_begins_the_minute_anew():
    """Not a second earlier than a minute after it."""
    rule = ScaleRule(1, 100)

    found = changes(rule, lambda now: 20 if now in (0, 59) else QUIET, 300)

    assert found == [(0, 29), (120, 1)]


@pytest.mark.parametrize(("target_percent", "at", "replicas"), [(70, 8, 12), (30, 4, 14)])
def test_a_lower_target_is_not_faster_only_earlier(target_percent, at, replicas):
    """
    The pages of 2020: a lower autoscale_target_utilization does not create replicas faster, but at a lower threshold: at 30 % of use
    instead of 70 %. Ten replicas, one request more each second.
    """
    rule = ScaleRule(10, 100, target_percent)

    first = changes(rule, int, 20)[0]

    assert first == (at, replicas)  # in the very look in which there are more requests than the target
    assert utilization_percent(10, at - 1, 0) == target_percent


@given(st.integers(1, 99), st.integers(1, 100), st.integers(0, 50))
def test_a_lower_target_decides_no_sooner_after_a_peak(lower, other, begins):
    """A sudden peak is met in the same look whatever the target is, and from there each replica takes its time to start."""
    higher = max(lower + 1, other)

    def load(now):
        return 60 if now >= begins else QUIET

    low, high = (changes(ScaleRule(1, 50, target), load, 60) for target in (lower, higher))

    assert [at for at, _ in low] == [at for at, _ in high] == [begins]
    assert low[0][1] >= high[0][1]


@given(st.integers(1, 99), st.integers(1, 100), st.lists(COUNTS, min_size=1, max_size=40))
def test_a_lower_target_never_has_fewer(lower, other, loads):
    """While a load grows."""
    higher = max(lower + 1, other)
    ramp = [(1, load, 0) for load in sorted(loads)]
    low, high = (play(ScaleRule(1, 50, target), ramp) for target in (lower, higher))

    assert all(a >= b for (_, _, a), (_, _, b) in zip(low, high, strict=True))


@given(st.integers(1, 1000))
def test_peaks_up_to_30_percent(busy):
    """
    The pages: with the default of 70 % the service can handle peaks of up to 30 %. What a steady load leaves free takes 30 % of the
    replicas' requests more at once, and nobody waits.
    """
    replicas = needed(ScaleRule(1, 10_000), busy, 0)
    peak = busy + replicas * 30 // 100

    assert peak <= replicas


def test_peaks_above_30_percent_wait():
    """Seven of ten are busy: three more find a free one, the fourth does not."""
    assert needed(ScaleRule(1, 100), 7, 0) == 10
    assert 7 + 3 == 10 < 7 + 4
    assert utilization_percent(10, 10, 1) > 100
