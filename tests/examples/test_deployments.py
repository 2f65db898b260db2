"""
Serves Azure's own files in examples/ by the command line, each with the face of its own cloud, and has the doctor look at all examples.

`test_examples.py` plays the answers of the real server; here are statuses, paths and the doctor's silence.
"""

from __future__ import annotations

import http.client
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FOLDERS = sorted(path.parent.name for path in EXAMPLES.glob("*/cases"))
ANSWER_TIMEOUT_S = 30
SCRIPT_FAILED = {"message": "An unexpected error occurred in scoring script. Check the logs for more info."}


@dataclass(frozen=True)
class Example:
    """
    A deployment, and what is known of it.

    Attributes:
        words: what follows `amlemu serve`.
        answer: to the sample request.
        model_dir: AZUREML_MODEL_DIR, as contract 3.1 has it.
        loaded: what init() prints of the model that it has found there.
        failure: the status line of a run() that raises.
        error_headers: those that say what the model has answered.
    """

    words: tuple[str, ...]
    answer: object
    model_dir: str
    loaded: str
    failure: tuple[int, str]
    error_headers: tuple[tuple[str, str], ...] = ()

    @property
    def folder(self) -> str:
        """The example's name."""
        return self.words[0].partition("/")[0]


MODELS = "/var/azureml-app/azureml-models"
LANGUAGE = {"language": "de", "shares": {"de": 0.55, "en": 0.0, "fr": 0.0}}
MANAGED = (("ms-azureml-model-error-reason", "model_error"), ("ms-azureml-model-error-statuscode", "500"))
OF_2021 = (424, "Model Error; original-code=500")
CLUSTER = (502, "Bad Gateway")
DEPLOYMENTS = {
    "managed": Example(
        ("managed/deployment.yml",),
        LANGUAGE,
        f"{MODELS}/languages/1",
        "/languages/1/languages has de, en, fr",
        (424, "Failed Dependency"),
        MANAGED,
    ),
    "managed-endpoint": Example(
        ("managed/endpoint.yml",),
        LANGUAGE,
        f"{MODELS}/languages/1",
        "/languages/1/languages has de, en, fr",
        (424, "Failed Dependency"),
        MANAGED,
    ),
    "kubernetes": Example(
        ("kubernetes/deployment.yml",),
        {"bikes": [902, 399]},
        f"{MODELS}/bike-demand/4",
        "/bike-demand/4/bikes.json wants temperature, rain_mm, is_weekend",
        CLUSTER,
    ),
    "2021-blue": Example(
        ("preview2021/endpoint.yml",),
        {"opinions": [2, 1, 0]},
        f"{MODELS}/opinions/1",
        "/opinions/1/opinions.json has 4 words",
        OF_2021,
    ),
    "2021-green": Example(
        ("preview2021/endpoint.yml", "--deployment-name", "green"),
        {"opinions": [3, -2, 0]},
        f"{MODELS}/opinions/2",
        "/opinions/2/opinions.json has 8 words",
        OF_2021,
    ),
    "v1-aks": Example(
        ("webservice/inferenceconfig.json",),
        {"pays": [0.85, 0.08]},
        MODELS,
        "credit lies at /var/azureml-app/azureml-models/credit/3/credit.json",
        CLUSTER,
    ),
}


def every_example(*names):
    """Parametrise with these deployments; without names, with all."""
    chosen = names or tuple(DEPLOYMENTS)
    return pytest.mark.parametrize("example", [pytest.param(DEPLOYMENTS[name], id=name) for name in chosen])


@pytest.fixture
def copied(tmp_path):
    """Copy an example into the test's folder, where what a server leaves for a while is in nobody's way."""

    def copied(name):
        ignored = shutil.ignore_patterns(".amlemu", "__pycache__")
        return shutil.copytree(EXAMPLES / name, tmp_path / name, ignore=ignored)

    return copied


def post(port, body):
    """Score; return status, phrase, headers and the decoded body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_TIMEOUT_S)
    try:
        connection.request("POST", "/score", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.reason, dict(response.headers), json.loads(response.read())
    finally:
        connection.close()


@every_example()
def test_a_deployment_scores_with_the_face_of_its_cloud(start, copied, example):
    """No flag but the port: profile, model and limits follow from the file; a failing run() has the status of that cloud."""
    folder = copied(example.folder)
    command = start("serve", *example.words, "--port", "0")
    port = command.port

    status, _, _, answer = post(port, (folder / "sample-request.json").read_bytes())
    failed_status, phrase, headers, message = post(port, b"{}")

    assert (status, answer) == (200, example.answer)
    assert (failed_status, phrase) == example.failure
    assert message == SCRIPT_FAILED
    assert tuple(sorted(pair for pair in headers.items() if "model-error" in pair[0])) == example.error_headers


@every_example()
def test_the_model_is_where_azure_puts_it(start, copied, example):
    """AZUREML_MODEL_DIR is `azureml-models/<name>/<version>`, of several models the folder above; init() loads it there."""
    copied(example.folder)
    command = start("serve", *example.words, "--port", "0")
    assert command.port

    said = re.search(r"AZUREML_MODEL_DIR=(\S+)", command.out + command.err)

    assert said is not None
    assert said[1].endswith(example.model_dir)  # links stand in another folder, where no root serves
    assert example.loaded in command.out + command.err


@every_example("managed", "kubernetes", "2021-blue", "v1-aks")
def test_a_deployment_scores_once_without_a_server(finish, copied, example):
    """`amlemu invoke deployment.yml -r sample-request.json`."""
    folder = copied(example.folder)

    ended = finish("invoke", *example.words, "-r", str(folder / "sample-request.json"))

    assert ended.code == 0, ended.err
    assert json.loads(ended.out) == example.answer


@pytest.mark.parametrize("name", FOLDERS)
def test_the_doctor_finds_nothing_wrong_with_an_example(finish, copied, name):
    """What is good is met with silence: neither an error nor a warning."""
    copied(name)

    ended = finish("doctor", name, "--json", "--strict")

    assert json.loads(ended.out)["findings"] == []
    assert ended.code == 0


@every_example()
def test_each_would_start(copied, finish, example):
    """With its sample request answered; the cluster's, where there is one, has room for it."""
    file = copied(example.folder) / example.words[0].partition("/")[2]
    nodes = file.parent / "nodes.yml"
    words = ("--cluster", str(nodes)) if nodes.exists() else ()

    ended = finish("check", str(file), *example.words[1:], *words)

    assert ended.code == 0, ended.out + ended.err
    assert re.match(r"starts: ready after \d.*; these probes allow \d+ s\n", ended.out)
    assert re.search(r"^  sample +sample-request\.json: 200 in .* ms, run\(\) ", ended.out, re.MULTILINE)
