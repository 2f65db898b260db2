"""
Boots a deployment once, for a look: until all workers are ready, one of them has come to its end, or the platform would have ended it.

A server of its own on a free port, with nothing around it: no reload, no debugger, no key. The sample request comes in by the front door.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from amlemu.debugging import DebugRules
from amlemu.emulator import Emulator
from amlemu.errors import BootFailed
from amlemu.events import Event, Noticed, Spoke, WorkerEnded, WorkerFailedToBoot, WorkerReady, WouldBeKilled
from amlemu.exchange import Exchange
from amlemu.foreground import Signals, until
from amlemu.layout import Layout
from amlemu.profile import Profile
from amlemu.reload import ReloadRules
from amlemu.stand import Plan
from amlemu.worker.process import BOOT_ERRORS

if TYPE_CHECKING:
    import httpx

_LAST_LINES = 300  # more than a stack has
_LINE_LETTERS = 500
_QUIET_S = 2.0
_RECORD_S = 5.0
_PATIENCE_S = 30.0  # beyond the cloud's own time limit, for the answer to arrive


@dataclass
class Trace:
    """
    What was heard of a boot, and of the sample request.

    Attributes:
        ready_s: until the last worker was ready; None where that never came.
        facts: what the first worker told of its boot, or of its failure.
        fault: what the script raised.
        death: of a worker that ended without a word.
        killed: the platform would have ended it; then nobody waited on.
        is_interrupted: a signal has ended the look; the rest is what was heard until then.
    """

    ready_s: float | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    fault: dict[str, Any] | None = None
    death: WorkerEnded | None = None
    killed: WouldBeKilled | None = None
    exchange: Exchange | None = None
    recorded: asyncio.Event = field(default_factory=asyncio.Event)  # that one, the last
    said: deque[str] = field(default_factory=lambda: deque(maxlen=_LAST_LINES))  # the script, and its interpreter
    remarks: list[str] = field(default_factory=list)
    layout: Layout | None = None  # where the script found itself
    is_interrupted: bool = False


Use = Callable[[Emulator, Plan, Trace], Awaitable[None]]


def alone(plan: Plan) -> Plan:
    """Return the plan for one look at one replica; where nobody probes, the managed endpoint's probes end a wait that has no end."""
    return replace(
        plan,
        profile=probed(plan.profile),
        port=0,
        health_port=None,
        auth=None,
        is_insecure=True,
        is_shadow=False,
        reload=ReloadRules(is_on=False),
        control_port=None,
        debug=DebugRules(),
        is_single=True,
        measures=True,
    )


async def boot(plan: Plan, then: Use | None, wait_is_long: Callable[[], None]) -> Trace:
    """
    Boot, and use what has come up, if it has; then stop it, also when a signal has come.

    Args:
        plan: as `alone` returns it.
        then: what to do with it, such as `sample`.
        wait_is_long: called once when the script takes its time.

    Raises:
        UsageError: the script's interpreter cannot be started, no port is free.
    """
    trace = Trace()
    listener = Listener(trace, 1 if plan.quarters is not None else plan.deployment.workers)
    emulator = Emulator(replace(plan, on_event=listener.hear, on_exchange=listener.record))
    # Not as exceptions: one in the middle of start() would leave a worker behind.
    signals = Signals()
    trace.layout = emulator.open().layout
    began = time.monotonic()

    async def look() -> None:
        if await come_up(emulator.ready, plan, listener, wait_is_long):
            trace.ready_s = time.monotonic() - began
            if then is not None:
                await then(emulator, plan, trace)

    await emulator.start()
    try:
        trace.is_interrupted = not await until(signals.first, look())
    finally:
        await emulator.stop(0)
    return trace


async def come_up(
    ready: Callable[[], Awaitable[None]], plan: Plan, listener: Listener, wait_is_long: Callable[[], None]
) -> bool:
    """
    Wait until all workers are ready; False when something else was decided, which is on the listener's trace.

    Args:
        ready: waits for init(), or raises BootFailed.
        plan: where nobody probes, its probes do not end the wait.
        wait_is_long: called once when the script takes its time.
    """

    async def all_ready() -> None:
        await ready()
        if plan.backend == "worker":  # that was the first one
            await listener.all_ready.wait()

    trace, allowed_s = listener.trace, plan.profile.probes.liveness.allows_s
    telling = asyncio.get_running_loop().call_later(_QUIET_S, wait_is_long)
    try:
        # A worker's own probes tell when they end; of others nobody knows where they are.
        return await asyncio.wait_for(
            until(listener.decided, all_ready()), None if plan.backend == "worker" else allowed_s
        )
    except BootFailed as error:
        trace.fault = trace.fault or error.fault
    except asyncio.TimeoutError:
        trace.killed = WouldBeKilled(allowed_s, is_booting=True)
    finally:
        telling.cancel()
    return False


def sample(body: bytes, content_type: str) -> Use:
    """Return what sends one request by the front door; the trace has what becomes of it."""

    async def use(emulator: Emulator, plan: Plan, trace: Trace) -> None:
        import httpx

        async with client(plan) as caller:
            with contextlib.suppress(httpx.HTTPError):  # it was closed, and the exchange says why
                await caller.post(url_of(emulator, plan), content=body, headers={"Content-Type": content_type})
        with contextlib.suppress(asyncio.TimeoutError):  # its last step comes after the answer
            await asyncio.wait_for(trace.recorded.wait(), _RECORD_S)

    return use


def client(plan: Plan) -> httpx.AsyncClient:
    """Return a client that waits longer than the cloud, so that the cloud's answer is heard."""
    import httpx

    limit_ms = plan.profile.limits.request_timeout_ms
    patience_s = limit_ms / 1000 + _PATIENCE_S if limit_ms else plan.profile.probes.liveness.allows_s
    return httpx.AsyncClient(trust_env=False, timeout=patience_s)


def url_of(emulator: Emulator, plan: Plan) -> str:
    """Return the address to score at."""
    prefix = plan.profile.routes.prefix.replace("{endpoint}", plan.deployment.endpoint)
    return f"http://127.0.0.1:{emulator.port}{prefix}/score"


def probed(profile: Profile) -> Profile:
    """Return it with the managed endpoint's probes where it has none."""
    if profile.probes.liveness.is_on:
        return profile
    return replace(profile, probes=replace(profile.probes, liveness_period=10.0))


class Listener:
    """Writes down what is told, and notices when all is said."""

    def __init__(self, trace: Trace, workers: int) -> None:
        """`workers` is how many have to be ready."""
        self.trace = trace
        self.all_ready, self.decided = asyncio.Event(), asyncio.Event()
        self._missing = workers

    def hear(self, event: Event) -> None:
        """Take an event."""
        trace = self.trace
        if isinstance(event, Spoke):
            if event.own or self.decided.is_set():  # then another one speaks, that comes in its place
                return
            trace.said += (line[:_LINE_LETTERS] for line in event.text.splitlines())
        elif isinstance(event, Noticed):
            trace.remarks.append(event.text)
        elif isinstance(event, WorkerReady):
            trace.facts = trace.facts or event.facts
            self._missing -= 1
            if self._missing == 0:
                self.all_ready.set()
        elif isinstance(event, WorkerFailedToBoot):
            trace.fault = trace.fault or event.fault
            trace.facts = event.fault.get("costs", {})
            self.decided.set()
        elif isinstance(event, WorkerEnded) and not event.planned and (event.was_booting or event.memory):
            trace.death = trace.death or event
            if event.exit_code not in BOOT_ERRORS:  # with those the server ends, and says why
                self.decided.set()
        elif isinstance(event, WouldBeKilled) and event.is_booting:
            trace.killed = event
            self.decided.set()

    def record(self, exchange: Exchange) -> None:
        """Take the sample request's exchange."""
        self.trace.exchange = exchange
        self.trace.recorded.set()
