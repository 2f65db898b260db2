"""Every case on every target: one connection, exact bytes out, the whole answer compared."""

from __future__ import annotations

import threading
import time

import pytest
from amlemu_harness.parity.wire import Received, Sent, exchange

from .alive import Alive
from .case import Answer, Case
from .command import PATIENCE_S, is_healthy
from .compare import differences, report
from .normalise import normal_answer
from .targets import Running, Target


def test_contract(target: Target, case: Case, alive: Alive) -> None:
    """The target answers as the real server does, byte for byte where nature allows."""
    server = alive.get(target, case.deployment)
    started = time.monotonic()
    received = exchange(server.port, case.request)
    took_s = time.monotonic() - started

    _check(case.request, case.expect, received, server)
    assert received.is_closed, "the connection was kept alive"
    if case.takes_s:
        assert case.takes_s[0] <= took_s <= case.takes_s[1], f"took {took_s:.2f} s, expected {case.takes_s}"
    for request, expected in case.then:
        wait_until_healthy(server.port)
        _check(request, expected, exchange(server.port, request), server)


def _check(sent: Sent, expected: Answer, received: Received, server: Running) -> None:
    got = normal_answer(received)
    if differences(expected, got):
        pytest.fail(f"{report(sent, expected, got)}\n{server.said()}", pytrace=False)


def wait_until_healthy(port: int) -> None:
    """Wait until the server that was hurt answers its health route again."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_healthy(port):
        assert time.monotonic() < deadline, f"not healthy again within {PATIENCE_S:.0f} s"
        threading.Event().wait(0.02)
