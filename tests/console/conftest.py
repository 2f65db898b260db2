"""Nobody's wishes about colour, a plan to start with, and what is known once its port is open."""

from __future__ import annotations

from pathlib import Path

import pytest
from amlemu import profile_file as profile
from amlemu.deployment import Deployment
from amlemu.emulator import Opening
from amlemu.layout import lay_out
from amlemu.stand import Plan


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    """No wishes about colour in the environment."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def plan(tmp_path):
    deployment = Deployment(tmp_path / "score.py", Path("/env/bin/python"), code=tmp_path)
    return Plan(deployment=deployment, profile=profile.load("bare"))


@pytest.fixture
def opening_of():
    """Return what `Emulator.open` says of a plan, on any port and without opening one."""

    def opening_of(plan, kind="none", port=5001, **options):
        return Opening(port, (f"http://{plan.host}:{port}",), lay_out(plan.deployment, kind, **options), {})

    return opening_of


@pytest.fixture
def anyio_backend():
    """One loop is enough: no transport is in question here."""
    return "asyncio"
