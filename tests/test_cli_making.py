"""What the verbs of endpoints and deployments share: how they end."""

from __future__ import annotations

import json

import click
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


@pytest.fixture
def sources(monkeypatch):
    """Say which options were given on the command line."""
    return lambda *names: monkeypatch.setattr(cli_making.cli_plan, "sources", lambda: dict.fromkeys(names, "flag"))


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


@pytest.mark.parametrize(("verb", "ends"), [("create", ", and delete ends it"), ("delete", "")])
def test_who_interrupts_is_told_that_it_goes_on(capsys, verb, ends):
    def work(tell):
        raise KeyboardInterrupt

    with click.Context(click.Command(verb), info_name=verb), pytest.raises(KeyboardInterrupt):
        cli_making.run(work, GIVEN)
    assert capsys.readouterr().err == f"amlemu: it goes on without us; show says how it is{ends}\n"


def test_the_bar_knows_the_steps_that_there_are():
    names = [name for name, _ in STEPS]

    assert names == list(cli_making.STEPS)


@pytest.mark.parametrize("value", [None, ""])
def test_what_is_needed_is_asked_for(value):
    with pytest.raises(UsageError, match="the endpoint's name is missing"):
        cli_making.needed(value, "--name", "the endpoint's name")
    assert cli_making.needed("iris", "--name", "the endpoint's name") == "iris"


def test_a_debuggers_port_that_was_said_stays(sources, tmp_path):
    """--vscode-debug is 5678 only where nobody says otherwise."""
    sources("debug")
    (tmp_path / "score.py").touch()
    given = {"debug": 6000, "vscode_debug": True, "simulate": None}

    assert cli_making.asked_of(str(tmp_path / "score.py"), given).options["debug"] == 6000


def test_paths_are_kept_absolute(sources, monkeypatch, tmp_path):
    """Another folder does not change them; a command to be found, or the name of a profile, is no path."""
    monkeypatch.chdir(tmp_path)
    sources("profile", "python", "model")
    (tmp_path / "score.py").touch()
    given = {"vscode_debug": False, "simulate": None}

    def options(**more):
        return cli_making.asked_of("score.py", {**given, **more}).options

    words = options(profile="mine.toml", python="./python", model=("credit=m.pkl",))
    assert words == {
        "profile": f"{tmp_path}/mine.toml", "python": f"{tmp_path}/python", "model": [f"credit={tmp_path}/m.pkl"],
    }  # fmt: skip
    assert options(profile="managed", python="python3.11", model=("m.pkl",))["python"] == "python3.11"
    assert options(profile="managed", python="python3.11", model=("m.pkl",))["profile"] == "managed"


@pytest.mark.parametrize(
    ("words", "options"),
    [
        pytest.param(["instance_count=2"], {"set": ["limits.instance_count=2"]}, id="instances"),
        pytest.param(
            ["request_settings.request_timeout_ms=9000"],
            {"set": ["limits.request_timeout_ms=9000"]},
            id="request-settings",
        ),
        pytest.param(["liveness_probe.period=30"], {"set": ["probes.liveness_period=30"]}, id="probes"),
        pytest.param(["environment_variables.A=b=c"], {"set": [], "env": ["A=b=c"]}, id="variables"),
        pytest.param(["limits.request_bytes=1"], {"set": ["limits.request_bytes=1"]}, id="ours"),
    ],
)
def test_set_takes_the_words_of_az_too(sources, tmp_path, words, options):
    """`az ml online-deployment update --set instance_count=2` names fields, `amlemu serve --set` values of the profile."""
    sources("set")
    (tmp_path / "deployment.yml").touch()
    given = {"set": tuple(words), "vscode_debug": False, "simulate": None}

    assert cli_making.asked_of(str(tmp_path / "deployment.yml"), given).options == options


def test_a_field_that_only_the_file_can_say_is_refused(sources, tmp_path):
    sources("set")
    (tmp_path / "deployment.yml").touch()
    given = {"set": ("instance_type=Standard_F2s_v2",), "vscode_debug": False, "simulate": None}

    with pytest.raises(
        UsageError, match=r"instance_type is a field of the deployment's file\. Write it there and update"
    ):
        cli_making.asked_of(str(tmp_path / "deployment.yml"), given)
