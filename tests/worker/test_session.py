"""What a process does with pydevd, in one of its own: joining, waiting, ending, and staying unseen."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from amlemu.worker import session

from .bare_child import bare_anchor
from .guest import guest


@pytest.fixture(scope="module")
def anchor() -> Iterator[str]:
    """A session, as JSON; no editor is there."""
    with bare_anchor() as anchor:
        yield json.dumps(anchor.boots().head["session"])


def test_a_process_that_joins_is_debugged(anchor: str) -> None:
    """Without a stop, an editor, or a word; it knows the session that it is in."""
    program = """
        before = session.is_imported()
        join()
        say(before, session.is_imported(), session.opened()[:4])
    """
    [[before, after, opened]] = guest(program, anchor)

    assert (before, after) == (False, True)
    assert opened == json.loads(anchor)[:4]


def test_a_process_that_has_joined_ends_at_once(anchor: str) -> None:
    """pydevd's farewell takes a second."""
    program = """
        import atexit, time
        join()
        began = time.monotonic()
        atexit._run_exitfuncs()
        say(time.monotonic() - began)
    """
    [[ended_s]] = guest(program, anchor)

    assert ended_s < 0.5


def test_nobody_has_opened_a_session_here() -> None:
    """The tests are debugged by nobody; so it is in a process that has only imported debugpy."""
    program = """
        session.import_debugpy()
        try:
            session.opened()
        except LookupError as error:
            say(str(error), session.is_imported(), session.is_attached())
    """

    assert guest(program) == [["no debugger here", True, False]]


def test_a_wait_for_an_editor_is_over_when_its_time_is() -> None:
    """Or when somebody says so; one that has ended in time sets nothing afterwards."""
    program = """
        session.import_debugpy()
        import pydevd
        pydevd._wait_for_attach = lambda cancel: say(cancel.wait(5))
        session.wait(0.05, threading.Event())
        over = threading.Event()
        threading.Timer(0.05, over.set).start()
        session.wait(float("inf"), over)
        over.clear()
        pydevd._wait_for_attach = lambda cancel: None
        session.wait(0.05, over)
        say(over.wait(0.1))
    """

    assert guest(program) == [[True], [True], [False]]


def test_debugpy_that_is_missing_is_asked_for_in_words() -> None:
    """Without site-packages there is none."""
    program = """
        try:
            session.import_debugpy()
        except ImportError as error:
            say(str(error), type(error.__cause__).__name__)
    """
    [[told, cause]] = guest(program, flags=("-S",))

    assert told == f"debugpy is not installed for {sys.executable}: {sys.executable} -m pip install debugpy"
    assert cause == "ModuleNotFoundError"


@pytest.mark.parametrize("before", [None, "0"])
def test_a_quiet_import_leaves_no_variable_behind(monkeypatch: pytest.MonkeyPatch, before: str | None) -> None:
    """The script sees its own environment."""
    name = "PYDEVD_DISABLE_FILE_VALIDATION"
    monkeypatch.delenv(name, raising=False)
    if before is not None:
        monkeypatch.setenv(name, before)
    with session.quietly():
        during = session.os.environ[name]

    assert (during, session.os.environ.get(name)) == ("1", before)


def test_what_is_started_unseen_keeps_its_arguments(anchor: str) -> None:
    """A debugger changes the arguments of Python processes that are started, so that it follows them."""
    program = """
        import subprocess
        join()
        def arguments():
            told = "import json, sys; print(json.dumps('pydevd' in sys.modules))"
            return json.loads(subprocess.run([sys.executable, "-c", told], capture_output=True, text=True).stdout)
        seen = arguments()
        with session.unseen():
            unseen = arguments()
        say(seen, unseen)
    """
    assert guest(program, anchor) == [[True, False]]


def test_nobody_has_to_hide_from_nobody() -> None:
    """Where no debugger is, none is imported for this."""
    assert guest("with session.unseen(): say(session.is_imported())") == [[False]]


def test_a_stop_at_an_error_is_one_at_an_uncaught_exception() -> None:
    """In the frame that is named, while pydevd does not trace us."""
    program = """
        session.import_debugpy()
        import pydevd
        class Debugger:
            def set_additional_thread_info(self, thread):
                self.info = type("Info", (), {"is_tracing": 0})()
                return self.info
            def do_stop_on_unhandled_exception(self, thread, frame, frames, exception):
                kind, error, trace = exception
                say(thread is threading.current_thread(), frame.f_code.co_name, list(frames) == [id(frame)])
                say(kind.__name__, str(error), trace.tb_frame is frame, self.info.is_tracing)
        debugger = Debugger()
        pydevd.get_global_debugger = lambda: debugger
        def fails():
            raise KeyError("a")
        try:
            fails()
        except KeyError as error:
            session.stop_at(error, error.__traceback__.tb_next.tb_frame)
        say(debugger.info.is_tracing)
    """
    assert guest(program) == [[True, "fails", True], ["KeyError", "'a'", False, 1], [0]]


def test_our_frames_are_told_from_the_script_s() -> None:
    """By the folder that their code lies in."""
    frame: Any = sys._getframe()
    ours = session.quietly().gen.gi_frame  # type: ignore[attr-defined]

    assert (session.is_ours(ours), session.is_ours(frame)) == (True, False)
