"""
The two servers that are compared, and how each is started and stopped.

Both serve a fresh copy of `deployment/`, or of another folder, as a process of their own, with the same clean
environment and their output in a file. What is measured on them is `measure.py`'s business.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..free_port import free_port
from . import processes

ROOT = Path(__file__).resolve().parents[2]
DEPLOYMENT = Path(__file__).resolve().parent / "deployment"
LOOPBACK = "127.0.0.1"

# What would change a server's behaviour behind our back: its own variables, and (VIRTUAL_ENV, CONDA_PREFIX) another
# interpreter than the one whose versions the report names.
STEERING_VARIABLES = (
    "AML",
    "AZUREML_",
    "CONDA_PREFIX",
    "COVERAGE_",
    "GUNICORN_",
    "HEALTH_PORT",
    "PYTHON",
    "SCORING_",
    "SEPERATE_",
    "SERVER_",
    "SERVICE_",
    "VIRTUAL_ENV",
    "WEB_CONCURRENCY",
    "WORKER_",
)


class ServerMissing(Exception):
    """There is no such command where we look for it."""


@dataclass(frozen=True)
class Contender:
    """
    One of the two.

    Attributes:
        command: holds ``{script}``, ``{port}`` and, where it takes flags of a row, ``{flags}``.
        status: command that prints as JSON how the server at ``{port}`` is; empty for one that does not reload.
    """

    name: str
    command: tuple[str, ...]
    status: tuple[str, ...] = ()

    @property
    def reloads(self) -> bool:
        return bool(self.status)

    def command_for(self, script: Path, port: int, flags: tuple[str, ...]) -> list[str]:
        """Return the command line, ready to be spawned."""
        filled: list[str] = []
        for word in self.command:
            filled.extend(flags if word == "{flags}" else [word.format(script=script, port=port)])
        return filled


@dataclass(frozen=True)
class Server:
    """A contender that was spawned at `spawned_at_s` (`time.perf_counter`) and may not be listening yet."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    spawned_at_s: float
    output: Path

    def last_words(self, lines: int = 15) -> str:
        """Return the end of what the server printed."""
        return "\n".join(self.output.read_text(errors="replace").splitlines()[-lines:])


def amlemu(command: str | None = None) -> Contender:
    """
    Return our side: the amlemu of this environment, or `command` (one line, for trying the benchmark).

    Raises:
        ServerMissing: the command does not exist.
    """
    if command:
        words = tuple(shlex.split(command))
        if not words or shutil.which(words[0]) is None:
            raise ServerMissing(f"--ours-command: no command {command!r}.")
        return Contender("amlemu", words)
    script = Path(sys.executable).with_name("amlemu")
    start = (str(script),) if script.exists() else (sys.executable, "-m", "amlemu")
    serve = (*start, "serve", "{script}", "--port", "{port}", "--profile", "bare", "{flags}")
    return Contender("amlemu", serve, status=(*start, "status", "--port", "{port}", "--json"))


def real_environment() -> Path:
    """Return the environment that holds the real server: AMLEMU_TEST_REAL, else `.environments/azmlinfsrv`."""
    return Path(os.environ.get("AMLEMU_TEST_REAL") or ROOT / ".environments" / "azmlinfsrv").absolute()


def azmlinfsrv() -> Contender:
    """Return the real server; raise ServerMissing when it is not installed."""
    executable = real_environment() / "bin" / "azmlinfsrv"
    if not executable.exists():
        raise ServerMissing(
            f"{executable} does not exist. The benchmark needs the real server: make an environment there and install "
            "azureml-inference-server-http into it, or set AMLEMU_TEST_REAL to the folder of one that has it."
        )
    return Contender("azmlinfsrv", (str(executable), "--entry_script", "{script}", "--port", "{port}"))


@contextmanager
def spawned(contender: Contender, flags: tuple[str, ...] = ()) -> Iterator[Server]:
    """Start the contender in a temporary folder and stop it at the end; see `deployed` and `running`."""
    with deployed() as folder, running(contender, folder, flags) as server:
        yield server


@contextmanager
def deployed(deployment: Path = DEPLOYMENT) -> Iterator[Path]:
    """Copy a deployment to where it may be changed."""
    with tempfile.TemporaryDirectory(prefix="amlemu-bench-") as temporary:
        unwritten = shutil.ignore_patterns("__pycache__")
        yield Path(shutil.copytree(deployment, Path(temporary) / "deployment", ignore=unwritten))


@contextmanager
def running(contender: Contender, folder: Path, flags: tuple[str, ...]) -> Iterator[Server]:
    """
    Start the contender with the deployment in `folder` and stop it at the end, whatever happens in between.

    The server is handed over at once, so that the time until it is healthy can be measured.
    """
    output = folder.with_name("output.log")
    port = free_port()
    command = contender.command_for(folder / "score.py", port, flags)
    with output.open("wb") as sink:
        spawned_at_s = time.perf_counter()
        # a session of its own: Ctrl-C reaches only us, and we stop the server in order
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Server(contender.name, process, port, spawned_at_s, output)
    finally:
        orphans = processes.stop(process)
        if orphans:
            print(f"{contender.name} left processes behind, killed: {orphans}", file=sys.stderr)


def clean_environment() -> dict[str, str]:
    """Return our variables without those that steer either server."""
    return {name: value for name, value in os.environ.items() if not name.startswith(STEERING_VARIABLES)}
