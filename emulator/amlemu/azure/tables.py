"""
The fields of Azure's files, one table a file and part of it. A field with a reason has no effect here, and the reason says why.

Sources: azure-ai-ml 1.35.2, `_schema/` (v2); contract 9 (2021); azure-docs, includes/machine-learning-service-*-config.md of 2020
and azureml-core 1.61, `_model_management/_util.py` deploy_config_dict_to_obj and `core/webservice/*.py` (v1).
"""

from __future__ import annotations

from amlemu.azure.schema import Field, Table

_V2 = "azure-ai-ml 1.35.2, _schema/"
_V1 = "azure-docs, includes/machine-learning-service-{}.md (2020-03)"

_WORKSPACE = "it is a label in the workspace"
_NO_IDENTITY = "nothing here logs in to Azure"
_NO_NETWORK = "there is no network of Azure here"
_NO_MONITOR = "rules of Azure Monitor scale a managed deployment, and there are none here"
_NO_INSIGHTS = "nothing is sent to Application Insights; look at the console"
_ONE_DEPLOYMENT = "one deployment is served, and it gets every request"
_NO_LIMIT_OF_CPUS = "the script may use all processors of this machine; --cpu limits it"
_NO_GPU = "no GPU is imitated"
_NO_GPU_BUT_OF_NODES = "no GPU is imitated; with --cluster a node has to have it"
_OWN_SERVER = "the image's own server is not run here; the script is served at /score on amlemu's port"
_READ_ONLY = "Azure writes it, and ignores it in a file"

_NAMED = {
    "$schema": Field("text"),
    "id": Field("text", _WORKSPACE),
    "description": Field("text", _WORKSPACE),
    "tags": Field("mapping", _WORKSPACE),
    "properties": Field("mapping", _WORKSPACE),
}

# ------------------------------------------------------------------ v2: parts

CODE = Table(
    "a code_configuration",
    {"$schema": Field("text"), "code": Field("text"), "scoring_script": Field("text")},
    _V2 + "_deployment/code_configuration_schema.py",
)

MODEL = Table(
    "a model",
    {
        **_NAMED,
        "name": Field("text"),
        "version": Field("scalar"),
        "path": Field("text"),
        "type": Field("text", words=("custom_model", "mlflow_model", "triton_model")),
        "stage": Field("text", _WORKSPACE),
        "flavors": Field("mapping", _WORKSPACE),
        "datastore": Field("text", _WORKSPACE),
        "job_name": Field("any", _READ_ONLY),
        "latest_version": Field("any", _READ_ONLY),
        "utc_time_created": Field("any", _READ_ONLY),
        "creation_context": Field("any", _READ_ONLY),
        "intellectual_property": Field("any", _READ_ONLY),
        "system_metadata": Field("mapping", _WORKSPACE),
        "default_deployment_template": Field("any", _WORKSPACE),
        "allowed_deployment_templates": Field("any", _WORKSPACE),
    },
    _V2 + "assets/model.py",
)

_ROUTE = Table("a route", {"port": Field("whole", required=True), "path": Field("text", required=True)}, _V2 + "assets")
_INFERENCE = Table(
    "an inference_config",
    {
        "liveness_route": Field(_ROUTE, required=True),
        "readiness_route": Field(_ROUTE, required=True),
        "scoring_route": Field(_ROUTE, required=True),
    },
    _V2 + "assets/environment.py",
)
_BUILD = Table(
    "a build", {"path": Field("text"), "dockerfile_path": Field("text")}, _V2 + "assets/environment.py, BuildContext"
)
ENVIRONMENT = Table(
    "an environment",
    {
        **{name: one for name, one in _NAMED.items() if name != "properties"},
        "name": Field("scalar", _WORKSPACE, may_be_empty=True),
        "version": Field("scalar", _WORKSPACE, may_be_empty=True),
        "image": Field(
            "text", "no container is started; the packages that the script finds are those of its interpreter"
        ),
        "build": Field(_BUILD, "no image is built; the packages that the script finds are those of its interpreter"),
        "conda_file": Field("mapping", also="text"),
        "inference_config": Field(_INFERENCE, _OWN_SERVER),
        "os_type": Field("text", "the script runs on this system", words=("linux", "windows")),
        "datastore": Field("text", _WORKSPACE),
        "creation_context": Field("any", _READ_ONLY),
        "intellectual_property": Field("any", _READ_ONLY),
        "latest_version": Field("any", _READ_ONLY),
        "auto_delete_setting": Field("any", _WORKSPACE),
    },
    _V2 + "assets/environment.py",
)

_PROBE_BOUND = "contract 1.7"
_PROBE = Table(
    "a probe",
    {
        "initial_delay": Field("whole", low=1, bound=_PROBE_BOUND),
        "period": Field("whole", low=1, bound=_PROBE_BOUND),
        "timeout": Field("whole", low=1, bound=_PROBE_BOUND),
        "success_threshold": Field("whole", low=1, bound=_PROBE_BOUND),
        "failure_threshold": Field("whole", low=1, bound=_PROBE_BOUND),
    },
    _V2 + "_deployment/online/liveness_probe.py",
)
_LIVENESS = Table(
    "a liveness_probe",
    {**_PROBE.fields, "success_threshold": Field("whole", low=1, high=1, bound="contract 1.7: liveness: must be 1")},
    _PROBE.source,
)


def _requests(most_ms: int, bound: str) -> Table:
    fields = {
        "request_timeout_ms": Field("whole", low=1, high=most_ms, bound=bound),
        "max_concurrent_requests_per_instance": Field("whole", low=1, bound="contract 1.7: default 1"),
        "max_queue_wait_ms": Field("whole", low=0),
    }
    return Table("request_settings", fields, _V2 + "_deployment/online/request_settings_schema.py")


_NOT_STORED = "captured rows are printed, not stored"
COLLECTION = Table(
    "a collection",
    {
        "enabled": Field("text", required=True, words=("true", "false")),
        "data": Field("any", _NOT_STORED),
        "client_id": Field("text", _NOT_STORED),
    },
    _V2 + "_deployment/online/deployment_collection_schema.py",
)
_LOGGING = Table(
    "request_logging", {"capture_headers": Field("list")}, _V2 + "_deployment/online/request_logging_schema.py"
)
_COLLECTOR = Table(
    "a data_collector",
    {
        "collections": Field("mapping", required=True),
        "rolling_rate": Field("text", _NOT_STORED, words=("hour", "minute", "day")),
        "sampling_rate": Field("number", "every row is printed", low=0, high=1, bound="azure-ai-ml 1.35.2"),
        "request_logging": Field(_LOGGING, "nothing is stored"),
    },
    _V2 + "_deployment/online/data_collector_schema.py",
)
_SCALE = {
    "type": Field("text", required=True, words=("default", "target_utilization")),
    "polling_interval": Field("whole", low=1),
    "target_utilization_percentage": Field("whole", low=1, high=100),
    "min_instances": Field("whole", low=1),
    "max_instances": Field("whole", low=1),
}
_SCALING = Table("scale_settings", _SCALE, _V2 + "_deployment/online/scale_settings_schema.py")


def _amounts(cpu: Field) -> Table:
    gpu = Field("text", _NO_GPU_BUT_OF_NODES)
    fields = {"cpu": cpu, "memory": Field("text"), "gpu": gpu, "nvidia.com/gpu": gpu}
    return Table("an amount of resources", fields, _V2 + "_deployment/online/resource_settings_schema.py")


_RESOURCES = Table(
    "resources",
    {"requests": Field(_amounts(Field("text"))), "limits": Field(_amounts(Field("text", _NO_LIMIT_OF_CPUS)))},
    _V2 + "resource_requirements_schema.py",
)

# ------------------------------------------------------------------ v2: files

_DEPLOYMENT = {
    **_NAMED,
    "name": Field("text", required=True, flag="--name"),
    "endpoint_name": Field("text", required=True, flag="--endpoint-name"),
    "type": Field("text", words=("managed", "kubernetes")),
    "model": Field(MODEL, also="text"),
    "code_configuration": Field(CODE),
    "environment": Field(ENVIRONMENT, also="text"),
    "environment_variables": Field("map"),
    "app_insights_enabled": Field("switch", _NO_INSIGHTS),
    "scale_settings": Field(_SCALING),
    "liveness_probe": Field(_LIVENESS),
    "readiness_probe": Field(_PROBE),
    "provisioning_state": Field("text", _READ_ONLY),
    "instance_count": Field("whole", low=1, bound="contract 1.7: required"),
    "instance_type": Field("text"),
    "model_mount_path": Field("text", "a custom image's server would read it; models lie in azureml-models here"),
    "data_collector": Field(_COLLECTOR),
}
MANAGED_DEPLOYMENT = Table(
    "a managed online deployment",
    {
        **_DEPLOYMENT,
        "instance_type": Field("text", required=True),
        "scale_settings": Field(_SCALING, _NO_MONITOR),
        "request_settings": Field(_requests(180_000, "contract 1.5, 1.7")),
        "egress_public_network_access": Field("text", _NO_NETWORK, words=("enabled", "disabled")),
        "private_network_connection": Field("switch", _NO_NETWORK),
        "creation_context": Field("any", _READ_ONLY),
    },
    _V2 + "_deployment/online/online_deployment.py, ManagedOnlineDeploymentSchema",
)
KUBERNETES_DEPLOYMENT = Table(
    "a Kubernetes online deployment",
    {
        **_DEPLOYMENT,
        "request_settings": Field(_requests(300_000, "contract 2.2: 300 s for Kubernetes")),
        "resources": Field(_RESOURCES),
    },
    _V2 + "_deployment/online/online_deployment.py, KubernetesOnlineDeploymentSchema",
)
_IDENTITY = Table(
    "an identity",
    {
        "type": Field("text", required=True, words=("system_assigned", "user_assigned", "none")),
        "user_assigned_identities": Field("list"),
        "principal_id": Field("text"),
        "tenant_id": Field("text"),
    },
    _V2 + "identity.py",
)
_ENDPOINT = {
    **_NAMED,
    "name": Field("text", required=True, flag="--name"),
    "auth_mode": Field("text", words=("key", "aml_token", "aad_token")),
    "traffic": Field("mapping", _ONE_DEPLOYMENT),
    "mirror_traffic": Field("mapping", "nothing is mirrored: one deployment is served"),
    "identity": Field(_IDENTITY, _NO_IDENTITY),
    "location": Field("text", _WORKSPACE),
    "kind": Field("any", _READ_ONLY),
    "scoring_uri": Field("text", _READ_ONLY),
    "openapi_uri": Field("text", _READ_ONLY),
    "provisioning_state": Field("text", _READ_ONLY),
}
MANAGED_ENDPOINT = Table(
    "a managed online endpoint",
    {**_ENDPOINT, "public_network_access": Field("text", _NO_NETWORK, words=("enabled", "disabled"))},
    _V2 + "_endpoint/online/online_endpoint.py, ManagedOnlineEndpointSchema",
)
KUBERNETES_ENDPOINT = Table(
    "a Kubernetes online endpoint",
    {**_ENDPOINT, "compute": Field("text", "no cluster is asked; the script runs on this machine")},
    _V2 + "_endpoint/online/online_endpoint.py, KubernetesOnlineEndpointSchema",
)

# ------------------------------------------------------------------ 2021

_2021 = "contract 9"
_CODE_2021 = Table(
    "a code_configuration",
    {
        "code": Field(Table("code", {"local_path": Field("text"), "name": Field("text", _WORKSPACE), "version": Field("scalar", _WORKSPACE)}, _2021, "warning"), also="text"),
        "scoring_script": Field("text"),
    },
    _2021,
    "warning",
)  # fmt: skip
_MODEL_2021 = Table(
    "a model",
    {**MODEL.fields, "local_path": Field("text"), "model_uri": Field("text", _WORKSPACE), "model_format": Field("text", _WORKSPACE)},
    _2021,
    "warning",
)  # fmt: skip
_DOCKER_2021 = Table(
    "docker",
    {"image": Field("text", str(ENVIRONMENT.fields["image"].reason)), "build": Field("any", str(ENVIRONMENT.fields["build"].reason))},
    _2021,
    "warning",
)  # fmt: skip
_ENVIRONMENT_2021 = Table(
    "an environment",
    {**ENVIRONMENT.fields, "properties": Field("mapping", _WORKSPACE), "path": Field("text"), "docker": Field(_DOCKER_2021), "inference_config": Field("any", _OWN_SERVER)},
    _2021,
    "warning",
)  # fmt: skip
_PROBE_2021 = Table(
    "a probe",
    {**_PROBE.fields, **{f"{name}_seconds": Field("whole", low=1) for name in ("initial_delay", "period", "timeout")}},
    _2021,
    "warning",
)
_SCALE_2021 = Table(
    "scale_settings",
    {
        "scale_type": Field("text", words=("manual", "auto")),
        "instance_count": Field("whole", low=1),
        "min_instances": Field("whole", low=1),
        "max_instances": Field("whole", low=1),
        "target_utilization_percentage": Field("whole", low=1, high=100),
        "polling_interval": Field("any"),
    },
    _2021,
    "warning",
)
_RESOURCES_2021 = Table(
    "resource_requirements",
    {"cpu": Field("scalar", _NO_LIMIT_OF_CPUS), "memory": Field("scalar"), "gpu": Field("scalar", _NO_GPU)},
    _2021,
    "warning",
)
DEPLOYMENT_2021 = Table(
    "a deployment of 2021",
    {
        **_NAMED,
        "name": Field("text", required=True),
        "type": Field("text", _READ_ONLY),
        "endpoint_name": Field("text", _READ_ONLY),
        "app_insights_enabled": Field("switch", _NO_INSIGHTS),
        "model": Field(_MODEL_2021, also="text"),
        "code_configuration": Field(_CODE_2021),
        "environment": Field(_ENVIRONMENT_2021, also="text"),
        "environment_variables": Field("map"),
        "instance_type": Field("text"),
        "instance_count": Field("whole", low=1),
        "scale_settings": Field(_SCALE_2021),
        "request_settings": Field(_requests(90_000, "contract 1.5, 1.6: maximum timeout 90 s then")),
        "liveness_probe": Field(_PROBE_2021),
        "readiness_probe": Field(_PROBE_2021),
        "resource_requirements": Field(_RESOURCES_2021),
    },
    _2021,
    unknown="warning",
)
ENDPOINT_2021 = Table(
    "an endpoint of 2021",
    {
        **_NAMED,
        "name": Field("text", required=True),
        "type": Field("text", words=("online",)),
        "auth_mode": Field("text", words=("key", "aml_token")),
        "traffic": Field("mapping", _ONE_DEPLOYMENT),
        "identity": Field("any", _NO_IDENTITY),
        "target": Field("text", "no cluster is asked; the script runs on this machine"),
        "infrastructure": Field("text", "no cluster is asked; the script runs on this machine"),
        "deployments": Field("list", required=True),
    },
    _2021,
    unknown="warning",
)

# ------------------------------------------------------------------ v1

_CONDA_V1 = "the packages that the script finds are those of its interpreter"
_PYTHON_V1 = Table(
    "python",
    {
        "condaDependencies": Field("any"),
        "userManagedDependencies": Field("switch", _CONDA_V1),
        "interpreterPath": Field("text", "--python names the interpreter"),
        "baseCondaEnvironment": Field("any", _CONDA_V1),
        "condaDependenciesFile": Field("text"),
    },
    "azureml-core 1.61, core/environment.py, PythonSection",
    unknown="warning",
)
_DOCKER_V1 = Table(
    "docker",
    {
        name: Field("any", "no container is started")
        for name in (
            "arguments", "baseDockerfile", "baseImage", "baseImageRegistry", "enabled", "sharedVolumes", "shmSize",
            "platform", "buildContext", "gpuSupport", "nvVersion",
        )
    },
    "azureml-core 1.61, core/environment.py, DockerSection",
    unknown="warning",
)  # fmt: skip
ENVIRONMENT_V1 = Table(
    "an environment",
    {
        "name": Field("text", _WORKSPACE),
        "version": Field("scalar", _WORKSPACE),
        "assetId": Field("text", _WORKSPACE),
        "autoRebuild": Field("any", _WORKSPACE),
        "python": Field(_PYTHON_V1),
        "docker": Field(_DOCKER_V1),
        "environmentVariables": Field("map"),
        "spark": Field("any", "there is no Spark here"),
        "databricks": Field("any", "there is no Databricks here"),
        "r": Field("any", "there is no R here"),
        "inferencingStackVersion": Field("any", "amlemu has one server, that of azureml-inference-server-http 1.5.1"),
    },
    "azureml-core 1.61, core/environment.py, Environment",
    unknown="warning",
)
_IMAGE_V1 = "no image is built"
INFERENCE_V1 = Table(
    "an inference configuration",
    {
        "entryScript": Field("text", required=True),
        "sourceDirectory": Field("text"),
        "environment": Field(ENVIRONMENT_V1, also="text"),
        "condaFile": Field("text"),
        "runtime": Field("text", words=("python", "spark-py")),
        "description": Field("text", _WORKSPACE),
        "schemaFile": Field("text", _IMAGE_V1),
        "dependencies": Field("any", _IMAGE_V1),
        "extraDockerfileSteps": Field("text", _IMAGE_V1),
        "extraDockerFileSteps": Field("text", _IMAGE_V1),
        "enableGpu": Field("switch", _IMAGE_V1),
        "baseImage": Field("text", _IMAGE_V1),
        "baseImageRegistry": Field("any", _IMAGE_V1),
        "cudaVersion": Field("scalar", _IMAGE_V1),
    },
    _V1.format("inference-config"),
    unknown="warning",
)
_CONTAINER_V1 = Table(
    "containerResourceRequirements",
    {
        "cpu": Field("number", _NO_LIMIT_OF_CPUS),
        "memoryInGB": Field("number"),
        "cpuLimit": Field("number", _NO_LIMIT_OF_CPUS),
        "memoryInGBLimit": Field("number"),
        "gpu": Field("number", _NO_GPU),
    },
    _V1.format("aks-deploy-config"),
    unknown="warning",
)
_KEYS_V1 = Table(
    "keys", {"primaryKey": Field("text"), "secondaryKey": Field("text")}, _V1.format("aks-deploy-config"), "warning"
)
_AUTOSCALER_V1 = Table(
    "autoScaler",
    {
        "autoscaleEnabled": Field("switch"),
        "minReplicas": Field("whole"),
        "maxReplicas": Field("whole"),
        "refreshPeriodInSeconds": Field("whole"),
        "targetUtilization": Field("whole"),
    },
    _V1.format("aks-deploy-config"),
    unknown="warning",
)
_LIVENESS_V1 = Table(
    "livenessProbeRequirements",
    {
        name: Field("whole")
        for name in ("periodSeconds", "initialDelaySeconds", "timeoutSeconds", "successThreshold", "failureThreshold")
    },
    _V1.format("aks-deploy-config"),
    unknown="warning",
)
_COLLECTION_V1 = Table("dataCollection", {"storageEnabled": Field("switch"), "eventHubEnabled": Field("switch")}, _V1.format("aks-deploy-config"), "warning")  # fmt: skip
_WEBSERVICE_V1 = {
    "computeType": Field("text", required=True, words=("local", "aci", "aks", "aksendpoint")),
    "description": Field("text", _WORKSPACE),
    "tags": Field("any", _WORKSPACE),
    "properties": Field("any", _WORKSPACE),
    "containerResourceRequirements": Field(_CONTAINER_V1),
    "authEnabled": Field("switch"),
    "appInsightsEnabled": Field("switch", _NO_INSIGHTS),
    "sslEnabled": Field("switch", "there is no TLS here"),
}
LOCAL_V1 = Table(
    "a local deployment configuration",
    {"computeType": _WEBSERVICE_V1["computeType"], "port": Field("scalar")},
    _V1.format("local-deploy-config"),
    unknown="warning",
)
ACI_V1 = Table(
    "an ACI deployment configuration",
    {
        **_WEBSERVICE_V1,
        "location": Field("text", _WORKSPACE),
        "sslCertificate": Field("text", "there is no TLS here"),
        "sslKey": Field("text", "there is no TLS here"),
        "cname": Field("text", "there is no TLS here"),
        "dnsNameLabel": Field("text", _NO_NETWORK),
        "vnetName": Field("text", _NO_NETWORK),
        "subnetName": Field("text", _NO_NETWORK),
        "keys": Field(_KEYS_V1, "--primary-key and --secondary-key give keys, amlemu keys shows them"),
        "vaultBaseUrl": Field("text", _WORKSPACE),
        "keyName": Field("text", _WORKSPACE),
        "keyVersion": Field("scalar", _WORKSPACE),
        "encryptionProperties": Field("any", _WORKSPACE),
    },
    _V1.format("aci-deploy-config"),
    unknown="warning",
)
AKS_V1 = Table(
    "an AKS deployment configuration",
    {
        **_WEBSERVICE_V1,
        "autoScaler": Field(_AUTOSCALER_V1),
        "dataCollection": Field(_COLLECTION_V1, "no model data is collected"),
        "tokenAuthEnabled": Field("switch"),
        "scoringTimeoutMs": Field("whole"),
        "maxConcurrentRequestsPerContainer": Field("whole"),
        "maxQueueWaitMs": Field("whole"),
        "numReplicas": Field("whole"),
        "keys": Field(_KEYS_V1, "--primary-key and --secondary-key give keys, amlemu keys shows them"),
        "gpuCores": Field("whole", _NO_GPU_BUT_OF_NODES),
        "livenessProbeRequirements": Field(_LIVENESS_V1),
        "namespace": Field("text", "there is no cluster here"),
        "computeTargetName": Field("text", "there is no cluster here"),
        "computeName": Field("text", "there is no cluster here"),
        "blobfuseEnabled": Field("switch", "there is no cluster here"),
        "versionName": Field("text", _ONE_DEPLOYMENT),
        "trafficPercentile": Field("number", _ONE_DEPLOYMENT),
    },
    _V1.format("aks-deploy-config"),
    unknown="warning",
)
