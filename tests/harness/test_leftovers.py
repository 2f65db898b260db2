"""Removing what a killed keeper has left, without an engine; container/test_named.py has one."""

from __future__ import annotations

import pytest
from amlemu.errors import EngineMissing
from amlemu_harness import leftovers


def test_without_an_engine_it_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")

    with pytest.raises(EngineMissing):
        leftovers.remove(["iris-blue"])
