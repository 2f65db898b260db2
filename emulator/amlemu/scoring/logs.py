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
from typing import Any, Callable, Dict, List, Optional, TextIO

Sink = Callable[[logging.LogRecord, str], None]

server_log = logging.getLogger("azmlinfsrv")
script_log = logging.getLogger("azmlinfsrv.user_script")
swagger_log = logging.getLogger("azmlinfsrv.swagger")
trace_log = logging.getLogger("azmlinfsrv.trace")
error_log = logging.getLogger("gunicorn.error")
access_log = logging.getLogger("gunicorn.access")
plain_log = logging.getLogger("amlemu.plain")  # what the real server prints bare, before `print` becomes a record
OWN = {"own": True}  # marks a record of the server's own doings: logger.info(..., extra=OWN)

_Setup = Dict[str, Any]
_LISTS = ("handlers", "filters")


class SinkHandler(logging.StreamHandler):  # type: ignore[type-arg]  # no subscript before Python 3.11
    """Hands every record, with its text, to one callable, until the script gives it another format or stream."""

    def __init__(self, sink: Sink, stream: TextIO) -> None:
        super().__init__(stream)
        self.setLevel(logging.INFO)
        self._sink = sink
        self._own = stream

    @property
    def is_untouched(self) -> bool:
        """Tell whether a console still decides what a record looks like, and that it is seen."""
        is_plain = self.formatter is None and self.stream is self._own
        return is_plain and self.level == logging.INFO and not self.filters

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one record on with its text, exception included."""
        if self.formatter is not None or self.stream is not self._own:
            super().emit(record)
            return
        try:
            self._sink(record, self.format(record))
        except Exception:
            self.handleError(record)


def is_no_probe(record: logging.LogRecord) -> bool:
    """The filter of the access log: no line for `GET /`."""
    return "GET / HTTP/1.1" not in record.getMessage()


def is_as_set_up() -> bool:
    """
    Tell whether what is said of requests still becomes records as `Capture` has arranged it.

    Then nobody in the worker needs it, and the host writes the same lines once the client has its answer. A script may
    arrange its logging otherwise: by a logging.json, dictConfig, a handler of its own, a level, logging.disable ...
    """
    return _is_ours(server_log, []) and _is_ours(access_log, [is_no_probe])


def _is_ours(logger: logging.Logger, filters: List[Any]) -> bool:
    handlers = logger.handlers
    if len(handlers) != 1 or not isinstance(handlers[0], SinkHandler) or not handlers[0].is_untouched:
        return False
    return logger.filters == filters and not logger.propagate and logger.isEnabledFor(logging.INFO)


class Capture:
    """
    The logging set-up of a worker, and the way back (a thread in a test must leave the world as it was).

    What the script changes, a logging.json included, is undone by `stop` and there again after the next `start`.
    """

    def __init__(self, sink: Sink, *, is_overheard: bool = False) -> None:
        """
        Args:
            sink: gets what print() and the server's loggers say.
            is_overheard: the root logger's handlers of this process hear the script, too, whatever it does with its own: a test's.
        """
        self._is_overheard = is_overheard
        out, err = SinkHandler(sink, sys.stdout), SinkHandler(sink, sys.stderr)
        for logger in (server_log, access_log, error_log, plain_log):
            logger.setLevel(logging.INFO)  # for good: each change makes all loggers forget what they know of levels
        self._inner = {
            server_log: _servers(out),
            access_log: {**_servers(out), "filters": [is_no_probe]},
            error_log: _servers(err),
            plain_log: _servers(out),
        }
        self._watched: List[logging.Logger] = []
        self._outer: Dict[logging.Logger, _Setup] = {}

    def start(self) -> None:
        """Route the server's loggers to the sink and give the root logger its handler on stderr."""
        self._print = builtins.print
        self._outer = {logger: _setup_of(logger) for logger in self._watched or all_loggers()}
        for logger, setup in self._inner.items():
            _apply(logger, setup)
        before = list(logging.root.handlers)
        if not before and "handlers" not in self._inner.get(logging.root, ()):
            logging.basicConfig()
        self._added = [handler for handler in logging.root.handlers if handler not in before]
        if self._is_overheard:
            here, outer = logging.root.handlers, self._outer[logging.root]["handlers"]
            here.extend([handler for handler in outer if handler not in here])

    def redirect_print(self, only_thread: Optional[int] = None) -> None:
        """
        Replace `print` for the whole process, as the real server does before it loads the script.

        `only_thread` (a thread's ident) leaves the other threads their own `print`: in a test they are not the script.
        """
        builtins.print = _print_to_logger(self._print, only_thread)

    def stop(self) -> None:
        """Undo `start`, `redirect_print` and what the script has done to loggers meanwhile."""
        builtins.print = self._print
        for handler in self._added:
            logging.root.removeHandler(handler)
        outer = {**dict.fromkeys(self._new_loggers(), _FRESH), **self._outer}
        self._inner = {}
        for logger, setup in outer.items():
            changed = {name: value for name, value in _setup_of(logger).items() if value != setup[name]}
            if changed:
                _apply(logger, {name: setup[name] for name in changed})
                self._inner[logger] = self._own(logger, changed, setup)
        # Most loggers are of no interest to a script: no need to look at all of them at every call.
        self._watched = self._watched or list({logging.root: 1, **self._inner})

    def _own(self, logger: logging.Logger, changed: _Setup, outer: _Setup) -> _Setup:
        """Leave out the handlers that only listen."""
        if logger is not logging.root or not self._is_overheard or "handlers" not in changed:
            return changed
        return {**changed, "handlers": [handler for handler in changed["handlers"] if handler not in outer["handlers"]]}

    def _new_loggers(self) -> List[logging.Logger]:
        """Return loggers that the script has made and given handlers, or disabled; a library's NullHandler may stay."""
        new = [] if self._watched else [logger for logger in all_loggers() if logger not in self._outer]
        return [
            log
            for log in new
            if log.disabled or any(type(handler) is not logging.NullHandler for handler in log.handlers)
        ]


_FRESH: _Setup = {"level": logging.NOTSET, "propagate": True, "disabled": False, "handlers": [], "filters": []}


def _servers(handler: SinkHandler) -> _Setup:
    return {**_FRESH, "level": logging.INFO, "propagate": False, "handlers": [handler]}


def all_loggers() -> List[logging.Logger]:
    """Return the loggers of this process, the root first."""
    known = list(logging.root.manager.loggerDict.values())
    return [logging.root, *(logger for logger in known if isinstance(logger, logging.Logger))]


def _setup_of(logger: logging.Logger) -> _Setup:
    setup = {name: getattr(logger, name) for name in _FRESH}
    return {**setup, **{name: list(setup[name]) for name in _LISTS}}


def _apply(logger: logging.Logger, setup: _Setup) -> None:
    for name, value in setup.items():
        if name in _LISTS:
            getattr(logger, name)[:] = value
        elif name != "level":
            setattr(logger, name, value)
        elif logger.level != value:
            logger.setLevel(value)  # it forgets what it has remembered about levels


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


def flush_streams() -> None:
    """Push out what the script has written, so that it reaches the host before the frame that follows."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass  # the script closed or replaced it
