"""Conda files in the test's folder, and a pip that sees the wheels of the test only."""

from __future__ import annotations

import os

import pytest
from amlemu.environments import asked


@pytest.fixture
def ask(write, tmp_path):
    """Read what a file with this text asks for."""

    def ask(text, name="conda.yml"):
        write(name, text)
        return asked.read(tmp_path / name)

    return ask


@pytest.fixture
def wheels(tmp_path, monkeypatch):
    """Return the folder of wheels that pip takes from, and from nowhere else."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    return folder
