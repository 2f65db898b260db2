"""The benchmark's own judgement: what it reads from wrk, what it calls an error, and when a target is met."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from . import contenders, idle, measure, processes, saves
from .comparison import Figure, Result, Row, Target
from .report import report

CLEAN = {"requests": 600, "duration_us": 2_000_000, "p50_us": 400, "p99_us": 900}
NO_ERRORS = {"connect": 0, "read": 0, "write": 0, "status": 0, "timeout": 0}


def result_with(
    ours: list[float], real: list[float], target: Target, failure: str = "", allowance: float = 0.0
) -> Result:
    def never(*_: object) -> Figure:
        raise AssertionError

    row = Row("row", "a title", "ms", digits=1, target=target, measure=never)
    figures = [Figure(value, allowance=allowance) for value in ours]
    return Result(row, figures, [Figure(value) for value in real], failure)


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

    assert f"| row | 2.0 | 2.0 | ms | 1.00 | {target.told('ms')} | {verdict} |" in text
    assert "| 1 | 1.0 | 1.0 | 1.00 |" in text
    assert "| 2 | 3.0 | 3.0 | 1.00 |" in text


@pytest.mark.parametrize(
    ("target", "words"),
    [
        pytest.param(Target(at_least=4.0, goal=5), ">= 4.0, goal 5", id="with-a-goal"),
        pytest.param(Target(at_most=0.6), "<= 0.6", id="ratio"),
        pytest.param(Target(ours_at_most=1.0), "ours <= 1 ms", id="ours-alone"),
        pytest.param(
            Target(at_most=0.125, ours_at_most=150.0, allowance="init()"),
            "<= 0.125, ours <= 150 ms + init()",
            id="both-with-an-allowance",
        ),
    ],
)
def test_a_target_says_all_that_it_wants(target: Target, words: str) -> None:
    """Nothing is held against a figure that the report does not name."""
    assert target.told("ms") == words


@pytest.mark.parametrize(
    ("ours", "real", "is_met"),
    [
        pytest.param(200.0, 2000.0, True, id="within-both"),
        pytest.param(201.0, 2010.0, False, id="ours-too-slow"),
        pytest.param(200.0, 1000.0, False, id="ratio-too-high"),
    ],
)
def test_a_bound_on_ours_is_one_more_condition(ours: float, real: float, is_met: bool) -> None:
    """Both must hold; the allowance, here 50 ms, is taken off ours for its bound and not for the ratio."""
    target = Target(at_most=0.125, ours_at_most=150.0, allowance="init()")

    assert result_with([ours], [real], target, allowance=50.0).is_met == is_met


def test_beside_a_server_that_needs_nothing_the_report_gives_no_ratio() -> None:
    """The figure of ours alone decides."""
    text = report([result_with([0.4], [0.0], Target(ours_at_most=1.0))], [])

    assert "| row | 0.4 | 0.0 | ms | - | ours <= 1 ms | ok |" in text
    assert "| 1 | 0.4 | 0.0 | - |" in text


def test_two_that_need_nothing_are_alike() -> None:
    """Nothing divided by nothing is no error."""
    assert result_with([0.0], [0.0], Target(at_most=1.0)).ratio == 1.0


def test_a_small_ratio_keeps_its_digits() -> None:
    """A reader can tell 0.041 from 0.044."""
    text = report([result_with([41.0], [1000.0], Target(at_most=0.125))], [])

    assert "| 0.0410 |" in text


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


def test_a_server_reloads_when_it_can_be_asked_how_it_is() -> None:
    """The real one is started again instead, and so is a command that takes our place."""
    assert contenders.amlemu().reloads
    assert not contenders.amlemu("true {script}").reloads


@pytest.mark.parametrize("by_renaming", [True, False])
def test_a_save_changes_the_version_and_nothing_else(tmp_path: Path, by_renaming: bool) -> None:
    """Over the old content, or as a new file in its place; nothing is left beside it."""
    script = tmp_path / "score.py"
    script.write_text("import os\n\nVERSION = 1\nOTHER = 1\n")
    before = script.stat().st_ino

    saves.save(script, 12, by_renaming=by_renaming)

    assert script.read_text() == "import os\n\nVERSION = 12\nOTHER = 1\n"
    assert (script.stat().st_ino != before) == by_renaming
    assert list(tmp_path.iterdir()) == [script]


def test_the_benchmarks_script_has_a_version_to_save() -> None:
    """Else each save would be the same file again."""
    assert (saves.HEAVY / "score.py").read_text().count("\nVERSION = 1\n") == 1


def test_a_crowd_is_all_the_files_it_says(tmp_path: Path) -> None:
    """200 folders of 100 files."""
    idle.fill(tmp_path / "crowd")

    assert sum(1 for _ in (tmp_path / "crowd").glob("*/[0-9][0-9].*")) == 20_000


def test_cpu_time_counts_children_that_have_ended() -> None:
    """A server that starts a process now and then pays for it."""
    child = "import time\nwhile time.process_time() < 0.3: pass"
    parent = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}]); print('up', flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        used_s = processes.cpu_s_of(process.pid)
        processes.stop(process)

    assert used_s > 0.29


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
