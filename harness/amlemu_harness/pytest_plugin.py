"""
The container for tests of scoring scripts: `container_endpoint`, and what becomes of its tests where there is no engine.

pytest finds this by its entry point, beside amlemu's own plugin, which does all the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from amlemu.testing import ScoringClient


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ours."""
    parser.getgroup("amlemu").addoption(
        "--amlemu-require-container",
        action="store_true",
        help="where no Docker engine answers, tests that need a container fail; else they are skipped with the reason",
    )


@pytest.fixture
def container_endpoint(make_endpoint: Callable[..., ScoringClient]) -> ScoringClient:
    """Return a client like `scoring_client`, whose script runs in its real image, built and run by Docker; shared like all endpoints."""
    return make_endpoint(target="container")
