"""A deployment that is served in this process and saved by the test; what it tells is waited for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import amlemu
import httpx
import pytest
from amlemu.reload import ReloadRules

from ..served import PATIENCE_S, Served


class Place(Served):
    """A folder with a script; `serve` it, save into it, ask it, and read what was told."""

    def serve(self, rules: ReloadRules | None = None, **options: Any) -> None:
        """Start; `options` are those of `amlemu.serve`."""
        options = {"profile": "bare", "grace_s": 2.0, **options}
        self.endpoint = amlemu.serve(self.script, reload=rules or ReloadRules(is_on=True), **options)

    def ask(self, body: bytes = b"x") -> httpx.Response:
        """Send one request to /score."""
        return httpx.post(f"{self.endpoint.url}/score", content=body, timeout=PATIENCE_S, trust_env=False)

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
