"""Declares the marker of scenarios; keeps the deployment that is being served."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .places import Places


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker of scenarios that are functions, not table rows."""
    config.addinivalue_line("markers", "rows(*names): the rows of the contract that the test holds")


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """Serve deployments, one at a time."""
    served = Places(tmp_path_factory.mktemp("cloud"))
    yield served
    served.stop()
