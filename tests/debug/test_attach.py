"""Attach, and find what any editor finds: breakpoints that are hit, variables, steps, the right answer, the right file."""

from __future__ import annotations

import pytest
from amlemu.debugging import DebugRules
from amlemu.events import DebuggerListening, WorkerPaused

from ..free_port import free_port
from .conftest import INIT, RUN, Desk

ENTRY_OF_2020 = {
    "name": "Azure Machine Learning: Docker Debug",
    "type": "python",
    "request": "attach",
    "port": 5678,
    "host": "localhost",
    "pathMappings": [{"localRoot": "${workspaceFolder}", "remoteRoot": "/var/azureml-app"}],
}
"""From the page of 2020, verbatim; an editor puts its folder in the place of the variable."""


def pasted(folder):
    """Return the entry of 2020 as an editor sends it that has `folder` open; the desk puts its own port in."""
    mappings = [{**pair, "localRoot": str(folder)} for pair in ENTRY_OF_2020["pathMappings"]]
    return {**ENTRY_OF_2020, "pathMappings": mappings}


def test_breakpoint_in_run_shows_variables_steps_and_goes_on(desk: Desk):
    """The first minute of everybody."""
    desk.serve()
    desk.attach(RUN)
    answer = desk.ask(5)
    stop = desk.editor.stopped()

    assert (stop.line, stop.function, stop.path) == (RUN, "run", str(desk.script))
    assert stop.variables()["x"] == "5"
    assert stop.evaluate("x + model") == "8"
    stop.step()
    stepped = desk.editor.stopped()
    assert (stepped.line, stepped.variables()["y"]) == (RUN + 1, "15")
    stepped.go_on()
    assert (answer.result().status_code, answer.result().json()) == (200, {"y": 15})


def test_breakpoint_in_init_is_hit_when_the_script_waits(desk: Desk):
    """--wait-for-client: nothing of the script has run when the editor comes."""
    desk.write()
    port = free_port()
    starting = desk.begin(rules=DebugRules(port=port, wait_s=9))
    desk.editor.set_breakpoints(desk.script, INIT)
    desk.editor.attach(port)
    stop = desk.editor.stopped()

    assert (stop.line, stop.function) == (INIT, "init")
    assert not starting.done()
    stop.go_on()
    starting.result(10)
    assert desk.told(DebuggerListening)[0].waits_s == 9


def test_nobody_comes_and_the_script_goes_on(desk: Desk):
    """After the time it starts as ever."""
    desk.serve(rules=DebugRules(port=0, wait_s=0.2))

    assert desk.ask(2).result().json() == {"y": 6}


@pytest.mark.parametrize("layout", ["var", "links", "none"])
def test_files_are_the_editors_own_in_each_tree(desk: Desk, layout):
    """
    Whatever the launch entry says of /var/azureml-app, or does not say; also of a module beside the script, which is
    imported by another name, through the app root.
    """
    (desk.folder / "helper.py").write_text("def double(x):\n    y = 2 * x\n    return y\n")
    desk.serve(
        "import helper\ndef init(): pass\ndef run(data):\n    x = 4\n    return helper.double(x)\n", layout=layout
    )
    desk.editor.set_breakpoints(desk.folder / "helper.py", 3)
    for entry in ({}, pasted(desk.folder), pasted(desk.folder.parent)):
        desk.attach(5, **entry)
        answer = desk.ask()
        stop = desk.editor.stopped()
        assert (stop.path, stop.line, stop.variables()["x"]) == (str(desk.script), 5, "4")
        stop.go_on()
        stop = desk.editor.stopped()
        assert (stop.path, stop.function, stop.variables()["y"]) == (str(desk.folder / "helper.py"), "double", "8")
        stop.go_on()
        assert answer.result().json() == 8
        desk.detach()


def test_breakpoint_call_stops_where_it_stands(desk: Desk):
    """With an editor there is nothing to set."""
    desk.serve("def init(): pass\ndef run(data):\n    x = 1\n    breakpoint()\n    return x\n")
    desk.attach()
    answer = desk.ask()
    stop = desk.editor.stopped()

    assert (stop.function, stop.line, stop.variables()["x"]) == ("run", 5, "1")
    stop.go_on()
    assert answer.result().json() == 1


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_processes_of_the_script_are_debugged_too(desk: Desk, way):
    """A pool of them ends as ever, whether an editor is there or not; in one that is stopped the clocks stand still."""
    (desk.folder / "helper.py").write_text("def double(x):\n    y = 2 * x\n    return y\n")
    desk.serve(
        f"""
        import multiprocessing
        import helper

        def init(): pass

        def run(data):
            with multiprocessing.get_context("{way}").Pool(1) as pool:
                return pool.map(helper.double, [4])
        """
    )
    assert desk.ask().result().json() == [8]
    desk.editor.set_breakpoints(desk.folder / "helper.py", 3)
    desk.attach()
    answer = desk.ask()
    stop = desk.editor.stopped()

    assert (stop.path, stop.variables()["y"]) == (str(desk.folder / "helper.py"), "8")
    if way == "fork":
        assert desk.told(WorkerPaused)[-1].function == "double"
    stop.go_on()
    assert answer.result().json() == [8]
