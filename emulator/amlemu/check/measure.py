"""
How long one request takes in the container: the sample request again and again, as many at once as there are workers.

Each worker has a client of its own that waits for its answer before it asks again; so nobody queues, and what is measured is the work.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from statistics import median

import httpx

from amlemu.check.boot import Trace, Use, client, url_of
from amlemu.emulator import Emulator
from amlemu.exchange import Exchange
from amlemu.stand import Plan

_RECORD_S = 5.0


@dataclass
class Measured:
    """
    What was measured, in seconds and bytes.

    Attributes:
        processors: of this machine, that the workers share; 0 is unknown.
        requests: how many were answered.
        took_s: of the last of them, as many as are remembered.
        elapsed_s: of all together.
        failed: the first one that was not answered with 200, which ended it.
        peak_bytes: of the request that needed most.
    """

    workers: int
    processors: int = 0
    requests: int = 0
    took_s: list[float] = field(default_factory=list)
    elapsed_s: float = 0.0
    failed: Exchange | None = None
    peak_bytes: int | None = None

    @property
    def latency_s(self) -> float:
        """The middle one."""
        return median(self.took_s)

    @property
    def slowest_s(self) -> float:
        """The longest."""
        return max(self.took_s)

    @property
    def rps(self) -> float:
        """Requests a second, of all workers together."""
        return self.requests / self.elapsed_s


def again_and_again(body: bytes, content_type: str, seconds: float, into: Measured) -> Use:
    """Return what sends requests for so many seconds, one a worker at least, and writes down what they took."""

    async def use(emulator: Emulator, plan: Plan, trace: Trace) -> None:
        url, has_failed = url_of(emulator, plan), asyncio.Event()

        async def ask(until: float) -> None:
            while not has_failed.is_set():
                try:
                    answer = await caller.post(url, content=body, headers={"Content-Type": content_type})
                except httpx.HTTPError:  # it was closed, and the exchange says why
                    answer = None
                if answer is None or answer.status_code != 200:
                    has_failed.set()
                    return
                into.requests += 1
                if time.perf_counter() >= until:
                    return

        async with client(plan) as caller:
            await ask(0.0)  # the first one of all often loads something
            began, into.requests = time.perf_counter(), 0
            await asyncio.gather(*(ask(began + seconds) for _ in range(into.workers)))
            into.elapsed_s = time.perf_counter() - began
        await _all_recorded(emulator, trace, into.requests + 1)
        _read(list(emulator.journal), into, has_failed=has_failed.is_set())

    return use


async def _all_recorded(emulator: Emulator, trace: Trace, count: int) -> None:
    """Wait for the records of so many; the last step of each comes after its answer."""
    with contextlib.suppress(asyncio.TimeoutError):
        while emulator.journal.total < count:
            trace.recorded.clear()
            await asyncio.wait_for(trace.recorded.wait(), _RECORD_S)


def _read(exchanges: list[Exchange], into: Measured, *, has_failed: bool) -> None:
    """Take from the front door what it has seen: a client in Python has work of its own, that is not the container's."""
    if has_failed:
        into.failed = next(one for one in exchanges if one.response is None or one.response.status != 200)
        return
    into.took_s = [one.elapsed_ms / 1000 for one in exchanges[-into.requests :]]
    into.peak_bytes = max((one.peak_bytes or 0 for one in exchanges), default=0) or None
