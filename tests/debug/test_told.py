"""What a person is told: where to attach, where the script stands, how long it stood."""

from __future__ import annotations

import json

from ..free_port import free_port
from .conftest import RUN, Desk


def test_start_block_has_address_and_launch_entry(desk: Desk, start):
    """On one line, to be copied; and the lines of a stop."""
    desk.write()
    port = free_port()
    command = start("serve", str(desk.script), "--debug", str(port), "--port", "0", "--control-port", str(free_port()))
    entry = json.dumps(
        {
            "name": "amlemu: attach",
            "type": "debugpy",
            "request": "attach",
            "connect": {"host": "127.0.0.1", "port": port},
        }
    )
    command.until_said(f"  debug    127.0.0.1:{port}, one worker at a time; launch entry {entry}\n")
    desk.editor.set_breakpoints(desk.script, RUN)
    desk.editor.attach(port)
    command.until_said("amlemu: a debugger is attached; it stays so over reloads and crashes\n")
    desk.until(lambda: desk.editor.debugged, "debugged")
    answer = desk.ask(1, url=f"http://127.0.0.1:{command.port}")
    stop = desk.editor.stopped()
    command.until_said(
        f"amlemu: stopped at score.py:{RUN} in run with request 1 (breakpoint); timeouts stand still until it goes on\n"
    )
    status = start("status", "--port", str(command.port), str(desk.script), "--json").finish()
    stop.go_on()
    answer.result()
    command.until_said(" paused ")

    assert status.code == 0
    told = json.loads(status.out)
    assert told["debugger"] == f"127.0.0.1:{port}"
    (worker,) = told["generations"][0]["workers"]
    assert (worker["state"], worker["where"]) == ("stopped", f"{desk.script}:{RUN}")


def test_waiting_says_for_whom(desk: Desk, start):
    """Nothing of the script has run, so there is no start block yet."""
    desk.write()
    port = free_port()
    command = start("serve", str(desk.script), "--debug", str(port), "--wait-for-client", "0.5", "--port", "0")
    command.until_said(f"amlemu: the script waits for 0.5 s for a debugger at 127.0.0.1:{port}: attach with {{")
    command.until_said("score    http")


def test_json_lines_tell_the_same(desk: Desk, start):
    """For programs that start an editor by themselves."""
    desk.write()
    command = start("serve", str(desk.script), "--debug", "0", "--json", "--port", "0", "--no-control")
    command.until_said('"event": "Started"')
    lines = [json.loads(line) for line in command.out.splitlines()]
    (listening,) = [line for line in lines if line["event"] == "DebuggerListening"]
    (started,) = [line for line in lines if line["event"] == "Started"]

    assert listening["address"] == started["debugger"]
