"""What a profile is, whichever it is: nine of them, every value with its source."""

from __future__ import annotations

import dataclasses
import re

import pytest
from amlemu import profile_file as profiles
from amlemu.profile import SECTIONS, Answer, Fact, Limits

NAMES = ("aci", "aks", "bare", "image", "kubernetes", "local", "managed", "managed-2021", "managed-current")
_DATED = re.compile(r"contract \d|\b20\d\d-\d\d(-\d\d)?\b|\b\d+\.\d+\.\d+\b|issue 03")
_LIMITS = Limits(
    request_timeout_ms=0,
    max_concurrent_requests_per_instance=0,
    instance_count=1,
    pending_factor=0,
    max_queue_wait_ms=0,
    boot_wait_ms=0,
    request_bytes=0,
    response_bytes=0,
    requests_per_second=0,
    new_connections_per_second=0,
    open_connections=0,
    bandwidth_bytes_per_second=0,
)


def values_of(profile):
    """Return every value by `section.key`."""
    return {f"{section}.{key}": value for section in SECTIONS for key, value in vars(getattr(profile, section)).items()}


# where values come from


@pytest.mark.parametrize("name", NAMES)
def test_every_value_has_a_source_that_can_be_looked_up(name):
    """A section of the contract, a date, a version; or it says `assumed` and why."""
    profile = profiles.load(name)

    assert profile.facts.keys() == values_of(profile).keys()
    for key, fact in profile.facts.items():
        assert _DATED.search(fact.source) or re.search(r"assumed: \w", fact.source), f"{key}: {fact.source}"


@pytest.mark.parametrize("name", NAMES)
def test_every_bound_has_a_source_of_its_own(name):
    """But for the minimum of 1 of what is counted."""
    for key, fact in profiles.load(name).facts.items():
        assert fact.maximum is None or fact.bound_source, key
        assert fact.minimum in (None, 1) or fact.bound_source, key


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_is_called_as_its_file_is(name):
    profile = profiles.load(name)

    assert profile.name == name
    assert profile.summary


def test_there_are_these_profiles():
    """`amlemu profiles` lists them, and so do the pages."""
    assert tuple(profiles.names()) == NAMES


def test_a_note_follows_a_semicolon():
    """So that it can be put behind a sentence; mostly there is none."""
    managed = profiles.load("managed")

    assert (
        managed.note("limits.request_bytes")
        == "; limit of 2021, not in today's documentation; --profile managed-current has none"
    )
    assert managed.note("limits.request_timeout_ms") == ""


@pytest.mark.parametrize("key", ["request_bytes", "response_bytes", "requests_per_second"])
def test_only_managed_says_that_a_limit_is_of_2021(key):
    """In managed-2021 it is no news."""
    noted = {name for name in NAMES if "limit of 2021" in profiles.load(name).facts[f"limits.{key}"].note}

    assert noted == {"managed"}


# their values, from the contract


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        # contract 1.5, 1.7: today's table; no payload cap (8 #9)
        pytest.param(
            "managed-current",
            {
                "request_timeout_ms": 5000,
                "max_concurrent_requests_per_instance": 1,
                "instance_count": 1,
                "pending_factor": 2,
                "max_queue_wait_ms": 0,
                "request_bytes": 0,
                "response_bytes": 0,
                "requests_per_second": 500,
                "new_connections_per_second": 500,
                "open_connections": 500,
                "bandwidth_bytes_per_second": 5_000_000,
            },
            id="managed-current",
        ),
        # the same, and 1.5 MB, 100 a second of the documentation of 2021-05-13 (1.2, 1.5)
        pytest.param(
            "managed",
            {
                "request_timeout_ms": 5000,
                "pending_factor": 2,
                "request_bytes": 1_572_864,
                "response_bytes": 1_572_864,
                "requests_per_second": 100,
                "new_connections_per_second": 0,
                "open_connections": 0,
                "bandwidth_bytes_per_second": 0,
            },
            id="managed",
        ),
        pytest.param(
            "managed-2021",
            {
                "request_timeout_ms": 5000,
                "pending_factor": 2,
                "request_bytes": 1_572_864,
                "response_bytes": 1_572_864,
                "requests_per_second": 100,
            },
            id="managed-2021",
        ),
        # contract 2.1, 2.2: 504 after 5 s, 500 ms in the queue
        pytest.param(
            "kubernetes",
            {"request_timeout_ms": 5000, "max_concurrent_requests_per_instance": 1, "max_queue_wait_ms": 500},
            id="kubernetes",
        ),
        # contract 2.1, 2.2: scoring_timeout_ms 60000, 100 MB
        pytest.param(
            "aks",
            {"request_timeout_ms": 60_000, "max_queue_wait_ms": 500, "request_bytes": 104_857_600},
            id="aks",
        ),
        pytest.param("aci", {"request_timeout_ms": 60_000}, id="aci"),
        # contract 5.2: the container on the user's own port; issue 03: no limits
        pytest.param("local", {**vars(_LIMITS)}, id="local"),
        # contract 3.5, 8 #18: client_max_body_size 100m
        pytest.param("image", {**vars(_LIMITS), "request_bytes": 104_857_600}, id="image"),
        pytest.param("bare", {**vars(_LIMITS)}, id="bare"),
    ],
)
def test_the_limits_of_a_cloud_are_those_of_the_contract(name, limits):
    found = vars(profiles.load(name).limits)

    assert {key: found[key] for key in limits} == limits


@pytest.mark.parametrize(
    ("name", "mapped", "status"),
    [
        # contract 1.2: anything but 200 becomes 424; 2.1: a 500 becomes 502
        ("managed", "all but 200", 424),
        ("managed-current", "all but 200", 424),
        ("managed-2021", "all but 200", 424),
        ("kubernetes", "500", 502),
        ("aks", "500", 502),
        ("aci", "500", 502),
    ],
)
def test_a_front_end_maps_the_models_status(name, mapped, status):
    rules = profiles.load(name).statuses

    assert (rules.mapped, rules.status) == (mapped, status)


@pytest.mark.parametrize("name", ["bare", "image", "local"])
def test_without_a_front_end_the_models_status_stays(name):
    assert profiles.load(name).statuses.mapped == "none"


@pytest.mark.parametrize(
    ("name", "maximum"),
    [
        # contract 1.5: 180 s today, 90 s in autumn 2021; 2.2: 300 s
        ("managed", 180_000),
        ("managed-current", 180_000),
        ("managed-2021", 90_000),
        ("kubernetes", 300_000),
        ("aks", 300_000),
    ],
)
def test_the_longest_time_limit_is_that_of_the_contract(name, maximum):
    assert profiles.load(name).facts["limits.request_timeout_ms"].maximum == maximum


@pytest.mark.parametrize(
    ("name", "port"),
    # contract 3.2: 5001; 5.2: 8890 of LocalWebservice
    [("managed", 5001), ("bare", 5001), ("local", 8890)],
)
def test_a_profile_has_its_port(name, port):
    assert profiles.load(name).wire.port == port


@pytest.mark.parametrize(
    ("name", "modes"),
    [
        # contract 1.4, 2.1: aad_token only on managed endpoints; ACI has keys only
        ("managed", ("key", "aml_token", "aad_token")),
        ("kubernetes", ("key", "aml_token")),
        ("aks", ("key", "aml_token")),
        ("aci", ("key",)),
    ],
)
def test_a_cloud_has_its_ways_of_authentication(name, modes):
    assert profiles.load(name).auth.modes == modes


# the values themselves


@pytest.mark.parametrize(("concurrent", "instances", "slots"), [(1, 1, 1), (2, 3, 6), (0, 1, 1)])
def test_slots_are_what_all_instances_take_at_once(concurrent, instances, slots):
    """At least one, also where requests wait in the kernel's queue."""
    limits = dataclasses.replace(_LIMITS, max_concurrent_requests_per_instance=concurrent, instance_count=instances)

    assert limits.slots == slots


def test_an_answer_is_empty_text_unless_it_says_otherwise():
    """Contract 8 #4: empty, text/plain, no model headers."""
    answer = Answer(429, "Too Many Requests")

    assert (answer.body, answer.content_type, answer.model_status, answer.server) == ("", "text/plain", None, "")


def test_a_fact_bounds_nothing_unless_it_says_so():
    assert (Fact("x").minimum, Fact("x").maximum, Fact("x").note) == (None, None, "")


def test_a_readiness_probe_is_played_where_it_gives_up_first():
    """With the same numbers, as both have by default, the container would be ended in the same moment."""
    same = profiles.load("managed").probes
    earlier = dataclasses.replace(same, readiness_failure_threshold=3)
    alone = dataclasses.replace(same, liveness_period=0.0)
    nobody = profiles.load("bare").probes

    assert [is_readiness for _, is_readiness in same.played] == [False]
    assert [(rules.gives_up_s, is_readiness) for rules, is_readiness in earlier.played] == [(300, False), (30, True)]
    assert [is_readiness for _, is_readiness in alone.played] == [True]
    assert nobody.played == []
