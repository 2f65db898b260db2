"""`amlemu doctor` as a command: what it takes, its exit codes, what it could not look at."""

from __future__ import annotations

import json

import pytest

SCRIPT = """
    import json
    import pandas

    def init(): ...

    def run(data):
        return json.loads(data)
"""
DEPLOYMENT = """
    name: blue
    endpoint_name: credit
    model: azureml:credit:3
    code_configuration:
      code: .
      scoring_script: score.py
    environment: azureml:credit-env:2
    instance_type: Standard_DS3_v2
    instance_count: 1
"""
CONDA = """
    channels: [conda-forge]
    dependencies:
      - python=3.11
      - pip
      - pip: [azureml-inference-server-http]
"""


@pytest.fixture
def files(write):
    """A deployment whose model and environment lie in a workspace, and its script."""
    write("score.py", SCRIPT)
    write("deployment.yml", DEPLOYMENT)


def test_what_lies_in_a_workspace_is_not_looked_at_and_that_is_said(files, finish):
    """A registered model, a registered environment; neither is held against the deployment."""
    ended = finish("doctor", "deployment.yml", "--json")

    told = json.loads(ended.out)
    assert (ended.code, told["findings"], told["exit_code"]) == (0, [], 0)
    assert {"model-unseen", "environment-unseen"} <= {one["rule"] for one in told["information"]}


def test_the_project_can_say_what_they_are(files, write, finish):
    """[tool.amlemu] of pyproject.toml: then imports are held against the conda file, and the path against the disk."""
    write("conda.yml", CONDA)
    write(
        "pyproject.toml",
        '[tool.amlemu.environments]\ncredit-env = "conda.yml"\n[tool.amlemu.models]\ncredit = "no.pkl"\n',
    )

    ended = finish("doctor", "deployment.yml")

    assert ended.code == 1
    assert ended.out.startswith("error: score.py:2: score.py imports pandas, which nothing in conda.yml installs")
    assert "azureml:credit:3 = no.pkl" in ended.out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param([], 0, id="a-warning-is-no-failure"),
        pytest.param(["--strict"], 1, id="unless-asked"),
        pytest.param(["score.py", "--strict"], 1, id="a-script"),
        pytest.param(["conda.yml", "--strict"], 0, id="a-conda-file-alone"),
    ],
)
def test_exit_codes(write, finish, words, code):
    write("score.py", "def init(): ...\ndef run(data):\n    return {'a': 1}, 400\n")
    write("conda.yml", CONDA)

    assert finish("doctor", *words).code == code


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["scor.py"], "scor.py: no such file or folder. Did you mean score.py?"),
        (["empty"], "empty: no deployment and no scoring script in this folder."),
        (["deployment.yml", "--model", "x"], "--model: 'x' has no value. Expected NAME:VERSION=PATH."),
    ],
    ids=["missing", "empty-folder", "flag"],
)
def test_what_cannot_be_looked_at_is_a_matter_of_usage(files, finish, tmp_path, words, message):
    (tmp_path / "empty").mkdir()
    ended = finish("doctor", *words)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"amlemu: {message}")


def test_each_deployment_of_a_folder_is_looked_at(files, write, finish):
    """Also both of an endpoint file of 2021; what is wrong with one of them is found."""
    write("green.yml", DEPLOYMENT.replace("blue", "green").replace("score.py", "scoore.py"))

    ended = finish("doctor")

    assert ended.out.startswith("error: green.yml:6: the scoring script scoore.py is not in")
    assert "deployment.yml" in ended.out.splitlines()[-1] or "deployment.yml" in ended.out


def test_nothing_of_a_script_is_run(write, finish, tmp_path):
    write("score.py", "open('run', 'w').close()\ndef init(): ...\ndef run(data): return 1\n")

    finish("doctor", "score.py")

    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        pytest.param("other", 0, "nothing wrong with endpoint.yml", id="no-deployment-of-its-own"),
        pytest.param(
            "credits", 0, "warning: endpoint.yml: this is the endpoint credits, and the deployment", id="near"
        ),
    ],
)
def test_an_endpoint_without_a_deployment_is_no_fault(files, write, finish, name, code, told):
    """It may be created first; but a name that is nearly right was meant."""
    write("endpoint.yml", f"name: {name}\nauth_mode: key\n")

    ended = finish("doctor", "endpoint.yml")

    assert (ended.code, ended.out.startswith(told)) == (code, True), ended.out


def test_each_configuration_that_could_belong_to_a_v1_script_is_looked_at(write, finish):
    """As templates have them: one for ACI, one for AKS."""
    write("score.py", "def init(): ...\ndef run(data): return 1\n")
    write("inferenceconfig.json", '{"entryScript": "score.py"}')
    write("aci.json", '{"computeType": "aci", "containerResourceRequirements": {"cpu": 0}}')
    write("aks.json", '{"computeType": "aks", "authEnabled": true, "tokenAuthEnabled": true}')

    told = json.loads(finish("doctor", "inferenceconfig.json", "--json").out)

    assert [finding["cause"] for finding in told["findings"]] == [
        "Invalid configuration, cpu_cores must be positive",
        "Invalid configuration, auth_enabled and token_auth_enabled cannot both be true",
    ]


def test_a_script_without_a_conda_file_has_its_imports_held_against_nothing(write, finish):
    """Nobody knows what will be installed; silence would look like praise."""
    write("score.py", "import sklern\ndef init(): ...\ndef run(data): return 1\n")

    ended = finish("doctor", "score.py")

    assert ended.code == 0
    assert "imports were held against nothing: no conda or requirements file lies beside the script" in " ".join(
        ended.out.split()
    )
