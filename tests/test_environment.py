"""The variables that a scoring script finds, each with its origin: the shell's, the tree's, the server's, --env's."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from amlemu.deployment import Deployment
from amlemu.environment import activated, script_environment, script_variables
from amlemu.layout import lay_out
from amlemu.models import Model

PLAIN = Deployment(script=Path("/app/score.py"), python=Path("/env/bin/python"), code=Path("/app"))
WITH_MODEL = replace(PLAIN, models=(Model("m", "1", Path("/models/m.pkl")),))


@pytest.fixture(autouse=True)
def outside(monkeypatch):
    """amlemu itself is not installed in a virtual environment, unless a test says so."""
    monkeypatch.setattr(sys, "prefix", "/usr")
    monkeypatch.setattr(sys, "base_prefix", "/usr")


def seen_by(deployment, shell=None, kind="none"):
    """Return the whole environment of the script on port 5001."""
    return script_environment(deployment, lay_out(deployment, kind), 5001, shell={} if shell is None else shell)


def origins_of(deployment, shell, kind="var"):
    return {
        variable.name: variable.origin
        for variable in script_variables(deployment, lay_out(deployment, kind), 5001, shell)
    }


# values


def test_the_variables_of_the_server():
    """Literals from contract 3.3, observed with azmlinfsrv 1.5.1; PATH as if the interpreter's folder were active."""
    assert seen_by(PLAIN, {"PATH": "/bin"}) == {
        "AML_APP_INSIGHTS_ENABLED": "false",
        "AML_APP_ROOT": "/app",
        "AZUREML_ENTRY_SCRIPT": "/app/score.py",
        "HEALTH_PORT": "5001",
        "HTTP_X_MS_SERVER_VERSION": "azmlinfsrv/1.5.1",
        "PATH": "/env/bin:/bin",
        "SERVER_PORT": "5001",
        "SERVER_SOFTWARE": "gunicorn/27.0.1",
        "TRANSPORT_PROTOCOL": "grpc",
        "WORKER_COUNT": "1",
    }


def test_the_tree_is_where_the_variables_point():
    """Contract 3.3: v2 local sets the interpreter's folder, too, which is no part of the tree."""
    seen = seen_by(WITH_MODEL, kind="var")

    assert {name: seen[name] for name in seen if name.startswith(("AML_APP_ROOT", "AZUREML_"))} == {
        "AML_APP_ROOT": "/var/azureml-app/app",
        "AZUREML_ENTRY_SCRIPT": "/var/azureml-app/app/score.py",
        "AZUREML_INFERENCE_PYTHON_PATH": "/env/bin",
        "AZUREML_MODEL_DIR": "/var/azureml-app/azureml-models/m/1",
    }


def test_the_shells_variables_are_there_but_ours_are_not():
    """AMLEMU_... steers the host and is none of the script's business."""
    seen = seen_by(PLAIN, {"HOME": "/home/me", "AMLEMU_PORT": "1", "SERVER_PORT": "80"})

    assert seen["HOME"] == "/home/me"
    assert [name for name in seen if "AMLEMU" in name] == []
    assert seen["SERVER_PORT"] == "5001"  # always overwritten (contract 3.7)


def test_this_processs_own_variables_are_the_shell(monkeypatch):
    monkeypatch.setenv("COLOUR", "blue")
    monkeypatch.setenv("AMLEMU_PORT", "1")

    seen = script_environment(PLAIN, lay_out(PLAIN, "none"), 5001)

    assert seen["COLOUR"] == "blue"
    assert "AMLEMU_PORT" not in seen


def test_the_model_folder_is_named_only_when_there_is_one():
    assert "AZUREML_MODEL_DIR" not in seen_by(PLAIN)
    assert seen_by(WITH_MODEL)["AZUREML_MODEL_DIR"] == "/models"
    assert seen_by(PLAIN, {"AZUREML_MODEL_DIR": "/elsewhere"})["AZUREML_MODEL_DIR"] == "/elsewhere"


def test_the_deployments_own_variables_win():
    """Over the shell's, over the tree's, over those of an environment."""
    own = {"AZUREML_MODEL_DIR": "rel/ative", "HOME": "/", "SERVICE_NAME": "mine", "PATH": "/only"}

    assert own.items() <= seen_by(replace(WITH_MODEL, environment=own), {"HOME": "/home/me"}, "var").items()


def test_the_app_root_is_called_as_the_script_finds_it():
    """Not as it was typed: through links the base has another name."""
    asked = replace(PLAIN, app_root="/var/azureml-app", environment={"AML_APP_ROOT": "/var/azureml-app"})
    layout = lay_out(asked, "links", "/links")

    assert script_environment(asked, layout, 5001, shell={})["AML_APP_ROOT"] == "/links"


def test_the_number_of_workers_is_the_true_one():
    several = replace(PLAIN, environment={"WORKER_COUNT": "9"}, workers=2)

    assert seen_by(several, {"WORKER_COUNT": "8"})["WORKER_COUNT"] == "2"


@pytest.mark.parametrize(("word", "is_sent"), [("true", True), ("True", True), ("false", False), ("1", False)])
@pytest.mark.parametrize("place", ["shell", "--env"])
def test_the_version_header_can_be_switched_off(place, word, is_sent):
    """Anything but `true` drops it (contract 3.7)."""
    switch = {"SERVER_VERSION_LOG_RESPONSE_ENABLED": word}
    deployment = replace(PLAIN, environment=switch if place == "--env" else {})

    seen = seen_by(deployment, switch if place == "shell" else {})

    assert ("HTTP_X_MS_SERVER_VERSION" in seen) == is_sent


def test_the_switch_of_the_insights_is_left_as_it_is():
    assert seen_by(PLAIN, {"AML_APP_INSIGHTS_ENABLED": "true"})["AML_APP_INSIGHTS_ENABLED"] == "true"


# origins


def test_each_variable_says_where_it_comes_from():
    shell = {"HOME": "/home/me", "PATH": "/bin", "SERVICE_NAME": "shell's", "AML_APP_ROOT": "/shell's"}
    mine = replace(
        WITH_MODEL, environment={"SERVICE_NAME": "mine", "TRANSPORT_PROTOCOL": "rest", "AML_APP_ROOT": "/app"}
    )

    assert origins_of(mine, shell) == {
        "AML_APP_INSIGHTS_ENABLED": "server",
        "AML_APP_ROOT": "tree",
        "AZUREML_ENTRY_SCRIPT": "tree",
        "AZUREML_INFERENCE_PYTHON_PATH": "interpreter",
        "AZUREML_MODEL_DIR": "tree",
        "HEALTH_PORT": "server",
        "HOME": "shell",
        "HTTP_X_MS_SERVER_VERSION": "server",
        "PATH": "interpreter",
        "SERVER_PORT": "server",
        "SERVER_SOFTWARE": "server",
        "SERVICE_NAME": "--env",
        "TRANSPORT_PROTOCOL": "--env",
        "WORKER_COUNT": "server",
    }


def test_variables_are_sorted_by_name():
    names = [variable.name for variable in script_variables(PLAIN, lay_out(PLAIN, "none"), 5001, {"z": "", "A": ""})]

    assert names == sorted(names)
    assert {"z", "A"} <= set(names)


def test_a_variable_that_is_as_the_shell_has_it_is_the_shells():
    """What an activation leaves alone is not claimed."""
    assert origins_of(PLAIN, {"PATH": "/env/bin:/bin"})["PATH"] == "shell"


# activation


def environment(folder, *marks):
    """Make what looks like an environment and return its interpreter."""
    (folder / "bin").mkdir(parents=True)
    for mark in marks:
        (folder / mark).mkdir() if mark == "conda-meta" else (folder / mark).write_text("", encoding="utf-8")
    return folder / "bin" / "python"


def test_a_virtual_environment_comes_first_and_is_active(tmp_path):
    """A script that starts `python` or `pip` meets its own."""
    python = environment(tmp_path / "env", "pyvenv.cfg")

    assert activated({"PATH": "/usr/bin:/bin"}, python) == {
        "PATH": f"{tmp_path}/env/bin:/usr/bin:/bin",
        "VIRTUAL_ENV": f"{tmp_path}/env",
    }


def test_a_conda_environment_comes_first_and_is_active(tmp_path):
    python = environment(tmp_path / "inf", "conda-meta")

    assert activated({"PATH": "/usr/bin"}, python) == {
        "PATH": f"{tmp_path}/inf/bin:/usr/bin",
        "CONDA_PREFIX": f"{tmp_path}/inf",
        "CONDA_DEFAULT_ENV": "inf",
    }


def test_another_active_environment_goes(tmp_path):
    """With its folder of programs, its name and what it says of a home."""
    python = environment(tmp_path / "env", "pyvenv.cfg")
    shell = {
        "PATH": "/home/me/bin:/tool/bin:/conda/bin:/usr/bin",
        "VIRTUAL_ENV": "/tool",
        "CONDA_PREFIX": "/conda",
        "CONDA_DEFAULT_ENV": "base",
        "PYTHONHOME": "/tool",
        "__PYVENV_LAUNCHER__": "/tool/bin/python",
    }

    seen = seen_by(replace(PLAIN, python=python), {**shell, "KEPT": "1"})

    assert {name: seen[name] for name in [*shell, "KEPT"] if name in seen} == {
        "PATH": f"{tmp_path}/env/bin:/home/me/bin:/usr/bin",
        "VIRTUAL_ENV": f"{tmp_path}/env",
        "KEPT": "1",
    }


def test_the_tools_own_environment_does_not_leak(tmp_path, monkeypatch):
    """Started as .../tool/bin/amlemu, without activation, or by a launcher that puts its folder first."""
    monkeypatch.setattr(sys, "prefix", "/tool")
    python = environment(tmp_path / "env", "pyvenv.cfg")

    assert activated({"PATH": "/tool/bin:/bin"}, python)["PATH"] == f"{tmp_path}/env/bin:/bin"


def test_an_environment_that_is_active_already_is_left_alone(tmp_path):
    """Also by another spelling: the order of PATH is the person's."""
    python = environment(tmp_path / "env", "pyvenv.cfg")
    (tmp_path / "link").symlink_to(tmp_path / "env")
    shell = {"PATH": f"/mine:{tmp_path}/env/bin:/bin", "VIRTUAL_ENV": str(tmp_path / "link"), "CONDA_PREFIX": "/conda"}

    assert activated(shell, python) == shell


def test_the_systems_python_keeps_the_order_of_the_path(tmp_path):
    """No environment: /usr/bin stays behind what the person has put before it."""
    python = environment(tmp_path / "usr")

    assert activated({"PATH": f"/mine:{tmp_path}/usr/bin:/bin"}, python) == {"PATH": f"/mine:{tmp_path}/usr/bin:/bin"}
    assert activated({"PATH": "/mine:/bin"}, python) == {"PATH": f"{tmp_path}/usr/bin:/mine:/bin"}


def test_without_a_path_there_is_the_systems_own(tmp_path):
    python = environment(tmp_path / "env", "pyvenv.cfg")

    assert activated({}, python)["PATH"] == f"{tmp_path}/env/bin:{os.defpath}"


def test_a_script_that_starts_python_meets_its_own(write, finish, empty_environment):
    """As a process: --python names an environment, the tool's is the active one."""
    write(
        "score.py",
        """
        import json, os, subprocess

        def init(): ...

        def run(data):
            told = subprocess.run(["python", "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True)
            return [told.stdout.strip(), os.environ.get("VIRTUAL_ENV"), os.environ["PATH"].split(":")]
        """,
    )
    write("request.json", "{}")
    tool = Path(sys.executable).parent
    path = f"{tool}:{os.environ['PATH']}"

    ended = finish(
        "invoke",
        "score.py",
        "-r",
        "request.json",
        "--python",
        str(empty_environment),
        PATH=path,
        VIRTUAL_ENV=str(tool.parent),
    )

    prefix, active, folders = json.loads(ended.out)
    assert (prefix, active) == (str(empty_environment), str(empty_environment))
    assert folders[0] == f"{empty_environment}/bin"
    assert str(tool) not in folders
