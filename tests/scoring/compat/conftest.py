"""azureml-core as amlemu serves it, for the length of a test."""

from __future__ import annotations

import pytest
from amlemu.scoring import compat


@pytest.fixture
def installed():
    compat.install()
    yield
    compat.uninstall()
