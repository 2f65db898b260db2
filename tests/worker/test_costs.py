"""What a boot costs: a script that eats and takes its time while it is imported, and in init()."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from .guest import guest

PRELUDE = """
import time
from amlemu.worker.costs import Costs
from amlemu.worker.import_times import ImportTimes
def busy(milliseconds):
    end = time.perf_counter() + milliseconds / 1000
    while time.perf_counter() < end:
        pass
"""
MB = 1 << 20


def costs(program: str) -> dict[str, Any]:
    [[told]] = guest(PRELUDE + program)
    assert isinstance(told, dict)
    return told


def test_time_is_that_before_init_and_that_in_it() -> None:
    """Both together are the boot."""
    told = costs("""
with Costs() as cost:
    busy(20)
    cost.imported()
    busy(60)
say(cost.as_data())
""")

    assert told["import_ms"] == pytest.approx(20, abs=15)
    assert told["init_ms"] == pytest.approx(60, abs=30)
    assert told["boot_ms"] == pytest.approx(told["import_ms"] + told["init_ms"])
    assert "imports" not in told


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is known of memory")
def test_memory_is_that_before_init_that_at_the_end_and_the_most() -> None:
    """What was there for a moment counts only for the most."""
    told = costs("""
with Costs() as cost:
    imported = b"x" * (40 << 20)
    cost.imported()
    moment = b"x" * (100 << 20)
    del moment
    kept = b"x" * (20 << 20)
say(cost.as_data())
""")
    before, after, most = (told[name] / MB for name in ("imported_bytes", "bytes", "peak_bytes"))

    assert 40 <= before <= 80
    assert before + 15 <= after <= before + 30
    assert before + 95 <= most <= before + 115


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is known of memory")
def test_what_was_before_the_boot_does_not_count() -> None:
    """The interpreter, and we, may have needed more."""
    told = costs("""
earlier = b"x" * (100 << 20)
del earlier
with Costs() as cost:
    pass
say(cost.as_data())
""")

    assert told["peak_bytes"] < 60 * MB


def test_a_boot_that_fails_in_its_imports_has_no_time_in_init() -> None:
    """It was never reached; the cost is told all the same."""
    told = costs("""
cost = Costs()
try:
    with cost:
        busy(20)
        raise ImportError
except ImportError:
    pass
say(cost.as_data())
""")

    assert told["init_ms"] == 0
    assert told["boot_ms"] == told["import_ms"] >= 20
    assert "imported_bytes" not in told


def test_who_wants_to_know_is_told_of_each_import() -> None:
    """Nothing is told of imports outside the boot."""
    told = costs("""
with Costs(ImportTimes()) as cost:
    cost.imported()
say(cost.as_data())
""")

    assert told["imports"] == []


def test_one_that_has_not_begun_costs_nothing() -> None:
    """The server could not even be set up."""
    assert costs("say(Costs().as_data())") == {}
