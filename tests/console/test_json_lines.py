"""What a program reads."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from amlemu.backends import Capabilities
from amlemu.console import JsonConsole
from amlemu.errors import BackendTimeout, WorkerCrashed
from amlemu.events import (
    AnsweredLate,
    Noticed,
    ReloadBegan,
    Reloaded,
    ReloadFailed,
    Spoke,
    WorkerStarted,
    WouldBeKilled,
)
from amlemu.exchange import Frame, Response
from amlemu.memory import MemoryRules, OutOfMemory
from amlemu.models import Model

from .told import FAULT, ended, exchange, shown


def test_json_lines_parse_and_name_their_kind():
    story = (
        WorkerStarted(7),
        Spoke("log", "caf\u00e9 \ud800\n", 7),
        exchange(Response(200, "OK", [], account={"run_ms": 1.0})),
        ended(),
    )
    out, err = shown(JsonConsole, *story)

    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["event"] for line in lines] == ["WorkerStarted", "Spoke", "Exchange", "WorkerEnded"]
    assert lines[1]["text"] == "caf\u00e9 \ud800\n"
    assert (lines[2]["status"], lines[2]["account"]) == (200, {"run_ms": 1.0})
    assert (lines[3]["exit_code"], err) == (-9, "")


def test_json_has_no_status_where_nobody_answered():
    out, _ = shown(JsonConsole, exchange(failure=WorkerCrashed("it died", where="pid 7")))

    assert json.loads(out)["status"] is None
    assert json.loads(out)["failure"] == "pid 7: it died"


def test_json_has_both_lanes_and_why():
    """What the model said, what the caller got, what each stage decided and how long it took."""
    two = exchange(Response(424, "", []), model=Response(500, "", []), request_id="id", why="because")
    two.passed = [("identify", "", 0.01234), ("map status", "500 becomes 424", 0.5)]
    line = json.loads(shown(JsonConsole, two)[0])

    assert (line["status"], line["model_status"], line["cloud_status"], line["cloud_ms"]) == (424, 500, None, None)
    assert (line["request_id"], line["why"]) == ("id", "because")
    assert line["steps"] == [["identify", "", 0.012], ["map status", "500 becomes 424", 0.5]]


def test_json_has_what_the_cloud_would_have_said():
    """With --shadow."""
    shadow = exchange(Response(200, "OK", []), cloud=Response(408, "", []), cloud_ms=5000.1234)
    line = json.loads(shown(JsonConsole, shadow)[0])

    assert (line["status"], line["model_status"], line["cloud_status"], line["cloud_ms"]) == (200, 200, 408, 5000.123)


def test_json_tells_where_the_script_was():
    stuck = exchange(failure=BackendTimeout("no answer"), where="score.py:31 predict")
    stuck.stack = [Frame("/app/score.py", 31, "predict")]
    line = json.loads(shown(JsonConsole, stuck)[0])

    assert (line["where"], line["stack"]) == ("score.py:31 predict", [["/app/score.py", 31, "predict"]])


def test_json_has_no_status_where_a_stream_was_cut():
    """Its head had gone out, its end never came."""
    cut = exchange(Response(200, "OK", [], iter([])), failure=WorkerCrashed("the stream was cut"))

    assert json.loads(shown(JsonConsole, cut)[0])["status"] is None


def test_json_tells_a_late_answer():
    line = json.loads(shown(JsonConsole, AnsweredLate(3, "POST", "/score", 200, 8000.0, 5000.0))[0])

    assert line == {
        "event": "AnsweredLate",
        "number": 3,
        "method": "POST",
        "target": "/score",
        "status": 200,
        "elapsed_ms": 8000.0,
        "answered_ms": 5000.0,
    }


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        pytest.param(
            ReloadBegan(3, ("/src/score.py",), "beside"),
            {"generation": 3, "changed": ["/src/score.py"], "mode": "beside", "why": ""},
            id="began",
        ),
        pytest.param(
            Reloaded(3, (), 41.0, 84.0), {"generation": 3, "changed": [], "boot_ms": 41.0, "took_ms": 84.0}, id="done"
        ),
        pytest.param(
            ReloadFailed(3, (), FAULT, 2), {"generation": 3, "changed": [], "fault": FAULT, "serving": 2}, id="failed"
        ),
        pytest.param(Noticed("careful"), {"text": "careful"}, id="noticed"),
    ],
)
def test_json_tells_a_reload_with_all_that_is_known(event, fields):
    """Under the event's own name."""
    assert json.loads(shown(JsonConsole, event)[0]) == {"event": type(event).__name__, **fields}


def test_json_has_the_last_lines_of_a_worker():
    """Oldest first, beside the exit code and what is next."""
    line = json.loads(shown(JsonConsole, ended(exit_code=7, last_lines=("one", "two"), restart_in_s=0.5))[0])

    assert (line["exit_code"], line["last_lines"], line["restart_in_s"]) == (7, ["one", "two"], 0.5)


def test_json_has_the_memory_that_a_worker_was_killed_for():
    """And where a platform would have ended it: both as numbers and lists, not as words."""
    rules = MemoryRules(1 << 30, "--memory-gb", is_whole=True)
    stack = (Frame("score.py", 3, "init"),)
    out, _ = shown(JsonConsole, ended(memory=OutOfMemory(1_200_000_000, rules)), WouldBeKilled(310.0, True, stack))

    killed, late = map(json.loads, out.splitlines())
    assert killed["memory"]["peak_bytes"] == 1_200_000_000
    assert killed["memory"]["rules"]["limit_bytes"] == 1_073_741_824
    assert killed["memory"]["rules"]["giver"] == "--memory-gb"
    assert (late["after_s"], late["is_booting"], late["stack"]) == (310.0, True, [["score.py", 3, "init"]])


def test_json_names_what_is_watched_and_the_other_ports(plan, opening_of):
    seen = JsonConsole(out := io.StringIO(), io.StringIO())
    opening = replace(opening_of(plan), watching="*.py in src (events)", control="http://127.0.0.1:5050")
    opening = replace(opening, debugger="127.0.0.1:5678")
    seen.started(plan, opening, Capabilities(survives_crashes=True, keeps_scoring_timeout=True, streams=True))
    seen.flush()

    line = json.loads(out.getvalue())
    assert (line["watching"], line["control"]) == ("*.py in src (events)", "http://127.0.0.1:5050")
    assert line["debugger"] == "127.0.0.1:5678"


def test_json_names_the_way_of_authentication(plan, opening_of):
    told = replace(plan, auth="key")
    seen = JsonConsole(out := io.StringIO(), io.StringIO())
    seen.started(told, opening_of(told), Capabilities(survives_crashes=True, keeps_scoring_timeout=True, streams=True))
    seen.flush()

    assert json.loads(out.getvalue())["auth"] == "key"


def test_json_tells_start_stop_and_everything_said(plan, opening_of, tmp_path):
    """Also where the script believes to be, and what the backend cannot; of the opened port alone nothing."""
    with_model = replace(plan, deployment=replace(plan.deployment, models=(Model("m", "1", tmp_path / "model.pkl"),)))
    seen = JsonConsole(out := io.StringIO(), io.StringIO())
    for told in (plan, with_model):
        opening = opening_of(told, "var")
        seen.opened(told, opening)
        seen.started(told, opening, Capabilities(survives_crashes=True, keeps_scoring_timeout=True, streams=False))
    seen.say("yellow", "careful")
    seen.boot_failed(FAULT)
    seen.stopped()
    seen.flush()

    started = {"event": "Started", "url": "http://127.0.0.1:5001", "profile": "bare", "layout": "var"}
    started |= {"app_root": f"/var/azureml-app/{tmp_path.name}", "cannot": ["pass on pieces as run() yields them"]}
    started |= {"auth": None, "watching": None, "control": None, "debugger": None}
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [
        {**started, "model_dir": None},
        {**started, "model_dir": "/var/azureml-app/azureml-models/m/1"},
        {"event": "Said", "text": "careful"},
        {"event": "BootFailed", **FAULT},
        {"event": "Stopped"},
    ]
