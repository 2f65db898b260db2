"""Every log of the table: requests are sent to a server that then ends, its streams hold the lines of the contract."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from amlemu_harness.parity.wire import Sent, exchange

from .ahead import Ahead
from .case import Deployment, Log
from .cases import LOGS
from .command import ServerProcess
from .compare import log_differences, log_report
from .conftest import selected
from .normalise import normal_log
from .targets import Target, lay_out
from .test_contract import wait_until_healthy


@dataclass(frozen=True)
class Streams:
    """What a server wrote, in normal form."""

    out: str
    err: str


@pytest.fixture(scope="session")
def streams(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Target, Deployment], Streams]:
    """Let a server answer all requests of its deployment's logs once, ahead of the tests."""
    root = tmp_path_factory.mktemp("logs")
    order = [(target, log.deployment) for target, log in selected(request.session, "log")]
    runs = Ahead(lambda pair: _run(*pair, root / f"{pair[0].name}-{order.index(pair)}"), order, distance=8)
    return lambda target, deployment: runs.get((target, deployment))


def _run(target: Target, deployment: Deployment, folder: Path) -> Streams:
    assert target.command
    lay_out(deployment, folder)
    command = target.serve(deployment, folder) if target.serve else target.command(deployment, folder, ())
    process = ServerProcess(command)
    try:
        process.until_healthy()
        for request in _requests(deployment):
            exchange(process.port, request)
            wait_until_healthy(process.port)
        process.send(signal.SIGTERM)
        process.until_ended()
    finally:
        process.stop()
    return Streams(*(normal_log(text, folder, {process.port: "<port>"}) for text in (process.out(), process.err())))


def _requests(deployment: Deployment) -> list[Sent]:
    """Return the requests of all logs of a deployment, each once, in the order of the table."""
    return list(dict.fromkeys(sent for log in LOGS if log.deployment == deployment for sent in log.requests))


def test_log(target: Target, log: Log, streams: Callable[[Target, Deployment], Streams]) -> None:
    """The streams hold these lines, and not those."""
    said = streams(target, log.deployment)

    found = log_differences(log, said.out, said.err)
    if found:
        pytest.fail(log_report(found, said.out, said.err), pytrace=False)
