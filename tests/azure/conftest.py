"""A folder with everything that Azure's files name, and the marker of what a test holds."""

from __future__ import annotations

import pytest

from .written import fill


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker of scenarios that are functions, not table rows."""
    config.addinivalue_line("markers", "rows(*names): the rows of the contract that the test holds")


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path)
