"""
Each field of Azure's files with a value, and what it comes to: what it changes, or the reason why it changes nothing.

Values only; `test_tables` has them written and read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

V2 = ("managed", "kubernetes")
ENDPOINTS = ("endpoint", "kubernetes-endpoint")
PROBES = ("liveness_probe", "readiness_probe")


@dataclass(frozen=True)
class Case:
    """
    One field in one file.

    Attributes:
        file: as in `rows.FIELDS`.
        field: its dotted name.
        value: what is written.
        where: the dotted place where the effect is looked for, see `test_tables.reach`; empty for one without.
        expected: what stands there.
        reason: how the reason begins, for a field without an effect.
        also: further fields that the file needs then.
        rules: what is wrong with the file then, all the same.
    """

    file: str
    field: str
    value: Any
    where: str = ""
    expected: Any = None
    reason: str = ""
    also: tuple[tuple[str, Any], ...] = ()
    rules: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """For the test's name."""
        return f"{self.file}-{self.field}" + ("" if self.reason else f"-{self.value}-{self.where}")

    @property
    def rows(self) -> tuple[str, ...]:
        """The row that it holds."""
        field = self.field.replace("|", ".")
        return (f"{self.file} {'environment_variables' if field.startswith('environment_variables.') else field}",)


# ------------------------------------------------------------------ honoured

_WITH_GPUS = (("instance_type", "Standard_NC12s_v3"),)


def _v2() -> list[tuple[str, Any, str, Any]]:
    """Return field, value, place and expected of both kinds of v2."""
    found: list[tuple[str, Any, str, Any]] = [
        ("name", "green", "made.name", "green"),
        ("endpoint_name", "other-ep", "made.endpoint", "other-ep"),
        (
            "code_configuration",
            {"code": "src", "scoring_script": "score.py"},
            "layout.app_root",
            "/var/azureml-app/src",
        ),
        ("code_configuration.code", "./src/", "made.code", "{here}/src"),
        ("code_configuration.scoring_script", "api/score.py", "layout.script", "/var/azureml-app/src/api/score.py"),
        ("model", {"path": "model.pkl"}, "made.models.0.path", "{here}/model.pkl"),
        ("model.path", "weights", "layout.places.1.source", "{here}/weights"),
        ("model.name", "credit", "layout.model_dir", "/var/azureml-app/azureml-models/credit/1"),
        ("model.type", "mlflow_model", "said.models.0.type", "mlflow_model"),
        ("environment.conda_file", "conda.yml", "said.environment.requirements.python", "==3.10.*"),
        ("environment.conda_file", {"dependencies": ["python=3.9"]}, "said.environment.requirements.python", "==3.9.*"),
        ("environment.image", "x/y:1", "said.environment.image", "x/y:1"),
        ("environment", "azureml:sklearn:4", "said.environment.reference", "azureml:sklearn:4"),
        ("environment_variables", {"A": 1, "B": "x y"}, "made.environment", {"A": "1", "B": "x y"}),
        ("request_settings.request_timeout_ms", 7000, "face.limits.request_timeout_ms", 7000),
        ("request_settings.request_timeout_ms", "7000", "made.request_settings.request_timeout_ms", 7000),
        ("request_settings.max_queue_wait_ms", 900, "face.limits.max_queue_wait_ms", 900),
        ("request_settings", {"request_timeout_ms": 9000}, "face.limits.request_timeout_ms", 9000),
        ("instance_type", "Standard_F2s_v2", "memory.0", 4_294_967_296),
        ("instance_count", 3, "face.limits.instance_count", 3),
        ("instance_count", "3", "made.request_settings.instance_count", 3),
        ("data_collector", {"collections": {"x": {"enabled": "True"}}}, "made.environment.AZUREML_MDC_ENABLED", "true"),
        (
            "data_collector.collections",
            {"x": {"enabled": "true"}},
            "made.environment.AZUREML_MDC_LOCAL_CAPTURE",
            "true",
        ),
        ("data_collector.collections", {"x": {"enabled": "False"}}, "made.environment", {}),
    ]
    for name in PROBES:
        place = f"said.{name.partition('_')[0]}"
        found += [
            (f"{name}.initial_delay", 20, f"{place}.initial_delay", 20.0),
            (f"{name}.period", "5", f"{place}.period", 5.0),
            (f"{name}.timeout", 3, f"{place}.timeout", 3.0),
            (f"{name}.success_threshold", 1, f"{place}.success_threshold", 1),
            (f"{name}.failure_threshold", 7, f"{place}.failure_threshold", 7),
            (f"{name}.failure_threshold", 7, f"face.probes.{name.partition('_')[0]}_failure_threshold", 7),
            (f"{name}.period", 5, f"face.probes.{name.partition('_')[0]}_period", 5.0),
            (name, {"period": 5}, f"{place}.failure_threshold", 30),
            (name, {"period": 5}, f"{place}.initial_delay", 10.0),
        ]
    return found


_HONOURED = [
    *(Case(file, *one) for file in V2 for one in _v2()),
    *(
        Case(
            file, "request_settings.max_concurrent_requests_per_instance", 2,
            "face.limits.max_concurrent_requests_per_instance", 2, also=(("environment_variables.WORKER_COUNT", 2),),
        )
        for file in V2
    ),
    *(
        Case(
            file, "environment_variables.WORKER_COUNT", "3", "made.workers", 3,
            also=(("request_settings.max_concurrent_requests_per_instance", 3),),
        )
        for file in V2
    ),
    *(Case(file, "model.version", 7, "made.models.0.version", "7", also=(("model.name", "m"),)) for file in V2),
    *(
        Case(file, "$schema", "https://azuremlschemas.azureedge.net/latest/x.schema.json", "made.name", "blue")
        for file in V2
    ),
    *(Case(file, "type", word, "made.name", "blue") for file, word in (("managed", "managed"), ("kubernetes", "Kubernetes"))),
    Case("kubernetes", "type", "kubernetes", "face.name", "kubernetes"),
    Case("managed", "type", "Managed", "face.name", "managed"),
    *(Case(file, f"{part}.$schema", "x", "made.name", "blue") for file in V2 for part in ("code_configuration", "model", "environment")),
    Case(
        "kubernetes", "scale_settings.min_instances", 2, "face.limits.instance_count", 2,
        also=(("scale_settings.type", "target_utilization"), ("instance_count", None)), rules=("field-empty",),
    ),
    *(
        Case("kubernetes", f"scale_settings.{field}", value, where, expected, also=(("scale_settings.type", "target_utilization"), ("instance_count", 1)))
        for field, value, where, expected in (
            ("max_instances", 4, "face.scale.maximum", 4),
            ("target_utilization_percentage", 50, "face.scale.target_percent", 50),
            ("polling_interval", 3, "face.scale.refresh_ms", 3000),
        )
    ),
    Case("kubernetes", "scale_settings", {"type": "TargetUtilization", "max_instances": 2}, "face.scale.maximum", 2),
    Case("kubernetes", "scale_settings", {"type": "default"}, "face.scale.maximum", 0),
    Case("kubernetes", "scale_settings.type", "default", "face.scale.maximum", 0),
    *(Case(file, "auth_mode", word, "said.auth_mode", mode) for file in ENDPOINTS for word, mode in (
        ("key", "key"), ("Key", "key"), ("aml_token", "aml_token"), ("AMLToken", "aml_token"))),
    Case("endpoint", "auth_mode", "AADToken", "said.auth_mode", "aad_token"),
    *(Case(file, "name", "credit-ep", "said.endpoint", "credit-ep") for file in ENDPOINTS),
    *(Case(file, "traffic", {"blue": "100"}, "said.traffic", {"blue": 100}) for file in ENDPOINTS),
    *(Case(file, "$schema", "x", "said.endpoint", "credit-ep") for file in ENDPOINTS),
    # 2021
    Case("2021-endpoint", "$schema", "x/managedOnlineEndpoint.schema.json", "said.generation", "2021"),
    Case("2021-endpoint", "name", "old-ep", "made.endpoint", "old-ep"),
    Case("2021-endpoint", "type", "online", "face.name", "managed-2021"),
    Case("2021-endpoint", "auth_mode", "Key", "said.auth_mode", "key"),
    Case("2021-endpoint", "traffic", {"blue": 100}, "said.traffic", {"blue": 100}),
    Case("2021-endpoint", "target", "azureml:aks", "face.name", "kubernetes"),
    Case("2021-endpoint", "infrastructure", "azureml:aks", "face.name", "kubernetes"),
    Case("2021-endpoint", "deployments", [{"name": "green", "code_configuration": {"code": "src", "scoring_script": "score.py"}}], "made.name", "green"),
    Case("2021", "$schema", "x", "made.name", "blue"),
    Case("2021", "name", "green", "made.name", "green"),
    Case("2021", "model", "azureml:credit:3", "said.models.0.version", "3"),
    Case("2021", "model.name", "m", "layout.model_dir", "/var/azureml-app/azureml-models/m/1"),
    Case("2021", "model.version", "4", "layout.model_dir", "/var/azureml-app/azureml-models/credit/4"),
    Case("2021", "model.local_path", "./weights", "made.models.0.path", "{here}/weights"),
    Case("2021", "model", {"path": "weights"}, "made.models.0.path", "{here}/weights"),
    Case("2021", "model.path", "weights", "made.models.0.path", "{here}/model.pkl"),  # local_path is the one of that time
    Case("2021", "model.type", "mlflow_model", "said.models.0.type", "mlflow_model"),
    Case("2021", "model.$schema", "x", "made.name", "blue"),
    Case("2021", "code_configuration", {"code": "src", "scoring_script": "score.py"}, "made.code", "{here}/src"),
    Case("2021", "code_configuration.code", "./src", "made.code", "{here}/src"),
    Case("2021", "code_configuration.code.local_path", "src/api", "layout.app_root", "/var/azureml-app/api"),
    Case("2021", "code_configuration.scoring_script", "api/score.py", "made.script", "{here}/src/api/score.py"),
    Case("2021", "environment", "azureml:sklearn:1", "said.environment.reference", "azureml:sklearn:1"),
    Case("2021", "environment.$schema", "x", "made.name", "blue"),
    Case("2021", "environment.path", "./src/..", "said.environment.requirements.python", "==3.10.*"),
    Case("2021", "environment.conda_file", "file:./conda.yml", "said.environment.requirements.name", "env"),
    Case("2021", "environment.image", "x/y:1", "said.environment.image", "x/y:1"),
    Case("2021", "environment.docker", {"image": "x/y:2"}, "said.environment.image", "x/y:2"),
    Case("2021", "environment.docker.image", "x/y:3", "said.environment.image", "x/y:3"),
    Case("2021", "environment_variables", {"A": True}, "made.environment.A", "True"),
    Case("2021", "instance_count", 4, "made.request_settings.instance_count", 4, also=(("scale_settings", {"scale_type": "auto"}),)),
    Case("2021", "scale_settings", {"scale_type": "AUTO", "min_instances": 2, "max_instances": 5}, "face.limits.instance_count", 2),
    Case("2021", "scale_settings.instance_count", 3, "face.limits.instance_count", 3),
    Case("2021", "scale_settings.min_instances", 2, "made.request_settings.instance_count", 1),
    Case("2021", "request_settings", {"request_timeout_ms": 90000}, "face.limits.request_timeout_ms", 90000),
    Case("2021", "request_settings.request_timeout_ms", 6000, "face.limits.request_timeout_ms", 6000),
    Case("2021", "request_settings.max_concurrent_requests_per_instance", 1, "face.limits.max_concurrent_requests_per_instance", 1),
    Case("2021", "request_settings.max_queue_wait_ms", 700, "face.limits.max_queue_wait_ms", 700),
    *(Case("2021", name, {"period": 5}, f"face.probes.{name.partition('_')[0]}_period", 5.0) for name in PROBES),
    *(
        Case("2021", f"{name}.{field}", value, f"said.{name.partition('_')[0]}.{place}", expected)
        for name in PROBES
        for field, value, place, expected in (
            ("initial_delay", 20, "initial_delay", 20.0),
            ("initial_delay_seconds", 21, "initial_delay", 21.0),
            ("period", 5, "period", 5.0),
            ("period_seconds", 6, "period", 6.0),
            ("timeout", 3, "timeout", 3.0),
            ("timeout_seconds", 4, "timeout", 4.0),
            ("success_threshold", 2, "success_threshold", 2),
            ("failure_threshold", 9, "failure_threshold", 9),
        )
    ),
    Case("2021", "instance_type", "Standard_F4s_v2", "memory.0", 8_589_934_592),
    Case("2021", "scale_settings.scale_type", "manual", "face.scale.maximum", 0),
    Case("2021", "scale_settings.scale_type", "Auto", "face.scale.maximum", 1),
    *(
        Case("2021", f"scale_settings.{field}", value, where, expected, also=(("scale_settings.scale_type", "auto"),))
        for field, value, where, expected in (
            ("max_instances", 4, "face.scale.maximum", 4),
            ("target_utilization_percentage", 60, "face.scale.target_percent", 60),
            ("polling_interval", 10, "face.scale.refresh_ms", 10_000),
            ("polling_interval", "PT1M5S", "face.scale.refresh_ms", 65_000),
        )
    ),
    # what a container gets, and what a pod asks for
    Case("kubernetes", "resources", {"requests": {"cpu": "0.1", "memory": "1G"}, "limits": {"cpu": "500m"}}, "pod.memory_bytes", 1_000_000_000),
    Case("kubernetes", "resources.requests", {"cpu": "250m"}, "pod.cpus", 0.25),
    Case("kubernetes", "resources.requests.cpu", "0.1", "pod.cpus", 0.1),
    Case("kubernetes", "resources.requests.memory", "2Gi", "pod.memory_bytes", 2_147_483_648),
    Case("kubernetes", "resources.limits", {"memory": "1Gi"}, "memory.0", 1_073_741_824),
    Case("kubernetes", "resources.limits.memory", "1G", "memory.0", 1_000_000_000),
    Case("2021", "resource_requirements", {"memory": "2Gi"}, "memory.0", 2_147_483_648),
    Case("2021", "resource_requirements.memory", 1.5, "memory.0", 1_610_612_736),
    *(
        case
        for file in ("aci", "aks")
        for case in (
            Case(file, "containerResourceRequirements", {"memoryInGB": 2}, "memory.0", 2_147_483_648),
            Case(file, "containerResourceRequirements.memoryInGB", 1, "memory.0", 1_073_741_824),
            Case(file, "containerResourceRequirements.memoryInGBLimit", 3, "memory.0", 3_221_225_472, also=(("containerResourceRequirements.memoryInGB", 1),)),
        )
    ),
    Case("aks", "containerResourceRequirements.memoryInGB", 1.5, "pod.memory_bytes", 1_610_612_736, also=(("containerResourceRequirements.memoryInGBLimit", 3),)),
    Case("aks", "containerResourceRequirements.cpu", 0.75, "pod.cpus", 0.75),
    Case("aks", "gpuCores", 2, "pod.gpus", 2),
    Case("kubernetes", "resources", {"requests": {"cpu": "0.1", "memory": "1G"}, "limits": {"cpu": "500m"}}, "said.resources.cpus", 0.5),
    Case("kubernetes", "resources", {"requests": {"cpu": "0.1", "memory": "1G"}, "limits": {"cpu": "1"}}, "said.resources.memory_bytes", 1_000_000_000),
    Case("kubernetes", "resources.limits", {"memory": "512Mi"}, "said.resources.memory_bytes", 536_870_912),
    Case("kubernetes", "resources.limits.cpu", "2", "said.resources.cpus", 2.0),
    Case("kubernetes", "resources.limits.memory", "2Gi", "said.resources.memory_bytes", 2_147_483_648),
    Case("kubernetes", "resources.limits.gpu", "1", "said.resources.gpus", 1, also=_WITH_GPUS),
    Case("kubernetes", "resources.limits.nvidia|com/gpu", "2", "said.resources.gpus", 2, also=_WITH_GPUS),
    Case("kubernetes", "resources.requests", {"cpu": "0.25"}, "said.resources.cpus", 0.25),
    Case("kubernetes", "resources.requests.cpu", "1500m", "said.resources.cpus", 1.5),
    Case("kubernetes", "resources.requests.memory", "0.5Gi", "said.resources.memory_bytes", 536_870_912),
    Case("kubernetes", "resources.requests.gpu", "1", "said.resources.gpus", 1, also=_WITH_GPUS),
    Case("kubernetes", "resources.requests.nvidia|com/gpu", "1", "said.resources.gpus", 1, also=_WITH_GPUS),
    Case("2021", "resource_requirements", {"cpu": 1.5, "memory": "1.0"}, "said.resources.memory_bytes", 1_073_741_824),
    Case("2021", "resource_requirements.cpu", 1.5, "said.resources.cpus", 1.5),
    Case("2021", "resource_requirements.memory", "500Mi", "said.resources.memory_bytes", 524_288_000),
    Case("2021", "resource_requirements.gpu", 1, "said.resources.gpus", 1, also=_WITH_GPUS),
    *(
        case
        for file in ("aci", "aks")
        for case in (
            Case(file, "containerResourceRequirements", {"cpu": 0.5, "memoryInGB": 1}, "said.resources.cpus", 0.5),
            Case(file, "containerResourceRequirements.cpu", 0.5, "said.resources.cpus", 0.5),
            Case(file, "containerResourceRequirements.cpuLimit", 2, "said.resources.cpus", 2.0, also=(("containerResourceRequirements.cpu", 1),)),
            Case(file, "containerResourceRequirements.memoryInGB", 0.5, "said.resources.memory_bytes", 536_870_912),
            Case(file, "containerResourceRequirements.memoryInGBLimit", 2, "said.resources.memory_bytes", 2_147_483_648, also=(("containerResourceRequirements.memoryInGB", 1),)),
            Case(file, "containerResourceRequirements.gpu", 1, "said.resources.gpus", 1),
        )
    ),
    # v1
    Case("inference", "entryScript", "api/score.py", "made.script", "{here}/src/api/score.py"),
    Case("inference", "sourceDirectory", "./src", "layout.app_root", "/var/azureml-app"),
    Case("inference", "sourceDirectory", "./src", "layout.source_folder", "src"),
    Case("inference", "runtime", "python", "made.name", "blue"),
    Case("inference", "condaFile", "../conda.yml", "said.environment.requirements.name", "env"),
    Case("inference", "environment", "AzureML-Minimal", "said.environment.reference", "AzureML-Minimal"),
    Case("inference", "environment.environmentVariables", {"A": "b"}, "made.environment", {"A": "b"}),
    Case("inference", "environment.python.condaDependencies", {"dependencies": ["python=3.6.2"]}, "said.environment.requirements.python", "==3.6.2.*"),
    Case("inference", "environment.python.condaDependenciesFile", "../conda.yml", "said.environment.requirements.name", "env"),
    Case("inference", "environment.python", {"condaDependencies": {"name": "x", "dependencies": ["pip"]}}, "said.environment.requirements.name", "x"),
    Case("inference", "environment.docker", {"baseImage": "x"}, "said.environment.image", "x"),
    Case("inference", "environment.docker.baseImage", "x/y:1", "said.environment.image", "x/y:1"),
    Case("inference", "environment.docker.baseDockerfile", "FROM x", "said.environment.builds", True),
    Case("inference", "baseImage", "x/y:2", "said.environment.image", "x/y:2"),
    Case("local", "computeType", "local", "face.name", "local"),
    Case("local", "port", 8890, "said.port", 8890),
    Case("local", "port", 0, "said.port", 0),
    Case("aci", "computeType", "ACI", "face.name", "aci"),
    Case("aci", "computeType", "aci", "said.auth_mode", ""),
    Case("aci", "authEnabled", True, "said.auth_mode", "key"),
    Case("aks", "computeType", "AKS", "face.name", "aks"),
    Case("aks", "computeType", "AKSENDPOINT", "face.name", "aks"),
    Case("aks", "computeType", "aks", "said.auth_mode", "key"),
    Case("aks", "authEnabled", False, "said.auth_mode", ""),
    Case("aks", "tokenAuthEnabled", True, "said.auth_mode", "aml_token"),
    Case("aks", "scoringTimeoutMs", 30000, "face.limits.request_timeout_ms", 30000),
    Case("aks", "maxConcurrentRequestsPerContainer", 2, "face.limits.max_concurrent_requests_per_instance", 2),
    Case("aks", "maxQueueWaitMs", 800, "face.limits.max_queue_wait_ms", 800),
    Case("aks", "numReplicas", 3, "face.limits.instance_count", 3),
    Case("aks", "autoScaler.minReplicas", 2, "made.request_settings.instance_count", 2, also=(("autoScaler.autoscaleEnabled", True),)),
    Case("aks", "numReplicas", 3, "face.scale.maximum", 0),
    Case("aks", "autoScaler", {"autoscaleEnabled": True, "maxReplicas": 4}, "face.scale.maximum", 4),
    Case("aks", "autoScaler", {"autoscaleEnabled": False}, "face.scale.maximum", 0, also=(("numReplicas", 2),)),
    *(
        Case("aks", f"autoScaler.{field}", value, where, expected, also=(("autoScaler.autoscaleEnabled", True),))
        for field, value, where, expected in (
            ("autoscaleEnabled", True, "face.scale.maximum", 10),
            ("minReplicas", 2, "face.limits.instance_count", 2),
            ("maxReplicas", 5, "face.scale.maximum", 5),
            ("targetUtilization", 80, "face.scale.target_percent", 80),
            ("refreshPeriodInSeconds", 2, "face.scale.refresh_ms", 2000),
        )
    ),
    *(
        Case("aks", f"livenessProbeRequirements.{field}", 4, f"face.probes.liveness_{name}", 4)
        for field, name in (
            ("periodSeconds", "period"),
            ("initialDelaySeconds", "initial_delay"),
            ("timeoutSeconds", "timeout"),
            ("successThreshold", "success_threshold"),
            ("failureThreshold", "failure_threshold"),
        )
    ),
    Case("aks", "livenessProbeRequirements", {"periodSeconds": 5}, "said.liveness.initial_delay", 310.0),
    Case("aks", "livenessProbeRequirements.periodSeconds", 5, "said.liveness.period", 5.0),
    Case("aks", "livenessProbeRequirements.initialDelaySeconds", 60, "said.liveness.initial_delay", 60.0),
    Case("aks", "livenessProbeRequirements.timeoutSeconds", 1, "said.liveness.timeout", 1.0),
    Case("aks", "livenessProbeRequirements.successThreshold", 2, "said.liveness.success_threshold", 2),
    Case("aks", "livenessProbeRequirements.failureThreshold", 4, "said.liveness.failure_threshold", 4),
]  # fmt: skip

# ------------------------------------------------------------------ without an effect

_LABEL = "it is a label in the workspace"
_WRITTEN = "Azure writes it, and ignores it in a file"
_NO_MONITOR = "rules of Azure Monitor scale a managed deployment"
_INSIGHTS = "nothing is sent to Application Insights"
_PACKAGES = "the packages that the script finds are those of its interpreter"
_NO_CONTAINER = "no container is started"
_NO_IMAGE = "no image is built"
_SERVER = "the image's own server is not run here"
_NOT_STORED = "captured rows are printed, not stored"
_CPUS = "the script may use all processors of this machine; --cpu limits it"
_GPUS = "no GPU is imitated"
_NO_NETWORK = "there is no network of Azure here"
_NO_IDENTITY = "nothing here logs in to Azure"
_NO_TLS = "there is no TLS here"
_NO_CLUSTER = "there is no cluster here"
_NO_MACHINE = "x is not in the table of machines"
_ONE_DEPLOYMENT = "one deployment is served"
_ROUTES = {f"{name}_route": {"port": 5001, "path": "/"} for name in ("liveness", "readiness", "scoring")}

_PARTS: dict[str, str] = {
    _LABEL: """
        id description tags properties
        model.id model.description model.tags model.properties model.stage model.flavors model.datastore
        model.system_metadata model.default_deployment_template model.allowed_deployment_templates
        environment.id environment.description environment.tags environment.name environment.version
        environment.datastore environment.auto_delete_setting""",
    _WRITTEN: """
        model.job_name model.latest_version model.utc_time_created model.creation_context model.intellectual_property
        environment.creation_context environment.intellectual_property environment.latest_version""",
    _NO_CONTAINER: "environment.image",
    _NO_IMAGE: "environment.build environment.build.path environment.build.dockerfile_path",
    "the script runs on this system": "environment.os_type",
    _INSIGHTS: "app_insights_enabled",
}
_OF_V2: dict[str, str] = {
    **_PARTS,
    _WRITTEN: f"{_PARTS[_WRITTEN]} provisioning_state",
    _SERVER: "environment.inference_config "
    + " ".join(f"environment.inference_config.{route}{below}" for route in _ROUTES for below in ("", ".port", ".path")),
    "a custom image's server would read it": "model_mount_path",
    _NOT_STORED: "data_collector.rolling_rate",
    "every row is printed": "data_collector.sampling_rate",
    "nothing is stored": "data_collector.request_logging data_collector.request_logging.capture_headers",
}
_OF_ENDPOINT: dict[str, str] = {
    _LABEL: "id description tags properties location",
    _WRITTEN: "kind scoring_uri openapi_uri provisioning_state",
    _ONE_DEPLOYMENT: "traffic",
    "nothing is mirrored": "mirror_traffic",
    _NO_IDENTITY: "identity identity.type identity.principal_id identity.tenant_id identity.user_assigned_identities",
}
_OF_WEBSERVICE: dict[str, str] = {
    _LABEL: "description tags properties",
    _CPUS: "containerResourceRequirements.cpu containerResourceRequirements.cpuLimit",
    _GPUS: "containerResourceRequirements.gpu",
    _INSIGHTS: "appInsightsEnabled",
    _NO_TLS: "sslEnabled",
    "--primary-key and --secondary-key give keys": "keys keys.primaryKey keys.secondaryKey",
}

WITHOUT_EFFECT: dict[str, dict[str, str]] = {
    "managed": {
        **_OF_V2,
        _WRITTEN: f"{_OF_V2[_WRITTEN]} creation_context",
        _NO_NETWORK: "egress_public_network_access private_network_connection",
        _NO_MACHINE: "instance_type",
        _NO_MONITOR: """scale_settings scale_settings.type scale_settings.polling_interval scale_settings.min_instances
            scale_settings.max_instances scale_settings.target_utilization_percentage""",
    },
    "kubernetes": {
        **_OF_V2,
        "x is an instance type of the cluster, and amlemu asks none": "instance_type",
        _CPUS: "resources.limits.cpu",
        _GPUS: " ".join(
            f"resources.{part}.{name}" for part in ("requests", "limits") for name in ("gpu", "nvidia|com/gpu")
        ),
    },
    "endpoint": {**_OF_ENDPOINT, _NO_NETWORK: "public_network_access"},
    "kubernetes-endpoint": {**_OF_ENDPOINT, "no cluster is asked": "compute"},
    "2021-endpoint": {
        _LABEL: "id description tags properties",
        _ONE_DEPLOYMENT: "traffic",
        _NO_IDENTITY: "identity",
        "no cluster is asked": "target infrastructure",
    },
    "2021": {
        **_PARTS,
        _LABEL: f"""{_PARTS[_LABEL]} model.model_uri model.model_format environment.properties
            code_configuration.code.name code_configuration.code.version""",
        _WRITTEN: f"{_PARTS[_WRITTEN]} type endpoint_name",
        _NO_IMAGE: f"{_PARTS[_NO_IMAGE]} environment.docker.build",
        _NO_CONTAINER: "environment.image environment.docker.image",
        _SERVER: "environment.inference_config",
        _NO_MACHINE: "instance_type",
        _CPUS: "resource_requirements.cpu",
        _GPUS: "resource_requirements.gpu",
    },
    "inference": {
        _LABEL: """description environment.name environment.version environment.assetId environment.autoRebuild""",
        _NO_CONTAINER: " ".join(
            f"environment.docker.{name}"
            for name in [
                "arguments",
                "baseDockerfile",
                "baseImage",
                "baseImageRegistry",
                "buildContext",
                "enabled",
                "gpuSupport",
                "nvVersion",
                "platform",
                "sharedVolumes",
                "shmSize",
            ]
        ),
        _PACKAGES: "environment.python.userManagedDependencies environment.python.baseCondaEnvironment",
        "--python names the interpreter": "environment.python.interpreterPath",
        "there is no R here": "environment.r",
        "there is no Spark here": "environment.spark",
        "there is no Databricks here": "environment.databricks",
        "amlemu has one server": "environment.inferencingStackVersion",
        _NO_IMAGE: """baseImage baseImageRegistry cudaVersion dependencies enableGpu extraDockerFileSteps
            extraDockerfileSteps schemaFile""",
    },
    "aci": {
        **_OF_WEBSERVICE,
        _LABEL: "description tags properties location vaultBaseUrl keyName keyVersion encryptionProperties",
        _NO_TLS: "sslEnabled sslCertificate sslKey cname",
        _NO_NETWORK: "dnsNameLabel vnetName subnetName",
    },
    "aks": {
        **_OF_WEBSERVICE,
        "no model data is collected": "dataCollection dataCollection.storageEnabled dataCollection.eventHubEnabled",
        _GPUS: f"{_OF_WEBSERVICE[_GPUS]} gpuCores",
        _NO_CLUSTER: "namespace computeTargetName computeName blobfuseEnabled",
        _ONE_DEPLOYMENT: "versionName trafficPercentile",
    },
}
"""Names of fields by file and by how the reason begins; `|` stands for a dot in a name."""

_VALUES: dict[str, Any] = {
    "tags": {"a": "b"}, "properties": {"a": "b"}, "flavors": {"a": {}}, "system_metadata": {"a": "b"},
    "allowed_deployment_templates": [{"asset_id": "x"}], "default_deployment_template": {"asset_id": "x"},
    "auto_delete_setting": {"condition": "created_greater_than", "value": "1d"},
    "creation_context": {"created_by": "me"}, "build": {"path": "src"}, "environment.build.path": "src",
    "os_type": "Linux", "app_insights_enabled": True, "inference_config": _ROUTES, "port": 31311,
    "scoring_route": _ROUTES["scoring_route"], "liveness_route": _ROUTES["scoring_route"],
    "readiness_route": _ROUTES["scoring_route"],
    "liveness_probe": {"period": 5}, "readiness_probe": {"period": 5},
    "initial_delay": 5, "period": 5, "timeout": 5, "success_threshold": 1, "failure_threshold": 5,
    "scale_settings": {"type": "default"}, "scale_settings.type": "default", "polling_interval": 1, "min_instances": 1,
    "max_instances": 3, "target_utilization_percentage": 70, "rolling_rate": "Hour", "sampling_rate": 0.5,
    "request_logging": {"capture_headers": ["x"]}, "capture_headers": ["x"], "private_network_connection": True,
    "egress_public_network_access": "disabled", "public_network_access": "Enabled",
    "memory": "1Gi", "resource_requirements.memory": "1.0",
    "resources": {"limits": {"cpu": "1"}}, "requests": {"cpu": "0.1"}, "limits": {"memory": "1Gi"},
    "traffic": {"blue": 100}, "mirror_traffic": {"blue": 10}, "identity": {"type": "system_assigned"},
    "identity.type": "SystemAssigned", "user_assigned_identities": [{"resource_id": "x"}], "compute": "azureml:k8s",
    "resource_requirements": {"cpu": 1.5, "memory": "1.0"}, "scale_type": "Manual",
    # v1
    "enableGpu": True, "runtime": "python", "userManagedDependencies": False, "appInsightsEnabled": False,
    "sslEnabled": False, "containerResourceRequirements": {"cpu": 1, "memoryInGB": 1}, "cpu": "1", "gpu": "1",
    "memoryInGB": 1, "cpuLimit": 2, "memoryInGBLimit": 2, "keys": {"primaryKey": "x"},
    "autoScaler": {"autoscaleEnabled": True}, "autoscaleEnabled": True, "minReplicas": 1, "maxReplicas": 3,
    "refreshPeriodInSeconds": 1, "targetUtilization": 70, "dataCollection": {"storageEnabled": True},
    "storageEnabled": True, "eventHubEnabled": False, "gpuCores": 1, "livenessProbeRequirements": {"periodSeconds": 5},
    "blobfuseEnabled": True, "trafficPercentile": 20,
}  # fmt: skip
"""What is written, by the field's dotted or last name; `x` for all others."""

_WITH: dict[str, tuple[tuple[str, Any], ...]] = {
    "environment.inference_config.": (("environment.inference_config", _ROUTES),),
    "model_mount_path": (("environment.inference_config", _ROUTES),),
    "data_collector.": (("data_collector.collections", {"x": {"enabled": "true"}}),),
    "identity.": (("identity.type", "system_assigned"),),
    "resources.requests.gpu": _WITH_GPUS,
    "resources.requests.nvidia": _WITH_GPUS,
    "resources.limits.gpu": _WITH_GPUS,
    "resources.limits.nvidia": _WITH_GPUS,
    "resource_requirements.gpu": _WITH_GPUS,
    "autoScaler.": (("autoScaler.autoscaleEnabled", True),),
    "vnetName": (("subnetName", "x"),),
    "subnetName": (("vnetName", "x"),),
    "vaultBaseUrl": (("keyName", "x"), ("keyVersion", "x")),
    "keyName": (("vaultBaseUrl", "x"), ("keyVersion", "x")),
    "keyVersion": (("keyName", "x"), ("vaultBaseUrl", "x")),
}


def _with(file: str, field: str) -> tuple[tuple[str, Any], ...]:
    if file in V2 and field.startswith("scale_settings.") and field != "scale_settings.type":
        return (("scale_settings.type", "target_utilization"),)
    return next((also for prefix, also in _WITH.items() if field.startswith(prefix)), ())


def _rules(file: str, field: str) -> tuple[str, ...]:
    """What is wrong all the same: Azure has no such thing there, but the field is understood."""
    if file == "managed" and field.startswith("scale_settings.") and field != "scale_settings.type":
        return ("illegal-scaling",)
    return ("illegal-mirror",) if (file, field) == ("kubernetes-endpoint", "mirror_traffic") else ()


def _without_effect(file: str, field: str, reason: str) -> Case:
    value = _VALUES.get(field, _VALUES.get(field.rpartition(".")[2], "x"))
    return Case(file, field, value, reason=reason, also=_with(file, field), rules=_rules(file, field))


NO_EFFECT = [
    _without_effect(file, field, reason)
    for file, reasons in WITHOUT_EFFECT.items()
    for reason, fields in reasons.items()
    for field in fields.split()
]
HONOURED = _HONOURED
