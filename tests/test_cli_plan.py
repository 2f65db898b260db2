"""What the words of a command come to, without running it; how refusals look is in test_cli.py."""

from __future__ import annotations

import sys
from math import inf

import pytest
from amlemu import cli, cli_plan
from amlemu.aids.aids import watched_of
from amlemu.azure import conda_file
from amlemu.console import PersonConsole
from amlemu.debugging import DebugRules
from amlemu.environments import place
from amlemu.errors import UsageError
from amlemu.reload import ReloadRules


@pytest.fixture
def plan(write, tmp_path, monkeypatch):
    """Return the plan of `amlemu serve score.py WORDS`, in the test's folder, under few variables."""
    write("score.py", "def init(): ...\ndef run(data): ...")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)

    def plan(*words):
        with cli.cli.commands["serve"].make_context("serve", ["score.py", *words]) as context:
            given = dict(context.params)
            return cli_plan.plan(cli_plan.choices_of(given.pop("file"), given), PersonConsole())

    return plan


@pytest.mark.parametrize(
    ("words", "variables", "is_on"),
    [
        pytest.param([], {}, True, id="default"),
        pytest.param([], {"CI": "true"}, False, id="where-nobody-saves"),
        pytest.param(["--reload"], {"CI": "true"}, True, id="asked-for-there"),
        pytest.param(["--profile", "bare"], {}, False, id="bare"),
        pytest.param(["--profile", "bare", "--reload"], {}, True, id="asked-for-in-bare"),
        pytest.param(["--no-reload"], {}, False, id="refused"),
        pytest.param([], {"AMLEMU_RELOAD": "0"}, False, id="refused-by-variable"),
    ],
)
def test_files_are_watched_unless(plan, monkeypatch, words, variables, is_on):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert plan(*words).reload.is_on is is_on


def test_the_words_about_reloads_become_rules(plan, write, tmp_path):
    write("src/one.py", "")
    write("lib/two.py", "")
    words = "--reload-dir src --reload-dir lib --reload-include *.html --reload-exclude data --reload-delay 0.5 --poll"

    assert plan(*words.split(), "--reload-mode", "stop-first", "--keep-last-good").reload == ReloadRules(
        is_on=True,
        folders=(tmp_path / "src", tmp_path / "lib"),
        include=("*.html",),
        exclude=("data",),
        delay_s=0.5,
        polls=True,
        mode="stop-first",
        keeps_last_good=True,
    )


@pytest.mark.parametrize(
    ("words", "port"),
    [
        pytest.param([], 0, id="5050-or-the-next"),
        pytest.param(["--control-port", "5077"], 5077, id="that-one"),
        pytest.param(["--no-control"], None, id="none"),
        pytest.param(["--no-control", "--control-port", "5077"], None, id="no-beats-which"),
    ],
)
def test_the_control_port_is_planned(plan, words, port):
    assert plan(*words).control_port == port


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param([], DebugRules(), id="nothing"),
        pytest.param(["--debug"], DebugRules(port=5678), id="--debug"),
        pytest.param(["--debug", "7000"], DebugRules(port=7000), id="--debug 7000"),
        pytest.param(["--debug=7000"], DebugRules(port=7000), id="--debug=7000"),
        pytest.param(["--debug", "0"], DebugRules(port=0), id="--debug 0"),
        pytest.param(["--debug", "--workers", "2"], DebugRules(port=5678), id="--debug --workers 2"),
        pytest.param(["--debug-host", "::1", "--debug"], DebugRules(port=5678, host="::1"), id="--debug-host"),
        pytest.param(["--debug-connect", "9000"], DebugRules(connect=9000), id="--debug-connect"),
        pytest.param(["--env", "AZUREML_DEBUG_PORT=9000"], DebugRules(connect=9000), id="the cloud's variable"),
        pytest.param(["--wait-for-client"], DebugRules(port=5678, wait_s=inf), id="--wait-for-client"),
        pytest.param(["--wait-for-client", "5"], DebugRules(port=5678, wait_s=5), id="--wait-for-client 5"),
        pytest.param(["--wait-for-client", "0.5", "--debug", "1"], DebugRules(port=1, wait_s=0.5), id="both"),
        pytest.param(["--debug", "--no-pause"], DebugRules(port=5678, stops_clocks=False), id="--no-pause"),
        pytest.param(["--debug-on-error"], DebugRules(port=5678, on_error=True), id="--debug-on-error"),
    ],
)
def test_the_words_about_debuggers_become_rules(plan, words, expected):
    assert plan(*words).debug == expected


def test_debuggers_may_be_asked_for_by_variables(plan, monkeypatch):
    """Each flag has its own; AZUREML_DEBUG_PORT is read from the shell, too."""
    monkeypatch.setenv("AZUREML_DEBUG_PORT", "9000")
    by_the_cloud_s = plan().debug
    monkeypatch.setenv("AMLEMU_DEBUG", "7000")
    monkeypatch.setenv("AMLEMU_WAIT_FOR_CLIENT", "5")

    assert by_the_cloud_s == DebugRules(connect=9000)
    assert plan().debug == DebugRules(port=7000, wait_s=5)


def test_pairs_are_cut_at_the_first_sign():
    assert cli_plan.pairs(("A=1", "B=x=y", "C="), "--env", "KEY=VALUE") == {"A": "1", "B": "x=y", "C": ""}


def test_of_two_values_the_last_counts_unless_there_may_be_one_alone():
    """A model of the same name and version cannot be two."""
    assert cli_plan.pairs(("A=1", "A=2"), "--env", "KEY=VALUE") == {"A": "2"}
    with pytest.raises(UsageError, match="m:1 is given twice"):
        cli_plan.pairs(("m:1=a", "m:1=b"), "--model", "NAME:VERSION=PATH", is_unique=True)


@pytest.fixture
def made(write, tmp_path, empty_environment):
    """An environment as `amlemu env create conda.yml` leaves it, of the conda.yml beside the script."""
    asked = conda_file.read(write("conda.yml", "dependencies: [python=3.11]\n"))
    folder = place.place_of(asked)
    folder.parent.mkdir(parents=True)
    folder.symlink_to(empty_environment)
    record = folder / place.RECORD
    place.write_record(place.Record("conda.yml", place.fingerprint(asked), sys.executable, "3.11.7", 0.0), folder)
    yield folder
    record.unlink()  # the environment is every test's


def test_a_script_runs_in_the_environment_that_was_made_for_it(plan, made):
    """Unless another one is named."""
    assert plan().deployment.python == made / "bin" / "python"
    assert str(plan("--python", sys.executable).deployment.python) == sys.executable


def test_a_deployment_runs_in_the_environment_that_was_made_for_it(plan, made, write):
    """By the conda file that it names; one that has changed since is told, and still used."""
    text = "name: blue\nendpoint_name: credit\ncode_configuration: {code: ., scoring_script: score.py}\n"
    write(
        "deployment.yml", text + "environment: {image: x, conda_file: conda.yml}\ninstance_type: x\ninstance_count: 1\n"
    )

    with cli.cli.commands["serve"].make_context("serve", ["deployment.yml"]) as context:
        given = dict(context.params)
        chosen = cli_plan.choices_of(given.pop("file"), given)

    assert (chosen.options["python"], chosen.origins["python"]) == (str(made / "bin" / "python"), "amlemu env create")


def test_an_environment_that_is_out_of_date_is_told(plan, made, write, capsys):
    write("conda.yml", "dependencies: [python=3.11, numpy]\n")

    assert plan().deployment.python == made / "bin" / "python"
    assert (
        "conda.yml has changed since its environment was made; amlemu env create conda.yml" in capsys.readouterr().err
    )


def test_the_files_of_a_deployment_are_watched(plan, write, tmp_path):
    """What they say counts from the next start, and a person is told so."""
    text = "name: blue\nendpoint_name: credit\ncode_configuration: {code: ., scoring_script: score.py}\n"
    file = write("deployment.yml", text + "instance_type: x\ninstance_count: 1\n")

    with cli.cli.commands["serve"].make_context("serve", ["deployment.yml"]) as context:
        given = dict(context.params)
        planned = cli_plan.plan(cli_plan.choices_of(given.pop("file"), given), PersonConsole())

    assert watched_of(planned).data == (file,)
