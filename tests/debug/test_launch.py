"""F5 on amlemu itself: the entry that launches `amlemu serve` under the debugger; workers join that session."""

from __future__ import annotations

import sys

from ..free_port import free_port
from .conftest import INIT, MODEL, RUN, Desk


def test_breakpoints_of_the_script_are_hit_and_outlast_a_save(desk: Desk):
    """Whoever debugs amlemu wants the script: nothing was said of a port."""
    desk.write()
    desk.editor.set_breakpoints(desk.script, INIT, RUN)
    scoring = free_port()
    words = ["serve", str(desk.script), "--port", str(scoring), "--reload", "--no-control"]
    session = desk.editor.launch(module="amlemu", args=words, python=[sys.executable], cwd=str(desk.folder))
    for generation in (1, 2):
        if generation == 2:
            desk.until(lambda: " serves " in session.output, "serving")
            desk.write(MODEL.replace("model = 3", "model = 4"))
        stop = desk.editor.stopped()
        assert (stop.function, stop.path) == ("init", str(desk.script))
        stop.go_on()
        answer = desk.ask(2, url=f"http://127.0.0.1:{scoring}")
        stop = desk.editor.stopped()
        assert (stop.function, stop.evaluate("model")) == ("run", str(2 + generation))
        stop.go_on()
        assert answer.result().json() == {"y": 2 * (2 + generation)}

    assert "debugger: workers join the session that started amlemu" in session.output
    assert [one.name for one in desk.editor.sessions[1:]] == [
        f"Subprocess {one.pid}" for one in desk.editor.sessions[1:]
    ]
    assert len(desk.editor.sessions) == 3, "amlemu and two workers: none of its helpers"
