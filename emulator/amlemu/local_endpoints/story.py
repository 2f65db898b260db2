"""
How an operation is told while it goes on: lines of JSON, one for each thing that happens, and a last one with the outcome.

The keeper writes them, whoever has asked follows, and so does whoever asks for the same once more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from amlemu.local_endpoints.outcome import DONE, STEP, TEXT


class Story:
    """What has been told so far; any number of readers, each from the beginning. Used from one event loop."""

    def __init__(self) -> None:
        """Begin with nothing told."""
        self.lines: list[dict[str, Any]] = []
        self._more = asyncio.Event()

    def step(self, deployment: str, name: str, state: str, text: str = "", took_s: float | None = None) -> None:
        """Tell that a step begins (`InProgress`), or how it has ended (`Succeeded`, `Failed`)."""
        self._tell(
            {"kind": STEP, "deployment": deployment, "step": name, "state": state, "text": text, "took_s": took_s}
        )

    def text(self, text: str, colour: str = "") -> None:
        """Tell a sentence."""
        self._tell({"kind": TEXT, "text": text, "colour": colour})

    def done(self, outcome: dict[str, Any]) -> None:
        """Tell the outcome, see `outcome.py`; nothing follows."""
        self._tell({"kind": DONE, **outcome})

    def _tell(self, line: dict[str, Any]) -> None:
        self.lines.append(line)
        self._more.set()
        self._more = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """Whether the outcome is told."""
        return bool(self.lines) and self.lines[-1]["kind"] == DONE

    async def follow(self) -> AsyncIterator[dict[str, Any]]:
        """Yield all lines, those that are still to come, too."""
        number = 0
        while True:
            while number < len(self.lines):
                yield self.lines[number]
                number += 1
            if self.is_over:
                return
            await self._more.wait()
