"""What a person is told of debuggers: where to attach, who is there, where the script stands."""

from __future__ import annotations

import json
from math import inf

import pytest
from amlemu.console.debugging import Debugging
from amlemu.debugging import launch_entry
from amlemu.events import DebuggerAttached, DebuggerLeft, DebuggerListening, WorkerPaused, WorkerResumed

ENTRY = (
    '{"name": "amlemu: attach", "type": "debugpy", "request": "attach", "connect": {"host": "127.0.0.1", "port": 5678}}'
)
STOPPED = WorkerPaused(7, "breakpoint", "/var/azureml-app/code/score.py", 31, "run", 4)
WAITING = WorkerPaused(7, "waiting for a debugger")


def told(*events, stops_clocks=True):
    """Return the lines that these events make; files are named by their last part."""
    lines = []
    debugging = Debugging(lambda colour, text: lines.append(text), lambda file: file.rpartition("/")[2])
    debugging.stops_clocks = stops_clocks
    for event in events:
        debugging.event(event)
    return lines


def test_where_an_editor_may_attach_is_for_the_start_block_to_say():
    """Where one was dialled, it is said at once."""
    assert told(DebuggerListening("127.0.0.1:5678")) == []
    assert told(DebuggerListening("127.0.0.1:5678", is_dialled=True)) == ["debugger: workers join 127.0.0.1:5678"]


def test_who_comes_and_goes_is_told():
    assert told(DebuggerAttached(), DebuggerLeft()) == [
        "a debugger is attached; it stays so over reloads and crashes",
        "the debugger has left; what stood still goes on",
    ]


def test_a_stop_is_told_with_its_place_and_its_request():
    """That timeouts stand still is said once."""
    without_request = WorkerPaused(7, "exception", "/app/other.py", 3, "init")

    assert told(STOPPED, STOPPED, without_request) == [
        "stopped at score.py:31 in run with request 4 (breakpoint); timeouts stand still until it goes on",
        "stopped at score.py:31 in run with request 4 (breakpoint)",
        "stopped at other.py:3 in init (exception)",
    ]


def test_where_timeouts_go_on_nobody_says_otherwise():
    """`--no-pause`."""
    assert told(STOPPED, stops_clocks=False) == ["stopped at score.py:31 in run with request 4 (breakpoint)"]


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(WorkerPaused(7, "step", "/app/score.py", 31, "run", 4), id="step"),
        pytest.param(WorkerPaused(7, "pdb", "/app/score.py", 31, "run", 4), id="pdb"),
        pytest.param(WorkerResumed(7, "breakpoint", 41.0), id="goes-on"),
    ],
)
def test_what_somebody_sees_anyway_is_not_told(event):
    """In the editor, or at the prompt; how long it took is told with the request."""
    assert told(event) == []


@pytest.mark.parametrize(
    ("waits_s", "limit"), [pytest.param(30.0, " for 30 s", id="30-s"), (2.5, " for 2.5 s"), (inf, ""), (None, "")]
)
def test_a_script_that_waits_says_for_whom(waits_s, limit):
    """With the launch entry to attach with, and how long it does; also a script that does it by itself."""
    lines = told(DebuggerListening("127.0.0.1:5678", waits_s=waits_s), WAITING)

    assert lines == [f"the script waits{limit} for a debugger at 127.0.0.1:5678: attach with {ENTRY}"]


@pytest.mark.parametrize(
    ("address", "host"), [("127.0.0.1:5678", "127.0.0.1"), ("0.0.0.0:5678", "127.0.0.1"), ("10.0.0.7:5678", "10.0.0.7")]
)
def test_the_launch_entry_leads_to_where_it_listens(address, host):
    """Every address of a machine is none to connect to."""
    assert json.loads(launch_entry(address))["connect"] == {"host": host, "port": 5678}


def test_an_editor_that_started_amlemu_needs_no_entry():
    assert launch_entry("the session that started amlemu") == "your editor"
