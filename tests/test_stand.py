"""What to serve: wishes that do not go together are refused, and what was made for a backend goes with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from amlemu import profile_file as profile
from amlemu.backends.inprocess import InProcess
from amlemu.backends.pool import Pool
from amlemu.backends.upstream import Upstream
from amlemu.deployment import Deployment, Model
from amlemu.errors import UsageError
from amlemu.stand import Plan, Stand, choose_backend


@pytest.fixture
def plan(tmp_path):
    """A script with a model; the arguments are the plan's."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "score.py").write_text("")
    (tmp_path / "m.pkl").write_text("")

    def plan(environment=None, **fields):
        deployment = Deployment(
            script=tmp_path / "code" / "score.py",
            python=Path("/env/bin/python"),
            code=tmp_path / "code",
            models=(Model("m", "1", tmp_path / "m.pkl"),),
            environment=environment or {},
        )
        return Plan(deployment=deployment, profile=profile.load("bare"), **fields)

    return plan


@pytest.mark.parametrize(
    ("wishes", "backend"),
    [
        (("worker", None, "amlemu"), "worker"),
        (("inprocess", None, "amlemu"), "inprocess"),
        (("worker", "http://h:1", "amlemu"), "upstream"),
        (("worker", None, "azmlinfsrv"), "engine"),
    ],
)
def test_an_address_or_an_engine_chooses_the_backend(wishes, backend):
    assert choose_backend(*wishes) == backend


@pytest.mark.parametrize("wishes", [("worker", "http://h:1", "azmlinfsrv"), ("inprocess", None, "azmlinfsrv")])
def test_an_engine_stands_alone(wishes):
    with pytest.raises(UsageError) as caught:
        choose_backend(*wishes)

    assert str(caught.value) == "--engine azmlinfsrv: it runs a server of its own. Leave out --backend and --upstream."


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, Pool),
        ({"backend": "inprocess"}, InProcess),
        ({"backend": "upstream", "upstream": "http://127.0.0.1:1"}, Upstream),
    ],
)
def test_the_plan_says_which_backend(plan, fields, kind):
    stand = Stand(plan(**fields), 5001)
    try:
        assert isinstance(stand.make_backend(), kind)
    finally:
        stand.close()


def test_an_upstream_needs_its_address(plan):
    with pytest.raises(UsageError, match="--backend upstream needs --upstream"):
        Stand(plan(backend="upstream"), 5001).make_backend()


def test_a_limit_that_is_no_number_is_refused(plan):
    with pytest.raises(UsageError, match="WORKER_TIMEOUT: 'soon' is no number of seconds"):
        Stand(plan({"WORKER_TIMEOUT": "soon"}, layout="none"), 5001).make_backend()


def test_links_are_there_until_the_stand_is_closed(plan, tmp_path):
    links = tmp_path / "code" / ".amlemu" / "5001" / "var" / "azureml-app"

    stand = Stand(plan(layout="links"), 5001)
    is_there = (links / "azureml-models" / "m" / "1" / "m.pkl").exists()
    stand.close()

    assert is_there
    assert not (tmp_path / "code" / ".amlemu").exists()
    assert stand.environment["AZUREML_MODEL_DIR"] == str(links / "azureml-models" / "m" / "1")


def test_a_plan_may_bring_all_variables(plan):
    """As the command azmlinfsrv does, which merges them itself."""
    stand = Stand(replace(plan(layout="none"), environment={"A": "b"}), 5001)

    assert stand.environment == {"A": "b"}
