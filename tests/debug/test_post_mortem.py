"""Where run() raised, before the answer is sent; and breakpoint() with nobody to stop for."""

from __future__ import annotations

from amlemu.debugging import DebugRules
from amlemu.events import DebuggerAttached, Noticed, ReloadFailed, WorkerPaused

from .conftest import Desk

FAILS = """
    import json

    def init(): pass

    def run(data):
        x = json.loads(data)["x"]
        return divided(x)

    def divided(x):
        by = 0
        return json.loads(x / by)
"""
BREAKS = """
    def init(): pass

    def run(data):
        breakpoint()
        return 1
"""
ON_ERROR = DebugRules(port=0, on_error=True)


def test_it_stops_in_the_frame_that_raised(desk: Desk):
    """Whatever the editor's own filters for exceptions are; the answer comes when it goes on, and is the cloud's."""
    desk.serve(FAILS, rules=ON_ERROR)
    desk.attach()
    answer = desk.ask(5)
    stop = desk.editor.stopped()

    assert (stop.reason, stop.text, stop.function, stop.line) == ("exception", "ZeroDivisionError", "divided", 11)
    assert stop.variables()["by"] == "0"
    assert [frame["name"] for frame in stop.frames][:2] == ["divided", "run"]
    assert stop.evaluate("x + 1") == "6"
    assert not answer.done()
    stop.go_on()
    assert answer.result().status_code == 424


def test_users_frame_is_shown_when_a_library_raised(desk: Desk):
    """The cause is mostly in one's own code."""
    desk.serve("import json\ndef init(): pass\ndef run(data):\n    x = '{'\n    return json.loads(x)\n", rules=ON_ERROR)
    desk.attach()
    answer = desk.ask(5)
    stop = desk.editor.stopped()

    assert (stop.function, stop.line, stop.text) == ("run", 5, "JSONDecodeError")
    assert stop.variables()["x"] == "'{'"
    stop.go_on()
    assert answer.result().status_code == 424


def test_init_that_raises_is_looked_at_too(desk: Desk):
    """After a save, for instance: the attach is there already."""
    desk.serve(rules=ON_ERROR)
    desk.attach()
    desk.write("def init():\n    path = 'model.pkl'\n    open(path)\ndef run(data): pass\n")
    stop = desk.editor.stopped()

    assert (stop.function, stop.line, stop.variables()["path"]) == ("init", 3, "'model.pkl'")
    stop.go_on()


def test_script_that_is_no_python_stops_nowhere(desk: Desk):
    """There is no frame of the user's to look at."""
    desk.serve(rules=ON_ERROR)
    desk.attach()
    desk.write("def init(:")
    desk.until_told(ReloadFailed)

    assert not desk.told(WorkerPaused)


def test_set_trace_of_pdb_says_what_to_write_instead(desk: Desk):
    """pdb itself asks on a terminal that is not there, editor or not."""
    desk.serve("import pdb\ndef init(): pass\ndef run(data):\n    pdb.set_trace()\n", profile="bare")

    assert desk.ask().result().status_code == 500
    assert desk.exchange().account["fault"]["hint"] == (
        "pdb asks in a terminal, and here is none: use breakpoint(), which stops in the editor."
    )


def test_nobody_is_waited_for_without_an_editor(desk: Desk):
    """The answer is sent as ever."""
    desk.serve(FAILS, rules=ON_ERROR)

    assert desk.ask(5).result().status_code == 424
    assert not desk.told(DebuggerAttached)


def test_breakpoint_without_a_debugger_fails_as_in_the_cloud(desk: Desk):
    """BdbQuit, for there is no keyboard; and a hint that tells what to do (observed: azmlinfsrv 1.5.1)."""
    desk.serve(BREAKS, rules=DebugRules(), profile="bare")
    answer = desk.ask().result()

    assert answer.status_code == 500
    assert answer.json()["message"] == "An unexpected error occurred in scoring script. Check the logs for more info."
    fault = desk.exchange().account["fault"]
    assert fault["kind"] == "BdbQuit"
    assert fault["hint"] == (
        "breakpoint() found no debugger, here or in the cloud. Serve with --debug and attach an editor, or with --pdb."
    )


def test_breakpoint_is_passed_while_no_editor_is_there(desk: Desk):
    """With --debug: and that is said, with its place."""
    desk.serve(BREAKS)

    assert desk.ask().result().json() == 1
    assert "score.py:4: breakpoint() is passed, for no editor is attached" in desk.told(Noticed)[0].text


def test_variable_of_pythons_own_decides_about_breakpoint(desk: Desk):
    """PYTHONBREAKPOINT=0 switches it off, with and without an editor."""
    desk.serve(BREAKS, env={"PYTHONBREAKPOINT": "0"})
    desk.attach()

    assert desk.ask().result().json() == 1
