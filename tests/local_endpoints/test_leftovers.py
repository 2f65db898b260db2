"""What a killed keeper's containers are called, and that nobody is asked where there are none; container/test_named.py removes real ones."""

from __future__ import annotations

import pytest
from amlemu.local_endpoints import leftovers
from amlemu.local_endpoints.record import Asked, DeploymentRecord, Record


def test_each_deployment_has_two_places() -> None:
    """For in an update one comes up beside the other; `az ml ... --local` removes all containers of an endpoint's name (contract 5.1)."""
    assert leftovers.alias("iris", "blue", 0) == "iris-blue"
    assert leftovers.alias("iris", "blue", 1) == "iris-blue-2"


def test_workers_leave_nothing_that_would_have_to_be_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """No engine is asked, for there may be none."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    record = Record("iris", 5001, deployments={"blue": DeploymentRecord(Asked("score.py"))})

    assert leftovers.remove(record) == ""


def test_an_engine_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint goes all the same."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    record = Record("iris", 5001, deployments={"blue": DeploymentRecord(Asked("score.py", {"container": True}))})

    assert leftovers.remove(record).startswith("containers of iris may be left: ")
