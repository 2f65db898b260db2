"""
Both sides of a walk, asked the same at the same time. `walk.py` says what.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from amlemu_harness.parity.case import request
from amlemu_harness.parity.record import Seen
from amlemu_harness.parity.wire import Received, Sent

Ask = Callable[[Sent], Received | None]
"""Asks one side; None: nobody answered, for nobody listens any more."""

_IS_ALIVE = request("GET", "/")


@dataclass(frozen=True)
class Pair:
    """
    Two servers.

    Attributes:
        fresh: starts both anew; None where nobody can.
        beside: a thread for the one, while this one asks the other.
    """

    theirs: Ask
    ours: Ask
    fresh: Callable[[], None] | None
    beside: ThreadPoolExecutor

    def ask(self, requests: Sequence[Sent]) -> tuple[Seen, Seen]:
        """Ask both a sequence, request by request; it ends where one of them has not answered."""
        theirs: list[Received] = []
        ours: list[Received] = []
        for number, sent in enumerate(requests, 1):
            one, other = self._ask(sent)
            theirs += [one] if one is not None else []
            ours += [other] if other is not None else []
            if one is None or other is None:
                trouble = f"nobody answered request {number}"
                return (
                    Seen(tuple(theirs), trouble if one is None else ""),
                    Seen(tuple(ours), trouble if other is None else ""),
                )
        return Seen(tuple(theirs)), Seen(tuple(ours))

    def is_alive(self) -> bool:
        """Whether both answer anything at all."""
        return None not in self._ask(_IS_ALIVE)

    def _ask(self, sent: Sent) -> tuple[Received | None, Received | None]:
        going = self.beside.submit(self.theirs, sent)
        other = self.ours(sent)
        return going.result(), other
