"""The benchmark's own judgement: what it reads from wrk, what it calls an error, and when a target is met."""

from __future__ import annotations

import subprocess
import sys

import pytest

from . import contenders, measure, processes
from .comparison import Figure, Result, Row, Target
from .report import report

CLEAN = {"requests": 600, "duration_us": 2_000_000, "p50_us": 400, "p99_us": 900}
NO_ERRORS = {"connect": 0, "read": 0, "write": 0, "status": 0, "timeout": 0}


def result_with(ours: list[float], real: list[float], target: Target, failure: str = "") -> Result:
    def never(*_: object) -> Figure:
        raise AssertionError

    row = Row("row", "a title", "ms", digits=1, target=target, measure=never)
    return Result(row, [Figure(value) for value in ours], [Figure(value) for value in real], failure)


def test_the_line_of_the_lua_script_becomes_figures() -> None:
    """Requests a second come from wrk's own clock, whatever else wrk prints around the line."""
    output = (
        "Running 2s test\nRequests/sec:  1.0\n"
        'amlemu-bench {"requests": 600, "duration_us": 2000000, "p50_us": 400, "p99_us": 900, '
        '"connect": 0, "read": 0, "write": 0, "status": 0, "timeout": 0}\n'
    )

    load = measure.parse_wrk(output)

    assert load == measure.Load(**CLEAN, **NO_ERRORS)
    assert load.requests_per_s == 300.0
    assert load.problems == ""


def test_output_without_that_line_is_no_figure() -> None:
    """A wrk that could not connect prints no summary."""
    assert measure.parse_wrk("unable to connect to 127.0.0.1:1 Connection refused\n") is None


@pytest.mark.parametrize("kind", sorted(NO_ERRORS))
def test_any_error_is_a_problem(kind: str) -> None:
    """Fast wrong answers must not count as throughput."""
    load = measure.Load(**CLEAN, **{**NO_ERRORS, kind: 3})

    assert load.problems.startswith("3 ")


def test_the_verdict_is_the_median_of_the_ratios() -> None:
    """Not the ratio of the medians: each round compares neighbours in time."""
    result = result_with(ours=[10, 20, 90], real=[10, 10, 10], target=Target(at_least=2.0))

    assert result.ratio == 2.0
    assert result.is_met


@pytest.mark.parametrize(
    ("target", "verdict"),
    [
        pytest.param(Target(at_most=1.2), "ok", id="below"),
        pytest.param(Target(at_most=0.9), "MISSED", id="above"),
        pytest.param(Target(at_least=4.0, goal=5), "MISSED", id="not-reached"),
    ],
)
def test_the_report_shows_target_verdict_and_every_round(target: Target, verdict: str) -> None:
    """A reader can check the verdict by hand."""
    text = report([result_with([1.0, 3.0], [1.0, 3.0], target)], ["a machine"])

    assert f"| row | 2.0 | 2.0 | ms | 1.00 | {target} | {verdict} |" in text
    assert "| 1 | 1.0 | 1.0 | 1.00 |" in text
    assert "| 2 | 3.0 | 3.0 | 1.00 |" in text


def test_a_row_that_failed_is_not_met() -> None:
    """Whatever was measured before it failed."""
    result = result_with([1.0], [1.0], Target(at_most=1.2), failure="the server ended")

    assert not result.is_met
    assert "FAILED" in report([result], [])


def test_flags_of_a_row_go_where_the_command_wants_them() -> None:
    """The real server's command has no such place and gets none."""
    ours = contenders.amlemu("true {script} --port {port} {flags}")
    script = contenders.DEPLOYMENT / "score.py"

    assert ours.command_for(script, 81, ("--set", "a=b")) == ["true", str(script), "--port", "81", "--set", "a=b"]
    assert ours.command_for(script, 81, ()) == ["true", str(script), "--port", "81"]


def test_a_tree_is_weighed_and_ended_whole() -> None:
    """A child that ignores the end of its parent is killed and reported."""
    child = "import time; print('up', flush=True); time.sleep(60)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        tree = processes.tree_of(process.pid)
        weight = processes.memory_of(process.pid)
        orphans = processes.stop(process)

    assert len(tree) == len(weight.pss_bytes) == 2
    assert all(0 < pss <= rss for pss, rss in zip(weight.pss_bytes, weight.rss_bytes, strict=True))
    assert orphans == [tree[1].pid]
