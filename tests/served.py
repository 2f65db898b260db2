"""A deployment that is served in this process: its folder, its script, and what it tells, which is waited for."""

from __future__ import annotations

import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import amlemu
from amlemu.events import Event

PATIENCE_S = 10.0
E = TypeVar("E", bound=Event)


class Served:
    """A folder with a script and, once somebody has started it, an endpoint."""

    endpoint: amlemu.Endpoint

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir()
        self.script = folder / "score.py"

    def save(self, name: str, text: str) -> Path:
        """Write a file, in place."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    def told(self, kind: type[E]) -> list[E]:
        """Return the events of a kind so far."""
        return [event for event in list(self.endpoint.events) if isinstance(event, kind)]

    def until_told(self, kind: type[E], count: int = 1) -> E:
        """Wait for so many events of a kind; returns the last of them."""
        self.until(lambda: len(self.told(kind)) >= count, f"telling of {count} {kind.__name__}")
        return self.told(kind)[count - 1]

    def until(self, look: Callable[[], object], what: str) -> None:
        """Wait until a look succeeds."""
        deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
        while not look():
            events = getattr(self, "endpoint", None) and self.endpoint.events[-8:]
            assert time.monotonic() < deadline, f"not {what} within {PATIENCE_S:.0f} s: {events}"
            pause.wait(0.005)
