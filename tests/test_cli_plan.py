"""What the words of a command come to, without running it; how refusals look is in test_cli.py."""

from __future__ import annotations

import socket
import sys
from math import inf

import pytest
from amlemu import cli, cli_plan
from amlemu.aids.aids import watched_of
from amlemu.azure import conda_file
from amlemu.backends import quarters
from amlemu.console import PersonConsole
from amlemu.debugging import DebugRules
from amlemu.environments import place
from amlemu.errors import UsageError
from amlemu.reload import ReloadRules

DEPLOYMENT = """
    $schema: https://azuremlschemas.azureedge.net/latest/kubernetesOnlineDeployment.schema.json
    name: blue
    type: kubernetes
    endpoint_name: iris
    code_configuration: {code: src, scoring_script: score.py}
    environment: {image: "x/y:1"}
    liveness_probe: {period: 10}
    resources: {limits: {cpu: "1", memory: 1Gi}}
"""


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


# --container


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--layout", "links"], "--layout beside --container: the container has a tree of its own. Leave it out."),
        (["--python", sys.executable], "--python beside --container: the container has an interpreter of its own."),
        (["--workers", "2"], "--workers beside --container: the container's server counts its workers itself."),
        (["--keep-last-good"], "--keep-last-good beside --container: there is one container"),
        (["--reload-mode", "beside"], "--reload-mode beside --container: there is one container"),
        (["--debug-connect", "9000"], "--debug-connect beside --container: from inside the container"),
        (["--debug-on-error"], "--debug-on-error beside --container: in the container nobody stops the script"),
        (["--pdb"], "--pdb beside --container: the container has no terminal."),
        (["--engine", "azmlinfsrv"], "--container: it has a server of its own."),
    ],
    ids=lambda part: part[0] if isinstance(part, list) else "",
)
def test_what_is_of_this_host_goes_ill_with_a_container(plan, words, told):
    with pytest.raises(UsageError) as caught:
        plan("--container", *words)

    assert str(caught.value).startswith(told)


def test_what_files_say_for_other_servers_is_left_alone(plan, write):
    """A project's python and layout are meant for `amlemu serve` without a container."""
    write("pyproject.toml", "[tool.amlemu]\nlayout = 'links'\nworkers = 2\n")

    assert plan("--container").backend == "container"


def test_a_save_restarts_a_container(plan):
    """There is room for one."""
    assert plan("--container").reload.mode == "stop-first"


@pytest.mark.parametrize(("words", "limit_ms"), [([], 5000), (["--debug"], 0), (["--debug", "--no-pause"], 5000)])
def test_time_limits_are_off_while_a_container_is_debugged(plan, words, limit_ms):
    """Nobody outside sees when a debugger holds it, so no clock can stand still."""
    assert plan("--container", *words).profile.limits.request_timeout_ms == limit_ms


def test_a_debugger_of_amlemu_s_own_is_none_of_the_container_s(plan, monkeypatch):
    monkeypatch.setitem(sys.modules, "pydevd", sys)

    assert plan("--container").debug == DebugRules()


def test_quarters_are_prepared_with_progress(plan, monkeypatch, capsys):
    """Before the ports are opened, and only for who has asked for them; the words come while they are true."""
    asked = []

    def prepare(choices, made, say):
        say("building")
        asked.append((made.backend, capsys.readouterr().err))
        return "quarters"

    monkeypatch.setattr(quarters, "find", lambda backend: prepare)
    console = PersonConsole()
    contained, plain = plan("--container", "-p", "0"), plan("-p", "0")

    assert cli_plan.prepare_quarters(None, contained, console).quarters == "quarters"
    assert cli_plan.prepare_quarters(None, plain, console) is plain
    assert asked == [("container", "amlemu: building\n")]


def test_a_port_that_is_taken_is_told_before_anything_is_built(plan, monkeypatch):
    monkeypatch.setattr(quarters, "find", lambda backend: pytest.fail("it was prepared"))
    with socket.create_server(("127.0.0.1", 0)) as other:
        contained = plan("--container", "-p", str(other.getsockname()[1]))
        with pytest.raises(UsageError, match="taken by"):
            cli_plan.prepare_quarters(None, contained, PersonConsole())


def test_what_has_an_effect_in_a_container_is_not_said_to_have_none(write, monkeypatch, tmp_path):
    """Its image is built of the environment, and it keeps to the resources; where there is one server nobody probes it."""
    write("src/score.py", "def init(): ...\ndef run(data): ...")
    write("deployment.yml", DEPLOYMENT)
    monkeypatch.chdir(tmp_path)

    def notes(*words):
        with cli.cli.commands["serve"].make_context("serve", ["deployment.yml", *words]) as context:
            given = dict(context.params)
            return [one.field for one in cli_plan.said_of(cli_plan.choices_of(given.pop("file"), given)).not_emulated]

    assert notes() == ["environment.image", "resources.limits.cpu"]
    assert notes("--container") == ["liveness_probe"]
    assert notes("--engine", "azmlinfsrv") == ["environment.image", "resources.limits.cpu", "liveness_probe"]
