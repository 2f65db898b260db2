"""An editor attaches to the real server in a container: before init(), in run(), to the next worker, after a restart."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from amlemu_harness import packages

from ..debug.test_old_scripts import DEBUGPY, PTVSD_OF_2020
from .desk import LISTENS, READY, running

pytestmark = pytest.mark.docker
INSIDE = "/var/azureml-app/code"
WHERE = {"AML_APP_ROOT": INSIDE, "AZUREML_ENTRY_SCRIPT": "score.py"}
SCORE = """
    import json
    import os
    import sys

    def init():
        global model
        model = 3

    def run(data):
        said = json.loads(data)
        if said.get("dies"):
            os._exit(7)
        y = said["x"] * model
        print("in run", y)
        return {"y": y}
"""


def test_breakpoints_in_init_and_run_after_a_death_and_a_restart(engine, debug_image, folder: Callable[..., Path]):
    """The next worker listens on the same port; with one, a wait for the editor; the server's other workers are left out."""
    code = folder("code", **{"score.py": SCORE})
    variables = {**WHERE, **packages.debugger_variables(wait_s=20), "WORKER_COUNT": "3"}
    with running(engine, debug_image, {INSIDE: code}, variables) as desk:
        desk.until_said(LISTENS)
        session = desk.attach(code.parent, "code/score.py", "model = 3", "y = said")
        stop = desk.editor.stopped()
        assert (stop.function, stop.path) == ("init", str(code / "score.py"))
        stop.go_on()
        desk.until_said(READY)

        answer = desk.ask(x=5)
        stop = desk.editor.stopped()
        assert (stop.function, stop.variables()["said"], stop.evaluate("model + 1")) == ("run", "{'x': 5}", "4")
        stop.go_on()
        assert answer.result().json() == {"y": 15}

        assert desk.ask(dies=True).result().status_code == 502
        desk.editor.until(session.is_over.is_set, "the end of the session")
        desk.until_said(LISTENS, 2)
        session = desk.attach(code.parent, "code/score.py", "y = said")
        answer = desk.ask(x=6)
        desk.editor.stopped().go_on()
        assert answer.result().json() == {"y": 18}

        session._is_leaving = True  # an editor that does not hang up, on a machine that sleeps
        assert desk.ask(dies=True).result().status_code == 502
        desk.until_said(LISTENS, 3)
        assert "the debugger of the worker before" in desk.log()
        desk.detach()

        desk.container.restart(timeout=1)
        desk.until_said(LISTENS, 4)
        desk.attach(code.parent, "code/score.py", "y = said")
        answer = desk.ask(x=7)
        desk.editor.stopped().go_on()

        assert answer.result().json() == {"y": 21}
        assert "amlemu | one worker in place of 3, for the debugger" in desk.log()


def test_preloaded_script_is_debugged_in_each_fork(engine, debug_image, folder: Callable[..., Path]):
    """WORKER_PRELOAD runs init() in the master; one attach outlasts its workers."""
    code = folder("code", **{"score.py": SCORE})
    variables = {**WHERE, **packages.debugger_variables(wait_s=20), "WORKER_PRELOAD": "true"}
    with running(engine, debug_image, {INSIDE: code}, variables) as desk:
        desk.until_said(LISTENS)
        desk.attach(code.parent, "code/score.py", "model = 3", "y = said")
        stop = desk.editor.stopped()
        assert stop.function == "init"
        stop.go_on()
        for x in (5, 6):
            desk.until_said("Booting worker", x - 4)
            answer = desk.ask(x=x)
            desk.editor.stopped(20).go_on()
            assert answer.result().json() == {"y": 3 * x}
            if x == 5:
                assert desk.ask(dies=True).result().status_code == 502


@pytest.mark.parametrize("head", [PTVSD_OF_2020, DEBUGPY], ids=["ptvsd", "debugpy"])
def test_script_that_listens_itself_joins(engine, debug_image, folder: Callable[..., Path], head):
    """Lines of Azure's pages, unchanged: they wait; what is printed reaches the editor of ptvsd; no timeout while somebody looks."""
    rest = '\ndef init(): pass\n\ndef run(data):\n    x = 1\n    print("in run")\n    return x\n'
    code = folder("code", **{"score.py": head + rest})
    variables = {**WHERE, **packages.debugger_variables(), "SCORING_TIMEOUT_MS": "700"}
    with running(engine, debug_image, {INSIDE: code}, variables) as desk:
        desk.until_said(LISTENS)
        assert READY not in desk.log()
        session = desk.attach(code.parent, "code/score.py", 'print("in run")')
        desk.until_said(READY)
        answer = desk.ask()
        stop = desk.editor.stopped()
        since = time.monotonic()
        desk.until(lambda: time.monotonic() > since + 1, "past the timeout")
        stop.go_on()

        assert answer.result().json() == 1
        if head is PTVSD_OF_2020:
            desk.editor.until(lambda: "in run\n" in session.output, "hearing of it")


def test_nothing_of_it_fails_a_start(engine, reference_image, folder: Callable[..., Path], tmp_path):
    """Without debugpy, or with a value that is none, the server goes on and says so in one line."""
    code = folder("code", **{"score.py": SCORE})
    opt = tmp_path / "opt"
    for name, file in packages.debugger_files().items():
        (opt / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, opt / name)
    mounts = {INSIDE: code, "/opt/amlemu": opt}
    for path in (opt, *opt.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    wanted = packages.debugger_variables()
    with (
        running(engine, reference_image, mounts, {**WHERE, **wanted}) as without,
        running(engine, reference_image, mounts, {**WHERE, **wanted, "AMLEMU_DEBUG": "nonsense"}) as bad,
    ):
        for desk in (without, bad):
            desk.until_said(READY)

        assert without.ask(x=2).result().json() == {"y": 6}
        assert "amlemu | no debugger: debugpy is not installed for /azureml-envs/minimal/bin/python" in without.log()
        assert "AMLEMU_DEBUG=nonsense is no address, expected HOST:PORT such as 0.0.0.0:5678" in bad.log()
        assert without.log().count("amlemu |") == bad.log().count("amlemu |") == 1
