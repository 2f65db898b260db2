"""What a worker tells of its boot, read."""

from __future__ import annotations

import pytest
from amlemu.check.report import ImportTime, Report, costs_of
from amlemu.check.verdict import Cause

FACTS = {
    "boot_ms": 1500.0,
    "import_ms": 1200.0,
    "init_ms": 300.0,
    "imported_bytes": 40 << 20,
    "peak_bytes": 90 << 20,
    "bytes": 60 << 20,
    "imports": [{"name": "numpy", "file": "/var/azureml-app/src/score.py", "line": 3, "seconds": 0.9}],
}


def on_host(path: str) -> str:
    return path.replace("/var/azureml-app", "/home/me")


def test_times_are_seconds_and_files_those_of_this_machine():
    costs = costs_of(FACTS, on_host)

    assert costs is not None
    assert (costs.boot_s, costs.import_s, costs.init_s) == (1.5, 1.2, 0.3)
    assert (costs.imported_bytes, costs.peak_bytes, costs.resting_bytes) == (40 << 20, 90 << 20, 60 << 20)
    assert costs.imports == (ImportTime("numpy", "/home/me/src/score.py", 3, 0.9),)


def test_an_init_that_was_never_called_took_no_time_at_all():
    """A syntax error, a module that is missing: 0 ms would say that it was quick."""
    facts = {name: value for name, value in FACTS.items() if name != "imported_bytes"}
    costs = costs_of(facts, on_host)

    assert costs is not None
    assert (costs.init_s, costs.imported_bytes, costs.boot_s) == (None, None, 1.5)


def test_where_the_system_does_not_tell_of_memory():
    costs = costs_of({**FACTS, "imported_bytes": None, "peak_bytes": None, "bytes": None}, on_host)

    assert costs is not None
    assert (costs.init_s, costs.peak_bytes, costs.resting_bytes) == (0.3, None, None)


@pytest.mark.parametrize("facts", [{}, {"version": "1.5.1"}], ids=["nothing", "another-server"])
def test_a_worker_that_tells_nothing_has_no_costs(facts):
    assert costs_of(facts, on_host) is None


@pytest.mark.parametrize(("cause", "is_fine"), [(None, True), (Cause("score.py:1: no"), False)])
def test_it_is_fine_where_there_is_no_cause(cause, is_fine):
    assert Report("score.py", None, "managed", cause).is_fine is is_fine
