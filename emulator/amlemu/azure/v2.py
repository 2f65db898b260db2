"""
Reads the files of `az ml` v2: a managed or Kubernetes online deployment, and the endpoint that it belongs to.

Source: azure-ai-ml 1.35.2, `_schema/` and `entities/`; bounds and defaults: contract 1.1, 1.5, 1.7, 2.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from amlemu.azure import amounts, said, scaling
from amlemu.azure.description import Description, Kind, NotEmulated, Probe
from amlemu.azure.marked import Value
from amlemu.azure.schema import Check
from amlemu.azure.tables import (
    COLLECTION,
    KUBERNETES_DEPLOYMENT,
    KUBERNETES_ENDPOINT,
    MANAGED_DEPLOYMENT,
    MANAGED_ENDPOINT,
)
from amlemu.azure.templates import placeholder
from amlemu.finding import BAD_ARGUMENT, Finding, Place

_PROBE_NAMES = {name: name for name in ("initial_delay", "period", "timeout", "success_threshold", "failure_threshold")}
_OF_TARGET_UTILIZATION = ("polling_interval", "target_utilization_percentage", "min_instances", "max_instances")
_LIMITS = ("request_timeout_ms", "max_concurrent_requests_per_instance", "max_queue_wait_ms")


@dataclass(frozen=True)
class EndpointSaid:
    """What an endpoint file says."""

    file: Path
    kind: Kind
    name: str
    auth_mode: str = ""
    traffic: dict[str, int] = field(default_factory=dict)
    not_emulated: tuple[NotEmulated, ...] = ()
    findings: tuple[Finding, ...] = ()
    said_at: dict[str, Place] = field(default_factory=dict)


def deployment(path: Path, value: Value) -> Description:
    """Return what a deployment file says."""
    check = Check(path)
    kind = _kind(check, value)
    check.table(value, KUBERNETES_DEPLOYMENT if kind == "kubernetes" else MANAGED_DEPLOYMENT)
    base = path.parent
    model = said.model(check, value.get("model"), base)
    settings = _settings(check, value, kind)
    variables = said.variables(check, value.get("environment_variables"))
    _collector(check, value, variables)
    code_value = value.get("code_configuration")
    environment = said.environment(check, value.get("environment"), base)
    code, script = said.code(
        check, value.get("code_configuration", "code"), value.get("code_configuration", "scoring_script"), base
    )
    misspelt = any(one.rule == "unknown-field" and "code_configuration" in one.cause for one in check.findings)
    if code_value is not None and value.get("code_configuration", "scoring_script") is None and not misspelt:
        check.refuse(
            "script-unnamed", code_value, "code_configuration names no scoring_script", "Add scoring_script: score.py"
        )
    _scaling(check, value, kind)
    _quantities(check, value.get("resources"))
    _mounts(check, value, environment is not None and environment.is_custom)
    return Description(
        file=path,
        generation="v2",
        kind=kind,
        profile=kind,
        name=said.name(check, value.get("name"), "the deployment's name"),
        endpoint=said.name(check, value.get("endpoint_name"), "endpoint_name"),
        script=script,
        code=code if code_value is not None else None,
        models=() if model is None else (model,),
        environment=environment,
        variables=variables,
        settings=settings,
        liveness=said.probe(check, value.get("liveness_probe"), _PROBE_NAMES, _default_probe(path)),
        readiness=said.probe(check, value.get("readiness_probe"), _PROBE_NAMES, _default_probe(path)),
        said_at=check.said_at,
        not_emulated=tuple(check.not_emulated),
        findings=tuple(check.findings),
        files=(path,),
        resources=amounts.of_kubernetes(check, value.get("resources")) if kind == "kubernetes" else None,
        instance_type=said.instance_type(value),
        scaling=scaling.of_kubernetes(check, value.get("scale_settings")) if kind == "kubernetes" else None,
    )


def endpoint(path: Path, value: Value) -> EndpointSaid:
    """Return what an endpoint file says."""
    check = Check(path)
    kind: Kind = "kubernetes" if value.get("compute") is not None or "kubernetes" in _schema(value) else "managed"
    check.table(value, KUBERNETES_ENDPOINT if kind == "kubernetes" else MANAGED_ENDPOINT)
    auth_mode = said.plain_word(value.text("auth_mode"))
    auth_value = value.get("auth_mode")
    if auth_value is not None and auth_mode == "aad_token" and kind == "kubernetes":
        cause = "auth_mode aad_token is for managed endpoints; Kubernetes has key and aml_token"
        check.refuse("illegal-auth-mode", auth_value, cause, cloud=BAD_ARGUMENT)
    shares = said.traffic(check, value.get("traffic"))
    _mirror(check, value, kind)
    compute = value.text("compute")
    if compute and not placeholder(compute) and not compute.startswith("azureml:"):
        cause = f"compute {compute!r} is no reference to an attached cluster"
        check.refuse("compute-not-a-reference", value.content["compute"], cause, f"Write compute: azureml:{compute}")
    return EndpointSaid(
        path,
        kind,
        said.name(check, value.get("name"), "the endpoint's name"),
        auth_mode,
        shares,
        tuple(check.not_emulated),
        tuple(check.findings),
        check.said_at,
    )


def _schema(value: Value) -> str:
    return value.text("$schema").lower()


def _kind(check: Check, value: Value) -> Kind:
    """Tell them apart as azure-ai-ml does, by `type`; a schema of the other kind is told, and believed."""
    word = value.text("type").lower()
    if word == "kubernetes":
        return "kubernetes"
    is_told = "managed" in _schema(value)
    if not word and not is_told and ("kubernetes" in _schema(value) or value.get("resources") is not None):
        cause = "this is a Kubernetes deployment without `type: kubernetes`, so az ml takes it for a managed one"
        check.refuse("type-missing", value, cause, "Add type: kubernetes.")
        return "kubernetes"
    return "managed"


def _default_probe(path: Path) -> Probe:
    """Source: contract 1.7."""
    return Probe(Place(path), 10.0, 10.0, 2.0, 1, 30)


def _settings(check: Check, value: Value, kind: Kind) -> dict[str, int]:
    found = {name: said.whole(value.get("request_settings", name)) for name in _LIMITS}
    found["instance_count"] = said.whole(value.get("instance_count"))
    if kind == "kubernetes" and scaling.is_by_load(value.get("scale_settings")):
        # instance_count is for type: default (YAML reference, 2022-08-31); that it says nothing here: `assumed`
        found["instance_count"] = said.whole(value.get("scale_settings", "min_instances"))
    if found["instance_count"] is None and kind == "managed" and value.get("instance_count") is None:
        check.refuse(
            "field-missing",
            value,
            "instance_count is missing; a managed online deployment needs it",
            cloud=BAD_ARGUMENT,
        )
    check_workers(check, value.get("environment_variables", "WORKER_COUNT"), value.get("request_settings", _LIMITS[1]))
    return {name: number for name, number in found.items() if number is not None and number > 0}


def check_workers(check: Check, workers: Value | None, at_once: Value | None) -> None:
    """Hold WORKER_COUNT against max_concurrent_requests_per_instance: they are to match (contract 1.5)."""
    count, most = said.whole(workers) or 1, said.whole(at_once) or 1
    here = at_once if at_once is not None else workers
    if here is None or count == most:
        return
    if most > count:
        cause = f"{most} requests are let in at once, and {count} worker process{'es take' if count > 1 else ' takes'} them one after the other"
        fix = f'Set WORKER_COUNT: "{most}" in environment_variables, or max_concurrent_requests_per_instance: {count}.'
    else:
        cause = f"{count} worker processes run, and {most} request{'s are' if most > 1 else ' is'} let in at once, so some never work"
        fix = f"Set max_concurrent_requests_per_instance: {count} in request_settings."
    check.refuse("workers-and-concurrency", here, cause, fix, cloud=None, severity="warning")


def _scaling(check: Check, value: Value, kind: Kind) -> None:
    scale = value.get("scale_settings")
    if scale is None:
        return
    if kind == "managed" and said.plain_word(scale.text("type")) == "target_utilization":
        cause = "scale_settings of a managed deployment are of type default; it is scaled by rules of Azure Monitor"
        check.refuse("illegal-scaling", scale, cause, cloud=BAD_ARGUMENT)
    if said.plain_word(scale.text("type")) == "default":
        for name, one in scale.items():
            if name in _OF_TARGET_UTILIZATION:
                cause = f"scale_settings.{name} is no field of scale_settings of type default"
                check.refuse("unknown-field", one, cause, "It belongs to type: target_utilization.")
    least, most = said.whole(scale.get("min_instances")), said.whole(scale.get("max_instances"))
    if least is not None and most is not None and least > most:
        cause = f"scale_settings: min_instances {least} is more than max_instances {most}"
        check.refuse("illegal-scaling", scale, cause, cloud=BAD_ARGUMENT)


_CPU, _SIZE = re.compile(r"\d+(\.\d+)?m?"), re.compile(r"\d+(\.\d+)?(e\d+|m|k|[KMGTPE]i?)?")


def _quantities(check: Check, resources: Value | None) -> None:
    """Look at amounts as Kubernetes writes them. Source: its documentation, "Resource units in Kubernetes"."""
    for part, asked in resources.items() if resources is not None else ():
        for name, pattern, example in (("cpu", _CPU, '"0.5" or "500m"'), ("memory", _SIZE, '"512Mi" or "2Gi"')):
            one = asked.get(name)
            if one is not None and isinstance(one.content, str) and not pattern.fullmatch(one.content):
                cause = f"resources.{part}.{name}: {one.content!r} is no quantity of Kubernetes"
                check.refuse("illegal-quantity", one, cause, f"For example {example}.", cloud=BAD_ARGUMENT)


def _mounts(check: Check, value: Value, is_custom: bool) -> None:
    mount = value.get("model_mount_path")
    if mount is not None and not is_custom:
        cause = "model_mount_path is for a custom container; without inference_config Azure refuses it"
        fix = "Leave it out: the model lies where AZUREML_MODEL_DIR says."
        check.refuse("mount-without-custom-image", mount, cause, fix, cloud=BAD_ARGUMENT)


def _collector(check: Check, value: Value, variables: dict[str, str]) -> None:
    """
    Turn on the collector of azureml-ai-monitoring, so that it prints what it would store (contract 7.3).

    In Azure it is a file that turns it on, of which nothing is known but its variable's name; `assumed`.
    """
    collections = value.get("data_collector", "collections") or Value({}, 0)
    for name, one in collections.items():
        check.table(one, COLLECTION, f"data_collector.collections.{name}.")
    if any(said.is_on(one.get("enabled")) for _, one in collections.items()):
        variables.setdefault("AZUREML_MDC_ENABLED", "true")
        variables.setdefault("AZUREML_MDC_LOCAL_CAPTURE", "true")


def _mirror(check: Check, value: Value, kind: Kind) -> None:
    mirror = value.get("mirror_traffic")
    shares = said.traffic(check, mirror, "mirror_traffic")
    if mirror is None:
        return
    if kind == "kubernetes":
        check.refuse("illegal-mirror", mirror, "traffic cannot be mirrored on Kubernetes", cloud=BAD_ARGUMENT)
    if len(shares) > 1:
        cause = f"mirror_traffic names {len(shares)} deployments; one can get copies"
        check.refuse("illegal-mirror", mirror, cause, cloud=BAD_ARGUMENT)
    for name, share in shares.items():
        if share > 50:
            cause = f"mirror_traffic.{name} is {share} %; at most 50 % can be mirrored"
            check.refuse("illegal-mirror", mirror, cause, cloud=BAD_ARGUMENT)
