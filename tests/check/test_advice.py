"""The lines that carry a load, and what is said wrongly: numbers in, words out."""

from __future__ import annotations

import pytest
from amlemu.capacity import Load
from amlemu.check.advice import (
    Line,
    Said,
    Seen,
    carried_rps,
    duration,
    exactly,
    lines,
    mistakes,
    plainly,
    reasoning,
)
from hypothesis import given
from hypothesis import strategies as st

EXAMPLE = Load(20, 10, 1, 0.7)  # contract 2.2
GIB = 1 << 30
QUICK = Seen(0.2, 0.3)


def texts(load: Load, said: Said, seen: Seen | None = None) -> list[str]:
    return [one.text for one in lines(load, said, seen)]


# what to write


def test_a_managed_endpoint_has_a_number_of_instances():
    """Contract 1.7: scaling is Azure Monitor's, outside of the file."""
    assert texts(EXAMPLE, Said("managed")) == [
        "instance_count: 286",
        "environment_variables:",
        '  WORKER_COUNT: "1"',
        "request_settings:",
        "  max_concurrent_requests_per_instance: 1",
    ]


def test_a_kubernetes_endpoint_has_bounds_and_a_target():
    """Contract 2.2: azureml-fe decides between them."""
    assert texts(Load(20, 10, 4, 0.55), Said("kubernetes")) == [
        "scale_settings:",
        "  type: target_utilization",
        "  min_instances: 1",
        "  max_instances: 91",
        "  target_utilization_percentage: 55",
        "environment_variables:",
        '  WORKER_COUNT: "4"',
        "request_settings:",
        "  max_concurrent_requests_per_instance: 4",
    ]


def test_an_aks_service_says_it_in_the_words_of_v1():
    """Each line but the last one with its comma: what is printed can be put into the file."""
    assert texts(EXAMPLE, Said("aks", timeout_ms=60_000), Seen(40.0, 45.5)) == [
        '"autoScaler": {',
        '  "autoscaleEnabled": true,',
        '  "minReplicas": 1,',
        '  "maxReplicas": 286,',
        '  "targetUtilization": 70',
        "},",
        '"maxConcurrentRequestsPerContainer": 1,',
        '"scoringTimeoutMs": 91000',
    ]
    assert texts(EXAMPLE, Said("aks", timeout_ms=60_000), QUICK)[-1] == '"maxConcurrentRequestsPerContainer": 1'


@pytest.mark.parametrize(
    ("kind", "what"), [("aci", "an ACI web service"), ("local", "a local web service")], ids=["aci", "local"]
)
def test_one_container_is_never_more(kind, what):
    """No file makes it so; that is a mistake only where one is not enough."""
    assert lines(EXAMPLE, Said(kind), QUICK) == []
    assert mistakes(EXAMPLE, Said(kind), QUICK) == [
        f"1 instance carries 0.07 requests/s, not 20; {what} is one container, and no file makes it more"
    ]
    assert mistakes(Load(1, 0.1), Said(kind), QUICK) == []


def test_each_line_has_its_reason_but_those_that_open_a_section():
    found = lines(EXAMPLE, Said("managed", timeout_ms=5000), Seen(10, 12))

    assert [one.text for one in found if not one.reason] == ["environment_variables:", "request_settings:"]
    assert found[0] == Line("instance_count: 286", "20 requests/s * 10 s / 0.7 = 285.7 at once; 1 an instance: 286")
    assert found[-1] == Line("  request_timeout_ms: 24000", "the slowest took 12 s, and there may be slower ones")


@pytest.mark.parametrize(
    ("kind", "timeout_ms", "slowest_s", "line"),
    [
        pytest.param("managed", 5000, 2.5, None, id="enough"),
        pytest.param("managed", 5000, 2.501, "  request_timeout_ms: 6000", id="whole-seconds"),
        pytest.param("managed", 5000, 100, "  request_timeout_ms: 180000", id="at-most"),
        pytest.param("managed", 180_000, 100, None, id="it-is-the-most"),
        pytest.param("kubernetes", 5000, 200, "  request_timeout_ms: 300000", id="kubernetes-at-most"),
        pytest.param("managed", 0, 100, None, id="nobody-limits-it"),
    ],
)
def test_the_time_limit_has_room_above_the_slowest_request(kind, timeout_ms, slowest_s, line):
    """Contract 1.5, 1.7: 5 s where nothing is said, 180 s at most; 300 s for Kubernetes (2.2)."""
    found = texts(EXAMPLE, Said(kind, timeout_ms=timeout_ms), Seen(1.0, slowest_s))

    assert [one for one in found if "timeout" in one] == ([line] if line else [])


@pytest.mark.parametrize(("share", "percent"), [(0.29, 29), (0.7, 70), (0.655, 65), (1, 100), (0.001, 1)])
def test_the_target_is_whole_per_cent_and_none_too_many(share, percent):
    """0.29 * 100 is a little less than 29 in binary."""
    found = texts(Load(20, 10, 1, share), Said("kubernetes"))

    assert f"  target_utilization_percentage: {percent}" in found


# what is wrong


@pytest.mark.parametrize(
    ("said", "told"),
    [
        pytest.param(
            Said("managed", workers=1, at_once=4),
            "max_concurrent_requests_per_instance is 4 and WORKER_COUNT 1:"
            " it queues in the container, it does not run in parallel",
            id="queues",
        ),
        pytest.param(
            Said("aks", workers=1, at_once=2),
            "maxConcurrentRequestsPerContainer is 2 and WORKER_COUNT 1:"
            " it queues in the container, it does not run in parallel",
            id="queues-v1",
        ),
        pytest.param(
            Said("managed", workers=2, at_once=1),
            "WORKER_COUNT is 2 and max_concurrent_requests_per_instance 1: some workers never work",
            id="idle",
        ),
        pytest.param(
            Said("managed", workers=4, at_once=4, cpus=2),
            "WORKER_COUNT is 4, and an instance has 2 processors: workers wait for each other",
            id="processors",
        ),
        pytest.param(
            Said("managed", timeout_ms=1000),
            "the slowest request took 3 s, and the cloud waits for 1 s",
            id="time-limit",
        ),
        pytest.param(
            Said("managed", workers=3, at_once=3, memory_bytes=2 * GIB),
            "3 workers of 1 GB each do not fit into 2 GB",
            id="memory",
        ),
    ],
)
def test_a_mistake_is_a_sentence(said, told):
    assert mistakes(None, said, Seen(1.0, 3.0, GIB)) == [told]


def test_what_no_setting_allows():
    """Contract 1.7: request_timeout_ms is at most 180000."""
    assert mistakes(None, Said("managed"), Seen(150, 181.5)) == [
        "the slowest request took 182 s, and no setting allows more than 180 s"
    ]
    assert mistakes(None, Said("local"), Seen(150, 400)) == []


@pytest.mark.parametrize(
    "said",
    [
        Said("managed"),
        Said("managed", workers=2, at_once=2, cpus=1.5),
        Said("managed", cpus=0.1, memory_bytes=GIB, timeout_ms=3000),
    ],
    ids=["nothing-known", "as-many-as-processors", "just-enough"],
)
def test_what_fits_is_no_mistake(said):
    assert mistakes(EXAMPLE, Said("managed", instances=286), None) == []
    assert mistakes(None, said, Seen(1.0, 3.0, GIB // 2)) == []


def test_too_few_instances():
    assert mistakes(EXAMPLE, Said("managed", instances=285), None) == ["285 instances carry 19.95 requests/s, not 20"]
    assert mistakes(Load(2000, 0.001), Said("managed"), None) == ["1 instance carries 700 requests/s, not 2000"]


@given(st.integers(1, 2000), st.integers(1, 8), st.sampled_from([0.5, 0.7, 0.9]))
def test_what_is_recommended_carries_the_load(rps, concurrency, share):
    """The number in the first line is enough by the same formula, turned round; one less is not."""
    load = Load(rps, 0.25, concurrency, share)
    count = int(texts(load, Said("managed"))[0].removeprefix("instance_count: "))

    assert carried_rps(load, count) >= rps * (1 - 1e-9)
    assert carried_rps(load, count - 1) < rps
    assert mistakes(load, Said("managed", concurrency, concurrency, count), None) == []


# numbers as people write them


def test_the_formula_with_the_pages_numbers():
    """Contract 2.2."""
    assert reasoning(EXAMPLE) == "20 requests/s * 10 s / 0.7 = 285.7 at once; 1 an instance: 286"


@pytest.mark.parametrize(
    ("number", "text"),
    [(20, "20"), (20.0, "20"), (0.7, "0.7"), (1e9, "1000000000"), (1234567.5, "1234567.5"), (1e-05, "0.00001")],
)
def test_what_was_typed_is_written_with_all_its_digits(number, text):
    assert exactly(number) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(1384.4, "1384"), (4285714285.7, "4285714286"), (285.714, "285.7"), (3.5, "3.5"), (0.01006, "0.01006")],
)
def test_what_was_computed_has_four_digits_that_count(number, text):
    assert plainly(number) == text


def test_nearly_nothing():
    assert plainly(0.0004) == "less than 0.001"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(10, "10 s"), (0.25, "0.25 s"), (0.1, "0.1 s"), (0.045, "45 ms"), (0.000352, "0.352 ms"), (1e-06, "0.001 ms")],
)
def test_short_times_are_milliseconds(seconds, text):
    assert duration(seconds) == text


@given(st.floats(1e-9, 1e15))
def test_no_number_has_an_exponent(number):
    assert "e" not in exactly(number)
    assert "e" not in plainly(number).removeprefix("less than")
    assert "e" not in duration(number)
