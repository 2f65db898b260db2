"""
The user's script: load it, check it, call `init()` once and `run()` for every request.

It knows nothing of HTTP: `codec.py` makes the arguments, `app.py` turns faults into answers.

Source: azureml-inference-server-http 1.5.1, server/user_script.py and server/utils.py (read 2026-11); contract 4.4,
4.7, 4.8, 4.12.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import signal
import sys
import threading
import time
from types import ModuleType
from typing import Any, Callable, Dict, List, NamedTuple, Optional

from amlemu.scoring.faults import FunctionMissing, ScriptFault, ScriptNotImported, ScriptRaised, ScriptTimedOut
from amlemu.scoring.logs import OWN, script_log

_RAWHTTP_HOMES = ("azureml_inference_server_http.api.aml_request", "azureml.contrib.services.aml_request")
_NAMEABLE = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Result(NamedTuple):
    """What `run()` returned and how long it took (milliseconds, `run()` only)."""

    output: Any
    elapsed_ms: float


class UserScript:
    """
    One loaded script.

    Attributes:
        style: "raw", "schema" or "text": what run() wants to be called with.
        module: the script itself.
        spares_timers: a timer of this process that others have set goes on; the real server ends it.
    """

    style = "text"
    spares_timers = False
    module: Any
    parameters: List[inspect.Parameter]

    def __init__(
        self,
        entry_script: Optional[str],
        app_root: str,
        when_raised: Optional[Callable[[BaseException], None]] = None,
    ) -> None:
        """
        Remember where the script is; nothing is loaded yet.

        Args:
            entry_script: absolute, or relative to `app_root`; None means main.py.
            app_root: AML_APP_ROOT.
            when_raised: gets what its top level, init() or run() has raised.
        """
        self._when_raised = when_raised or _nobody_looks
        self._entry_script = entry_script
        self._app_root = app_root
        self._wants_headers = False

    def load(self) -> None:
        """
        Import the script, find init() and run(), and check the signature of run().

        Raises:
            ScriptNotImported: its top level raised, sys.exit included.
            ScriptFault: init() or run() is missing, or run() cannot be called.
        """
        module = self.module = self._import()
        for name in ("init", "run"):
            if not hasattr(module, name):
                others = [other for other, value in vars(module).items() if inspect.isfunction(value)]
                raise FunctionMissing(name, module.__file__, others)
        self._init = module.init
        self.run = self._find_run(module)
        self._check_run()

    @property
    def place(self) -> str:
        """`file:line` of run() where it is known, else of the script's first line."""
        code = getattr(getattr(self, "run", None), "__code__", None)
        path = self._entry_script or "main.py"
        if code is not None and os.path.basename(code.co_filename) == os.path.basename(path):
            return f"{os.path.basename(path)}:{code.co_firstlineno}"
        return f"{os.path.basename(path)}:1"

    def invoke_init(self) -> None:
        """Call init(); raises ScriptRaised whatever it raised, sys.exit included."""
        script_log.info("Invoking user's init function", extra=OWN)
        try:
            self._init()
        except BaseException as error:
            self._when_raised(error)
            raise ScriptRaised(error) from error
        script_log.info("Users's init has completed successfully", extra=OWN)

    def invoke_run(self, arguments: Dict[str, Any], headers: Callable[[], Dict[str, str]], timeout_ms: int) -> Result:
        """
        Call run() once, in this thread.

        Args:
            arguments: by name.
            headers: makes the plain dict for a parameter called `request_headers`; called only if there is one.
            timeout_ms: 0 = no limit; kept only in a main thread, and by a signal, so a long C call ends first.

        Raises:
            ScriptTimedOut: the limit was met, or run() raised a TimeoutError of its own (the server cannot tell).
            ScriptRaised: run() raised an Exception. Anything else (SystemExit ...) passes through.
        """
        try:
            with _TimeLimit(timeout_ms, self.spares_timers):
                if self._wants_headers:
                    arguments["request_headers"] = headers()
                started = time.perf_counter()
                output = self.run(**arguments)
                elapsed_ms = (time.perf_counter() - started) * 1000
        except TimeoutError as error:
            raise ScriptTimedOut(timeout_ms, error) from None
        except Exception as error:
            self._when_raised(error)
            raise ScriptRaised(error) from error
        return Result(output, elapsed_ms)

    def _import(self) -> Any:
        try:
            if self._entry_script is None:
                return importlib.import_module("main")
            location = os.path.join(self._app_root, self._entry_script.replace("/", os.sep))
            spec = importlib.util.spec_from_file_location("entry_module", location)
            # As in the real server the module is *not* in sys.modules: a class pickled from it is not found again.
            module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
            spec.loader.exec_module(module)  # type: ignore[union-attr]
        except BaseException as error:
            self._when_raised(error)
            raise ScriptNotImported(error) from error
        return module

    def _find_run(self, module: Any) -> Callable[..., Any]:
        """Return run(), looking through a generated driver module to the script behind it."""
        behind = getattr(module, "driver_module", None)
        if isinstance(behind, ModuleType) and hasattr(behind, "run"):
            message = f"Found driver script at {module.__file__} and the score script at {behind.__file__}"
            script_log.info(message, extra=OWN)
            return behind.run  # type: ignore[no-any-return]
        script_log.info(f"Found user script at {module.__file__}", extra=OWN)
        return module.run  # type: ignore[no-any-return]

    def _check_run(self) -> None:
        parameters = list(inspect.signature(self.run).parameters.values())  # TypeError when it is no function
        if any(parameter.kind not in _NAMEABLE for parameter in parameters):
            raise ScriptFault("run() cannot accept positional-only arguments, *args, or **kwargs.")
        self._wants_headers = any(parameter.name == "request_headers" for parameter in parameters)
        self.parameters = [parameter for parameter in parameters if parameter.name != "request_headers"]
        if not self.parameters:
            missing = (
                'an argument other than "request_headers"' if self._wants_headers else "an argument for input data"
            )
            raise ScriptFault(f"run() needs to accept {missing}.")
        self.style = self._find_style()
        script_log.info(_INTRODUCTIONS[self.style] % ", ".join(p.name for p in self.parameters), extra=OWN)

    def _find_style(self) -> str:
        decorated = is_schema_decorated(self.run)
        if _is_rawhttp_requested():
            if decorated:
                raise ScriptFault("run() cannot be decorated with both @rawhttp and @input_schema")
            return "raw"
        return "schema" if decorated else "text"


def _nobody_looks(error: BaseException) -> None:
    """Let it pass."""


_INTRODUCTIONS = {
    "raw": "run() is decorated with @rawhttp. Server will invoke it with the flask request object.%.0s",
    "schema": "run() is decorated with @input_schema. Server will invoke it with the following arguments: %s.",
    "text": "run() is not decorated. Server will invoke it with the input in JSON string.%.0s",
}


def is_schema_decorated(run: Callable[..., Any]) -> bool:
    """Tell whether inference-schema decorates `run`; never imports it (a decorated script already has)."""
    library = sys.modules.get("inference_schema.schema_util")
    return library is not None and bool(library.is_schema_decorated(run))


def _is_rawhttp_requested() -> bool:
    """@rawhttp on *any* function counts, as in the real server: the decorator sets a flag of its module."""
    modules = [sys.modules.get(name) for name in _RAWHTTP_HOMES]
    return any(vars(module).get("_rawHttpRequested", False) for module in modules if module is not None)


_AT_ONCE_S = 0.001  # a timer of no time at all would be none


def _alarm(number: int, frame: Any) -> None:
    raise TimeoutError


try:  # without the enums that signal.signal makes of handlers: twice a request they cost more than all the rest
    from _signal import signal as _set_handler  # type: ignore[import-not-found]
except ImportError:
    from signal import signal as _set_handler


class _TimeLimit:
    """Raises TimeoutError in this thread after `timeout_ms`, once. Does nothing off the main thread or on Windows."""

    def __init__(self, timeout_ms: int, spares_others: bool) -> None:
        """`spares_others`: a timer that somebody else has set goes on afterwards, and one that ends sooner is left alone."""
        self._timeout_s = timeout_ms / 1000
        self._others_s = 0.0
        self._is_kept = os.name != "nt" and threading.current_thread() is threading.main_thread()
        if spares_others and self._is_kept:
            self._others_s = signal.getitimer(signal.ITIMER_REAL)[0]
            self._is_kept = not self._others_s or 0 < self._timeout_s < self._others_s

    def __enter__(self) -> None:
        if self._is_kept:
            self._started = time.monotonic()
            self._previous = _set_handler(signal.SIGALRM, _alarm)
            signal.setitimer(signal.ITIMER_REAL, self._timeout_s)

    def __exit__(self, *error: object) -> None:
        if not self._is_kept:
            return
        signal.setitimer(signal.ITIMER_REAL, 0)
        _set_handler(signal.SIGALRM, self._previous)
        if self._others_s:
            left_s = self._others_s - (time.monotonic() - self._started)
            signal.setitimer(signal.ITIMER_REAL, max(left_s, _AT_ONCE_S))
