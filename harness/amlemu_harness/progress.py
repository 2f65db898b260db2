"""
What a build tells while it goes on: steps by their names, how long each took, and which were as before.

`build.py` and `reference_base.py` tell; a command shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


class Progress(Protocol):
    """Who looks on."""

    def say(self, text: str) -> None:
        """Hear a sentence."""

    def began(self, step: str) -> None:
        """Hear that a step is being done."""

    def ended(self, step: str, took_s: float) -> None:
        """Hear that it has been done."""

    def heard(self, line: str) -> None:
        """Hear a line of what it writes."""


@dataclass(frozen=True)
class Lines:
    """Shows a line for each step that is done; with `verbose` all that it writes, too."""

    show: Callable[[str], None]
    verbose: bool = False

    def say(self, text: str) -> None:
        """Show it."""
        self.show(text)

    def began(self, step: str) -> None:
        """Say what is waited for."""
        self.show(f"{step} ...")

    def ended(self, step: str, took_s: float) -> None:
        """Say how long it took, where that was long."""
        if took_s >= 1 or self.verbose:
            self.show(f"{step}: {took_s:.0f} s")

    def heard(self, line: str) -> None:
        """Show it to who wants to see all."""
        if self.verbose and line.strip():
            self.show(f"  {line}")
