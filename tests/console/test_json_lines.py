"""What a program reads."""

from __future__ import annotations

import io
import json
from dataclasses import replace

from amlemu.backends import Capabilities
from amlemu.console import JsonConsole
from amlemu.deployment import Model
from amlemu.errors import WorkerCrashed
from amlemu.events import Spoke, WorkerStarted
from amlemu.exchange import Response

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
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [
        {**started, "model_dir": None},
        {**started, "model_dir": "/var/azureml-app/azureml-models/m/1"},
        {"event": "Said", "text": "careful"},
        {"event": "BootFailed", **FAULT},
        {"event": "Stopped"},
    ]
