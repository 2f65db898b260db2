"""
The worker's main loop: take a request, let `ScoringApp` answer it in the main thread, send the answer.

Signals behave as in gunicorn's sync worker: SIGTERM finishes the request in hand, SIGABRT (the host's WORKER_TIMEOUT)
raises SystemExit inside `run()`. Part of the guest half: standard library only, Python 3.9 syntax.

Source: gunicorn 27.0.1, workers/base.py and workers/sync.py (read 2026-11); contract 4.7, 4.8.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import socket
import sys
import time
from typing import Any, Dict, Optional

from amlemu.exchange import Request, Response
from amlemu.scoring import compat, faults
from amlemu.scoring.app import BootFault, ScoringApp
from amlemu.scoring.logs import Capture
from amlemu.worker import protocol
from amlemu.worker.protocol import Channel, Frame, Mark

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
    os.set_inheritable(endpoint, False)  # what the script starts shall not hold on to us
    channel = Channel(socket.socket(fileno=endpoint))
    channel.send(protocol.HELLO, {"version": protocol.VERSION, "python": sys.version.split()[0]})
    order = protocol.check_version(channel.receive(), protocol.ORDER)
    page = Mark(mark)
    os.close(mark)
    return Worker(channel, page, order).run()


class _Stopped(BaseException):
    """SIGTERM arrived while no request was in hand."""


class Worker:
    """One process around one script."""

    def __init__(self, channel: Channel, mark: Mark, order: Dict[str, Any]) -> None:
        self._channel = channel
        self._mark = mark
        self._order = order
        self._waiting = False
        self._stopping = False

    def run(self) -> int:
        """Boot the script, then answer requests; returns the process's exit code."""
        self._prepare()
        try:
            app = self._boot()
        except Exception as error:  # gunicorn, too, takes any exception before the first request for a boot failure
            folder = self._order["folder"]
            fault = error.fault if isinstance(error, BootFault) else faults.describe(error, "boot", folder)
            _flush()
            self._channel.send(protocol.FAILED, fault.as_data())
            return BOOT_FAILED
        try:
            while not self._stopping:
                frame = self._next()
                if frame is None:
                    break
                self._answer(app, frame)
        except _Stopped:
            pass
        _flush()
        return 0

    def _prepare(self) -> None:
        signal.signal(signal.SIGTERM, self._on_terminate)
        signal.signal(signal.SIGABRT, self._on_abort)
        signal.signal(signal.SIGINT, self._on_terminate)
        faulthandler.enable()  # after our handlers: it dumps the stack first, then lets them run
        os.chdir(self._order["folder"])
        # What is written to a pipe shall arrive line by line, not when 8 KB are full.
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        self._capture = Capture(self._said)
        self._stdout = sys.stdout  # as the real server's handler: the script may put another one in its place
        self._capture.start()
        compat.install()

    def _boot(self) -> ScoringApp:
        self._capture.redirect_print()
        app = ScoringApp(os.environ)
        started = time.perf_counter()
        app.boot()
        _flush()
        facts = {"boot_ms": (time.perf_counter() - started) * 1000, "style": app.script.style}
        self._channel.send(protocol.READY, facts)
        return app

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
        response = app.handle(request)
        _flush()
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
            fault = faults.describe(error, "run", self._order["folder"])
            logging.getLogger("gunicorn.error").error("Error handling request", exc_info=error, extra={"own": True})
            _flush()
            self._channel.send(protocol.CUT, fault.as_data())
        else:
            _flush()
            self._channel.send(protocol.END, 0)

    def _said(self, record: logging.LogRecord, text: str) -> None:
        own = getattr(record, "own", False)
        fields = (record.name, record.levelname, record.created, own, os.getpid(), text)
        self._stdout.write(protocol.pack_record(self._order["marker"], *fields))
        self._stdout.flush()

    def _on_terminate(self, number: int, frame: Any) -> None:
        self._stopping = True
        if self._waiting:
            raise _Stopped

    def _on_abort(self, number: int, frame: Any) -> None:
        self._stopping = True
        sys.exit(1)


def _flush() -> None:
    """Push out what the script has written, so that it reaches the host before the frame that follows."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass  # the script closed or replaced it
