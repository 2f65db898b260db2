"""The endpoint file of the 2021 preview: one file, an endpoint and its deployments."""

from __future__ import annotations

import textwrap

import pytest
from amlemu.azure.marked import Unreadable

from .written import OF_2021, changed, describe, not_emulated

TWO = """\
$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineEndpoint.schema.json
name: credit-ep
type: online
auth_mode: Key
traffic:
  blue: 10
  green: 90
deployments:
  - name: blue
    model:
      name: credit
      version: 1
      local_path: ./model.pkl
    code_configuration:
      code:
        local_path: ./src/
      scoring_script: score.py
    environment:
      name: env
      version: 1
      path: .
      conda_file: file:./conda.yml
      docker:
        image: mcr.microsoft.com/azureml/x
    instance_type: Standard_F2s_v2
    scale_settings:
      scale_type: manual
      instance_count: 1
  - name: green
    app_insights_enabled: true
    model: azureml:credit:2
    code_configuration:
      code:
        local_path: ./src/
      scoring_script: api/score.py
    environment: azureml:env:1
    instance_type: Standard_F2s_v2
    scale_settings:
      scale_type: Auto
      min_instances: 2
      max_instances: 3
      target_utilization_percentage: 70
      polling_interval: 10
    request_settings:
      request_timeout_ms: 3000
      max_concurrent_requests_per_instance: 1
    liveness_probe:
      initial_delay_seconds: 30
      period: 20
"""


def refusal_of(folder, text, wanted=""):
    with pytest.raises(Unreadable) as caught:
        describe(folder, textwrap.dedent(text), "endpoint.yml", wanted)
    return str(caught.value).removeprefix(f"{folder}/")


@pytest.mark.rows("9 top", "9 deployments", "9 scale_type", "9 environment", "9 model", "9 probes with _seconds")
def test_the_deployment_with_the_most_traffic_is_served(folder):
    """And the others are told, with the flag that chooses one."""
    found = describe(folder, TWO, "endpoint.yml")

    assert found.findings == ()
    assert (found.name, found.endpoint, found.auth_mode, found.profile) == ("green", "credit-ep", "key", "managed-2021")
    assert (found.traffic, found.names) == ({"blue": 10, "green": 90}, ("blue", "green"))
    assert found.script == folder / "src" / "api" / "score.py"
    assert (found.models[0].name, found.models[0].version, found.models[0].path) == ("credit", "2", None)
    assert found.settings == {
        "request_timeout_ms": 3000, "max_concurrent_requests_per_instance": 1, "instance_count": 2,
    }  # fmt: skip
    assert (found.liveness.initial_delay, found.liveness.period, found.liveness.timeout) == (30.0, 20.0, 2.0)
    assert found.said_at["request_settings.request_timeout_ms"].line == 45
    assert not_emulated(found)["deployment blue"] == (
        "one deployment is served, green; --deployment-name chooses another"
    )
    assert not_emulated(found)["app_insights_enabled"].startswith("nothing is sent to Application Insights")


def test_another_deployment_can_be_chosen(folder):
    found = describe(folder, TWO, "endpoint.yml", "blue")

    assert (found.name, found.script, found.models[0].path) == (
        "blue",
        folder / "src" / "score.py",
        folder / "model.pkl",
    )
    assert found.environment.requirements.name == "env"
    assert "app_insights_enabled" not in not_emulated(found)  # that is green's


def test_without_traffic_the_first_one_is_served(folder):
    assert describe(folder, TWO.replace("traffic:\n  blue: 10\n  green: 90\n", ""), "endpoint.yml").name == "blue"


def test_a_deployment_that_is_not_there_is_told(folder):
    assert refusal_of(folder, TWO, "red") == "endpoint.yml:8: no deployment is called red; there are blue, green"


@pytest.mark.rows("9 private preview")
@pytest.mark.parametrize(
    ("text", "sign", "line"),
    [
        pytest.param("name: x\ndeployments:\n  blue:\n    model: azureml:m:1\n", "its deployments are a mapping", 2, id="mapping"),
        pytest.param("name: x\ndeployments:\n  - name: blue\n    code_reference: {code: x}\n", "it has code_reference", 2, id="code_reference"),
        pytest.param("name: x\ndeployments:\n  - name: blue\n    sku: Standard_FS4_v2\n", "it has sku", 2, id="sku"),
        pytest.param("name: x\ndeployments:\n  blue: {scale: {count: 1}, request: {}}\n", "it has scale", 2, id="scale"),
    ],
)  # fmt: skip
def test_the_private_preview_before_is_too_old(folder, text, sign, line):
    assert refusal_of(folder, text) == (
        f"endpoint.yml:{line}: this is an endpoint file of the private preview before May 2021 ({sign}); it is too old. "
        "Write a deployment file of today; az ml reads neither."
    )


@pytest.mark.parametrize("entries", ["[]", "x", "{}"])
def test_an_endpoint_without_deployments_has_nothing_to_serve(folder, entries):
    told = refusal_of(folder, f"name: credit-ep\ndeployments: {entries}\n")

    assert "this endpoint file has no deployments to serve" in told or "too old" in told


@pytest.mark.parametrize(
    ("path", "value", "severity", "cause"),
    [
        ("deployments.0.modle", "x", "warning", "deployments.blue.modle is no field of a deployment of 2021, and Azure ignores it; did you mean model?"),
        ("deployments.0.code_configuration.script", "x", "warning", "deployments.blue.code_configuration.script is no field of a code_configuration, and Azure ignores it; did you mean scoring_script?"),
        ("deployments.0.name", "a_b", "error", "the deployment's name 'a_b' cannot be a name: letters, digits and single dashes, a letter first, no dash at the end"),
        ("deployments.0.request_settings.request_timeout_ms", 90_001, "error", "deployments.blue.request_settings.request_timeout_ms: 90001 is more than the most allowed, 90000"),
        ("deployments.0.model.local_path", "modle.pkl", "error", "the model modle.pkl is not there"),
        ("deployments.0.code_configuration.code.local_path", "scr", "error", "the code folder scr is no folder"),
        ("deployments.0.environment.conda_file", "file:nope.yml", "error", "the conda file file:nope.yml is not there"),
        ("deployments.0.scale_settings", {"scale_type": "manual", "min_instances": 3, "max_instances": 1}, "error", "scale_settings: min_instances 3 is more than max_instances 1"),
        ("deployments.0.scale_settings.scale_type", "none", "error", "deployments.blue.scale_settings.scale_type: 'none' is none of its words"),
        ("traffic", {"red": 100}, "error", "traffic names red, which is no deployment of this file; there are blue"),
        ("traffic", {"blue": 90}, "error", "traffic is 90 % in all; it has to be 0 or 100"),
        ("auth_mode", "aad_token", "error", "auth_mode: 'aad_token' is none of its words"),
        ("type", "batch", "error", "type: 'batch' is none of its words"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(folder, path, value, severity, cause):
    """Contract 9; what the schema of that time made of an unknown field is assumed: nothing."""
    found = describe(folder, changed(OF_2021, path, value), "endpoint.yml")

    assert [(one.severity, one.cause) for one in found.findings] == [(severity, cause)]


def test_two_deployments_of_one_name_are_told(folder):
    text = TWO.replace("name: green", "name: blue").replace("  green: 90", "  blue-2: 90")

    assert "two deployments are called 'blue'" in [one.cause for one in describe(folder, text, "endpoint.yml").findings]


@pytest.mark.parametrize("entry", ["", "x", "3", "[a]", "{}", "{name: }", "{name: [x]}", "{model: 3}"])
def test_an_entry_that_is_none_does_not_surprise(folder, entry):
    """It is told, and nothing is served."""
    found = describe(folder, f"name: credit-ep\ndeployments:\n- {entry}\n", "endpoint.yml")

    assert found.script is None
    assert found.findings


def test_kubernetes_has_the_front_door_of_kubernetes(folder):
    found = describe(folder, changed(OF_2021, "target", "azureml:my-aks"), "endpoint.yml")

    assert (found.kind, found.profile) == ("kubernetes", "kubernetes")
