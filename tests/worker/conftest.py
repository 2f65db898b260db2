"""Asynchronous tests here run on both event loops that a host may have: uvloop's writes to a lost peer raise."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

LOOPS = [pytest.param(("asyncio", {"use_uvloop": is_uv}), id="uvloop" if is_uv else "asyncio") for is_uv in (0, 1)]


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """anyio's plugin runs every test marked `anyio` on this."""
    return request.param


@pytest.fixture
def place(tmp_path: Path) -> Callable[..., Path]:
    """Write files by name; `lib_...` belong to installed packages, the others to the user. Returns the folder."""
    (tmp_path / "code").mkdir()

    def place(**files: str) -> Path:
        for name, text in {"lib_a": "", "lib_b": "", **files}.items():
            folder = tmp_path / ("env/site-packages" if name.startswith("lib_") else "code")
            path = folder / f"{name.replace('__', '/', 1)}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        return tmp_path

    return place
