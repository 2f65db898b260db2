"""
What the script prints, in the editor's console as well: where the launch entry has `redirectOutput`, or the script asks for it as ptvsd's did.

pydevd sees what is written to sys.stdout and sys.stderr. `print` is the inference server's since 0.8: it goes to a logger, which
has the stdout from before.

Source: debugpy 1.8.22, pydevd.py, PyDB.enable_output_redirection; azureml-inference-server-http 1.5.1, print_log_hook.py (read 2026-11).
"""

from __future__ import annotations

import functools
import logging
from typing import Any

_PRINTED = "azmlinfsrv.print"


def watch() -> None:
    """Hear what editors want."""
    from pydevd import PyDB

    printed = _Printed()
    logging.getLogger(_PRINTED).addFilter(printed)
    enable = PyDB.enable_output_redirection

    @functools.wraps(enable)
    def enable_as_asked(debugger: Any, stdout: bool, stderr: bool) -> None:
        printed.is_on = stdout or _Printed.is_asked
        enable(debugger, stdout or _Printed.is_asked, stderr or _Printed.is_asked)

    PyDB.enable_output_redirection = enable_as_asked


def ask() -> None:
    """Let the editor have it, whatever its launch entry says."""
    import pydevd

    _Printed.is_asked = True
    pydevd.get_global_debugger().enable_output_redirection(True, True)


class _Printed(logging.Filter):
    """Shows the editor what the server makes of print(). A filter, as the server configures its loggers once more and takes handlers off."""

    is_asked = False  # by the script; an editor that attaches says what it wants, too
    is_on = False

    def filter(self, record: logging.LogRecord) -> bool:
        import pydevd

        debugger = pydevd.get_global_debugger()
        if self.is_on and debugger is not None and debugger.writer is not None:
            text = record.getMessage() + "\n"
            debugger.writer.add_command(debugger.cmd_factory.make_io_message(text, 1))
        return True
