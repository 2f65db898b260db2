"""
One start of a command, from its words to its end, and what it left: exit code and both streams.

`test_boot` holds the outcome against the contract, `test_beside` holds ours against the real server's.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from amlemu_harness.parity.wire import exchange

from ..free_port import free_port
from .case import Boot
from .command import ServerProcess
from .normalise import normal_log
from .targets import Target, lay_out

ATTEMPTS = 2
"""So many workers of a server that never gets healthy are waited for."""
_READY = "ready for serving traffic"


@dataclass(frozen=True)
class Outcome:
    """
    How a command ended (None: it was still trying) and what it wrote.

    Attributes:
        pid: of the command itself; every other process in its log is a worker.
        ports: their words in normal form.
    """

    exit_code: int | None
    raw_out: str
    raw_err: str
    pid: int
    folder: Path
    ports: dict[int, str]

    @property
    def out(self) -> str:
        """Return standard output in normal form."""
        return self.normal(self.raw_out)

    @property
    def err(self) -> str:
        """Return standard error in normal form."""
        return self.normal(self.raw_err)

    def normal(self, text: str) -> str:
        """Turn a text of this run into comparable lines."""
        return normal_log(text, self.folder, self.ports)


def run_start(target: Target, boot: Boot, root: Path) -> Outcome:
    """Start the command in a fresh folder below `root`, and see to its end."""
    folder = lay_out(boot.deployment, Path(mkdtemp(dir=root), "d"))  # a short name: gunicorn has a socket in there
    assert target.command
    with _taken_port() as taken:
        second = free_port()
        places = {"{taken}": str(taken), "{second}": str(second)}
        words = tuple(_replaced(word, places) for word in boot.arguments or ())
        process = ServerProcess(target.command(boot.deployment, folder, words))
        try:
            exit_code = _end(process, boot)
        finally:
            process.stop()
    ports = {process.port: "<port>", second: "<second>", taken: "<taken>"}
    return Outcome(exit_code, process.out(), process.err(), process.pid, folder, ports)


def _replaced(word: str, places: dict[str, str]) -> str:
    for name, value in places.items():
        word = word.replace(name, value)
    return word


def _end(process: ServerProcess, boot: Boot) -> int | None:
    if boot.exit_code is None:
        process.until(lambda: process.err().count("Booting worker with pid") >= ATTEMPTS, "tried again and again")
        return None
    if boot.awaits:
        process.until(lambda: boot.awaits in process.out() + process.err(), f"saying {boot.awaits!r}")
    elif boot.signal:
        process.until_healthy()
        for request in boot.requests:
            exchange(process.port, request)
            process.until_healthy()
        process.until(lambda: process.out().count(_READY) >= boot.deployment.workers, "ready in all its processes")
    if boot.signal:
        process.send(boot.signal)
    return process.until_ended()


@contextlib.contextmanager
def _taken_port() -> Iterator[int]:
    """Listen on a port, so that nobody else can."""
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        yield taken.getsockname()[1]
