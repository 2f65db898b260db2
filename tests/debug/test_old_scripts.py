"""Scripts that open a debug port by themselves, as Azure's pages have said since 2020: they work unchanged, and over reloads."""

from __future__ import annotations

import socket

import pytest
from amlemu.debugging import DebugRules
from amlemu.errors import BootFailed
from amlemu.events import DebuggerListening, Noticed, Reloaded, WorkerPaused, WorkerResumed

from ..free_port import free_port
from .conftest import Desk

PTVSD_OF_2020 = """import ptvsd
# Allows other computers to attach to ptvsd on this IP address and port.
ptvsd.enable_attach(address=('0.0.0.0', 5678), redirect_output = True)
# Wait 30 seconds for a debugger to attach. If none attaches, the script continues as normal.
ptvsd.wait_for_attach(timeout = 30)
print("Debugger attached...")
"""
"""The page of 2020, verbatim."""
DEBUGPY = """import debugpy
debugpy.listen(("0.0.0.0", 5678))
debugpy.wait_for_client()
print("Debugger attached...")
"""
REST = """
def init():
    pass

def run(data):
    x = 1
    print("in run")
    return x
"""
RULES = DebugRules()
"""Nothing was asked for: the script asks for itself."""


def script(head: str, port: int) -> str:
    """Return the lines with a free port in the place of 5678."""
    return head.replace("5678", str(port)) + REST


def line_of(text: str, words: str) -> int:
    """Return where something stands, counted from 1."""
    return 1 + next(number for number, line in enumerate(text.splitlines()) if words in line)


@pytest.mark.parametrize("head", [PTVSD_OF_2020, DEBUGPY], ids=["ptvsd", "debugpy"])
def test_lines_of_the_page_work_unchanged_and_outlast_a_save(desk: Desk, head):
    """It waits for the editor, is stopped, and its next generation is stopped again on the same attach."""
    port = free_port()
    text = script(head, port)
    desk.write(text)
    starting = desk.begin(rules=RULES)
    desk.editor.set_breakpoints(desk.script, line_of(text, "return x"))
    desk.editor.attach(port)
    starting.result(10)
    for generation in (1, 2):
        if generation == 2:
            desk.write(text.replace("x = 1", "x = 2"))
            desk.until_told(Reloaded)
        desk.followed()
        answer = desk.ask()
        stop = desk.editor.stopped()
        assert stop.variables()["x"] == str(generation)
        stop.go_on()
        assert answer.result().json() == generation

    assert desk.told(DebuggerListening)[0].address == f"127.0.0.1:{port}"
    assert any("on 0.0.0.0; here it is 127.0.0.1 alone" in event.text for event in desk.told(Noticed))


def test_editor_hears_what_the_script_prints(desk: Desk):
    """redirect_output: print is the server's own, and reaches the editor all the same."""
    port = free_port()
    desk.write(script(PTVSD_OF_2020, port))
    starting = desk.begin(rules=RULES)
    desk.editor.attach(port)
    starting.result(10)
    desk.followed()
    desk.ask().result()
    session = desk.editor.sessions[-1]

    desk.until(lambda: "in run\n" in [told["output"] for told in session.told("output")], "hearing of it")


def test_missing_ptvsd_is_said(desk: Desk):
    """It works here, but the cloud has only what its environment has."""
    text = script(PTVSD_OF_2020.replace("timeout = 30", "timeout = 0.1"), free_port())
    desk.serve(text, rules=RULES)

    assert desk.ask().result().json() == 1
    assert desk.told(WorkerPaused)[0].why == "waiting for a debugger"
    assert 0.1 <= desk.told(WorkerResumed)[0].paused_s < 5
    assert "ptvsd, which is not installed" in desk.told(Noticed)[0].text


def test_second_listen_joins_the_port_that_is_there(desk: Desk):
    """--debug and a script that listens: one port, one editor."""
    port = free_port()
    text = script(DEBUGPY, port)
    desk.write(text)
    starting = desk.begin(rules=DebugRules(port=port))
    desk.editor.set_breakpoints(desk.script, line_of(text, "return x"))
    desk.editor.attach(port)
    starting.result(10)
    desk.followed()
    answer = desk.ask()
    desk.editor.stopped().go_on()

    assert answer.result().json() == 1
    assert len(desk.told(DebuggerListening)) == 1


def test_two_workers_that_listen_join_the_same_port(desk: Desk):
    """Elsewhere the second one could not listen."""
    text = script(PTVSD_OF_2020.replace("timeout = 30", "timeout = 0.1"), free_port())
    desk.serve(text, rules=RULES, workers=2)

    assert desk.ask().result().json() == 1
    assert len(desk.told(DebuggerListening)) == 1


def test_wait_can_be_cancelled_by_another_thread(desk: Desk):
    """As debugpy's own documentation does it."""
    head = """import debugpy, threading
debugpy.listen(5678)
threading.Timer(0.2, debugpy.wait_for_client.cancel).start()
debugpy.wait_for_client()
"""
    desk.serve(script(head, free_port()), rules=RULES)

    assert desk.ask().result().json() == 1


def test_script_that_dials_an_editor_by_itself(desk: Desk):
    """debugpy.connect, then a wait: breakpoints are found, and the stop is told."""
    port = free_port()
    text = script(DEBUGPY.replace('listen(("0.0.0.0", 5678))', "connect(5678)"), port)
    desk.editor.set_breakpoints(desk.script, line_of(text, "return x"))
    desk.editor.listen(port)
    desk.serve(text, rules=RULES, reload=False)
    answer = desk.ask()
    stop = desk.editor.stopped()

    assert stop.path == str(desk.script)
    desk.until_told(WorkerPaused, 2)
    stop.go_on()
    assert answer.result().json() == 1


def test_port_of_somebody_else_is_an_error_in_the_script(desk: Desk):
    """debugpy raises RuntimeError then; ours says who has it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        text = script(DEBUGPY, taken.getsockname()[1])
        with pytest.raises(BootFailed, match=r"taken by pid \d+") as raised:
            desk.serve(text, rules=RULES, reload=False)

    assert "RuntimeError" in raised.value.fault["traceback"]
