"""The report of a check: lines for a person, one object for a script."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from amlemu.check.report import Cause, Costs, ImportTime, Report, Trial
from amlemu.console import Paint
from amlemu.console.checked import as_json, as_text
from amlemu.finding import CANNOT_INIT, Finding, Place
from amlemu.memory import MemoryRules

MIB, GIB = 1 << 20, 1 << 30
READY = "ready after 12.4 s; these probes allow 310 s"
IMPORTS = tuple(ImportTime(f"package{number}", "score.py", number, 6.0 - number) for number in range(1, 7))
COSTS = Costs(12.0, 9.5, 2.5, 200 * MIB, 900 * MIB, 600 * MIB, IMPORTS)
TRIAL = Trial(Path("sample-request.json"), 200, 200, 45.2, 40.1, 72, 64, 650 * MIB)
FINE = Report("deployment.yml", Path("score.py"), "managed", None, READY, COSTS, memory=None, trial=TRIAL)
CAUSE = Cause(
    "score.py:14: init() raised KeyError: 'x'", CANNOT_INIT, "Do this.\n  a.txt", "Traceback:\n  File\nKeyError: 'x'\n"
)
WARNING = Finding("warning", "workers-and-concurrency", "2 and 1")
UNSEEN = Finding(
    "information", "other-python-here", "this is Python 3.11", Place(Path("conda.yml")), None, "Take 3.10."
)


def text(report: Report) -> list[str]:
    return as_text(report, Paint(io.StringIO())).splitlines()


def failed(**fields: object) -> Report:
    return Report("deployment.yml", Path("score.py"), "managed", CAUSE, **fields)  # type: ignore[arg-type]  # a test's


def test_one_that_starts():
    """The verdict; the slowest five imports; init() and the memory; the sample request with both lanes."""
    assert text(FINE) == [
        "starts: ready after 12.4 s; these probes allow 310 s",
        "  time    12.0 s: imports 9.5 s, init() 2.5 s",
        "  import  package1 5.0 s (score.py:1), package2 4.0 s (score.py:2), package3 3.0 s (score.py:3), package4 2.0 s",
        "          (score.py:4), package5 1.0 s (score.py:5)",
        "  memory  0.879 GB at most while it booted: 0.195 GB before init(), 0.586 GB after it",
        "  sample  sample-request.json: 200 in 45 ms, run() 40 ms; 72 bytes there, 64 back, 0.635 GB at most",
    ]


def test_the_memory_has_its_limit_and_who_says_so():
    """Each worker has a copy of the model."""
    report = Report("d.yml", None, "aks", None, READY, COSTS, 4, MemoryRules(3 * GIB, "deploymentconfig.json:7"))

    assert text(report)[-2:] == [
        "  memory  0.879 GB at most while it booted: 0.195 GB before init(), 0.586 GB after it; each of 4 workers has so much;",
        "          deploymentconfig.json:7 allows 3 GB",
    ]


def test_an_init_that_was_not_reached():
    """Of it there is neither time nor memory."""
    lines = text(failed(costs=Costs(0.002, 0.002, None, None, 17 * MIB, 17 * MIB)))

    assert lines[-2:] == [
        "  time    2.0 ms: imports 2.0 ms, init() was not reached",
        "  memory  17 MB at most while it booted",
    ]


def test_where_the_system_tells_nothing_of_memory():
    assert not any(line.startswith("  memory") for line in text(failed(costs=Costs(1, 0.5, 0.5))))


def test_one_that_fails():
    """Cause, place and the cloud's words in the first line; then what to do, and the user's own traceback."""
    assert text(failed(verdict=READY)) == [
        "fails: score.py:14: init() raised KeyError: 'x'  [ResourceNotReady, UserScriptInitFailed; ERR_2200 in 2021]",
        "  fix     Do this.",
        "            a.txt",
        "  Traceback:",
        "    File",
        "  KeyError: 'x'",
        "  boot    ready after 12.4 s; these probes allow 310 s",
    ]


def test_what_is_so_on_this_machine_alone():
    """Nothing is said of the cloud then."""
    report = Report("score.py", None, "managed", Cause("score.py:1: the script needs the module 'x'"))

    assert text(report) == [
        "fails: score.py:1: the script needs the module 'x'  [this machine only: nothing is known of the cloud]"
    ]


def test_the_last_words_of_a_script_that_died():
    """The last fifteen lines."""
    lines = text(failed(said=tuple(f"line {number}" for number in range(40))))

    told = lines.index("  the script's last words:")
    assert lines[told + 1] == "  score | line 25"
    assert lines[-1] == "  score | line 39"


@pytest.mark.parametrize(
    ("trial", "line"),
    [
        pytest.param(
            Trial(Path("r.json"), 424, 500, 5000.9, None, 13, 92),
            "  sample  r.json: 424 (model 500) in 5.0 s; 13 bytes there, 92 back",
            id="two-lanes",
        ),
        pytest.param(
            Trial(Path("r.json"), None, None, 3.0, None, 13, 0),
            "  sample  r.json: closed in 3.0 ms; 13 bytes there, 0 back",
            id="closed",
        ),
        pytest.param(
            Trial(Path("r.json"), 200, 200, 0.42, 0.01, 13, 1),
            "  sample  r.json: 200 in 0.4 ms, run() less than 0.1 ms; 13 bytes there, 1 back",
            id="quick",
        ),
    ],
)
def test_the_sample_request(trial, line):
    assert text(failed(trial=trial))[-1] == line


def test_notes_and_other_findings_come_last():
    """What is of this machine is a note, for the verdict holds as far as it does not matter; the doctor says more of the others."""
    report = Report("d.yml", None, "managed", None, READY, findings=(WARNING, WARNING, UNSEEN), remarks=("no sample",))

    assert text(report)[1:] == [
        "  note    no sample",
        "  note    conda.yml: this is Python 3.11. Take 3.10.",
        "  more    amlemu doctor d.yml says more of workers-and-concurrency",
    ]


def test_what_would_fail_besides_is_told_in_full():
    """Whoever mends the first of five contradictions wants to know the others."""
    cause = Cause("d.json:3: cpu_cores must be greater than zero")
    wrong = [
        Finding("error", "v1-configuration", f"{name} must be greater than zero", Place(Path("d.json"), 3))
        for name in ("cpu_cores", "memory_gb")
    ]
    report = Report("d.json", None, "aks", cause, findings=tuple(wrong))

    assert text(report)[1:] == [
        "  also    d.json:3: memory_gb must be greater than zero",
        "  more    amlemu doctor d.json says more of v1-configuration",
    ]


@pytest.mark.parametrize(("report", "colour", "word"), [(FINE, 32, "starts"), (failed(), 31, "fails")])
def test_the_first_word_has_a_colour(monkeypatch, report, colour, word):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")

    assert as_text(report, Paint(io.StringIO())).startswith(f"\x1b[{colour}m{word}\x1b[0m: ")


def test_json_of_one_that_starts():
    """Seconds, milliseconds and bytes, as their names say."""
    told = json.loads(as_json(FINE, 0))

    assert (told["starts"], told["exit_code"], told["cause"], told["verdict"]) == (True, 0, None, READY)
    assert (told["workers"], told["memory_limit_bytes"]) == (1, None)
    assert told["boot"]["init_s"] == 2.5
    assert told["boot"]["imports"][0] == {"name": "package1", "file": "score.py", "line": 1, "seconds": 5.0}
    assert told["sample"] == {
        "file": "sample-request.json",
        "status": 200,
        "model_status": 200,
        "elapsed_ms": 45.2,
        "run_ms": 40.1,
        "request_bytes": 72,
        "answer_bytes": 64,
        "peak_bytes": 650 * MIB,
    }


def test_json_of_one_that_fails():
    told = json.loads(as_json(failed(findings=(UNSEEN,), said=("bye",)), 3))

    assert (told["starts"], told["exit_code"], told["verdict"]) == (False, 3, None)
    assert told["cause"]["told"] == "score.py:14: init() raised KeyError: 'x'"
    assert told["cause"]["cloud"]["today"] == "ResourceNotReady, UserScriptInitFailed"
    assert told["cause"]["cloud"]["in_2021"] == "ERR_2200"
    assert told["cause"]["traceback"].startswith("Traceback:")
    assert told["said"] == ["bye"]
    assert told["findings"] == [
        {
            "rule": "other-python-here",
            "severity": "information",
            "place": "conda.yml",
            "cause": "this is Python 3.11",
        }
    ]


def test_json_has_no_cloud_where_nothing_is_known_of_it():
    told = json.loads(as_json(Report("score.py", None, "managed", Cause("no module")), 3))

    assert told["cause"] == {"told": "no module", "cloud": None, "fix": None, "traceback": None}
