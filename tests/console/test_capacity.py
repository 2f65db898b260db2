"""How a load and its instances are told."""

from __future__ import annotations

import io
import json

import pytest
from amlemu.capacity import Load
from amlemu.check.advice import Said
from amlemu.check.measure import Measured
from amlemu.console import Paint
from amlemu.console.capacity import as_json, as_text, of_load

MIB = 1 << 20
EXAMPLE = Load(20, 10, 1, 0.7)  # contract 2.2
MEASURED = Measured(1, 8, 12, [0.2, 0.25, 0.9], 3.01, None, 120 * MIB)


def text(load: Load | None, said: Said, measured: Measured = MEASURED, wanted: Load | None = None) -> list[str]:
    return as_text(load, said, measured, wanted or load or EXAMPLE, Paint(io.StringIO())).splitlines()


def test_the_pages_example():
    """Contract 2.2: 286."""
    assert of_load(EXAMPLE) == "286 replicas: 20 requests/s * 10 s / 0.7 = 285.7 at once; 1 an instance: 286"
    assert of_load(Load(1, 0.0004)).startswith("1 replica: 1 requests/s * 0.4 ms / 0.7 = less than 0.001 at once")


def test_of_a_file():
    """What was measured, the lines with their reasons side by side, the mistakes."""
    assert text(Load(20, 0.25), Said("managed", at_once=4, timeout_ms=5000)) == [
        "8 replicas: 20 requests/s * 0.25 s / 0.7 = 7.143 at once; 1 an instance: 8",
        "  measured  12 requests by 1 worker in 3.0 s: 0.25 s in the middle, 0.9 s the slowest, 3.987 requests/s, 0.117 GB a worker",
        "  write",
        "    instance_count: 8                          # 20 requests/s * 0.25 s / 0.7 = 7.143 at once; 1 an instance: 8",
        "    environment_variables:",
        '      WORKER_COUNT: "1"                        # a worker process for each request that is in work',
        "    request_settings:",
        "      max_concurrent_requests_per_instance: 1  # as WORKER_COUNT: more would queue in the container",
        "  mistake   max_concurrent_requests_per_instance is 4 and WORKER_COUNT 1: it queues in the container, it does not run in parallel",
        "  mistake   1 instance carries 2.8 requests/s, not 20",
    ]


@pytest.mark.parametrize(
    ("instances", "first"),
    [
        (1, "2.8 requests/s: 1 instance * 1 at once * 0.7 / 0.25 s"),
        (600, "1680 requests/s: 600 instances * 1 at once * 0.7 / 0.25 s"),
    ],
)
def test_without_a_load_it_says_what_is_carried(instances, first):
    """There is nothing to write then."""
    lines = text(None, Said("managed", instances=instances), wanted=Load(1, 0.25))

    assert lines[0] == first
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("measured", "told"),
    [
        pytest.param(
            Measured(1, 8, 1, [8.0], 8.01), "1 request by 1 worker in 8.0 s: 8.0 s, 0.1248 requests/s", id="one"
        ),
        pytest.param(
            Measured(4, 2, 9, [0.0004, 0.0034], 0.3),
            "9 requests by 4 workers on 2 processors, which makes each of them slower, in 0.3 s:"
            " 1.9 ms in the middle, 3.4 ms the slowest, 30 requests/s",
            id="too-few-processors",
        ),
        pytest.param(
            Measured(2, 2, 500, [0.0004], 0.3),
            "500 requests by 2 workers in 0.3 s: 0.4 ms in the middle, 0.4 ms the slowest, 1667 requests/s",
            id="as-many-as-processors",
        ),
    ],
)
def test_what_was_measured(measured, told):
    assert text(None, Said("managed"), measured)[1] == f"  measured  {told}"


def test_one_container_has_nothing_to_write():
    """No empty heading either."""
    assert not any("write" in line for line in text(EXAMPLE, Said("aci")))


def test_json_of_numbers():
    told = json.loads(as_json(EXAMPLE, None, None, None))

    assert told == {"replicas": 286, "load": {"rps": 20, "latency_s": 10, "concurrency": 1, "utilization": 0.7}}


def test_json_of_a_file():
    told = json.loads(as_json(Load(20, 0.25), Said("managed", at_once=4), MEASURED, 2.8))

    assert (told["replicas"], told["carried_rps"]) == (8, 2.8)
    assert told["measured"] == {
        "requests": 12,
        "workers": 1,
        "processors": 8,
        "latency_s": 0.25,
        "slowest_s": 0.9,
        "rps": pytest.approx(3.987, abs=0.001),
        "peak_bytes": 120 * MIB,
    }
    assert told["lines"][0] == {
        "text": "instance_count: 8",
        "reason": "20 requests/s * 0.25 s / 0.7 = 7.143 at once; 1 an instance: 8",
    }
    assert len(told["mistakes"]) == 2


def test_json_of_a_file_without_a_load():
    told = json.loads(as_json(None, Said("managed"), MEASURED, 2.8))

    assert (told["replicas"], told["load"], told["lines"], told["mistakes"]) == (None, None, [], [])
