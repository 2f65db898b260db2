"""A deployment that is served in this process and saved by the test; what it tells is waited for."""

from __future__ import annotations

import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import amlemu
import httpx
import pytest
from amlemu.events import Event
from amlemu.reload import ReloadRules

PATIENCE_S = 10.0
E = TypeVar("E", bound=Event)


class Place:
    """A folder with a script; `serve` it, save into it, ask it, and read what was told."""

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

    def serve(self, rules: ReloadRules | None = None, **options: Any) -> None:
        """Start; `options` are those of `amlemu.serve`."""
        options = {"profile": "bare", "grace_s": 2.0, **options}
        self.endpoint = amlemu.serve(self.script, reload=rules or ReloadRules(is_on=True), **options)

    def ask(self, body: bytes = b"x") -> httpx.Response:
        """Send one request to /score."""
        return httpx.post(f"{self.endpoint.url}/score", content=body, timeout=PATIENCE_S, trust_env=False)

    def told(self, kind: type[E]) -> list[E]:
        """Return the events of a kind so far."""
        return [event for event in list(self.endpoint.events) if isinstance(event, kind)]

    def until_told(self, kind: type[E], count: int = 1) -> E:
        """Wait for so many events of a kind; return the last of them."""
        self.until(lambda: len(self.told(kind)) >= count, f"telling of {count} {kind.__name__}")
        return self.told(kind)[count - 1]

    def until(self, look: Callable[[], object], what: str) -> None:
        """Wait until a look succeeds."""
        deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
        while not look():
            events = getattr(self, "endpoint", None) and self.endpoint.events[-8:]
            assert time.monotonic() < deadline, f"not {what} within {PATIENCE_S:.0f} s: {events}"
            pause.wait(0.005)

    def until_answered(self, value: Any) -> None:
        """Wait until the script's answer is this; meanwhile it may be another one."""
        self.until(lambda: self.ask().json() == value, f"answering {value}")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Return a place, and stop it."""
    place = Place(tmp_path / "code")
    yield place
    if hasattr(place, "endpoint"):
        place.endpoint.stop()


def returns(value: object, top: str = "", init: str = "pass") -> str:
    """Return a script whose run() returns a value."""
    return f"import json, os\n{top}\ndef init():\n    {init}\ndef run(data):\n    return {value}\n"
