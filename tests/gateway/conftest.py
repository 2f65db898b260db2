"""What talks to sockets runs on both event loops that a host may have."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from . import front_door


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def every_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """Serve on this loop; for modules that say so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(front_door, "LOOP", request.param)
        yield


@pytest.fixture
def anyio_backend() -> str:
    """Asynchronous tests here are about values, not about loops."""
    return "asyncio"
