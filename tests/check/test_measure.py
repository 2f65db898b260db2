"""Requests again and again, as many at once as there are workers, to a real server."""

from __future__ import annotations

import asyncio

import pytest
from amlemu import deployment, profile_file
from amlemu.check import boot
from amlemu.check.measure import Measured, again_and_again
from amlemu.stand import Plan

SLEEPS = """
    import time

    def init():
        global first
        first = True

    def run(data):
        global first
        time.sleep(0.4 if first else 0.05)
        first = False
        return 1
"""


@pytest.fixture
def measured(write):
    """Measure a script for so many seconds."""

    def measured(script: str, seconds: float, workers: int = 1) -> Measured:
        served = deployment.from_script(write("score.py", script), workers=workers)
        into = Measured(workers)
        plan = boot.alone(Plan(served, profile_file.load("bare")))
        use = again_and_again(b"{}", "application/json", seconds, into)
        asyncio.run(boot.boot(plan, use, lambda: None))
        return into

    return measured


def test_the_latency_is_that_of_the_requests_after_the_first(measured):
    """The first one often loads something, and is slower than all that will come."""
    found = measured(SLEEPS, 0.3)

    assert found.failed is None
    assert 3 <= found.requests == len(found.took_s) <= 7
    assert 0.05 <= found.latency_s <= found.slowest_s < 0.4
    assert found.rps == pytest.approx(found.requests / found.elapsed_s)


def test_no_request_waits_for_another_worker(measured):
    """Two workers answer twice as many in the same time, and none of them queues: 0.05 s each."""
    script = "import time\n\ndef init(): ...\n\ndef run(data):\n    time.sleep(0.2)\n    return 1\n"
    found = measured(script, 0.35, workers=2)

    assert found.requests == 4
    assert found.slowest_s < 0.4
    assert found.rps > 1 / 0.2


def test_one_request_a_worker_at_least(measured):
    """However short the time."""
    assert measured("def init(): ...\ndef run(data):\n    return 1\n", 1e-6).requests == 1


def test_the_memory_is_that_of_the_request_that_needed_most(measured):
    script = "def init(): ...\n\ndef run(data):\n    bytearray(90_000_000)\n    return 1\n"
    found = measured(script, 0.1)

    assert found.peak_bytes is not None
    assert found.peak_bytes > 90_000_000


@pytest.mark.parametrize(
    ("run", "status"),
    [
        pytest.param("raise ValueError('no')", 500, id="raises"),
        pytest.param("__import__('os')._exit(7)", None, id="dies"),
        pytest.param("calls.append(1); assert len(calls) < 3; return 1", 500, id="the-third-one-raises"),
    ],
)
def test_the_first_one_that_fails_ends_it(measured, run, status):
    """Nothing is said of the time then; the exchange says why."""
    found = measured(f"calls = []\ndef init(): ...\ndef run(data):\n    {run}\n", 5)

    assert found.failed is not None
    assert (found.failed.response and found.failed.response.status) == status
    assert found.took_s == []
