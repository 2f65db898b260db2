"""What a worker does about debuggers: what it asks its host, when it waits, where it looks. No editor is needed for that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .bare_child import bare_anchor
from .guest import NO_WISHES, NOTICED, PAUSED, RESUMED, UNFOLLOWED, WAIT, guest

DEBUGGER = """
    import time
    from amlemu.worker.debugger import Debugger
    def answer(**head):
        theirs.sendall(protocol.pack(protocol.SESSION, {"session": None, "address": ["127.0.0.1", 7], "attached": False, **head}))
    debugger = Debugger(channel, json.loads(sys.argv[1]))
"""
JOINED = "debugger.has_joined = True\n"


@pytest.fixture(scope="module")
def anchor() -> Iterator[list[Any]]:
    """A session to join; no editor is there."""
    with bare_anchor() as anchor:
        yield anchor.boots().head["session"]


def said(program: str, *arguments: Any, variables: dict[str, str] | None = None, **wishes: Any) -> list[Any]:
    """Run a program of a worker with these wishes of its host; returns what it has said."""
    lines = "\n".join(f"    {line}" for line in program.strip().splitlines())
    return guest(DEBUGGER + lines, json.dumps({**NO_WISHES, **wishes}), *arguments, variables=variables)


def test_a_worker_that_nobody_debugs_imports_no_debugger() -> None:
    """It only looks whether its script wants to listen."""
    assert said("debugger.begin()\nsay(session.is_imported(), 'pdb' in sys.modules, debugger.has_joined, told())") == [
        [False, False, False, []]
    ]


def test_a_worker_joins_before_its_script_is_loaded(anchor: list[Any]) -> None:
    """And waits for nobody where no editor is attached."""
    assert said("debugger.begin()\nsay(session.is_imported(), debugger.has_joined, told())", session=anchor) == [
        [True, True, []]
    ]


def test_a_script_that_listens_joins_what_its_host_has_begun(anchor: list[Any]) -> None:
    """Once; the second time it is only told where."""
    program = """
answer(session=json.loads(sys.argv[2]))
answer(session=json.loads(sys.argv[2]), address=["127.0.0.1", 8])
places = [debugger.ask_to_listen("0.0.0.0", 5678, redirects=False) for _ in range(2)]
say(places, debugger.has_joined, told())
"""
    [[places, has_joined, asked]] = said(program, json.dumps(anchor))

    assert (places, has_joined) == ([["127.0.0.1", 7], ["127.0.0.1", 8]], True)
    assert asked == [["L", ["0.0.0.0", 5678]]] * 2


def test_a_script_that_cannot_listen_is_told_as_by_debugpy() -> None:
    """A RuntimeError, which scripts catch."""
    program = """
answer(error="port 5678: taken by pid 812 (python)")
try:
    debugger.ask_to_listen("127.0.0.1", 5678, redirects=False)
except RuntimeError as error:
    say(str(error), debugger.has_joined)
"""
    assert said(program) == [["port 5678: taken by pid 812 (python)", False]]


@pytest.mark.parametrize("call", ["ask_to_listen('127.0.0.1', 1, redirects=False)", "wait(60, threading.Event())"])
def test_a_worker_whose_host_is_gone_ends(call: str) -> None:
    """There is nobody to go on for."""
    program = (
        f"theirs.shutdown(socket.SHUT_WR)\ntry:\n    debugger.{call}\nexcept SystemExit as end:\n    say(end.code)"
    )

    assert said(JOINED + program) == [[0]]


def test_a_wait_is_a_stop_until_an_editor_is_there() -> None:
    """The host is asked again and again; then pydevd waits for the editor's breakpoints."""
    program = """
for is_there in (False, False, True):
    answer(attached=is_there)
waits = []
session.wait = lambda seconds, over: waits.append(seconds)
debugger.wait(60, threading.Event())
say(waits, told())
"""
    [[waits, (paused, *asked, resumed)]] = said(JOINED + program.strip())

    assert waits == [5.0]
    assert (paused, resumed) == ([PAUSED, ["waiting for a debugger", "", 0, "", resumed[1]]], [RESUMED, paused[1][4]])
    assert asked == [[WAIT, 0.1]] * 3


def test_a_wait_that_is_in_vain_goes_on() -> None:
    """The script continues as normal (the words of 2020): nobody waits for breakpoints then."""
    program = """
host = Channel(theirs)
def answers():
    while (frame := host.receive()).kind != protocol.RESUMED:
        if frame.kind == protocol.WAIT:
            time.sleep(frame.head)
            answer()
threading.Thread(target=answers).start()
session.wait = None
began = time.monotonic()
debugger.wait(0.25, threading.Event())
say(time.monotonic() - began)
"""
    [[took_s]] = said(JOINED + program.strip())

    assert 0.2 < took_s < 3


def test_a_wait_that_is_cancelled_is_over() -> None:
    """By a thread of the script."""
    program = """
over = threading.Event()
over.set()
session.wait = None
debugger.wait(60, over)
say(told())
"""
    [[[paused, resumed]]] = said(JOINED + program.strip())

    assert (paused[0], paused[1][:4], resumed) == (
        PAUSED,
        ["waiting for a debugger", "", 0, ""],
        [RESUMED, paused[1][4]],
    )


def test_the_first_worker_waits_if_that_was_asked_for(anchor: list[Any]) -> None:
    """Another one only for an editor that is there to follow it."""
    program = """
waits = []
session.wait = lambda seconds, over: waits.append(seconds)
session.is_attached = lambda: False  # for a moment the adapter itself would look like one, and no wait lets it pass here
answer(attached=True)
debugger.begin()
say(waits, [kind for kind, _ in told()])
"""
    first = said(program, session=anchor, wait_s=60)
    next_one = said(program, session=anchor, attached=True)
    nobody = said(program, session=anchor)

    assert first == [[[5.0], [PAUSED, WAIT, RESUMED]]]
    assert next_one == [[[5.0], [UNFOLLOWED]]], "nobody followed: the host is to know"
    assert nobody == [[[], []]]


# breakpoint()


@pytest.mark.parametrize("looks_attached", [False, True])
def test_a_breakpoint_without_an_editor_is_passed_and_said(anchor: list[Any], looks_attached: bool) -> None:
    """Whoever has forgotten to attach would wonder. The adapter looks like an editor for a moment; the host knows better."""
    program = f"""
debugger.begin()
session.is_attached = lambda: {looks_attached}
answer(attached=False)
breakpoint()
say(*[text.rpartition(":")[2] for kind, text in told() if kind == {NOTICED!r}])
"""
    assert said(program, session=anchor) == [[" breakpoint() is passed, for no editor is attached"]]


def test_a_breakpoint_that_somebody_has_other_plans_for_is_theirs(anchor: list[Any]) -> None:
    """PYTHONBREAKPOINT."""
    program = "debugger.begin()\nsay(breakpoint(), told())"

    assert said(program, session=anchor, variables={"PYTHONBREAKPOINT": "os.getpgrp"})[0][1] == []
    assert said(program, session=anchor, variables={"PYTHONBREAKPOINT": "0"}) == [[None, []]]


# --debug-on-error


RAISED = """
stops = []
session.is_attached = lambda: True
answer(attached=True)
session.stop_at = lambda error, frame: stops.append([frame.f_code.co_name, str(error)])
sys.path.insert(0, sys.argv[2])
import score
try:
    score.run("a")
except BaseException as error:
    debugger.look_at(error)
say(*stops)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A script whose run() fails in a library that it calls."""
    library = tmp_path / "site-packages" / "lib.py"
    library.parent.mkdir()
    library.write_text("def look_up(x): raise KeyError(x)\ndef leave(x): raise SystemExit(x)\n")
    script = f"import sys\nsys.path.append({str(library.parent)!r})\nimport lib\ndef run(x): return help_me(x)\n"
    (tmp_path / "score.py").write_text(script + "def help_me(x): return lib.look_up(x)\n")
    return tmp_path


def test_a_fault_is_looked_at_where_the_script_s_own_code_is(folder: Path) -> None:
    """The innermost frame of it: what a library does inside is rarely the question."""
    assert said(RAISED, folder, on_error=True) == [[["help_me", "'a'"]]]


def test_a_fault_of_nobody_s_own_is_looked_at_where_it_is(folder: Path) -> None:
    """All of it is installed."""
    script = folder / "site-packages" / "score.py"
    (folder / "score.py").rename(script)

    assert said(RAISED, script.parent, on_error=True) == [[["look_up", "'a'"]]]


@pytest.mark.parametrize(
    ("wishes", "change"),
    [
        pytest.param({"on_error": False}, ("", ""), id="nobody-asked"),
        pytest.param({"on_error": True}, ("is_attached = lambda: True", "is_attached = lambda: False"), id="no-editor"),
        pytest.param({"on_error": True}, ("attached=True", "attached=False"), id="the-adapter-alone"),
        pytest.param({"on_error": True}, ('score.run("a")', "score.lib.leave(3)"), id="no-fault"),
    ],
)
def test_nobody_looks(folder: Path, wishes: dict[str, Any], change: tuple[str, str]) -> None:
    """SystemExit is how a script leaves."""
    assert said(RAISED.replace(*change), folder, **wishes) == [[]]


def test_a_fault_is_looked_at_in_the_terminal_where_there_is_one(folder: Path) -> None:
    """pdb is handed over to it when the worker begins."""
    program = "from amlemu.worker import terminal\nterminal.look_at = lambda error: stops.append(str(error))" + RAISED

    assert said(program, folder, on_error=True, terminal="/dev/null") == [["'a'"]]
