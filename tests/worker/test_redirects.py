"""What an editor's console gets of what the script says: prints in a process of their own, pydevd's writer a list."""

from __future__ import annotations

from typing import Any

from .guest import guest

WATCHED = """
    session.import_debugpy()
    import pydevd
    import io
    from amlemu.worker.redirects import Redirects
    class Debugger:
        writer = sent = cmd_factory = None
        def __init__(self):
            self.writer = self.cmd_factory = self
            self.sent, self.enabled = [], []
        def make_io_message(self, text, stream):
            return [text, stream]
        def add_command(self, command):
            self.sent.append(command)
    debugger = Debugger()
    pydevd.get_global_debugger = lambda: debugger
    pydevd.PyDB.enable_output_redirection = lambda self, stdout, stderr: self.enabled.append([stdout, stderr])
    Debugger.enable_output_redirection = lambda self, *words: pydevd.PyDB.enable_output_redirection(self, *words)
    sys.stdout = io.StringIO()
    redirects = Redirects()
    redirects.watch()
"""


def sent(program: str) -> tuple[list[Any], list[Any], str]:
    """Return what the editor got, what pydevd was asked to redirect, and what was printed."""
    lines = "\n".join(f"    {line}" for line in program.strip().splitlines())
    [(got, enabled, printed)] = guest(
        f"{WATCHED}{lines}\n    say(debugger.sent, debugger.enabled, sys.stdout.getvalue())"
    )
    return got, enabled, printed


def test_an_editor_that_did_not_ask_gets_nothing() -> None:
    """No `redirectOutput` in its launch entry; what is printed is where it always is."""
    assert sent("print('a')\ndebugger.enable_output_redirection(False, False)\nprint('b')") == (
        [],
        [[False, False]],
        "a\nb\n",
    )


def test_an_editor_that_asks_gets_what_is_printed() -> None:
    """From then on, as it is printed."""
    program = """
print("before")
debugger.enable_output_redirection(True, False)
print("a", 1, sep="-", end="!")
print()
"""
    assert sent(program) == ([["a-1!", 1], ["\n", 1]], [[True, False]], "before\na-1!\n")


def test_a_script_that_asks_gives_it_to_whoever_attaches() -> None:
    """ptvsd's `redirect_output=True`, whatever the launch entry says."""
    program = """
redirects.ask()
debugger.enable_output_redirection(False, False)
print("a")
"""
    assert sent(program) == ([["a\n", 1]], [[True, True], [True, True]], "a\n")


def test_what_is_printed_into_a_file_is_for_the_file() -> None:
    """Also where that is stderr: pydevd has its own way for it."""
    program = """
redirects.ask()
print("a", file=io.StringIO())
print("b", file=None)
"""
    assert sent(program)[0] == [["b\n", 1]]


def test_nobody_is_told_where_nobody_is() -> None:
    """The editor has left, and its writer with it."""
    program = """
redirects.ask()
debugger.writer = None
print("a")
pydevd.get_global_debugger = lambda: None
print("b")
"""
    assert sent(program) == ([], [[True, True]], "a\nb\n")


def test_a_print_that_fails_fails() -> None:
    """As it would without an editor; the editor is told nothing."""
    program = """
redirects.ask()
try:
    print("a", sep=7)
except TypeError as error:
    debugger.sent.append(str(error))
"""
    assert sent(program)[0] == ["sep must be None or a string, not int"]
