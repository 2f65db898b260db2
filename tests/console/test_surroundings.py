"""`amlemu layout`: what a script finds around itself, drawn for a person and as data; no secret of the shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from amlemu.console.surroundings import as_json, as_text
from amlemu.deployment import Deployment
from amlemu.environment import Variable
from amlemu.layout import lay_out
from amlemu.models import Model

MODELS = (
    Model("m", "3", Path("/data/model.pkl")),
    Model("m", "4", Path("/data/m4"), True),
    Model("n", "1", Path("/n.bin")),
)
DEPLOYMENT = Deployment(Path("/me/proj/src/score.py"), Path("/env/bin/python"), Path("/me/proj"), models=MODELS)
VARIABLES = [
    Variable("AML_APP_ROOT", "/var/azureml-app/proj/src", "tree"),
    Variable("API_TOKEN", "the secret", "shell"),
    Variable("HOME", "/me", "shell"),
    Variable("LOG_LEVEL", "debug", "--env"),
    Variable("SERVER_PORT", "5001", "server"),
    Variable("VIRTUAL_ENV", "/env", "interpreter"),
]


def test_a_person_sees_tree_places_and_variables_with_their_origins():
    """Whole, for its look is what it is for."""
    assert (
        as_text(DEPLOYMENT, lay_out(DEPLOYMENT, "var"), VARIABLES)
        == """\
/var/azureml-app  real for the script, mounted for its processes only
|-- proj  = /me/proj
`-- azureml-models
    |-- m
    |   |-- 3
    |   |   `-- model.pkl  = /data/model.pkl
    |   `-- 4  = /data/m4
    `-- n
        `-- 1
            `-- n.bin  = /n.bin

working folder  /var/azureml-app/proj/src
entry script    /var/azureml-app/proj/src/score.py  (module entry_module)
import path     the interpreter's own, then /var/azureml-app/proj/src
interpreter     /env/bin/python

AML_APP_ROOT=/var/azureml-app/proj/src  the tree above
LOG_LEVEL=debug                         --env
SERVER_PORT=5001                        the inference server
VIRTUAL_ENV=/env                        the script's interpreter
and 2 variables of this shell"""
    )


@pytest.mark.parametrize(
    ("kind", "options", "first"),
    [
        pytest.param("links", {"base": "/l"}, "/l  links that stand for /var/azureml-app", id="links"),
        pytest.param(
            "links",
            {"base": "/l", "why": "only root may mount"},
            "/l  links that stand for /var/azureml-app; only root may mount",
            id="links-with-a-reason",
        ),
        pytest.param("none", {}, "/me/proj/src  the host's own folder; there is no /var/azureml-app", id="none"),
    ],
)
def test_the_first_line_says_what_kind_of_tree_it_is(kind, options, first):
    deployment = Deployment(DEPLOYMENT.script, DEPLOYMENT.python, DEPLOYMENT.code)

    assert as_text(deployment, lay_out(deployment, kind, **options), VARIABLES).splitlines()[0] == first


def test_a_program_reads_the_same_as_data():
    """Of the shell's variables the names only."""
    assert json.loads(as_json(DEPLOYMENT, lay_out(DEPLOYMENT, "links", "/l", "why"), VARIABLES)) == {
        "kind": "links",
        "base": "/l",
        "why": "why",
        "places": {
            "/l/proj": "/me/proj",
            "/l/azureml-models/m/3/model.pkl": "/data/model.pkl",
            "/l/azureml-models/m/4": "/data/m4",
            "/l/azureml-models/n/1/n.bin": "/n.bin",
        },
        "app_root": "/me/proj/src",
        "script": "/me/proj/src/score.py",
        "model_dir": "/l/azureml-models",
        "python": "/env/bin/python",
        "variables": {
            "AML_APP_ROOT": {"value": "/var/azureml-app/proj/src", "origin": "tree"},
            "LOG_LEVEL": {"value": "debug", "origin": "--env"},
            "SERVER_PORT": {"value": "5001", "origin": "server"},
            "VIRTUAL_ENV": {"value": "/env", "origin": "interpreter"},
        },
        "shell": ["API_TOKEN", "HOME"],
    }


@pytest.mark.parametrize("words", [[], ["--json"]], ids=["text", "json"])
def test_the_command_prints_no_secret_of_the_shell_and_makes_nothing(write, finish, tmp_path, words):
    """As a process: nothing is started, no folder is made, and what --env says is shown for it was said just now."""
    write("src/score.py", "raise SystemExit('this is not run')")

    ended = finish(
        "layout",
        "src/score.py",
        "--layout",
        "links",
        "--port",
        "80",
        "--env",
        "A=shown",
        *words,
        API_TOKEN="the secret",
    )

    assert (ended.code, ended.err) == (0, "")
    assert "the secret" not in ended.out
    assert "shown" in ended.out
    assert f"{tmp_path}/src/.amlemu/80/var/azureml-app" in ended.out
    assert [path.name for path in (tmp_path / "src").iterdir()] == ["score.py"]


def test_the_command_refuses_what_serving_would(write, finish):
    write("score.py", "")

    ended = finish("layout", "score.py", "--env", "AML_APP_ROOT=/var/azureml-app/nope")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("amlemu: AML_APP_ROOT=/var/azureml-app/nope: no such folder. There will be ")
