"""
A request on its way through the front door: the exchange that will remember it, and what must be kept alive until then.

Stages read and write a visit; `app.py` makes one for each request and ends it. The exchange alone outlives it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from amlemu.errors import BackendFailure
from amlemu.exchange import Exchange, Headers, Request, Response
from amlemu.gateway.turn import Turn
from amlemu.pauses import ANYBODY, Pauses


class Visit:
    """One request under way. Ends once: by an answer, or by a closed connection."""

    __slots__ = (
        "_at_answer",
        "_at_end",
        "_held_s",
        "_pauses",
        "began",
        "ending",
        "exchange",
        "is_barred",
        "is_forwarded",
        "is_over",
        "is_shadow",
        "note",
        "noting",
        "request",
        "request_delay_ms",
        "timer",
        "turn",
        "when_overdue",
        "when_spared",
    )

    def __init__(
        self,
        turn: Turn,
        when_overdue: Callable[[Visit], None],
        when_spared: Callable[[Visit, BackendFailure], None],
        pauses: Pauses,
        *,
        is_shadow: bool,
    ) -> None:
        """
        Take a request.

        Args:
            turn: it, and how it is answered.
            when_overdue: called when its deadline passes; see `Deadline`.
            when_spared: called when a time is over that does not count, for a debugger holds the model; with what it would
                have led to.
            pauses: says how long it has stood still.
            is_shadow: callers get what the model said.
        """
        self.began = time.perf_counter()
        self.turn = turn
        self.exchange = Exchange(turn.request, time.time())
        self.request: Request = turn.request  # what the backend is asked; stages may put another one here
        self.when_overdue = when_overdue
        self.when_spared = when_spared
        self._pauses = pauses
        self._held_s = 0.0  # it stood still before a backend had it
        self.is_shadow = is_shadow
        self.is_barred = False  # not even --shadow asks the model
        self.is_forwarded = False  # the model has been asked
        self.is_over = False
        self.ending: asyncio.Task[None] | None = None  # who answers in place of the task that waits for the model
        self.noting: asyncio.Task[None] | None = None  # who works out what the cloud would have said
        self.timer: asyncio.TimerHandle | None = None
        self.request_delay_ms = 0  # by bandwidth
        self.note = ""  # what the present stage has decided
        self._at_answer: list[Callable[[], None]] = []
        self._at_end: list[Callable[[], None]] = []

    @property
    def is_answered(self) -> bool:
        """Whether a stage has decided what the caller gets."""
        return self.exchange.response is not None or self.exchange.failure is not None

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since the head had arrived."""
        return (time.perf_counter() - self.began) * 1000

    @property
    def paused_s(self) -> float:
        """Seconds that it has stood still because a debugger held the model."""
        number = self.request.number
        return self._held_s + self._pauses.seconds(number) if number else self._pauses.seconds(ANYBODY, self.began)

    def number(self, number: int) -> None:
        """Say which exchange this is; from now on it stands still by itself."""
        self._held_s = self._pauses.seconds(ANYBODY, self.began)
        self.exchange.request.number = self.request.number = number

    def forward(self, *, headers: Headers | None = None, target: str | None = None) -> None:
        """Change what the backend is asked; the exchange keeps the request as it came."""
        came, now = self.turn.request, self.request
        if now is came:
            now = self.request = Request(came.method, came.target, came.headers, came.body, came.version, came.client)
            now.server, now.number, now.broken = came.server, came.number, came.broken
        now.headers = now.headers if headers is None else headers
        now.target = now.target if target is None else target

    def refuse(self, response: Response | None, why: str) -> None:
        """Decide for an answer of the front door's own; None closes the connection. The first decision counts."""
        if self.is_answered:
            return
        self.note = why
        self.exchange.why = why
        self.exchange.cloud_ms = self.elapsed_ms
        if response is None:
            self.exchange.failure = BackendFailure(why)
        else:
            self.exchange.response = response

    def fail(self, failure: BackendFailure) -> None:
        """The model said nothing; what that means is for `MapStatus` to say."""
        if not self.is_answered:
            self.exchange.failure = failure

    def at_answer(self, work: Callable[[], None]) -> None:
        """Have this done when the caller gets the answer, or goes without."""
        self._at_answer.append(work)

    def at_end(self, work: Callable[[], None]) -> None:
        """Have this done when the model is done with it, too, which may be later."""
        self._at_end.append(work)

    def over(self) -> bool:
        """Claim the end: True for the first who asks, who then has to answer."""
        if self.is_over:
            return False
        self.is_over = True
        if self.timer is not None:
            self.timer.cancel()
        _do(self._at_answer)
        return True

    def left(self) -> None:
        """The model is done with it."""
        _do(self._at_end)


def _do(works: list[Callable[[], None]]) -> None:
    for work in works:
        work()
    works.clear()
