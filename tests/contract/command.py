"""
A server as a command: started in a session of its own, watched until it is healthy or ends, killed by its own id.

Knows processes, files and the health route; `targets` writes the command lines, `alive` keeps what runs.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from amlemu_harness.parity.wire import Sent, exchange

PATIENCE_S = 10.0
_LOOK_AGAIN_S = 0.02
_HEALTH = Sent(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")


@dataclass(frozen=True)
class Command:
    """A command line, all its variables, the folder it runs in and the port it will listen on."""

    words: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    port: int


class ServerProcess:
    """One process group; its output goes to files beside the deployment's folder."""

    def __init__(self, command: Command) -> None:
        self.port = command.port
        self.folder = command.folder
        self._words = command.words
        self._out = command.folder.with_suffix(".out")
        self._err = command.folder.with_suffix(".err")
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._process = subprocess.Popen(
                command.words,
                cwd=command.folder,
                env=dict(command.environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id, as the log shows it."""
        return self._process.pid

    def until(self, is_so: Callable[[], bool], what: str) -> ServerProcess:
        """Wait until something is so; stop and fail when the process ends before, or patience does."""
        deadline = time.monotonic() + PATIENCE_S
        while not is_so():
            has_ended = self._ended_within(_LOOK_AGAIN_S)
            if has_ended or time.monotonic() > deadline:
                self.stop()
                how = f"ended with {self._process.returncode}" if has_ended else f"waited {PATIENCE_S:.0f} s"
                raise AssertionError(f"{self._words} {how} before it was {what}\n{self.said()}")
        return self

    def until_healthy(self) -> ServerProcess:
        """Wait until `GET /` says Healthy."""
        return self.until(lambda: is_healthy(self.port), "healthy")

    def until_ended(self) -> int:
        """Wait for the end and return the exit code (negative: the signal)."""
        if not self._ended_within(PATIENCE_S):
            self.stop()
            raise AssertionError(f"{self._words} did not end within {PATIENCE_S:.0f} s\n{self.said()}")
        return self._process.returncode

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the first process, not to its workers."""
        self._process.send_signal(number)

    def stop(self) -> None:
        """Kill the process and all its children at once."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # all gone already
        self._process.wait(PATIENCE_S)

    def out(self) -> str:
        """Return what it wrote to standard output so far."""
        return self._out.read_text(encoding="utf-8", errors="replace")

    def err(self) -> str:
        """Return what it wrote to standard error so far."""
        return self._err.read_text(encoding="utf-8", errors="replace")

    def said(self) -> str:
        """Return the end of both."""
        return f"--- stdout\n{self.out()[-1500:]}\n--- stderr\n{self.err()[-1500:]}"

    def _ended_within(self, seconds: float) -> bool:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


def is_healthy(port: int) -> bool:
    """Ask the health route once."""
    try:
        return exchange(port, _HEALTH).body == b"Healthy"
    except OSError:
        return False
