"""Asynchronous tests here run on both event loops that a host may have."""

from __future__ import annotations

from typing import Any

import pytest

LOOPS = [pytest.param(("asyncio", {"use_uvloop": is_uv}), id="uvloop" if is_uv else "asyncio") for is_uv in (0, 1)]


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """anyio's plugin runs every test marked `anyio` on this."""
    return request.param
