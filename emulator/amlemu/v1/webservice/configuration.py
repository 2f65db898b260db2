"""
What a service is asked to be: the arguments of `deploy_configuration`, and the deploymentconfig.json that they make.

What is wrong is said in the SDK's words, which `azure/v1_rules.py` has. Source: azureml-core 1.61, azureml/core/webservice/{local,aci,aks}.py,
and deploy_config_dict_to_obj in azureml/_model_management/_util.py (the names in the file).
"""
# ruff: noqa: T201  # the SDK prints, and so does its face

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from amlemu.azure import v1_rules
from amlemu.azure.description import Kind
from amlemu.azure.marked import parse
from amlemu.azure.schema import Check
from amlemu.v1.exceptions import WebserviceException

_FILE = Path("deploymentconfig.json")
_WITHOUT_FULL_STOP = ("]", "$", "null")  # the ends of messages that have none
_SECRETS = ("keys.primaryKey", "keys.secondaryKey")


class DeploymentConfiguration:
    """Arguments by their names, as attributes; None where nothing is said."""

    compute_type: ClassVar[str] = ""
    kind: ClassVar[Kind] = "local"
    fields: ClassVar[Mapping[str, str]] = {}

    def __init__(self, **given: Any) -> None:
        """
        Raises:
            WebserviceException: what the SDK would refuse.
            TypeError: no such argument.
        """
        unknown = given.keys() - self.fields.keys()
        if unknown:
            raise TypeError(f"deploy_configuration() got an unexpected keyword argument {min(unknown)!r}")
        for name in self.fields:
            setattr(self, name, given.get(name))
        self.validate_configuration()

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{type(self).__name__} has no {name}")

    @property
    def auth(self) -> str | None:
        """How callers prove who they are: None, `key` or `aml_token`."""
        return None

    def validate_configuration(self) -> None:
        """Raise what the SDK raises, all of it together, one a line."""
        check = Check(_FILE)
        v1_rules.apply(check, parse(json.dumps(self.as_data()), _FILE), self.kind)
        causes = [one.cause if one.cause.endswith(_WITHOUT_FULL_STOP) else f"{one.cause}." for one in check.findings]
        if causes:
            raise WebserviceException("\n".join(causes))

    def as_data(self) -> dict[str, Any]:
        """Return it as deploymentconfig.json has it; keys are kept elsewhere."""
        said: dict[str, Any] = {"computeType": self.compute_type}
        for name, path in self.fields.items():
            value = getattr(self, name)
            if value is not None and path not in _SECRETS:
                *folders, last = path.split(".")
                table = said
                for folder in folders:
                    table = table.setdefault(folder, {})
                table[last] = value
        return said

    def changed(self, **given: Any) -> DeploymentConfiguration:
        """Return it with other values, where they are not None. Raises WebserviceException."""
        now = {name: getattr(self, name) for name in self.fields}
        return type(self)(**{**now, **{name: value for name, value in given.items() if value is not None}})

    def print_deploy_configuration(self) -> None:
        """Print what the container is given."""
        said = {
            "CPU requirement": getattr(self, "cpu_cores", None),
            "GPU requirement": getattr(self, "gpu_cores", None),
            "Memory requirement": getattr(self, "memory_gb", None),
            "Number of replica": getattr(self, "num_replicas", None),
        }
        words = [f"{name}: {value}{'GB' if name[0] == 'M' else ''}" for name, value in said.items() if value]
        if words:
            print(", ".join(words))


class LocalWebserviceDeploymentConfiguration(DeploymentConfiguration):
    """Of a LocalWebservice."""

    compute_type, kind = "local", "local"
    fields: ClassVar[Mapping[str, str]] = {"port": "port"}


_SHARED = {
    "tags": "tags",
    "properties": "properties",
    "description": "description",
    "auth_enabled": "authEnabled",
    "cpu_cores": "containerResourceRequirements.cpu",
    "memory_gb": "containerResourceRequirements.memoryInGB",
    "enable_app_insights": "appInsightsEnabled",
    "collect_model_data": "dataCollection.storageEnabled",
    "primary_key": "keys.primaryKey",
    "secondary_key": "keys.secondaryKey",
}


class AciServiceDeploymentConfiguration(DeploymentConfiguration):
    """Of an AciWebservice; it asks nobody for a key unless `auth_enabled` says so."""

    compute_type, kind = "ACI", "aci"
    fields: ClassVar[Mapping[str, str]] = {
        **_SHARED,
        "location": "location",
        "ssl_enabled": "sslEnabled",
        "ssl_cert_pem_file": "sslCertificate",
        "ssl_key_pem_file": "sslKey",
        "ssl_cname": "cname",
        "dns_name_label": "dnsNameLabel",
        "cmk_vault_base_url": "vaultBaseUrl",
        "cmk_key_name": "keyName",
        "cmk_key_version": "keyVersion",
        "vnet_name": "vnetName",
        "subnet_name": "subnetName",
    }

    @property
    def auth(self) -> str | None:
        """Keys, where they were asked for."""
        return "key" if self.auth_enabled else None


class AksServiceDeploymentConfiguration(DeploymentConfiguration):
    """Of an AksWebservice; it asks for a key unless `auth_enabled` says otherwise."""

    compute_type, kind = "AKS", "aks"
    fields: ClassVar[Mapping[str, str]] = {
        **_SHARED,
        "autoscale_enabled": "autoScaler.autoscaleEnabled",
        "autoscale_min_replicas": "autoScaler.minReplicas",
        "autoscale_max_replicas": "autoScaler.maxReplicas",
        "autoscale_refresh_seconds": "autoScaler.refreshPeriodInSeconds",
        "autoscale_target_utilization": "autoScaler.targetUtilization",
        "scoring_timeout_ms": "scoringTimeoutMs",
        "replica_max_concurrent_requests": "maxConcurrentRequestsPerContainer",
        "max_request_wait_time": "maxQueueWaitMs",
        "num_replicas": "numReplicas",
        "gpu_cores": "gpuCores",
        "period_seconds": "livenessProbeRequirements.periodSeconds",
        "initial_delay_seconds": "livenessProbeRequirements.initialDelaySeconds",
        "timeout_seconds": "livenessProbeRequirements.timeoutSeconds",
        "success_threshold": "livenessProbeRequirements.successThreshold",
        "failure_threshold": "livenessProbeRequirements.failureThreshold",
        "namespace": "namespace",
        "token_auth_enabled": "tokenAuthEnabled",
        "compute_target_name": "computeTargetName",
        "cpu_cores_limit": "containerResourceRequirements.cpuLimit",
        "memory_gb_limit": "containerResourceRequirements.memoryInGBLimit",
        "blobfuse_enabled": "blobfuseEnabled",
    }

    @property
    def auth(self) -> str | None:
        """A token or a key; nobody is asked where that was said."""
        if self.token_auth_enabled:
            return "aml_token"
        return None if self.auth_enabled is False else "key"


KINDS: tuple[type[DeploymentConfiguration], ...] = (
    LocalWebserviceDeploymentConfiguration,
    AciServiceDeploymentConfiguration,
    AksServiceDeploymentConfiguration,
)


def from_data(said: Any) -> DeploymentConfiguration:
    """
    Read a deploymentconfig.json.

    Raises:
        WebserviceException: it is none, or the SDK would refuse it.
    """
    if not isinstance(said, dict) or not isinstance(said.get("computeType"), str):
        raise WebserviceException("Need to specify computeType in --deploy-config-file")
    wanted = said["computeType"].lower()
    kind = next((one for one in KINDS if one.compute_type.lower() == wanted), None)
    if kind is None:
        raise WebserviceException(f"unknown deployment type: {wanted}", hint="Expected local, aci or aks.")
    return kind(**{name: _found(said, path) for name, path in kind.fields.items()})


def _found(said: Any, path: str) -> Any:
    for name in path.split("."):
        said = said.get(name) if isinstance(said, dict) else None
    return said
