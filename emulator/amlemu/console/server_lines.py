"""
For log readers: the lines of the real server, its formats, its loggers, its two streams.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from amlemu.console.base import Console
from amlemu.console.reloads import does_not_start, who_serves
from amlemu.console.server_start import start_print
from amlemu.environment import SERVER_SOFTWARE
from amlemu.events import (
    Event,
    LeftBehind,
    Noticed,
    ReloadFailed,
    RequestRefused,
    Spoke,
    WorkerEnded,
    WorkerStarted,
    WorkerTimedOut,
)
from amlemu.exchange import Exchange
from amlemu.scoring import logs, request_lines
from amlemu.worker.process import signal_name

if TYPE_CHECKING:
    from amlemu.emulator import Opening
    from amlemu.stand import Plan

_SET_UP = Path(logs.__file__)  # where our logging set-up is; the real server names its own file
_LEVELS = {"SIGKILL": "ERROR", "SIGTERM": "INFO"}  # of gunicorn's word on a signal; others are warnings
APP_LOAD_ERROR = 4  # gunicorn's second exit code for a worker that fails to boot


class ServerConsole(Console):
    """The lines of the real server: its formats, its loggers, its two streams (contract 4.13)."""

    _last_exit_code = 0
    _has_begun = _has_logging = _is_preloading = _is_stopping = False

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        """Take the two streams, see `Console`."""
        super().__init__(out, err)
        # Lines that gunicorn writes when it starts its first worker; a master that fails before says nothing of them.
        self._held = [f"Starting {SERVER_SOFTWARE.replace('/', ' ')}"]
        self._workers: set[int] = set()
        self._reason = ""

    def begin(self, environment: Mapping[str, str], notices: tuple[str, ...] = ()) -> None:
        """Write the start print, once; see `start_print`."""
        if not self._has_begun:
            self._has_begun = True
            self.loaded_logging()
            self._write(start_print(environment, notices))

    def loaded_logging(self) -> None:
        """Write the first line of all, once."""
        if not self._has_logging:
            self._has_logging = True
            self.say_as_server("INFO", f"Loaded logging config from {_SET_UP}")

    def opened(self, plan: Plan, opening: Opening) -> None:
        """Write the start print, and what gunicorn says before it starts workers."""
        self.begin(opening.environment)
        self._is_preloading = opening.environment.get("WORKER_PRELOAD", "").lower() == "true"
        self._held += [f"Listening at: {','.join(opening.addresses)} ({os.getpid()})", "Using worker: sync"]

    def port_taken(self, host: str, port: int) -> None:
        """Write what gunicorn says of a port that somebody else has."""
        self._release()
        self._gunicorn("ERROR", f"Connection in use: {(host, port)}")
        self._gunicorn("ERROR", f"connection to {(host, port)} failed: [Errno 98] Address already in use")

    def gave_up_port(self, host: str, port: int) -> None:
        """Write what gunicorn says when the port has stayed another's."""
        self._gunicorn("ERROR", f"Can't connect to {(host, port)}")

    def stopping(self, signal_name: str) -> None:
        """Write gunicorn's line about a signal."""
        self._is_stopping = True
        self._gunicorn("INFO", f"Handling signal: {signal_name}")

    def stopped(self) -> None:
        """Write gunicorn's last lines; a master that died before it was gunicorn has none."""
        if self._held:
            return
        self._gunicorn("ERROR" if self._reason else "INFO", "Shutting down: Master")
        if self._reason:
            self._gunicorn("ERROR", f"Reason: {self._reason}")

    def say_as_server(self, level: str, text: str) -> None:
        """Write a line of the server's first process."""
        self._write(_server_line(time.time(), level, os.getpid(), "azmlinfsrv", text))

    def event(self, event: Event) -> None:
        """Write what the real server would write."""
        if isinstance(event, Spoke) and event.stream != "log":
            self._write(event.text, self._err if event.stream == "stderr" else self._out)
        elif isinstance(event, Spoke) and event.logger == logs.plain_log.name:
            self._write(f"{event.text}\n", self._err if event.level == "ERROR" else self._out)
        elif isinstance(event, Spoke):
            self._record(event)
        elif isinstance(event, WorkerStarted):
            self._workers.add(event.pid)
            self._release()
            self._gunicorn("INFO", f"Booting worker with pid: {event.pid}", event.pid)
        elif isinstance(event, RequestRefused):
            self._gunicorn("WARNING", f"Invalid request from ip={event.client}: {event.why}")
        elif isinstance(event, WorkerTimedOut):
            self._gunicorn("CRITICAL", f"WORKER TIMEOUT (pid:{event.pid})")
        elif isinstance(event, WorkerEnded):
            self._ended(event)
        elif isinstance(event, ReloadFailed):  # the server's own lines have told why
            self.say("red", f"{does_not_start(event)}. {who_serves(event)}")
        elif isinstance(event, (Noticed, LeftBehind)):
            self.say("yellow", event.text)

    def _record(self, event: Spoke) -> None:
        """Write a record; what boots the script for the workers (WORKER_PRELOAD) is gunicorn's master, and that is us."""
        stream = self._err if event.logger.startswith("gunicorn.error") else self._out
        pid, text = event.pid, event.text
        if self._is_preloading and pid not in self._workers:
            pid, text = os.getpid(), text.replace(f"pid {event.pid} ", f"pid {os.getpid()} ")
        self._write(_server_line(event.at, event.level, pid, event.logger, text), stream)

    def _show(self, exchange: Exchange) -> None:
        """Write the server's line and gunicorn's access line."""
        request, said = exchange.request, exchange.model
        if said is None or exchange.account.get("silence"):  # it did not reach the server, or killed it
            return
        account, now = said.account, exchange.started_at + exchange.elapsed_ms / 1000
        if account.get("logged"):  # by the worker, as the script's own logging wants it
            return
        pid = account.get("pid", os.getpid())
        lines = ""
        if account.get("api_name"):
            lines += _server_line(
                now, "INFO", pid, "azmlinfsrv", request_lines.server_line(request, said.status, account)
            )
        sent = exchange.sent_bytes if exchange.response is said or not isinstance(said.body, bytes) else len(said.body)
        access = request_lines.access_line(request, said, sent, now)
        if "GET / HTTP/1.1" not in access:
            lines += _server_line(now, "INFO", pid, "gunicorn.access", access)
        if lines:
            self._write(lines)

    def boot_failed(self, fault: dict[str, Any]) -> None:
        """Note why; the server's own lines have told it, and gunicorn's master has the last words."""
        self._reason = "App failed to load." if self._last_exit_code == APP_LOAD_ERROR else "Worker failed to boot."

    def say(self, colour: str, text: str) -> None:
        """Our own words go to stderr, plainly."""
        self._write(f"amlemu: {text}\n", self._err)

    def _ended(self, event: WorkerEnded) -> None:
        self._last_exit_code = event.exit_code
        if event.planned and event.was_booting and not self._is_stopping:  # after a signal it does not look again
            self._gunicorn("INFO", f"Worker (pid:{event.pid}) was sent SIGTERM!")
        if event.planned:
            return
        if event.exit_code < 0:
            name = signal_name(-event.exit_code)
            more = " Perhaps out of memory?" if name == "SIGKILL" else ""
            self._gunicorn(_LEVELS.get(name, "WARNING"), f"Worker (pid:{event.pid}) was sent {name}!{more}")
        elif event.exit_code > 0:
            self._gunicorn("ERROR", f"Worker (pid:{event.pid}) exited with code {event.exit_code}.")

    def _release(self) -> None:
        """Write what was held: the first worker starts."""
        for text in self._held:
            self._gunicorn("INFO", text)
        self._held.clear()

    def _gunicorn(self, level: str, text: str, pid: int = 0) -> None:
        self._write(_server_line(time.time(), level, pid or os.getpid(), "gunicorn.error", text), self._err)


def _server_line(at: float, level: str, pid: int, logger: str, text: str) -> str:
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))
    return f"{stamp},{int(at % 1 * 1000):03d} {level[0]} [{pid}] {logger} - {text}\n"
