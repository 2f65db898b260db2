"""Is there an inference server in the environment?"""

from __future__ import annotations

import pytest
from amlemu.doctor.needs.server import check_server

from ..subjects import conda, subject, told

DEPLOYMENT = """
    $schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json
    name: blue
    endpoint_name: an-endpoint
    code_configuration: {code: code, scoring_script: score.py}
    environment: {image: IMAGE, conda_file: conda.yml}
    instance_type: Standard_DS3_v2
    instance_count: 1
"""
BASE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest"


def deployment(image=BASE):
    return DEPLOYMENT.replace("IMAGE", image)


@pytest.mark.parametrize(
    "pip",
    [
        pytest.param(["azureml-inference-server-http"], id="server"),
        pytest.param(["azureml-defaults>=1.0.45"], id="defaults"),
        pytest.param(["azureml-defaults==1.57.0.post1"], id="new-defaults"),
    ],
)
def test_an_environment_with_the_server_is_fine(tmp_path, pip):
    assert told(check_server, subject(tmp_path, conda=conda(pip=pip), deployment=deployment())) == []


def test_without_the_server_nothing_serves_the_script(tmp_path):
    (finding,) = check_server(subject(tmp_path, conda=conda("numpy"), deployment=deployment()))

    assert (finding.severity, finding.rule) == ("error", "no-inference-server")
    assert finding.cause == (
        "conda.yml asks neither for azureml-inference-server-http nor for azureml-defaults, so nothing in the container can serve the script"
    )
    assert finding.fix == "Add azureml-inference-server-http below `- pip:`."


@pytest.mark.parametrize(
    ("packages", "image"),
    [
        pytest.param(conda("numpy"), "mcr.microsoft.com/azureml/minimal-py312-inference:latest", id="the-image-has-one-of-its-own"),
        pytest.param(conda(pip=["our-own-things"]), BASE, id="somebody-may-bring-it"),
    ],
)  # fmt: skip
def test_where_it_is_not_certain_it_is_a_warning(tmp_path, packages, image):
    of = subject(tmp_path, conda=packages, deployment=deployment(image))

    assert [finding[:2] for finding in told(check_server, of)] == [("warning", "no-inference-server")]


def test_a_file_beside_a_script_may_be_about_something_else(tmp_path):
    assert [finding[:2] for finding in told(check_server, subject(tmp_path, pip="numpy\n"))] == [
        ("warning", "no-inference-server")
    ]


def test_azureml_defaults_before_1_0_45_cannot_host_a_model(tmp_path):
    of = subject(tmp_path, conda=conda(pip=["azureml-defaults==1.0.43"]), deployment=deployment())

    assert told(check_server, of) == [
        (
            "error",
            "old-azureml-defaults",
            "azureml-defaults==1.0.43 is older than 1.0.45, the first with what it takes to host a model",
        ),
    ]


def test_a_custom_container_starts_what_it_likes(tmp_path):
    route = "{port: 5001, path: /}"
    routes = f"inference_config: {{liveness_route: {route}, readiness_route: {route}, scoring_route: {route}}}"
    text = deployment().replace("conda_file: conda.yml}", f"conda_file: conda.yml, {routes}}}")

    assert told(check_server, subject(tmp_path, conda=conda("numpy"), deployment=text)) == []


def test_nothing_is_said_where_the_environment_is_unknown(tmp_path):
    assert told(check_server, subject(tmp_path)) == []
