"""
What the v1 SDK refuses in a deployment configuration, in its own words: all that is wrong is collected and raised together.

Source: azureml-core 1.61, core/webservice/aks.py, aci.py and local.py, `validate_configuration` (contract 2.2, 5.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import inf

from amlemu.azure import said
from amlemu.azure.description import Kind
from amlemu.azure.marked import Value
from amlemu.azure.schema import Check
from amlemu.finding import CloudError

REFUSED_BY_SDK = CloudError("WebserviceException", "", "azureml-core 1.61, validate_configuration (contract 2.2)")
_NAMESPACE = re.compile("^[a-z0-9]([a-z0-9-]{,61}[a-z0-9])?$")  # _model_management/_constants.py, NAMESPACE_REGEX
_POSITIVE = {
    "cpu_cores": ("containerResourceRequirements", "cpu"),
    "memory_gb": ("containerResourceRequirements", "memoryInGB"),
    "period_seconds": ("livenessProbeRequirements", "periodSeconds"),
    "initial_delay_seconds": ("livenessProbeRequirements", "initialDelaySeconds"),
    "timeout_seconds": ("livenessProbeRequirements", "timeoutSeconds"),
    "success_threshold": ("livenessProbeRequirements", "successThreshold"),
    "failure_threshold": ("livenessProbeRequirements", "failureThreshold"),
    "scoring_timeout_ms": ("scoringTimeoutMs",),
    "replica_max_concurrent_requests": ("maxConcurrentRequestsPerContainer",),
    "max_request_wait_time": ("maxQueueWaitMs",),
    "num_replicas": ("numReplicas",),
}
_SCALING = {
    "autoscale_min_replicas": "minReplicas",
    "autoscale_max_replicas": "maxReplicas",
    "autoscale_refresh_seconds": "refreshPeriodInSeconds",
    "autoscale_target_utilization": "targetUtilization",
}
_MOST_TIMEOUT_MS = 300_000  # contract 2.2


def apply(check: Check, value: Value, kind: Kind) -> None:
    """Note all that the SDK would refuse."""
    rules = {"aks": _aks, "aci": _aci, "local": _local}[kind]
    for message, place in rules(value):
        check.refuse("v1-configuration", place or value, message.rstrip("."), cloud=REFUSED_BY_SDK)
    timeout = value.get("scoringTimeoutMs")
    if kind == "aks" and timeout is not None and (said.number(timeout) or 0) > _MOST_TIMEOUT_MS:
        cause = f"scoringTimeoutMs is {timeout.content}, and at most {_MOST_TIMEOUT_MS} is taken"
        check.refuse("v1-configuration", timeout, cause, cloud=REFUSED_BY_SDK)


def _local(value: Value) -> Iterator[tuple[str, Value | None]]:
    port = value.get("port")
    if port is not None and port.content and not (type(port.content) is int and 1 <= port.content <= 65535):
        yield "Invalid configuration, port must be an integer in range [1, 65535]", port


def _aks(value: Value) -> Iterator[tuple[str, Value | None]]:
    for name, path in _POSITIVE.items():
        found = value.get(*path)
        if found is not None and (said.number(found) or 0) <= 0:
            yield f"Invalid configuration, {name} must be greater than zero.", found
    yield from _limits(value)
    namespace = value.get("namespace")
    if namespace is not None and not _NAMESPACE.match(str(namespace.content)):
        what = f"namespace must be a valid Kubernetes namespace. Regex for validation is {_NAMESPACE.pattern}"
        yield f"Invalid configuration, {what}", namespace
    yield from _autoscaling(value)
    if said.is_on(value.get("tokenAuthEnabled")) and said.is_on(value.get("authEnabled")):
        yield (
            "Invalid configuration, auth_enabled and token_auth_enabled cannot both be true.",
            value.get("tokenAuthEnabled"),
        )


def _limits(value: Value) -> Iterator[tuple[str, Value | None]]:
    for name, key in (("cpu_cores", "cpu"), ("memory_gb", "memoryInGB")):
        least = said.number(value.get("containerResourceRequirements", key))
        most_value = value.get("containerResourceRequirements", f"{key}Limit")
        most = said.number(most_value)
        if least is not None and most is not None and most < least:
            yield f"Invalid configuration, {name}_limit must be greater than or equal to {name}.", most_value
    gpus = value.get("gpuCores")
    if gpus is not None and (said.number(gpus) or 0) < 0:
        yield "Invalid configuration, gpu_cores must be greater than or equal to zero.", gpus


def _autoscaling(value: Value) -> Iterator[tuple[str, Value | None]]:
    scaler = value.get("autoScaler") or Value({}, value.line)
    switch, replicas = scaler.get("autoscaleEnabled"), value.get("numReplicas")
    if said.is_on(switch):
        if said.number(replicas):
            yield "Invalid configuration, autoscale enabled and num_replicas provided.", replicas
        for name, key in _SCALING.items():
            found = scaler.get(key)
            if found is not None and (said.number(found) or 0) <= 0:
                yield f"Invalid configuration, {name} must be greater than zero.", found
        least, most = said.number(scaler.get("minReplicas")) or 0, said.number(scaler.get("maxReplicas")) or inf
        if least > most:
            what = "autoscale_min_replicas cannot be greater than autoscale_max_replicas."
            yield f"Invalid configuration, {what}", scaler.get("minReplicas")
        return
    if switch is not None and not said.number(replicas):
        yield "Invalid configuration, autoscale disabled but num_replicas not provided.", switch
    for name, key in _SCALING.items():
        if said.number(scaler.get(key)):
            yield f"Invalid configuration, {name} provided without enabling autoscaling.", scaler.get(key)


def _aci(value: Value) -> Iterator[tuple[str, Value | None]]:
    for name, key in (("cpu_cores", "cpu"), ("memory_gb", "memoryInGB")):
        found = value.get("containerResourceRequirements", key)
        if found is not None and (said.number(found) or 0) <= 0:
            yield f"Invalid configuration, {name} must be positive.", found
    tls = value.get("sslEnabled")
    if said.is_on(tls) and not all(value.text(key) for key in ("sslCertificate", "sslKey", "cname")):
        yield "SSL is enabled, you must provide a SSL certificate, key, and cname.", tls
    keys = [key for key in ("vaultBaseUrl", "keyName", "keyVersion") if value.text(key)]
    if len(keys) in (1, 2):
        what = (
            "customer managed key vault_base_url, key_name and key_version must all have values or all are empty/null"
        )
        yield what, value.get(keys[0])
    if bool(value.text("vnetName")) != bool(value.text("subnetName")):
        found = value.get("vnetName") or value.get("subnetName")
        yield "vnet_name and subnet_name must all have values or both are empty/null", found
