"""
Which deployment a request is for: the one that its header names, else one by the weights of the traffic; one that nobody serves is a 404.

Source: contract 1.1 (`azureml-model-deployment`, traffic), 1.2 (404: no deployment with positive weight), 5.1 (locally the only one has it all).
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amlemu.gateway.gate import Answerer
    from amlemu.gateway.turn import Turn

Vacant = Callable[[str], "Answerer"]
"""Returns who answers where nobody serves; given the reason."""


class Lane:
    """The way to one deployment; knows how many requests are on it."""

    def __init__(self, front_door: Answerer) -> None:
        """Nobody is on it yet."""
        self._front_door = front_door
        self._in_hand = 0
        self._is_empty = asyncio.Event()
        self._is_empty.set()

    async def answer(self, turn: Turn) -> None:
        """Answer one request."""
        self._in_hand += 1
        self._is_empty.clear()
        try:
            await self._front_door.answer(turn)
        finally:
            self._in_hand -= 1
            if not self._in_hand:
                self._is_empty.set()

    async def drained(self, grace_s: float) -> bool:
        """Wait until nobody is on it; False when that takes longer."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._is_empty.wait(), grace_s)
        return not self._in_hand


class Crossing:
    """All requests of an endpoint come here."""

    def __init__(self, header: str, vacant: Vacant) -> None:
        """`header` is the one by which clients name a deployment; empty: they cannot."""
        self.header = header
        self.lanes: dict[str, Lane] = {}
        self.traffic: Mapping[str, int] = {}
        self._vacant = vacant

    async def answer(self, turn: Turn) -> None:
        """Answer one request."""
        wanted = turn.request.header(self.header) if self.header else None
        name, why = self._choose(wanted)
        lane = self.lanes.get(name)
        await (lane if lane is not None else self._vacant(why)).answer(turn)

    def _choose(self, wanted: str | None) -> tuple[str, str]:
        """Return a deployment's name; or why there is none."""
        there = ", ".join(self.lanes) or "none yet"
        if wanted is not None:
            return wanted, f"no deployment {wanted!r} is served here; there is {there}"
        weights = {name: weight for name, weight in self.traffic.items() if weight > 0}
        if not self.traffic and len(self.lanes) == 1:
            return next(iter(self.lanes)), ""
        if not weights:
            return "", f"no deployment has traffic; there is {there}"
        name = random.choices(list(weights), list(weights.values()))[0]  # noqa: S311  # nobody has to be unable to guess it
        return name, f"the deployment {name} has traffic, and is not served"
