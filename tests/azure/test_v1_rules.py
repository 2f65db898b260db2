"""What the v1 SDK refuses in a deployment configuration, in its own words, all together."""

from __future__ import annotations

import pytest
from amlemu.azure import files, served
from amlemu.errors import UsageError

from .written import ACI, AKS, INFERENCE, LOCAL, put

INVALID = "Invalid configuration, "


def describe(folder, content):
    put(folder, "inferenceconfig.json", INFERENCE)
    return files.describe(put(folder, "deploymentconfig.json", content))


def causes(found):
    return [one.cause.removeprefix(INVALID) for one in found.findings if one.rule == "v1-configuration"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"scoringTimeoutMs": 0}, "scoring_timeout_ms must be greater than zero"),
        ({"maxConcurrentRequestsPerContainer": -1}, "replica_max_concurrent_requests must be greater than zero"),
        ({"maxQueueWaitMs": 0}, "max_request_wait_time must be greater than zero"),
        ({"numReplicas": 0}, "num_replicas must be greater than zero"),
        ({"gpuCores": -1}, "gpu_cores must be greater than or equal to zero"),
        ({"containerResourceRequirements": {"cpu": 0}}, "cpu_cores must be greater than zero"),
        ({"containerResourceRequirements": {"memoryInGB": -1}}, "memory_gb must be greater than zero"),
        (
            {"containerResourceRequirements": {"cpu": 2, "cpuLimit": 1}},
            "cpu_cores_limit must be greater than or equal to cpu_cores",
        ),
        (
            {"containerResourceRequirements": {"memoryInGB": 2, "memoryInGBLimit": 1}},
            "memory_gb_limit must be greater than or equal to memory_gb",
        ),
        ({"livenessProbeRequirements": {"periodSeconds": 0}}, "period_seconds must be greater than zero"),
        ({"livenessProbeRequirements": {"initialDelaySeconds": 0}}, "initial_delay_seconds must be greater than zero"),
        ({"livenessProbeRequirements": {"timeoutSeconds": 0}}, "timeout_seconds must be greater than zero"),
        ({"livenessProbeRequirements": {"successThreshold": 0}}, "success_threshold must be greater than zero"),
        ({"livenessProbeRequirements": {"failureThreshold": 0}}, "failure_threshold must be greater than zero"),
        ({"autoScaler": {"autoscaleEnabled": True}, "numReplicas": 3}, "autoscale enabled and num_replicas provided"),
        ({"autoScaler": {"autoscaleEnabled": False}}, "autoscale disabled but num_replicas not provided"),
        (
            {"autoScaler": {"autoscaleEnabled": True, "minReplicas": 3, "maxReplicas": 2}},
            "autoscale_min_replicas cannot be greater than autoscale_max_replicas",
        ),
        (
            {"autoScaler": {"autoscaleEnabled": True, "minReplicas": 0}},
            "autoscale_min_replicas must be greater than zero",
        ),
        (
            {"autoScaler": {"autoscaleEnabled": True, "targetUtilization": -1}},
            "autoscale_target_utilization must be greater than zero",
        ),
        (
            {"autoScaler": {"minReplicas": 2}},
            "autoscale_min_replicas provided without enabling autoscaling",
        ),
        (
            {"autoScaler": {"refreshPeriodInSeconds": 1}},
            "autoscale_refresh_seconds provided without enabling autoscaling",
        ),
        (
            {"authEnabled": True, "tokenAuthEnabled": True},
            "auth_enabled and token_auth_enabled cannot both be true",
        ),
        (
            {"namespace": "My_Space"},
            "namespace must be a valid Kubernetes namespace. Regex for validation is ^[a-z0-9]([a-z0-9-]{,61}[a-z0-9])?$",
        ),
        (
            {"namespace": "a" * 64},
            "namespace must be a valid Kubernetes namespace. Regex for validation is ^[a-z0-9]([a-z0-9-]{,61}[a-z0-9])?$",
        ),
    ],
)
def test_aks_is_validated_in_the_sdks_words(folder, content, message):
    """Source: azureml-core 1.61, core/webservice/aks.py, validate_configuration."""
    assert causes(describe(folder, {**AKS, **content})) == [message]


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"autoScaler": {"autoscaleEnabled": True, "minReplicas": 1, "maxReplicas": 1}},
        {"autoScaler": {"autoscaleEnabled": False}, "numReplicas": 2},
        {"numReplicas": 2},
        {"containerResourceRequirements": {"cpu": 0.1, "memoryInGB": 0.5, "cpuLimit": 0.1}},
        {"gpuCores": 0},
        {"namespace": "my-space-1"},
        {"authEnabled": False, "tokenAuthEnabled": True},
        {"scoringTimeoutMs": 300_000},
    ],
)
def test_a_legal_aks_configuration_is_fine(folder, content):
    assert describe(folder, {**AKS, **content}).findings == ()


@pytest.mark.rows("2.2 scoring_timeout_ms")
def test_a_timeout_has_a_limit(folder):
    assert causes(describe(folder, {**AKS, "scoringTimeoutMs": 300_001})) == [
        "scoringTimeoutMs is 300001, and at most 300000 is taken"
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"containerResourceRequirements": {"cpu": 0}}, "cpu_cores must be positive"),
        ({"containerResourceRequirements": {"memoryInGB": 0}}, "memory_gb must be positive"),
        ({"sslEnabled": True, "cname": "x"}, "SSL is enabled, you must provide a SSL certificate, key, and cname"),
        ({"vnetName": "x"}, "vnet_name and subnet_name must all have values or both are empty/null"),
        ({"subnetName": "x"}, "vnet_name and subnet_name must all have values or both are empty/null"),
        (
            {"keyName": "x", "vaultBaseUrl": "https://v"},
            "customer managed key vault_base_url, key_name and key_version must all have values or all are empty/null",
        ),
    ],
)
def test_aci_is_validated_in_the_sdks_words(folder, content, message):
    """Source: azureml-core 1.61, core/webservice/aci.py."""
    assert causes(describe(folder, {**ACI, **content})) == [message]


@pytest.mark.rows("5.2 port")
@pytest.mark.parametrize(
    ("port", "is_legal"),
    [(8890, True), (65535, True), (0, True), (None, True), (65536, False), (-1, False), ("8890", False), (8890.5, False)],
)  # fmt: skip
def test_a_local_port_is_an_integer(folder, port, is_legal):
    """Source: azureml-core 1.61, core/webservice/local.py; 0 and none are any free port."""
    message = "port must be an integer in range [1, 65535]"

    assert causes(describe(folder, {**LOCAL, "port": port})) == ([] if is_legal else [message])


@pytest.mark.rows("2.2 errors together")
def test_all_that_is_wrong_is_raised_together(folder):
    """One line each, as the SDK's exception has them, and nothing is served."""
    content = {**AKS, "numReplicas": 0, "scoringTimeoutMs": -5, "autoScaler": {"maxReplicas": 2}}
    with pytest.raises(UsageError) as caught:
        served.to_deployment(describe(folder, content))

    path = folder / "deploymentconfig.json"
    assert str(caught.value).splitlines() == [
        f"{path}:4: Invalid configuration, scoring_timeout_ms must be greater than zero.",
        f"amlemu: {path}:3: Invalid configuration, num_replicas must be greater than zero.",
        f"amlemu: {path}:6: Invalid configuration, autoscale_max_replicas provided without enabling autoscaling.",
    ]


def test_the_cloud_word_is_the_sdks(folder):
    found = describe(folder, {**AKS, "numReplicas": -1}).findings[0]

    assert (found.severity, found.cloud.today) == ("error", "WebserviceException")


def test_an_unknown_compute_type_is_told(folder):
    found = describe(folder, {"computeType": "amlcompute"})

    assert [one.cause for one in found.findings] == ["computeType: 'amlcompute' is none of its words"]
