"""What Azure's files say, in a few lines and as data."""

from __future__ import annotations

import pytest
from amlemu.azure import files
from amlemu.console import description

from ..azure.written import AKS, ENDPOINT, INFERENCE, KUBERNETES, MANAGED, OF_2021, changed, fill, put


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return fill(tmp_path)


def test_a_deployment_is_told_with_what_has_no_effect(here):
    """One line for each reason, with the fields and their lines."""
    put(here, "endpoint.yml", {**ENDPOINT, "traffic": {"blue": 100}})
    content = changed(MANAGED, "request_settings.request_timeout_ms", 9000)
    content = changed(changed(content, "app_insights_enabled", True), "environment_variables.A", "1")
    lines = description.as_lines(files.describe(put(here, "deployment.yml", content)))

    assert lines == [
        "deployment.yml and endpoint.yml: a managed online deployment, blue of endpoint credit-ep",
        "  honoured: name, auth_mode, endpoint_name, model, code_configuration, environment, instance_type, "
        "instance_count, request_settings, environment_variables",
        "  not emulated:",
        "    environment.image (deployment.yml:9): no container is started; the packages that the script finds are those of its interpreter",
        "    app_insights_enabled (deployment.yml:15): nothing is sent to Application Insights; look at the console",
        "    traffic (endpoint.yml:3): one deployment is served, and it gets every request",
    ]


def test_what_is_wrong_comes_last_and_names_the_doctor(here):
    """At most five; what concerns this machine only is a note."""
    content = {**MANAGED, **{f"x{number}": 1 for number in range(7)}}
    content = changed(content, "environment_variables.K", "${{azureml://connections/c/credentials/key}}")
    lines = description.as_lines(files.describe(put(here, "deployment.yml", content)))
    wrong = [line for line in lines if line.startswith("  error: ")]

    assert [line.partition(" is no field")[0] for line in wrong] == [
        f"  error: deployment.yml:{13 + number}: x{number}" for number in range(5)
    ]
    assert lines[-2] == "  amlemu doctor deployment.yml says what to do"
    assert lines[-1].startswith("  note: deployment.yml:21: K is a secret that Azure would put in (${{azureml://")


@pytest.mark.parametrize(
    ("files_of", "head"),
    [
        pytest.param({"deployment.yml": KUBERNETES}, "deployment.yml: a Kubernetes online deployment, blue of endpoint credit-ep", id="kubernetes"),
        pytest.param({"endpoint.yml": OF_2021}, "endpoint.yml: a managed online deployment, blue of endpoint credit-ep", id="2021"),
        pytest.param({"deploymentconfig.json": AKS, "inferenceconfig.json": INFERENCE}, "inferenceconfig.json and deploymentconfig.json: an AKS web service (v1)", id="aks"),
        pytest.param({"inferenceconfig.json": INFERENCE}, "inferenceconfig.json: a local web service (v1)", id="local"),
    ],
)  # fmt: skip
def test_the_head_says_which_kind_it_is(here, files_of, head):
    paths = [put(here, name, content) for name, content in files_of.items()]

    assert description.as_lines(files.describe(paths[-1]))[0] == head


def test_fields_of_another_deployment_are_not_honoured(here):
    """Of the endpoint file of 2021 one deployment is served."""
    other = {"name": "green", "request_settings": {"request_timeout_ms": 1000}, "environment_variables": {"A": "b"}}
    content = {**OF_2021, "deployments": [*OF_2021["deployments"], other]}
    said = files.describe(put(here, "endpoint.yml", content))

    assert said.name == "blue"
    assert description.honoured(said) == [
        "name", "type", "model", "code_configuration", "environment", "instance_type", "scale_settings",
    ]  # fmt: skip


def test_a_program_gets_the_same(here):
    said = files.describe(put(here, "deployment.yml", changed(MANAGED, "zzz", 1)))
    data = description.as_data(said)

    assert {name: data[name] for name in ("kind", "generation", "deployment", "endpoint", "profile", "files")} == {
        "kind": "managed", "generation": "v2", "deployment": "blue", "endpoint": "credit-ep", "profile": "managed",
        "files": [str(here / "deployment.yml")],
    }  # fmt: skip
    assert data["findings"] == ["zzz is no field of a managed online deployment"]
    assert data["not_emulated"][0] == {
        "field": "environment.image",
        "file": str(here / "deployment.yml"),
        "line": 9,
        "reason": "no container is started; the packages that the script finds are those of its interpreter",
    }


def test_a_file_that_says_nothing_honours_nothing(here):
    assert "  honoured: nothing" in description.as_lines(files.describe(put(here, "d.yml", "instance_type: x\n")))
