"""What the replays share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .typed import explained

__all__ = ["explained"]


@pytest.fixture(scope="session", autouse=True)
def beside_the_files() -> Iterator[None]:
    """Endpoints are kept in the folder of each test, whatever whoever runs the tests has chosen."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AMLEMU_HOME", raising=False)
        yield
