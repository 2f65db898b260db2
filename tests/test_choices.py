"""A flag beats a variable, that beats Azure's file, that beats the project's, and then the default."""

from __future__ import annotations

from pathlib import Path

import pytest
from amlemu import choices
from amlemu.errors import UsageError

from .azure.written import AKS, ENDPOINT, INFERENCE, LOCAL, MANAGED, changed, fill, put


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder that nobody above says anything about."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    return fill(tmp_path)


def chosen(file, flags=None, variables=None, **rest):
    given = {**(variables or {}), **(flags or {})}
    sources = {**dict.fromkeys(variables or {}, "variable"), **dict.fromkeys(flags or {}, "flag")}
    return choices.choose(file, given, sources, **rest)


def project(folder, text):
    (folder / "pyproject.toml").write_text(f"[tool.amlemu]\n{text}\n")


@pytest.mark.parametrize(
    ("project_says", "file_says", "variable", "flag", "value", "origin"),
    [
        pytest.param(None, None, None, None, "blue", "default", id="default"),
        pytest.param("red", None, None, None, "red", "pyproject.toml:2", id="project"),
        pytest.param("red", "green", None, None, "green", "deployment.yml:1", id="file-beats-project"),
        pytest.param("red", "green", "black", None, "black", "AMLEMU_DEPLOYMENT_NAME", id="variable-beats-file"),
        pytest.param("red", "green", "black", "white", "white", "--deployment-name", id="flag-beats-variable"),
        pytest.param(None, None, "black", None, "black", "AMLEMU_DEPLOYMENT_NAME", id="variable-for-a-script"),
    ],
)
def test_who_beats_whom(here, project_says, file_says, variable, flag, value, origin):
    """Each value keeps who has said it."""
    if project_says:
        project(here, f'deployment_name = "{project_says}"')
    file = "src/score.py"
    if file_says:
        file = put(here, "deployment.yml", {**MANAGED, "name": file_says}).name
    found = chosen(
        file,
        {"deployment_name": flag} if flag else {},
        {"deployment_name": variable} if variable else {},
    )

    assert (found.options["deployment_name"], found.origins["deployment_name"]) == (value, origin)


def test_a_deployments_file_chooses_the_front_door(here):
    """Profile and names come from it, with their lines; the rest is the default."""
    put(here, "deployment.yml", MANAGED)
    found = chosen("deployment.yml")

    assert [(name, found.options[name], found.origins[name]) for name in ("profile", "endpoint_name", "port")] == [
        ("profile", "managed", "deployment.yml"),
        ("endpoint_name", "credit-ep", "deployment.yml:2"),
        ("port", None, "default"),
    ]
    assert found.requirements.place.file == here / "conda.yml"


def test_a_profile_of_the_project_beats_the_one_that_a_file_stands_for(here):
    """`profile = "managed-2021"` in the project is a wish, `type: managed` in the file a fact."""
    project(here, 'profile = "managed-2021"')
    put(here, "deployment.yml", MANAGED)
    found = chosen("deployment.yml")

    assert (found.options["profile"], found.origins["profile"]) == ("managed-2021", "pyproject.toml:2")


def test_a_local_web_service_has_its_port(here):
    put(here, "inferenceconfig.json", INFERENCE)
    put(here, "deploymentconfig.json", {**LOCAL, "port": 8890})
    found = chosen("inferenceconfig.json")

    assert (found.options["port"], found.origins["port"]) == (8890, "deploymentconfig.json:3")
    assert found.options["profile"] == "local"


def test_variables_have_their_origin(here):
    """Those of the file at their lines, those of the project and of flags on top."""
    project(here, 'env = ["B=project", "D=project"]')
    put(here, "deployment.yml", changed(MANAGED, "environment_variables", {"A": "file", "B": "file"}))

    assert chosen("deployment.yml", {"env": ("C=flag", "A=flag")}).variables == {
        "A": ("flag", "--env"),
        "B": ("project", "--env"),
        "D": ("project", "--env"),
        "C": ("flag", "--env"),
    }
    assert chosen("deployment.yml").variables == {
        "A": ("file", "deployment.yml:14"),
        "B": ("project", "pyproject.toml:2"),
        "D": ("project", "pyproject.toml:2"),
    }


def test_files_that_belong_to_it_can_be_named(here):
    """By a flag, or in the project."""
    (here / "azure").mkdir()
    put(here / "azure", "endpoint.yml", {**ENDPOINT, "auth_mode": "aml_token"})
    put(here, "deployment.yml", MANAGED)
    assert chosen("deployment.yml").said.auth_mode == ""
    assert chosen("deployment.yml", {"with": ("azure/endpoint.yml",)}).said.auth_mode == "aml_token"

    project(here, 'with = "azure/endpoint.yml"')
    assert chosen("deployment.yml").said.auth_mode == "aml_token"


def test_another_deployment_of_an_endpoint_can_be_chosen(here):
    put(here, "blue.yml", MANAGED)
    put(here, "green.yml", {**MANAGED, "name": "green"})
    put(here, "endpoint.yml", {**ENDPOINT, "traffic": {"blue": 100}})

    assert chosen("endpoint.yml").said.name == "blue"
    assert chosen("endpoint.yml", {"deployment_name": "green"}).said.name == "green"


def test_nobody_is_asked_for_a_key_unless_somebody_wants_it(here):
    """And that is told of the field, with the flag that would ask."""
    put(here, "inferenceconfig.json", INFERENCE)
    put(here, "deploymentconfig.json", {**AKS, "authEnabled": True})
    quiet = [one for one in chosen("inferenceconfig.json").said.not_emulated if one.field == "authEnabled"]

    assert [one.reason for one in quiet] == ["nobody is asked for a key or token on this machine; --auth key asks"]
    assert chosen("inferenceconfig.json", {"auth": "key"}).said.not_emulated == ()


def test_an_environment_that_was_made_runs_the_script(here):
    """Unless an interpreter was named."""
    put(here, "deployment.yml", MANAGED)
    made = chosen("deployment.yml", find_environment=lambda asked: Path(f"/envs/{asked.name}/bin/python"))
    assert (made.options["python"], made.origins["python"]) == ("/envs/env/bin/python", "amlemu env create")

    named = chosen("deployment.yml", {"python": "/mine"}, find_environment=lambda _: Path("/envs/python"))
    assert (named.options["python"], named.origins["python"]) == ("/mine", "--python")


def test_the_project_says_what_stands_for_a_registered_environment(here):
    project(here, '[tool.amlemu.environments]\n"sklearn:1" = "conda.yml"')
    put(here, "deployment.yml", changed(MANAGED, "environment", "azureml:sklearn:1"))

    assert chosen("deployment.yml").requirements.name == "env"


def test_a_broken_file_beside_a_script_is_no_business_of_ours(here):
    (here / "src" / "conda.yml").write_text("a: {{b}}\n")

    assert chosen("src/score.py").requirements is None


@pytest.mark.parametrize("name", ["gone.yml", "broken.yml"])
def test_a_file_that_cannot_be_read_is_refused(here, name):
    (here / "broken.yml").write_text("a: 1\na: 2\n")

    with pytest.raises(UsageError) as caught:
        chosen(name)

    assert str(caught.value).startswith(name)


def test_the_script_of_a_file_is_found(here):
    """A script is itself."""
    put(here, "deployment.yml", MANAGED)

    assert choices.script_of("deployment.yml") == str(here / "src" / "score.py")
    assert choices.script_of("src/score.py") == "src/score.py"


def test_the_code_folder_of_a_file_is_found(here):
    """Of a script that is its own."""
    put(here, "deployment.yml", MANAGED)

    assert choices.code_of("deployment.yml") == here / "src"
    assert choices.code_of("src/score.py") == Path("src")
