"""
The worker's main loop: take a request, let `ScoringApp` answer it in the main thread, send the answer.

Signals behave as in gunicorn's sync worker: SIGTERM finishes the request in hand; SIGINT, SIGQUIT and SIGABRT (the host's
WORKER_TIMEOUT) raise SystemExit inside `init()` or `run()`. `zygote.py` shares the boot and makes workers of a script that has booted already. Part
of the guest half: standard library only, Python 3.9 syntax.

Source: gunicorn 27.0.1, workers/base.py and workers/sync.py (read 2026-11); contract 4.7, 4.8.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import signal
import socket
import sys
import time
from typing import Any, Dict, NamedTuple, Optional, Tuple

from amlemu.exchange import Request, Response
from amlemu.scoring import compat, faults
from amlemu.scoring.app import BootFault, ScoringApp
from amlemu.scoring.logs import OWN, Capture, error_log, flush_streams
from amlemu.worker import protocol
from amlemu.worker.costs import Costs
from amlemu.worker.debugger import Debugger
from amlemu.worker.import_times import ImportTimes
from amlemu.worker.imports import Imports
from amlemu.worker.memory import Memory
from amlemu.worker.protocol import Channel, Frame, Mark
from amlemu.worker.writes import Writes

BOOT_FAILED = 3


def main(endpoint: int, mark: int) -> int:
    """
    Serve until the host closes its end.

    Args:
        endpoint: file descriptor of the worker's end of the socket pair.
        mark: file descriptor of the shared page.

    Returns:
        The exit code: 0, or 3 when the script cannot be booted.
    """
    with socket.socket(fileno=endpoint) as host:
        channel, order = greet(host)
        imports = Imports() if order.get("reloads") else None
        return live(channel, order, Mark.inherit(mark), imports)


def live(
    channel: Channel, order: Dict[str, Any], mark: Mark, imports: Optional[Imports], *, is_prepared: bool = False
) -> int:
    """Boot the script and answer requests until the host hangs up; returns the exit code."""
    worker = Worker(channel, mark, order["folder"])
    worker.take_signals()
    faulthandler.enable()  # after our handlers: it dumps the stack first, then lets them run
    if not is_prepared:
        prepare(order)
    if order.get("reloads"):
        Writes(lambda path: channel.send(protocol.WROTE, path)).watch()
    debugger = Debugger(channel, order["debugging"]) if "debugging" in order else None
    if debugger is not None:
        debugger.begin()
    try:
        booted = boot(channel, order, imports, debugger)
    except SystemExit:  # the server's own, or a signal's before the script was reached
        leave(BOOT_FAILED)
        raise
    return leave(BOOT_FAILED if booted is None else worker.serve(booted))


def greet(host: socket.socket) -> Tuple[Channel, Dict[str, Any]]:
    """Say hello and hear what to do. Raises ProtocolError when the host speaks another version, or is gone."""
    host.set_inheritable(False)  # what the script starts shall not hold on to us
    channel = Channel(host)
    channel.send(protocol.HELLO, {"version": protocol.VERSION, "python": sys.version.split()[0]})
    order = protocol.check_version(channel.receive(), protocol.ORDER)
    if order.get("processors"):  # before anything counts them, to start as many threads
        with contextlib.suppress(OSError):  # somebody has taken them away meanwhile
            os.sched_setaffinity(0, order["processors"])
    return channel, order


class Speech:
    """What is said through `print` and the server's loggers: records on stdout, a line each."""

    def __init__(self, marker: str) -> None:
        self.marker = marker  # of the host's view that reads us; a fork gets another one
        self._stdout = sys.stdout  # as the real server's handler: the script may put another one in its place

    def say(self, record: logging.LogRecord, text: str) -> None:
        """Write one record."""
        own = getattr(record, "own", False)
        fields = (record.name, record.levelname, record.created, own, os.getpid(), text)
        self._stdout.write(protocol.pack_record(self.marker, *fields))
        self._stdout.flush()


def prepare(order: Dict[str, Any]) -> Speech:
    """Make this process the place that a script finds itself in: folder, streams, loggers, `print`, old modules."""
    os.chdir(order["folder"])
    # What is written to a pipe shall arrive line by line, not when 8 KB are full.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    speech = Speech(order["marker"])
    capture = Capture(speech.say)
    capture.start()
    compat.install(order.get("models_folder"))
    capture.redirect_print()
    return speech


def leave(exit_code: int) -> int:
    """Say the last words of a worker, through the script's logging; returns the exit code."""
    error_log.info("Worker exiting (pid: %s)", os.getpid(), extra=OWN)
    flush_streams()
    return exit_code


class Booted(NamedTuple):
    """A script that has been loaded and initialised; `facts` is what the host is told of it."""

    app: ScoringApp
    facts: Dict[str, Any]


def boot(
    channel: Channel, order: Dict[str, Any], imports: Optional[Imports] = None, debugger: Optional[Debugger] = None
) -> Optional[Booted]:
    """
    Load the script and call its init(); None when that failed and the host has been told why.

    Args:
        imports: looks on, and the host is told; None where nobody wants to know.
        debugger: looks at what the script raises, if there is one.
    """
    costs = Costs(ImportTimes() if order.get("measures") else None)
    if order.get("reloads"):
        # Python takes a module for unchanged when it was saved in the same second and is as long as before.
        sys.dont_write_bytecode = True
    try:
        app = ScoringApp(
            os.environ,
            dials_debugger=order.get("dials_debugger", False),
            when_raised=debugger.look_at if debugger is not None else None,
            when_imported=costs.imported,
        )
        with imports or contextlib.nullcontext(), costs:
            app.boot()
    except Exception as error:  # gunicorn, too, takes any exception before the first request for a boot failure
        fault = error.fault if isinstance(error, BootFault) else faults.describe(error, "boot", order["folder"])
        flush_streams()
        _tell_imports(channel, imports)
        channel.send(protocol.FAILED, {**fault.as_data(), "costs": costs.as_data()})
        return None
    flush_streams()
    _tell_imports(channel, imports)
    return Booted(app, {**costs.as_data(), "style": app.script.style})


def _tell_imports(channel: Channel, imports: Optional[Imports]) -> None:
    if imports is not None:
        channel.send(protocol.IMPORTED, imports.as_data())


class _Stopped(BaseException):
    """SIGTERM arrived while no request was in hand."""


class Worker:
    """One process that answers requests, one at a time."""

    def __init__(self, channel: Channel, mark: Mark, folder: str) -> None:
        self._channel = channel
        self._mark = mark
        self._memory = Memory()
        self._folder = folder
        self._waiting = False
        self._stopping = False

    def take_signals(self) -> None:
        """Let signals end us as they end gunicorn's worker."""
        signal.signal(signal.SIGTERM, self._on_terminate)
        signal.signal(signal.SIGABRT, self._on_abort)
        for number in (signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, self._on_quit)

    def serve(self, booted: Booted) -> int:
        """Tell the host that we are ready, answer requests until it hangs up; returns the process's exit code."""
        self._memory.forget()
        self._channel.send(protocol.READY, booted.facts)
        try:
            while not self._stopping:
                frame = self._next()
                if frame is None:
                    break
                self._answer(booted.app, frame)
                del frame  # its body, and the answer, are not the next one's
                self._memory.settle()
        except _Stopped:
            pass
        flush_streams()
        return 0

    def _next(self) -> Optional[Frame]:
        self._waiting = True
        if self._stopping:
            return None
        frame = self._channel.receive()
        self._waiting = False
        return frame

    def _answer(self, app: ScoringApp, frame: Frame) -> None:
        number, broken, method, target, headers, version, client, server = frame.head
        self._mark.take(number)
        body = bytes(frame.body)
        request = Request(method, target, headers, body, version, tuple(client), tuple(server), broken=broken)
        began = time.perf_counter()
        response = app.handle(request)
        response.account["peak_bytes"] = self._memory.take_peak(time.perf_counter() - began)
        flush_streams()
        head = [response.status, response.phrase, response.headers, response.account]
        if isinstance(response.body, bytes):
            self._channel.send(protocol.ANSWER, head, response.body)
        else:
            self._channel.send(protocol.STREAM, head)
            self._stream(response)

    def _stream(self, response: Response) -> None:
        """Send the pieces of a streamed body; one that raises leaves the client with a cut stream."""
        try:
            for piece in response.body:  # type: ignore[union-attr]
                self._channel.send(protocol.CHUNK, 0, piece)  # type: ignore[arg-type]
        except BaseException as error:
            fault = faults.describe(error, "run", self._folder)
            logging.getLogger("gunicorn.error").error("Error handling request", exc_info=error, extra={"own": True})
            flush_streams()
            self._channel.send(protocol.CUT, fault.as_data())
        else:
            flush_streams()
            self._channel.send(protocol.END, 0)

    def _on_terminate(self, number: int, frame: Any) -> None:
        self._stopping = True
        if self._waiting:
            raise _Stopped

    def _on_quit(self, number: int, frame: Any) -> None:
        self._on_terminate(number, frame)
        sys.exit(0)

    def _on_abort(self, number: int, frame: Any) -> None:
        self._stopping = True
        sys.exit(1)
