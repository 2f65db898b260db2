"""
Who answers the cases: the real server, our three hosts of the scoring app, and a worker in a foreign interpreter.

A target knows how to start a deployment and what it cannot do (`capabilities`); it does not know cases. Servers that are up
are kept in `alive`. `amlemu` is imported only by the targets that need it.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from ..free_port import free_port
from .case import Deployment
from .command import Command, ServerProcess

REPOSITORY = Path(__file__).resolve().parents[2]
ZOO = REPOSITORY / "tests" / "scripts"

MISSING = {
    "duplex": "sends a whole body before it reads: a server that refuses it unread may reset the connection first",
    "process": "hosts the script in this process: it can neither die nor be alone in its main thread",
    "output": "is not a command with a log and an exit code of its own",
    "azmlinfsrv-command": "is not a command with the options of azmlinfsrv",
    "gunicorn": "has no gunicorn that logs its own life",
}
"""Why a target skips a case, by the capability it lacks."""


class Running(Protocol):
    """A server that answers on `port` until `stop`."""

    @property
    def port(self) -> int: ...

    def stop(self) -> None: ...

    def said(self) -> str:
        """Return the end of what it wrote, for the report of a failing case."""


Starter = Callable[[Deployment, Path, Callable[["Target"], Running]], Running]


@dataclass(frozen=True)
class Target:
    """
    One answering side.

    Attributes:
        start: serves the deployment whose files are in the folder; its third argument hands out the server of another
            target for the same deployment.
        command: the command line that serves it, for targets with the capability "output"; its third argument are the
            words after `azmlinfsrv`, none for those that the deployment asks for.
        serve: a second command that writes the same log, asked instead where nothing else counts.
        may_start_early: whether a thread may start it while the tests before are running.
        stops_last: whether another target's server may stand before it.
    """

    name: str
    capabilities: frozenset[str]
    start: Starter
    command: Callable[[Deployment, Path, tuple[str, ...]], Command] | None = None
    serve: Callable[[Deployment, Path], Command] | None = None
    may_start_early: bool = False
    stops_last: bool = False


def lay_out(deployment: Deployment, folder: Path) -> Path:
    """Copy the deployment's files into the folder and return it."""
    folder.mkdir(parents=True)
    for name in (*([deployment.script] if (ZOO / deployment.script).is_file() else []), *deployment.zoo):
        shutil.copy(ZOO / name, folder)
    for name, text in deployment.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def _environment(deployment: Deployment, folder: Path) -> dict[str, str]:
    """Return the deployment's own variables."""
    return {name: value.replace("{root}", str(folder)) for name, value in deployment.env.items()}


def _bare_environment(deployment: Deployment, folder: Path) -> dict[str, str]:
    """Return all that a command sees: nothing of ours but the search path, a home of its own, unbuffered output."""
    kept = {"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "PYTHONUNBUFFERED": "1"}
    return kept | _environment(deployment, folder)


def interpreter_folder(variable: str, default: str, what: str) -> Path:
    folder = Path(os.environ.get(variable) or REPOSITORY / ".environments" / default)
    if not (folder / "bin" / "python").exists():
        pytest.fail(f"{folder} is not {what}. `make test` creates it, or set {variable} to such a virtual environment.")
    return folder


def _arguments(deployment: Deployment, port: int) -> tuple[str, ...]:
    """Write the options of azmlinfsrv for a deployment."""
    model = ("--model_dir", deployment.model_dir) if deployment.model_dir else ()
    count = ("--worker_count", str(deployment.workers)) if deployment.workers > 1 else ()
    return ("--entry_script", deployment.entry or deployment.script, "--port", str(port), *model, *count)


def _real_command(deployment: Deployment, folder: Path, words: tuple[str, ...]) -> Command:
    venv = interpreter_folder("AMLEMU_TEST_REAL", "azmlinfsrv", "a virtual environment with azmlinfsrv")
    return _azmlinfsrv((str(venv / "bin" / "azmlinfsrv"),), deployment, folder, words)


def _our_command(deployment: Deployment, folder: Path, words: tuple[str, ...]) -> Command:
    return _azmlinfsrv((sys.executable, "-m", "amlemu", "azmlinfsrv"), deployment, folder, words)


def _azmlinfsrv(program: tuple[str, ...], deployment: Deployment, folder: Path, words: tuple[str, ...]) -> Command:
    port = free_port()
    arguments = tuple(word.replace("{port}", str(port)) for word in words) or _arguments(deployment, port)
    return Command((*program, *arguments), _bare_environment(deployment, folder), folder, port)


def _our_serve(deployment: Deployment, folder: Path) -> Command:
    port = free_port()
    script = str(folder / (deployment.entry or deployment.script))
    options = ("--port", str(port), "--profile", "bare", "--layout", "none", "--log-format", "azmlinfsrv")
    model = {"AZUREML_MODEL_DIR": deployment.model_dir} if deployment.model_dir else {}
    count = {"WORKER_COUNT": str(deployment.workers)} if deployment.workers > 1 else {}
    own = [word for pair in _environment(deployment, folder).items() for word in ("--env", "=".join(pair))]
    environment = _bare_environment(deployment, folder) | model | count
    return Command((sys.executable, "-m", "amlemu", "serve", script, *options, *own), environment, folder, port)


def _start_real(deployment: Deployment, folder: Path, _other: Callable[[Target], Running]) -> Running:
    return ServerProcess(_real_command(deployment, folder, ())).until_healthy()


@dataclass
class _Ours:
    """A server made by `amlemu.serve`, entered."""

    server: Any

    @property
    def port(self) -> int:
        port: int = self.server.port
        return port

    def stop(self) -> None:
        self.server.__exit__(None, None, None)

    def said(self) -> str:
        return ""


def _start_ours(deployment: Deployment, folder: Path, **options: Any) -> Running:
    amlemu = importlib.import_module("amlemu")
    server = amlemu.serve(
        folder / (deployment.entry or deployment.script),
        port=0,
        env=_environment(deployment, folder),
        model_dir=folder / deployment.model_dir if deployment.model_dir else None,
        workers=deployment.workers,
        layout="none",
        profile="bare",
        **options,
    )
    server.__enter__()
    return _Ours(server)


def _start_worker(deployment: Deployment, folder: Path, _other: Callable[[Target], Running]) -> Running:
    return _start_ours(deployment, folder, backend="worker")


def _start_inprocess(deployment: Deployment, folder: Path, _other: Callable[[Target], Running]) -> Running:
    return _start_ours(deployment, folder, backend="inprocess")


def _start_foreign(deployment: Deployment, folder: Path, _other: Callable[[Target], Running]) -> Running:
    what = "a virtual environment with the scripts' requirements and without amlemu"
    python = interpreter_folder("AMLEMU_TEST_FOREIGN", "foreign", what) / "bin" / "python"
    return _start_ours(deployment, folder, backend="worker", python=python)


COUNTING = ("counts_calls.py", "driver.py", "meets_another.py", "slow.py")


@dataclass
class _Before:
    """Our gateway before a real server that nobody else asks, for scripts that count their calls."""

    gateway: Running
    server: Running

    @property
    def port(self) -> int:
        return self.gateway.port

    def stop(self) -> None:
        self.gateway.stop()
        self.server.stop()

    def said(self) -> str:
        return self.server.said()


def _start_upstream(deployment: Deployment, folder: Path, other: Callable[[Target], Running]) -> Running:
    if deployment.script in COUNTING:
        server = _start_real(deployment, folder, other)
        return _Before(_gateway(deployment, folder, server), server)
    return _gateway(deployment, folder, other(REAL))


def _start_engine(deployment: Deployment, folder: Path, _other: Callable[[Target], Running]) -> Running:
    python = interpreter_folder("AMLEMU_TEST_REAL", "azmlinfsrv", "a virtual environment with azmlinfsrv")
    return _start_ours(deployment, folder, engine="azmlinfsrv", python=python)


def _gateway(deployment: Deployment, folder: Path, server: Running) -> Running:
    return _start_ours(deployment, folder, backend="upstream", upstream=f"http://127.0.0.1:{server.port}")


REAL = Target(
    "real",
    frozenset({"process", "output", "azmlinfsrv-command", "gunicorn", "duplex"}),
    _start_real,
    _real_command,
    may_start_early=True,
    stops_last=True,
)
INPROCESS = Target("inprocess", frozenset({"duplex"}), _start_inprocess)
WORKER = Target(
    "worker",
    frozenset({"process", "output", "azmlinfsrv-command", "duplex"}),
    _start_worker,
    _our_command,
    _our_serve,
)
FOREIGN = Target("foreign", frozenset({"process", "duplex"}), _start_foreign)
UPSTREAM = Target("upstream", frozenset({"process"}), _start_upstream)

ENGINE = Target("engine", frozenset({"process"}), _start_engine, may_start_early=True)

TARGETS = (REAL, INPROCESS, WORKER, FOREIGN, UPSTREAM, ENGINE)
