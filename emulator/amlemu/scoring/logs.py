"""
How a script speaks: `print()` and the server's loggers become records; raw writes to the two streams stay raw.

The set-up is the real server's, traps included: `print` always goes to the logger `azmlinfsrv.print` (its `end=` is
dropped, `redirect_stdout` does not see it), the root logger shows warnings on stderr, and INFO from other loggers is
lost (contract 4.13).

Source: azureml-inference-server-http 1.5.1, print_log_hook.py, logging.json; observed logging cases.
"""

from __future__ import annotations

import builtins
import functools
import logging
import sys
import threading
from typing import Any, Callable, List, Optional, Tuple

Sink = Callable[[logging.LogRecord, str], None]

server_log = logging.getLogger("azmlinfsrv")
script_log = logging.getLogger("azmlinfsrv.user_script")
swagger_log = logging.getLogger("azmlinfsrv.swagger")
error_log = logging.getLogger("gunicorn.error")
OWN = {"own": True}  # marks a record of the server's own doings: logger.info(..., extra=OWN)


class SinkHandler(logging.Handler):
    """Hands every record, with its text, to one callable."""

    def __init__(self, sink: Sink) -> None:
        super().__init__(logging.INFO)
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one record on with its text, exception included."""
        try:
            self._sink(record, self.format(record))
        except Exception:
            self.handleError(record)


class Capture:
    """The logging set-up of a worker, and the way back (a thread in a test must leave the world as it was)."""

    def __init__(self, sink: Sink) -> None:
        self._handler = SinkHandler(sink)
        self._before: List[Tuple[logging.Logger, int, bool]] = []
        self._level = logging.root.level  # the script's own choice for the root logger, kept from call to call

    def start(self) -> None:
        """Route the server's loggers to the sink and give the root logger its handler on stderr."""
        self._print = builtins.print
        self._root = (list(logging.root.handlers), logging.root.level)
        for logger in (server_log, error_log):
            self._before.append((logger, logger.level, logger.propagate))
            logger.setLevel(logging.INFO)
            logger.propagate = False
            logger.addHandler(self._handler)
        logging.basicConfig()
        logging.root.setLevel(self._level)

    def redirect_print(self, only_thread: Optional[int] = None) -> None:
        """
        Replace `print` for the whole process, as the real server does before it loads the script.

        `only_thread` (a thread's ident) leaves the other threads their own `print`: in a test they are not the script.
        """
        builtins.print = _print_to_logger(self._print, only_thread)

    def stop(self) -> None:
        """Undo `start` and `redirect_print`."""
        builtins.print = self._print
        for logger, level, propagate in self._before:
            logger.removeHandler(self._handler)
            logger.setLevel(level)
            logger.propagate = propagate
        self._before.clear()
        handlers, level = self._root
        self._level = logging.root.level
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)


def _print_to_logger(original: Callable[..., None], only_thread: Optional[int]) -> Callable[..., None]:
    log = logging.getLogger("azmlinfsrv.print")

    @functools.wraps(original)
    def print_to_logger(*objects: Any, sep: Any = " ", end: Any = "\n", file: Any = None, flush: bool = False) -> None:
        if only_thread is not None and threading.get_ident() != only_thread:
            original(*objects, sep=sep, end=end, file=file, flush=flush)
            return
        file = file or sys.stdout
        content = sep.join(map(str, objects))
        if file is sys.stdout:
            log.info("%s", content)
        else:
            original(*objects, sep=sep, end=end, file=file, flush=flush)

    return print_to_logger
