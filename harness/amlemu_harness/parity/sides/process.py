"""
A server that is a command of this machine: started in a session of its own, waited for, killed by its own id.

What it writes goes to files, so that it never waits for a reader. `ours.py` and `azmlinfsrv.py` write the command lines.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from amlemu.errors import AmlemuError, UsageError

from amlemu_harness.parity.case import request
from amlemu_harness.parity.record import End
from amlemu_harness.parity.sides import family
from amlemu_harness.parity.sides.attempts import given_up
from amlemu_harness.parity.sides.lives import Lives
from amlemu_harness.parity.sides.side import DidNotStart
from amlemu_harness.parity.wire import Address, Patience, exchange

_LOOK_S = 0.02
_KILL_S = 5.0
_STOP_S = 3.0
_LAST_LINES = 400
_HEALTH = request("GET", "/")


@dataclass(frozen=True)
class Command:
    """
    A command line and what it needs.

    Attributes:
        environment: all its variables.
        workers: how many processes it starts at once.
        generations: how far down in the family of processes the workers are; 1 is a child of the command.
    """

    side: str
    words: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    port: int
    workers: int = 1
    generations: int = 1


class ServerProcess:
    """One command that runs, or has run."""

    def __init__(self, command: Command, lives: Lives, belongings: Iterable[Path] = ()) -> None:
        """
        Start it. Raises UsageError where it cannot be started, Interrupted where nothing is started any more.

        Args:
            belongings: folders that go with it when it is stopped.
        """
        self._lives = lives
        self.address = Address(command.port)
        self._command = command
        self._belongings = [*belongings, Path(tempfile.mkdtemp(prefix="amlemu-parity-"))]
        self._out, self._err = (self._belongings[-1] / name for name in ("stdout", "stderr"))
        try:
            with lives.beginning(), self._out.open("wb") as out, self._err.open("wb") as err:
                self._process = subprocess.Popen(
                    command.words,
                    cwd=command.folder,
                    env=dict(command.environment),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    start_new_session=True,
                )
                lives.know(self.stop)
        except OSError as error:
            self._forget()
            raise UsageError(f"cannot be started: {error.strerror}", where=command.words[0]) from error
        except BaseException:
            self._forget()
            raise

    @property
    def pid(self) -> int:
        """Its own, and its group's."""
        return self._process.pid

    def until_ready(self, patience_s: float) -> ServerProcess:
        """Wait until it answers `GET /`. Raises DidNotStart; it is stopped then."""
        deadline = time.monotonic() + patience_s
        try:
            while not self._is_healthy(deadline):
                end = self.ended() or self._given_up(has_time=time.monotonic() < deadline)
                if end is not None:
                    raise DidNotStart(self._command.side, end)
        except BaseException:
            self.stop()
            raise
        return self

    def ended(self) -> End | None:
        """Say how it has ended; None while it runs."""
        code = self._process.poll()
        return None if code is None else self._end(code)

    def kill_workers(self) -> bool:
        """Kill its workers and return when they are gone; False where there are none."""
        workers = family.descendants(self._process.pid, self._command.generations)
        for pid in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + _KILL_S
        while set(workers) & set(family.descendants(self._process.pid, self._command.generations)):
            if time.monotonic() > deadline:
                raise AmlemuError(f"killed workers are still there after {_KILL_S:g} s", where=self._command.side)
            time.sleep(_LOOK_S)
        return bool(workers)

    def stop(self) -> None:
        """Let it end by itself for a moment, then kill it and all its children."""
        if self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_S)
        below = self._held() if self._process.poll() is None else []
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for pid in below:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._lives.forget(self.stop)
        self._forget()

    def _held(self) -> list[int]:
        """Let it start nothing more, and return its family: our workers lead sessions of their own, which die with no group."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGSTOP)
        return family.below(self._process.pid)

    def _forget(self) -> None:
        for folder in self._belongings:
            shutil.rmtree(folder, ignore_errors=True)

    def _is_healthy(self, deadline: float) -> bool:
        """Ask once; a server that takes the request while init() runs is waited for, as long as it is there."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_LOOK_S)
            return False
        left_s = max(deadline - time.monotonic(), _LOOK_S)
        try:
            return exchange(self.address, _HEALTH, Patience(min(left_s, 1.0), 0)).status.split(" ")[1:2] == ["200"]
        except OSError:
            return False

    def _given_up(self, *, has_time: bool) -> End | None:
        """Say how it is when nobody waits any longer: its workers die again and again, or the time is over."""
        if not has_time:
            return self._end(None)
        return given_up(self._end(None, last=0), self._command.workers)

    def _end(self, code: int | None, *, last: int = _LAST_LINES) -> End:
        """`last` is how many lines count; 0 is all of them."""
        out, err = (tuple(self._text(file).splitlines()[-last:]) for file in (self._out, self._err))
        return End(code, out, err)

    def _text(self, file: Path) -> str:
        try:
            return file.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:  # it has been stopped
            return ""
