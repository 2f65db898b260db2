"""
What the script says, in the editor's console as well: where the launch entry has `redirectOutput`, or the script asks for it as ptvsd's did.

pydevd sees what is written to sys.stdout and sys.stderr; `print` is the inference server's, and writes elsewhere. Part of the guest half: standard
library only, Python 3.9 syntax.

Source: debugpy 1.8.22, pydevd.py, PyDB.enable_output_redirection (read 2026-11).
"""

from __future__ import annotations

import builtins
import functools
import io
from typing import Any


class Redirects:
    """Whether the editor has what is said."""

    def __init__(self) -> None:
        self._is_asked = False  # by the script; an editor that attaches says what it wants, too
        self._is_on = False

    def watch(self) -> None:
        """Hear what editors want; from a worker that is about to join, once."""
        from pydevd import PyDB

        enable = PyDB.enable_output_redirection

        @functools.wraps(enable)
        def enable_as_asked(debugger: Any, stdout: bool, stderr: bool) -> None:
            self._is_on = stdout or self._is_asked
            enable(debugger, stdout or self._is_asked, stderr or self._is_asked)

        PyDB.enable_output_redirection = enable_as_asked
        builtins.print = self._with_editor(builtins.print)

    def ask(self) -> None:
        """Let the editor have it, whatever its launch entry says."""
        import pydevd

        self._is_asked = True
        pydevd.get_global_debugger().enable_output_redirection(True, True)

    def _with_editor(self, say: Any) -> Any:
        @functools.wraps(say)
        def say_there_too(*values: Any, **options: Any) -> None:
            say(*values, **options)
            if self._is_on and options.get("file") is None:
                text = io.StringIO()
                functools.partial(_PRINT, *values, **{**options, "file": text})()
                _tell_editor(text.getvalue())

        return say_there_too


_PRINT = print  # before anybody puts another one in its place


def _tell_editor(text: str) -> None:
    import pydevd

    debugger = pydevd.get_global_debugger()
    if debugger is not None and debugger.writer is not None:
        debugger.writer.add_command(debugger.cmd_factory.make_io_message(text, 1))
