"""
Reads the files of the v1 command line: inferenceconfig.json, and deploymentconfig.json for local, ACI and AKS. YAML will do, too.

Source: azure-docs, includes/machine-learning-service-*-config.md of 2020; azureml-core 1.61, core/webservice/ and core/model.py.
"""

from __future__ import annotations

import ast
from pathlib import Path

from amlemu.azure import amounts, conda_file, said, scaling, v1_rules
from amlemu.azure.description import Description, EnvironmentSaid, Kind, Probe
from amlemu.azure.marked import Unreadable, Value
from amlemu.azure.schema import Check, Table
from amlemu.azure.tables import ACI_V1, AKS_V1, INFERENCE_V1, LOCAL_V1
from amlemu.finding import Place

_CONFIGURATIONS: dict[str, Table] = {"local": LOCAL_V1, "aci": ACI_V1, "aks": AKS_V1}
_LIMITS = {
    "request_timeout_ms": ("scoringTimeoutMs",),
    "max_concurrent_requests_per_instance": ("maxConcurrentRequestsPerContainer",),
    "max_queue_wait_ms": ("maxQueueWaitMs",),
    "instance_count": ("numReplicas",),
}
_PROBE_NAMES = {
    "initial_delay": "initialDelaySeconds",
    "period": "periodSeconds",
    "timeout": "timeoutSeconds",
    "success_threshold": "successThreshold",
    "failure_threshold": "failureThreshold",
}


def describe(inference: tuple[Path, Value] | None, deployment: tuple[Path, Value] | None) -> Description:
    """
    Return what the two files say; without a deployment configuration it is a local one, as for LocalWebservice.

    Args:
        inference: the inference configuration; None where there is none, which is an error.
        deployment: the deployment configuration; None where there is none.
    """
    path = (inference or deployment or (Path(), None))[0]
    check = Check(path)
    code = script = environment = None
    variables: dict[str, str] = {}
    if inference is not None:
        check.table(inference[1], INFERENCE_V1)
        code, script = _script(check, inference[1])
        environment, variables = _environment(check, inference[1], code or path.parent)
    else:
        cause = "there is no inferenceconfig.json beside it, so nothing says which script is served"
        check.refuse("inference-config-missing", Value({}, 0), cause, "Name both: --with inferenceconfig.json")
    kind: Kind = "local"
    rest = Check(deployment[0] if deployment else path)
    value = deployment[1] if deployment else Value({}, 0)
    if deployment is not None:
        kind = _kind(rest, value)
        rest.table(value, _CONFIGURATIONS[kind])
        v1_rules.apply(rest, value, kind)
    return Description(
        file=path,
        generation="v1",
        kind=kind,
        profile=kind,
        script=script,
        code=code,
        environment=environment,
        variables=variables,
        settings=_settings(value) if kind == "aks" else {},
        liveness=_probe(rest, value),
        said_at={**check.said_at, **rest.said_at},
        auth_mode=_auth(value, kind),
        not_emulated=(*check.not_emulated, *rest.not_emulated),
        findings=(*check.findings, *rest.findings),
        files=tuple(part[0] for part in (inference, deployment) if part is not None),
        port=said.whole(value.get("port")),
        resources=amounts.of_v1(rest, value.get("containerResourceRequirements"), value.get("gpuCores")),
        scaling=scaling.of_v1(rest, value) if kind == "aks" else None,
    )


def _kind(check: Check, value: Value) -> Kind:
    word = value.text("computeType").lower()
    kinds: dict[str, Kind] = {"local": "local", "aci": "aci", "aks": "aks", "aksendpoint": "aks"}
    return kinds.get(word, "local")


def _script(check: Check, value: Value) -> tuple[Path | None, Path | None]:
    """Find the script, and look at it as InferenceConfig does: a name that can be imported, and text that parses."""
    folder, entry = value.get("sourceDirectory"), value.get("entryScript")
    code, script = said.code(check, folder, entry, check.path.parent)
    if entry is None or script is None:
        return code, None
    if folder is None:
        code = script.parent
    if not script.stem.isidentifier():
        cause = f"the entry script {script.name} cannot be imported: its name is no identifier"
        check.refuse("script-name", entry, cause, f"Call it {_as_identifier(script.stem)}.py.")
    try:
        ast.parse(script.read_bytes(), script.name)
    except (SyntaxError, ValueError):
        pass  # the doctor looks at the script itself
    except OSError as error:
        check.refuse("not-readable", entry, f"{script} is not readable: {error.strerror}")
    return code, script


def _as_identifier(word: str) -> str:
    cleaned = "".join(letter if letter.isalnum() else "_" for letter in word)
    return cleaned if cleaned.isidentifier() else f"score_{cleaned}"


def _environment(check: Check, value: Value, base: Path) -> tuple[EnvironmentSaid | None, dict[str, str]]:
    """Source of the base: "your entry_script, conda_file, and extra_docker_file_steps paths are relative to source_directory"."""
    inner = value.get("environment")
    variables = said.variables(check, value.get("environment", "environmentVariables"))
    if inner is not None:
        if isinstance(inner.content, str):
            return EnvironmentSaid(Place(check.path, inner.line), reference=inner.content), variables
        return _environment_table(check, inner, base), variables
    file = value.get("condaFile")
    image = value.text("baseImage")
    if file is None and not image:
        return None, variables
    place = Place(check.path, (file or value).line)
    return EnvironmentSaid(place, image=image, requirements=said.requirements(check, file, base)), variables


def _environment_table(check: Check, value: Value, base: Path) -> EnvironmentSaid:
    inline = value.get("python", "condaDependencies")
    asked = None
    if (
        inline is not None
        and isinstance(inline.content, dict)
        and not said.is_on(value.get("python", "userManagedDependencies"))
    ):
        try:
            asked = conda_file.from_value(inline, check.path)
            check.findings += asked.findings
        except Unreadable as error:
            check.findings.append(error.finding)
    if inline is None:
        asked = said.requirements(check, value.get("python", "condaDependenciesFile"), base)
    dockerfile = value.text("docker", "baseDockerfile")
    return EnvironmentSaid(
        Place(check.path, value.line),
        image=value.text("docker", "baseImage"),
        requirements=asked,
        builds=bool(dockerfile),
        dockerfile=dockerfile,
    )


def _settings(value: Value) -> dict[str, int]:
    found = {name: said.whole(value.get(*keys)) for name, keys in _LIMITS.items()}
    if found["instance_count"] is None:
        found["instance_count"] = said.whole(value.get("autoScaler", "minReplicas"))
    return {name: number for name, number in found.items() if number is not None and number > 0}


def _auth(value: Value, kind: Kind) -> str:
    """AKS asks for a key unless it is told not to, ACI does not unless it is told to (contract 2.1)."""
    if said.is_on(value.get("tokenAuthEnabled")):
        return "aml_token"
    given = value.get("authEnabled")
    return "key" if (said.is_on(given) if given is not None else kind == "aks") else ""


def _probe(check: Check, value: Value) -> Probe | None:
    """Source of the defaults: contract 2.2, v1 defaults."""
    default = Probe(Place(check.path), 310.0, 10.0, 2.0, 1, 3)
    return said.probe(check, value.get("livenessProbeRequirements"), _PROBE_NAMES, default)
