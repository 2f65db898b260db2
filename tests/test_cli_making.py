"""What the verbs of endpoints and deployments share: how they end."""

from __future__ import annotations

import json

import pytest
from amlemu import cli_making
from amlemu.errors import UsageError
from amlemu.local_endpoints.bring_up import STEPS
from amlemu.local_endpoints.caller import Done
from amlemu.local_endpoints.outcome import failed, succeeded

GIVEN = {"output": "json", "query": None}
CAUSE = {
    "step": "Probes", "told": "it did not come up", "today": "ResourceNotReady", "in_2021": "", "source": "", "fix": "",
    "traceback": "", "said": [],
}  # fmt: skip


@pytest.mark.parametrize(
    ("outcome", "code", "out"),
    [
        pytest.param(succeeded("it is done"), 0, {"name": "iris"}, id="done"),
        pytest.param(failed("it failed"), 1, None, id="failed"),
        pytest.param(failed("it cannot be", is_usage=True), 2, None, id="cannot-be"),
        pytest.param(failed("it does not start", cause=CAUSE), 3, None, id="does-not-start"),
    ],
)
def test_the_exit_code_says_how_it_ended(capsys, outcome, code, out):
    """Standard output has what there is then, and nothing else; who asked has been told."""
    told = []

    assert cli_making.run(lambda tell: Done(outcome, lambda: told.append(1)), GIVEN, lambda: {"name": "iris"}) == code
    said = capsys.readouterr()
    assert (json.loads(said.out) if said.out else None) == out
    assert outcome["text"] in said.err
    assert told == [1]


def test_a_delete_has_nothing_to_show(capsys):
    assert cli_making.run(lambda tell: Done(succeeded("gone"), lambda: None), GIVEN) == 0

    assert capsys.readouterr().out == ""


def test_who_interrupts_is_told_that_it_goes_on(capsys):
    def work(tell):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cli_making.run(work, GIVEN)
    assert "it goes on without us" in capsys.readouterr().err


def test_the_bar_knows_the_steps_that_there_are():
    names = [name for name, _ in STEPS]

    assert names == list(cli_making.STEPS)


@pytest.mark.parametrize("value", [None, ""])
def test_what_is_needed_is_asked_for(value):
    with pytest.raises(UsageError, match="the endpoint's name is missing"):
        cli_making.needed(value, "--name", "the endpoint's name")
    assert cli_making.needed("iris", "--name", "the endpoint's name") == "iris"
