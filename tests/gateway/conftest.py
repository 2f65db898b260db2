"""What talks to sockets runs on both event loops that a host may have."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from amlemu.gateway import limit, visit
from amlemu.pauses import Pauses

from . import front_door


class Clock:
    """Seconds that pass when the test says so."""

    now = 1000.0

    def perf_counter(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def pauses(self) -> Pauses:
        """Return pauses that go by this clock."""
        return Pauses(self.perf_counter)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Visits and their limits go by this one."""
    clock = Clock()
    monkeypatch.setattr(visit, "time", clock)
    monkeypatch.setattr(limit, "time", clock)
    return clock


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def every_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """Serve on this loop; for modules that say so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(front_door, "LOOP", request.param)
        yield


@pytest.fixture
def anyio_backend() -> str:
    """Asynchronous tests here are about values, not about loops."""
    return "asyncio"
