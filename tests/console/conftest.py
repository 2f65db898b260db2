"""Nobody's wishes about colour, and a plan to start with."""

from __future__ import annotations

from pathlib import Path

import pytest
from amlemu import profile
from amlemu.deployment import Deployment
from amlemu.emulator import Plan


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    """No wishes about colour in the environment."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def plan(tmp_path):
    deployment = Deployment(script=tmp_path / "score.py", app_root=tmp_path, python=Path("/env/bin/python"))
    return Plan(deployment=deployment, profile=profile.load("bare"))
