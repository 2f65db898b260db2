"""
For log readers: the lines of the real server, its formats, its loggers, its two streams.
"""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from amlemu.console.base import Console
from amlemu.events import Event, RequestRefused, Spoke, WorkerEnded, WorkerStarted, WorkerTimedOut
from amlemu.exchange import Exchange

APP_LOAD_ERROR = 4  # gunicorn's second exit code for a worker that fails to boot


class ServerConsole(Console):
    """The lines of the real server: its formats, its loggers, its two streams (contract 4.13)."""

    _last_exit_code = 0

    def event(self, event: Event) -> None:
        """Write what the real server would write."""
        if isinstance(event, Spoke) and event.stream != "log":
            self._write(event.text, self._err if event.stream == "stderr" else self._out)
        elif isinstance(event, Spoke):
            stream = self._err if event.logger.startswith("gunicorn.error") else self._out
            self._write(_server_line(event.at, event.level, event.pid, event.logger, event.text), stream)
        elif isinstance(event, WorkerStarted):
            self._gunicorn("INFO", f"Booting worker with pid: {event.pid}")
        elif isinstance(event, RequestRefused):
            self._gunicorn("WARNING", f"Invalid request from ip={event.client}: {event.why}")
        elif isinstance(event, WorkerTimedOut):
            self._gunicorn("CRITICAL", f"WORKER TIMEOUT (pid:{event.pid})")
        elif isinstance(event, WorkerEnded):
            self._ended(event)

    def _show(self, exchange: Exchange) -> None:
        """Write the server's line and gunicorn's access line."""
        request, response = exchange.request, exchange.response
        if response is None:
            return
        account, now = response.account, exchange.started_at + exchange.elapsed_ms / 1000
        pid = account.get("pid", os.getpid())
        lines = ""
        if account.get("api_name"):
            words = (
                request.method,
                request.target,
                response.status,
                f"{account['duration_ms']:.3f}ms",
                account["length"],
            )
            lines += _server_line(now, "INFO", pid, "azmlinfsrv", " ".join(map(str, words)))
        first = f"{request.method} {request.target} HTTP/{request.version}"
        if "GET / HTTP/1.1" not in first:
            lines += _server_line(now, "INFO", pid, "gunicorn.access", _access(exchange, first, now))
        if lines:
            self._write(lines)

    def boot_failed(self, fault: dict[str, Any]) -> None:
        """The server's own lines have told it; gunicorn's master has the last words."""
        self._gunicorn("ERROR", "Shutting down: Master")
        reason = "App failed to load." if self._last_exit_code == APP_LOAD_ERROR else "Worker failed to boot."
        self._gunicorn("ERROR", f"Reason: {reason}")

    def say(self, colour: str, text: str) -> None:
        """Our own words go to stderr, plainly."""
        self._write(f"amlemu: {text}\n", self._err)

    def _ended(self, event: WorkerEnded) -> None:
        self._last_exit_code = event.exit_code
        if event.exit_code < 0 and not event.planned:
            is_kill = event.exit_code == -signal.SIGKILL
            more = " Perhaps out of memory?" if is_kill else ""
            name = signal.Signals(-event.exit_code).name
            self._gunicorn("ERROR" if is_kill else "WARNING", f"Worker (pid:{event.pid}) was sent {name}!{more}")
        elif event.exit_code > 0:
            self._gunicorn("ERROR", f"Worker (pid:{event.pid}) exited with code {event.exit_code}.")

    def _gunicorn(self, level: str, text: str) -> None:
        self._write(_server_line(time.time(), level, os.getpid(), "gunicorn.error", text), self._err)


def _server_line(at: float, level: str, pid: int, logger: str, text: str) -> str:
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))
    return f"{stamp},{int(at % 1 * 1000):03d} {level[0]} [{pid}] {logger} - {text}\n"


def _access(exchange: Exchange, first: str, now: float) -> str:
    """Source: gunicorn 27.0.1, glogging.py, the default access_log_format."""
    request, response = exchange.request, exchange.response
    assert response is not None
    # gunicorn does not count its own page
    sent = 0 if response.header("server") is None else exchange.sent_bytes
    stamp = time.strftime("[%d/%b/%Y:%H:%M:%S +0000]", time.gmtime(now))
    referer, agent = ((request.header(name) or "-").replace('"', '\\"') for name in ("referer", "user-agent"))
    return f'{request.client[0]} - - {stamp} "{first}" {response.status} {sent} "{referer}" "{agent}"'
