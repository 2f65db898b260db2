"""
The stages that look at how much there is: Rate, Ready, Deadline, Admit, and the bandwidth's SlowRequest and SlowResponse.

They count, and keep clocks; `entry.py` came before, `outcome.py` asks the model.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from amlemu.errors import BackendTimeout, Busy, NotReady
from amlemu.exchange import Response
from amlemu.gateway.bucket import Bucket
from amlemu.gateway.limit import Limit
from amlemu.gateway.spoken import AnswerTable
from amlemu.gateway.visit import Visit
from amlemu.profile import Profile
from amlemu.readiness import Readiness
from amlemu.slots import Slots, at_first

REQUEST_DELAY = "ms-azureml-bandwidth-request-delay-ms"
RESPONSE_DELAY = "ms-azureml-bandwidth-response-delay-ms"


class Rate:
    """
    So many requests a second, and none on connections that are too many.

    Source: contract 1.2, 429 (rate); 1.5; a token bucket: assumed, contract 8 #15.
    """

    name = "rate"

    def __init__(self, profile: Profile, says: AnswerTable) -> None:
        limits = profile.limits
        self._bucket = Bucket(limits.requests_per_second) if limits.requests_per_second else None
        self._why = f"more than {limits.requests_per_second} requests a second"
        self._why += profile.note("limits.requests_per_second")
        self._says = says
        self.is_needed = bool(
            limits.requests_per_second or limits.new_connections_per_second or limits.open_connections
        )

    def handle(self, visit: Visit) -> None:
        """Refuse what is too much."""
        if visit.turn.excess:
            visit.refuse(self._says.say("rate_limited"), visit.turn.excess)
        elif self._bucket is not None and not self._bucket.take(asyncio.get_running_loop().time()):
            visit.refuse(self._says.say("rate_limited"), self._why)


class Ready:
    """
    Nobody answers before init() has returned; a request that comes meanwhile may wait for it a while. A script that does
    not start is not waited for.

    Source: contract 1.2, 424 (no model); 2.1, 503; the waiting: assumed.
    """

    name = "ready"

    def __init__(self, says: AnswerTable, readiness: Readiness | None, wait_ms: int) -> None:
        self._readiness = readiness
        self._wait_s = wait_ms / 1000
        self.is_needed = readiness is not None and says.has("not_ready")

    def handle(self, visit: Visit) -> Awaitable[None] | None:
        """Wait, where there is something to wait for."""
        assert self._readiness is not None
        return None if self._readiness.is_ready else self._wait(self._readiness, Limit(visit, self._wait_s))

    async def _wait(self, readiness: Readiness, limit: Limit) -> None:
        async def settled(seconds: float) -> bool:
            return await readiness.verdict(seconds) or bool(readiness.why)

        failure = NotReady("init() has not returned yet")
        if not await limit.wait(settled, failure):
            raise failure
        if readiness.why:
            raise NotReady(readiness.why)


class Deadline:
    """
    Starts the clock. When it runs out the caller is answered at that moment; `run()` goes on and the worker stays busy. It stands
    still as long as a debugger holds the model; what the cloud would have said is noted.

    Source: contract 1.2, 408; that it counts waiting and running: contract 8 #5.
    """

    name = "deadline"

    def __init__(self, timeout_ms: int) -> None:
        self._timeout_s = timeout_ms / 1000
        self.is_needed = timeout_ms > 0

    def handle(self, visit: Visit) -> None:
        """Start it."""
        limit = Limit(visit, self._timeout_s)
        visit.timer = asyncio.get_running_loop().call_later(self._timeout_s, self._look, visit, limit)

    def _look(self, visit: Visit, limit: Limit) -> None:
        left_s = limit.left_s
        if not left_s:
            visit.when_overdue(visit)
            return
        visit.when_spared(visit, BackendTimeout(f"no answer within {self._timeout_s:g} s"))
        visit.timer = asyncio.get_running_loop().call_later(left_s, self._look, visit, limit)


class Admit:
    """
    So many requests in work at once, and so many in the instances themselves; the rest waits a while, then gives up.

    A request is in work until its caller is answered; it keeps its slot until the model is done with it.

    Source: contract 1.2, 1.5, 429 (pending); 2.2, max_request_wait_time, then 503.
    """

    name = "admit"

    def __init__(self, profile: Profile, says: AnswerTable, slots: Slots | None = None) -> None:
        """`slots` are those of the instances, which come and go; else they stay as the profile has them."""
        limits = profile.limits
        self._most = limits.pending_factor * limits.slots
        self._in_work = 0
        self._why = f"{self._most} requests are in work already ({limits.pending_factor} * {_formula(profile)})"
        self._why += profile.note("limits.pending_factor")
        self._wait_s = limits.max_queue_wait_ms / 1000
        self._slots = slots or at_first(limits)
        self._of_what = "instance_count" if profile.scale_rule.is_fixed else "ready replicas"
        self._says = says
        self.is_needed = bool(self._most or self._wait_s)

    def handle(self, visit: Visit) -> Awaitable[None] | None:
        """Refuse it, let it in, or let it wait."""
        if self._most:
            if self._in_work >= self._most:
                visit.refuse(self._says.say("too_many_pending"), self._why)
                return None
            self._in_work += 1
            visit.at_answer(self._one_less)
        if not self._wait_s:
            return None
        if self._slots.take():
            visit.at_end(self._slots.leave)
            return None
        return self._queue(visit)

    async def _queue(self, visit: Visit) -> None:
        place = self._slots.queue()

        async def called(seconds: float) -> bool:
            await asyncio.wait({place}, timeout=seconds)
            return place.done()

        failure = Busy(self._told_slots())
        if not await Limit(visit, self._wait_s).wait(called, failure):
            place.cancel()
            raise failure
        visit.at_end(self._slots.leave)

    def _told_slots(self) -> str:
        slots = self._slots
        formula = f"{slots.per_instance} max_concurrent_requests_per_instance * {slots.instances} {self._of_what}"
        return f"no free slot within {self._wait_s * 1000:g} ms, there are {formula}"

    def _one_less(self) -> None:
        self._in_work -= 1


class SlowRequest:
    """
    Lets a request wait until the bandwidth would have carried it.

    Source: contract 1.3, 1.5 (delays instead of refusing; monitoring page).
    """

    name = "bandwidth in"

    def __init__(self, bandwidth: Bucket | None) -> None:
        self._bandwidth = bandwidth
        self.is_needed = bandwidth is not None

    def handle(self, visit: Visit) -> Awaitable[None] | None:
        """Wait as long as it has to."""
        assert self._bandwidth is not None
        delay_s = self._bandwidth.owe(len(visit.turn.request.body), asyncio.get_running_loop().time())
        visit.request_delay_ms = round(delay_s * 1000)
        if not visit.request_delay_ms:
            return None
        visit.note = f"delayed for {visit.request_delay_ms} ms"
        return asyncio.sleep(delay_s)


class SlowResponse:
    """
    The same for the answer; what was delayed says so in two trailers.

    Source: contract 1.3 (Troubleshoot online endpoints, 2025-10-06).
    """

    name = "bandwidth out"

    def __init__(self, bandwidth: Bucket | None) -> None:
        self._bandwidth = bandwidth
        self.is_needed = bandwidth is not None

    def handle(self, visit: Visit) -> Awaitable[None] | None:
        """Wait, and write the trailers."""
        response = visit.exchange.response
        if self._bandwidth is None or response is None or not isinstance(response.body, bytes):
            return None
        if isinstance(visit.exchange.failure, BackendTimeout):
            return None  # at the deadline, and not later
        delay_s = self._bandwidth.owe(len(response.body), asyncio.get_running_loop().time())
        delay_ms = round(delay_s * 1000)
        is_bodiless = visit.request.method == "HEAD" or response.status in (204, 304)  # no body, no trailers
        if (visit.request_delay_ms or delay_ms) and not is_bodiless:
            visit.exchange.response = _with_trailers(response, visit.request_delay_ms, delay_ms)
        if not delay_ms:
            return None
        visit.note = f"delayed for {delay_ms} ms"
        return asyncio.sleep(delay_s)


def _with_trailers(response: Response, request_ms: int, response_ms: int) -> Response:
    """Return the answer in chunks: only then may something follow the body."""
    delays = [(REQUEST_DELAY, request_ms), (RESPONSE_DELAY, response_ms)]
    trailers = [(name, str(ms)) for name, ms in delays if ms]
    headers = [
        ("Transfer-Encoding", "chunked") if name.lower() == "content-length" else (name, value)
        for name, value in response.headers
    ]
    return Response(response.status, response.phrase, headers, response.body, response.account, trailers)


def _formula(profile: Profile) -> str:
    limits = profile.limits
    return (
        f"{limits.max_concurrent_requests_per_instance} max_concurrent_requests_per_instance"
        f" * {limits.instance_count} instance_count"
    )
