"""Every start of the table as a command: its exit code and what it says."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .ahead import Ahead
from .case import Boot
from .command import ServerProcess
from .compare import log_differences, log_report
from .conftest import selected
from .normalise import normal_log
from .targets import Target, lay_out

ATTEMPTS = 2
"""So many workers of a server that never gets healthy are waited for."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended (None: it was still trying) and its two streams, in normal form."""

    exit_code: int | None
    out: str
    err: str


@pytest.fixture(scope="session")
def outcome(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Target, Boot], Outcome]:
    """Run a start once, ahead of its test."""
    root = tmp_path_factory.mktemp("boot")
    runs = Ahead(lambda pair: _run(*pair, root), selected(request.session, "boot"), distance=8)
    return lambda target, boot: runs.get((target, boot))


def _run(target: Target, boot: Boot, root: Path) -> Outcome:
    folder = lay_out(boot.deployment, root / f"{target.name}-{boot.id}")
    assert target.command
    with _taken_port() as taken:
        words = tuple(word.replace("{taken}", str(taken)) for word in boot.arguments or ())
        process = ServerProcess(target.command(boot.deployment, folder, words, {}))
        try:
            exit_code = _end(process, boot)
        finally:
            process.stop()
    out, err = (normal_log(text, folder, process.port) for text in (process.out(), process.err()))
    return Outcome(exit_code, out, err)


def _end(process: ServerProcess, boot: Boot) -> int | None:
    if boot.exit_code is None:
        process.until(lambda: process.err().count("Booting worker with pid") >= ATTEMPTS, "tried again and again")
        return None
    if boot.signal:
        process.until_healthy().send(boot.signal)
    return process.until_ended()


@contextlib.contextmanager
def _taken_port() -> Iterator[int]:
    """Listen on a port, so that nobody else can."""
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        yield taken.getsockname()[1]


def test_boot(target: Target, boot: Boot, outcome: Callable[[Target, Boot], Outcome]) -> None:
    """The command ends with the exit code of the contract and says its sentences."""
    result = outcome(target, boot)

    found = log_differences(boot, result.out, result.err)
    if result.exit_code != boot.exit_code:
        found.insert(0, f"ended with {result.exit_code}, expected {boot.exit_code}")
    if found:
        pytest.fail(log_report(found, result.out, result.err), pytrace=False)
