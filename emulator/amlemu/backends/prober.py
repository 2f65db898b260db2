"""
Plays a probe of the platform against one container: `GET /`, again and again, through the queue that requests wait in.

A worker that boots, or is busy, misses it; while a debugger holds one nothing counts. Where the platform would end the container (liveness), or
would keep requests from it (readiness), that is told and nothing is done: a developer wants to see how long it really takes. `probes.py` has the
numbers, `pool.py` is the container.

Source: contract 3.6 (`GET /`, and that it queues behind init() and run()), 6.4; 200 to 399 is an answer: contract 8 #22.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from amlemu.errors import BackendFailure
from amlemu.events import Listener, WouldBeKilled, WouldBeUnready
from amlemu.exchange import Frame, Request, Response
from amlemu.probes import ProbeRules, Streak

_NOBODYS = -1  # as the number of an exchange: it is none
_PROBE = ("GET", "/", [("Host", "127.0.0.1:5001"), ("User-Agent", "kube-probe/1.31"), ("Connection", "close")])


class Prober:
    """Of one container, from its start. Used from one event loop."""

    def __init__(
        self,
        rules: ProbeRules,
        ask: Callable[[Request], Awaitable[Response]],
        listener: Listener,
        *,
        has_booted: Callable[[], bool],
        is_held: Callable[[], bool],
        stack: Callable[[], Awaitable[list[Frame]]],
        is_readiness: bool = False,
    ) -> None:
        """
        Args:
            rules: of the probe.
            ask: answers a request of the container, or raises BackendFailure.
            listener: is told where the platform would act.
            has_booted: whether init() has returned.
            is_held: whether a debugger holds it; then no probe counts.
            stack: where the script is, outermost frame first.
            is_readiness: it is the readiness probe, to which a boot may take as long as it likes.
        """
        self._rules = rules
        self._ask = ask
        self._tell = listener
        self._has_booted = has_booted
        self._is_held = is_held
        self._stack = stack
        self._is_readiness = is_readiness
        self._streak = Streak()
        self._streak_since = self._spared_s = 0.0
        self._has_answered = self._is_told = False

    async def play(self) -> None:
        """Ask for ever."""
        clock = asyncio.get_running_loop().time
        began = clock()
        for moment in self._rules.moments():
            left_s = began + moment - clock()
            if left_s < -self._rules.period_s:
                continue  # the one before took long: it asks one at a time
            await asyncio.sleep(max(left_s, 0.0))
            if self._is_held() or not await self._is_over(moment - self._spared_s):
                self._spared_s += self._rules.period_s

    async def _is_over(self, after_s: float) -> bool:
        """Ask once, `after_s` of the time that counts; returns False when a debugger has come in between."""
        clock = asyncio.get_running_loop().time
        if not self._has_booted() and not self._has_answered and after_s >= self._rules.allows_s:
            await self._would_act(self._rules.allows_s, is_booting=True)
        was_booted, asked = self._has_booted(), clock()
        is_answered = await self._is_answered()
        if self._is_held() and not is_answered:
            return False
        self._streak = self._streak.and_then(answered=is_answered)
        self._streak_since = asked if self._streak.length == 1 else self._streak_since
        if is_answered:
            self._has_answered = True
            self._is_told = self._is_told and not self._streak.has_succeeded(self._rules)
        elif self._streak.has_failed(self._rules) and (self._has_answered or (was_booted and self._has_booted())):
            # A worker that boots for the second time does so in a container that has no initial delay any more.
            await self._would_act(clock() - self._streak_since, is_booting=not self._has_booted())
        return True

    async def _is_answered(self) -> bool:
        method, target, headers = _PROBE
        try:
            answer = await asyncio.wait_for(
                self._ask(Request(method, target, list(headers), number=_NOBODYS)), self._rules.timeout_s
            )
        except (BackendFailure, asyncio.TimeoutError):
            return False
        return 200 <= answer.status < 400

    async def _would_act(self, after_s: float, *, is_booting: bool) -> None:
        if self._is_told or (self._is_readiness and is_booting):
            return
        self._is_told = True
        stack = tuple(await self._stack())
        self._tell(WouldBeUnready(after_s, stack) if self._is_readiness else WouldBeKilled(after_s, is_booting, stack))
