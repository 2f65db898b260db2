"""Stories are told once a session; asynchronous tests run on the loop that the product runs on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .stories import Stories


@pytest.fixture(scope="session")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stories]:
    """Let things happen, once each."""
    told = Stories(tmp_path_factory.mktemp("crashes"))
    yield told
    told.stop()


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """uvloop's, as `emulator.run_loop` has it."""
    return "asyncio", {"use_uvloop": True}
