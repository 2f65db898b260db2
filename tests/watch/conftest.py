"""Asynchronous tests here run on the event loop of the standard library; one in `test_watcher.py` runs on uvloop, too."""

from __future__ import annotations

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """anyio's plugin runs every test marked `anyio` on this."""
    return "asyncio"
