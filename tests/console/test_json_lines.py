"""What a program reads."""

from __future__ import annotations

import io
import json

from amlemu.console import JsonConsole
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


def test_json_tells_start_stop_and_everything_said(plan):
    seen = JsonConsole(out := io.StringIO(), io.StringIO())
    seen.started(plan, 5001)
    seen.say("yellow", "careful")
    seen.boot_failed(FAULT)
    seen.stopped()
    seen.flush()

    assert [json.loads(line) for line in out.getvalue().splitlines()] == [
        {"event": "Started", "url": "http://127.0.0.1:5001", "profile": "bare"},
        {"event": "Said", "text": "careful"},
        {"event": "BootFailed", **FAULT},
        {"event": "Stopped"},
    ]
