"""
The inference server: boots a script and answers requests as azureml-inference-server-http does.

One `ScoringApp` per script; the in-process backend and every worker host the very same object. What happens to a
request is written in `endpoints.py`; a front routes it there (flask's own where the script loads flask, the plain one
otherwise), and `gunicorn.py` puts the head on the answer.

Source: azureml-inference-server-http 1.5.1, server/aml_blueprint.py (read 2026-11); contract 4.7, 4.12.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import os
import sys
import traceback
from typing import Callable, Iterator, Mapping, Optional, Union

from amlemu.exchange import Request, Response
from amlemu.scoring import (
    config,
    cors,
    debug_port,
    faults,
    gunicorn,
    insights,
    logging_file,
    request_lines,
    script,
    swagger,
)
from amlemu.scoring.endpoints import Call, Endpoints
from amlemu.scoring.flask_front import FlaskFront, LateFlask
from amlemu.scoring.logs import OWN, error_log, is_as_set_up, plain_log, server_log
from amlemu.scoring.plain_front import PlainFront

_TREE_LINES = 200
_NO_DEBUGGABILITY = (
    "The debuggability features have been removed. If you have a use case for them please reach out to us."
)


class BootFault(Exception):
    """The server would end with exit code 3; `fault` says why."""

    def __init__(self, fault: faults.Fault) -> None:
        self.fault = fault
        super().__init__(fault.what)


class ScoringApp:
    """The server around one script. Not thread-safe: one request at a time, as under gunicorn's sync worker."""

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        dials_debugger: bool = False,
        when_raised: Optional[Callable[[BaseException], None]] = None,
        when_imported: Callable[[], None] = lambda: None,
    ) -> None:
        """
        Remember the variables that configure the server (contract 3.7); nothing is loaded yet.

        Args:
            environment: all of them.
            dials_debugger: AZUREML_DEBUG_PORT counts.
            when_raised: gets what the script has raised, before anything is made of it.
            when_imported: called when the script has been loaded, and init() has not.
        """
        self._environment = environment
        self._dials_debugger = dials_debugger
        self._when_raised = when_raised
        self._when_imported = when_imported
        self._root = environment.get("AML_APP_ROOT", "/var/azureml-app")
        self._late_flask = LateFlask(self._flask_arrived)
        self._call: Optional[Call] = None

    def boot(self) -> None:
        """
        Read the settings, load the script, call init(), prepare the OpenAPI documents.

        Raises:
            BootFault: the real server would leave with exit code 3.
            SystemExit: it would leave with this code; see `debug_port.connect`.
        """
        self._read_files()
        self._dial_debugger()
        plain_log.info("Initializing logger", extra=OWN)
        insights.start(self._config.model_dir)
        origins = self._read_origins()
        self.script = script.UserScript(self._config.entry_script or None, self._root, self._when_raised)
        sys.meta_path.insert(0, self._late_flask)
        self._import_flask_if_named()
        self._load_script()
        self._when_imported()
        self._invoke_init()
        if {"AML_DBG_MODEL_INFO", "AML_DBG_RESOURCE_INFO"} & self._environment.keys():
            server_log.warning(_NO_DEBUGGABILITY, extra=OWN)
        documents = self._prepare_documents()
        timeout_ms = self._config.scoring_timeout_ms
        self._endpoints = Endpoints(self.script, documents, origins, timeout_ms, self._root)
        self._front: Union[PlainFront, FlaskFront] = PlainFront(self._endpoints)
        if self.script.style == "raw" or "flask" in sys.modules:
            self._front = FlaskFront(self._endpoints)
        server_log.info(f"Scoring timeout is set to {timeout_ms}", extra=OWN)
        server_log.info(f"Worker with pid {os.getpid()} ready for serving traffic", extra=OWN)

    def close(self) -> None:
        """Take our finder out of the import system again."""
        if self._late_flask in sys.meta_path:
            sys.meta_path.remove(self._late_flask)

    def handle(self, request: Request) -> Response:
        """
        Answer one request, 4xx and 5xx included.

        Returns:
            The server's answer with gunicorn's head. A streamed body is an iterator that runs the script's generator.
            `account` holds `run_ms`, `duration_ms`, `length` and, when the script failed, `fault`.
        """
        call = self._call = Call(request)
        error_log.debug("%s %s", request.method, gunicorn.split_uri(request.target)[0], extra=OWN)
        try:
            response = _begin_stream(_told(call, self._front_for(request).answer(call)))
        except gunicorn.Misplaced as error:
            error_log.warning("Invalid request from ip=%s: %s", request.client[0], error, extra=OWN)
            response = _told(call, _page(call, "Bad Request", str(error)))
        except BaseException as error:  # SystemExit and the like: gunicorn's worker survives them, so do we
            response = _told(call, self._unhandled(call, error))
        self._call = None
        return response

    def _front_for(self, request: Request) -> Union[PlainFront, FlaskFront]:
        if isinstance(self._front, PlainFront) and self._front.defers_to_flask(request):
            with contextlib.suppress(ImportError):
                self._front = FlaskFront(self._endpoints)
        return self._front

    def _unhandled(self, call: Call, error: BaseException) -> Response:
        request = call.request
        error_log.error("Error handling request %s %s", request.method, request.target, exc_info=error, extra=OWN)
        call.account["fault"] = faults.describe(error, "run", self._root).as_data()
        return _page(call, "Internal Server Error")

    def _flask_arrived(self) -> None:
        """Move over to flask; a call that is under way gets its context now."""
        if self._call is not None:
            self._front = FlaskFront(self._endpoints)
            self._call.late_context = self._front.late_context(self._call)

    def _read_files(self) -> None:
        try:
            self._config = config.read(self._environment)
            self._extend_path()  # a logging.json may name classes of the script's folder
            logging_file.load(self._root, self._config.entry_script)
        except config.ConfigFault as error:
            for text in error.texts:
                server_log.critical(text, extra=OWN)
            raise BootFault(faults.Fault("config", "ConfigFault", error.what)) from error

    def _extend_path(self) -> None:
        """Only the app root is importable, not the script's own folder below it (contract 4.12)."""
        sys.path.append(self._root)
        if self._config.source_dir:
            sys.path.append(os.path.join(self._root, self._config.source_dir))

    def _dial_debugger(self) -> None:
        port = self._config.debug_port
        if not self._dials_debugger or not port:
            return
        try:
            debug_port.connect(port)
        except Exception as error:  # whatever debugpy raises
            _log_boot_failure(error)
            what = f"AZUREML_DEBUG_PORT={port}: no debugger can be reached there: {error}"
            raise BootFault(faults.Fault("debugger", type(error).__name__, what)) from error

    def _read_origins(self) -> Optional[cors.Policy]:
        if not self._config.cors_origins:
            return None
        policy = cors.Policy(self._config.cors_origins)
        server_log.info(f"Enabling CORS for the following origins: {', '.join(policy.origins)}", extra=OWN)
        return policy

    def _import_flask_if_named(self) -> None:
        """A script that names flask finds it loaded, as under the real server, also where it imports it in run()."""
        with contextlib.suppress(OSError, TypeError):
            path = os.path.join(self._root, self._config.entry_script or "main.py")
            with open(path, "rb") as file:
                is_named = b"flask" in file.read()
            if is_named:
                with contextlib.suppress(ImportError):
                    importlib.import_module("flask")

    def _load_script(self) -> None:
        try:
            self.script.load()
        except faults.ScriptFault as error:
            text = traceback.format_exc()
            if "No module named 'main'" in text:
                server_log.error("No score script found. Expected score script main.py.", extra=OWN)
                server_log.error(f"Expected script to be found in PYTHONPATH: {sys.path}", extra=OWN)
                server_log.error(self._about_root(), extra=OWN)
            elif "FileNotFoundError" in text:
                server_log.error("No such file or directory.", extra=OWN)
                server_log.error(text, extra=OWN)
            else:
                server_log.error(text, extra=OWN)
            raise BootFault(self._boot_fault(error, "import")) from error
        except TypeError as error:  # such as `run = 5`: no signature to inspect
            _log_boot_failure(error)
            fault = faults.Fault("check", "TypeError", f"run is no function: {error}", self.script.place)
            raise BootFault(fault) from error

    def _about_root(self) -> str:
        if os.path.isdir(self._root):
            return f"Current contents of AML_APP_ROOT: {os.listdir(self._root)}"
        return f"The directory {self._root} not an accessible directory in the container."

    def _invoke_init(self) -> None:
        try:
            self.script.invoke_init()
        except faults.ScriptFault as error:
            server_log.error("User's init function failed", extra=OWN)
            server_log.error("Encountered Exception %s", traceback.format_exc(), extra=OWN)
            self._log_model_folder()
            raise BootFault(self._boot_fault(error, "init")) from error

    def _log_model_folder(self) -> None:
        folder = self._config.model_dir
        if not folder or not os.path.exists(folder):
            return
        server_log.info("Model Directory Contents:", extra=OWN)
        lines = _tree(folder, 0)
        for line in itertools.islice(lines, _TREE_LINES):
            server_log.info(line, extra=OWN)
        if next(lines, None):
            server_log.info(f"Output Truncated. First {_TREE_LINES} lines shown.", extra=OWN)

    def _prepare_documents(self) -> swagger.Documents:
        try:
            return swagger.prepare(self.script.run, self._root, self._config)
        except (OSError, ValueError, RecursionError) as error:
            _log_boot_failure(error.__cause__ or error)
            raise BootFault(faults.Fault("swagger", type(error).__name__, str(error))) from error

    def _boot_fault(self, error: faults.ScriptFault, phase: str) -> faults.Fault:
        if isinstance(error, faults.ScriptRaised):
            return faults.describe(error.cause, phase, self._root)
        what = getattr(error, "what", str(error).rstrip("."))
        return faults.Fault(error.phase, "ScriptFault", what, self.script.place, error.hint)


def _log_boot_failure(error: BaseException) -> None:
    """Say what gunicorn says of an exception that the server itself does not expect."""
    error_log.error("Exception in worker process", exc_info=error, extra=OWN)
    plain_log.error(str(error), extra=OWN)


def _page(call: Call, reason: str, message: str = "") -> Response:
    """Return gunicorn's page; the wire has to know, for it writes such a page as it is."""
    call.account["is_page"] = True
    return gunicorn.page(500, reason, message)


def _told(call: Call, response: Response) -> Response:
    """Finish the account; where the host is not to write the lines of this request, say the second one."""
    response.account = call.account
    is_by_host = is_as_set_up() if call.is_told_by_host is None else call.is_told_by_host
    if not is_by_host:
        request_lines.say_answered(call.request, response)
    return response


def _begin_stream(response: Response) -> Response:
    """Run a streamed body up to its first piece: gunicorn sends no head before, so an error there is a plain 500."""
    if not isinstance(response.body, bytes):
        pieces: Iterator[bytes] = response.body  # type: ignore[assignment]
        first = next(pieces, b"")
        response.body = itertools.chain((first,), pieces)
    return response


def _tree(path: str, depth: int) -> Iterator[str]:
    path = os.path.normpath(path)
    name = "    " * depth + os.path.basename(path)
    if not os.path.isdir(path):
        yield name
        return
    yield name + os.sep
    for child in sorted(os.listdir(path)):
        yield from _tree(os.path.join(path, child), depth + 1)
