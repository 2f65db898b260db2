"""
What a server is to those who ask it: a `Side` can be started, what runs then can be asked, hurt and stopped.

Four of them: `ours.py`, `azmlinfsrv.py` (the real server's command), `contained.py` (its container), `remote.py` (an endpoint that
somebody else runs). A fifth, `recording.py`, is no server but what one has said. Blocking; each start is independent of the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from amlemu.errors import AmlemuError

from amlemu_harness.parity.record import End
from amlemu_harness.parity.wire import Address


class DidNotStart(AmlemuError):
    """The server ended, or gave up, before it answered; `end` has how."""

    def __init__(self, side: str, end: End) -> None:
        self.end = end
        super().__init__(f"it ended with exit code {end.exit_code} before it answered", where=side)


class Running(Protocol):
    """A server that answers."""

    @property
    def address(self) -> Address:
        """Where it is asked."""

    def ended(self) -> End | None:
        """Say how it has ended; None while it runs."""

    def kill_workers(self) -> bool:
        """Kill its worker processes by SIGKILL and return when they are gone; False where nobody can."""

    def stop(self) -> None:
        """End it; nothing is left."""


class Side(Protocol):
    """One of the two that are compared."""

    @property
    def name(self) -> str:
        """What it is called, in every report."""

    @property
    def is_shared(self) -> bool:
        """Others use it, too: nothing that may hurt it is sent."""

    def start(self, probe: Path | None = None) -> Running:
        """
        Start it and wait until it answers.

        Args:
            probe: a script that is served instead of the deployment's, in the same surroundings; see `surroundings.py`.

        Raises:
            DidNotStart: it ended, or never answered in time.
            AmlemuError: it cannot be started at all; nothing is left running.
        """

    def facts(self) -> Mapping[str, str]:
        """Tell what it is made of: versions, interpreter, image; after a start."""
