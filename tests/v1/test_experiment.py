"""An experiment is a name for runs; nothing is submitted."""

from __future__ import annotations

import pytest
from amlemu.v1 import Experiment
from amlemu.v1.exceptions import UserErrorException


def test_runs_are_found_by_their_experiment(desk):
    run = Experiment(desk.ws, "train").start_logging()

    assert [one.id for one in Experiment(desk.ws, "train").get_runs()] == [run.id]
    assert list(desk.ws.experiments) == ["train"]
    assert [one.name for one in Experiment.list(desk.ws, "other")] == []


@pytest.mark.parametrize("name", ["", "../x", "a b", "-a"])
def test_a_name_that_azure_would_refuse(desk, name):
    with pytest.raises(UserErrorException, match="is no name of an experiment"):
        Experiment(desk.ws, name)


def test_nothing_is_submitted(desk):
    with pytest.raises(NotImplementedError, match="run the training script yourself"):
        Experiment(desk.ws, "train").submit(object())
