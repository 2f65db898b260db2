"""
What the readers of Azure's files must hold: every field of every file, and the rows of the contract about them.

The fields are copied from their sources, not from `tables.py`: azure-ai-ml 1.35.2, `_schema/_deployment/online` and
`_schema/_endpoint/online` (fields that are only written by Azure included: az drops them in silence); contract 9 for 2021;
azure-docs, includes/machine-learning-service-*-config.md of 2020, and azureml-core 1.61, `_model_management/_util.py`
deploy_config_dict_to_obj and `core/environment.py`, for v1. `test_coverage` compares the list with the tests.
"""

from __future__ import annotations

_PARTS_OF_V2 = """
    $schema app_insights_enabled code_configuration code_configuration.$schema code_configuration.code
    code_configuration.scoring_script data_collector data_collector.collections data_collector.request_logging
    data_collector.request_logging.capture_headers data_collector.rolling_rate data_collector.sampling_rate description
    endpoint_name
    environment environment.$schema environment.auto_delete_setting environment.build environment.build.dockerfile_path
    environment.build.path environment.conda_file environment.creation_context environment.datastore
    environment.description environment.id environment.image environment.inference_config
    environment.inference_config.liveness_route environment.inference_config.liveness_route.path
    environment.inference_config.liveness_route.port environment.inference_config.readiness_route
    environment.inference_config.readiness_route.path environment.inference_config.readiness_route.port
    environment.inference_config.scoring_route environment.inference_config.scoring_route.path
    environment.inference_config.scoring_route.port environment.intellectual_property environment.latest_version
    environment.name environment.os_type environment.tags environment.version
    environment_variables id instance_count instance_type
    liveness_probe liveness_probe.failure_threshold liveness_probe.initial_delay liveness_probe.period
    liveness_probe.success_threshold liveness_probe.timeout
    model model.$schema model.allowed_deployment_templates model.creation_context model.datastore
    model.default_deployment_template model.description model.flavors model.id model.intellectual_property model.job_name
    model.latest_version model.name model.path model.properties model.stage model.system_metadata model.tags model.type
    model.utc_time_created model.version
    model_mount_path name properties provisioning_state
    readiness_probe readiness_probe.failure_threshold readiness_probe.initial_delay readiness_probe.period
    readiness_probe.success_threshold readiness_probe.timeout
    request_settings request_settings.max_concurrent_requests_per_instance request_settings.max_queue_wait_ms
    request_settings.request_timeout_ms
    scale_settings scale_settings.max_instances scale_settings.min_instances scale_settings.polling_interval
    scale_settings.target_utilization_percentage scale_settings.type tags type
"""
_OF_ENDPOINTS = """
    $schema auth_mode description id identity identity.principal_id identity.tenant_id identity.type
    identity.user_assigned_identities kind location mirror_traffic name openapi_uri properties provisioning_state scoring_uri
    tags traffic
"""

FIELDS: dict[str, str] = {
    "managed": f"{_PARTS_OF_V2} creation_context egress_public_network_access private_network_connection",
    "kubernetes": f"""{_PARTS_OF_V2} resources
        resources.limits resources.limits.cpu resources.limits.gpu resources.limits.memory resources.limits.nvidia.com/gpu
        resources.requests resources.requests.cpu resources.requests.gpu resources.requests.memory
        resources.requests.nvidia.com/gpu""",
    "collection": "client_id data enabled",
    "endpoint": f"{_OF_ENDPOINTS} public_network_access",
    "kubernetes-endpoint": f"{_OF_ENDPOINTS} compute",
    "2021-endpoint": """
        $schema auth_mode deployments description id identity infrastructure name properties tags target traffic type""",
    "2021": """
        $schema app_insights_enabled description endpoint_name id instance_count instance_type name properties tags type
        code_configuration code_configuration.code code_configuration.code.local_path code_configuration.code.name
        code_configuration.code.version code_configuration.scoring_script
        environment environment.$schema environment.auto_delete_setting environment.build
        environment.build.dockerfile_path environment.build.path environment.conda_file environment.creation_context
        environment.datastore environment.description environment.docker environment.docker.build
        environment.docker.image environment.id environment.image environment.inference_config
        environment.intellectual_property environment.latest_version environment.name environment.os_type
        environment.path environment.properties environment.tags environment.version environment_variables
        liveness_probe liveness_probe.failure_threshold liveness_probe.initial_delay liveness_probe.initial_delay_seconds
        liveness_probe.period liveness_probe.period_seconds liveness_probe.success_threshold liveness_probe.timeout
        liveness_probe.timeout_seconds
        model model.$schema model.allowed_deployment_templates model.creation_context model.datastore
        model.default_deployment_template model.description model.flavors model.id model.intellectual_property
        model.job_name model.latest_version model.local_path model.model_format model.model_uri model.name model.path
        model.properties model.stage model.system_metadata model.tags model.type model.utc_time_created model.version
        readiness_probe readiness_probe.failure_threshold readiness_probe.initial_delay
        readiness_probe.initial_delay_seconds readiness_probe.period readiness_probe.period_seconds
        readiness_probe.success_threshold readiness_probe.timeout readiness_probe.timeout_seconds
        request_settings request_settings.max_concurrent_requests_per_instance request_settings.max_queue_wait_ms
        request_settings.request_timeout_ms
        resource_requirements resource_requirements.cpu resource_requirements.gpu resource_requirements.memory
        scale_settings scale_settings.instance_count scale_settings.max_instances scale_settings.min_instances
        scale_settings.polling_interval scale_settings.scale_type scale_settings.target_utilization_percentage""",
    "inference": """
        baseImage baseImageRegistry condaFile cudaVersion dependencies description enableGpu entryScript
        environment environment.assetId environment.autoRebuild environment.databricks
        environment.docker environment.docker.arguments environment.docker.baseDockerfile environment.docker.baseImage
        environment.docker.baseImageRegistry environment.docker.buildContext environment.docker.enabled
        environment.docker.gpuSupport environment.docker.nvVersion environment.docker.platform
        environment.docker.sharedVolumes environment.docker.shmSize
        environment.environmentVariables environment.inferencingStackVersion environment.name
        environment.python environment.python.baseCondaEnvironment environment.python.condaDependencies
        environment.python.condaDependenciesFile environment.python.interpreterPath
        environment.python.userManagedDependencies environment.r environment.spark environment.version
        extraDockerFileSteps extraDockerfileSteps runtime schemaFile sourceDirectory""",
    "local": "computeType port",
    "aci": """
        appInsightsEnabled authEnabled cname computeType containerResourceRequirements containerResourceRequirements.cpu
        containerResourceRequirements.cpuLimit containerResourceRequirements.gpu containerResourceRequirements.memoryInGB
        containerResourceRequirements.memoryInGBLimit description dnsNameLabel encryptionProperties keyName keyVersion keys
        keys.primaryKey keys.secondaryKey location properties sslCertificate sslEnabled sslKey subnetName tags
        vaultBaseUrl vnetName""",
    "aks": """
        appInsightsEnabled authEnabled autoScaler autoScaler.autoscaleEnabled autoScaler.maxReplicas
        autoScaler.minReplicas autoScaler.refreshPeriodInSeconds autoScaler.targetUtilization blobfuseEnabled computeName
        computeTargetName computeType containerResourceRequirements containerResourceRequirements.cpu
        containerResourceRequirements.cpuLimit containerResourceRequirements.gpu containerResourceRequirements.memoryInGB
        containerResourceRequirements.memoryInGBLimit dataCollection dataCollection.eventHubEnabled
        dataCollection.storageEnabled description gpuCores keys keys.primaryKey keys.secondaryKey
        livenessProbeRequirements livenessProbeRequirements.failureThreshold
        livenessProbeRequirements.initialDelaySeconds livenessProbeRequirements.periodSeconds
        livenessProbeRequirements.successThreshold livenessProbeRequirements.timeoutSeconds
        maxConcurrentRequestsPerContainer maxQueueWaitMs namespace numReplicas properties scoringTimeoutMs sslEnabled tags
        tokenAuthEnabled trafficPercentile versionName""",
}
"""The dotted names of each file's fields, separated by blanks."""

_CONTRACT: dict[str, dict[str, str]] = {
    "1.1": {
        "traffic": "percent by deployment, 0 or 100 in all",
        "mirror_traffic": "one deployment only, at most 50 %, not on Kubernetes",
    },
    "1.4": {
        "modes": "key, aml_token, aad_token; in REST Key, AMLToken, AADToken",
        "aad_token": "only on managed endpoints; Kubernetes has key and aml_token",
    },
    "1.5": {
        "names": "3 to 32 characters, a letter first, letters, digits and single dashes",
        "timeout": "180 s now, 90 s in 2021",
        "WORKER_COUNT": "is to match max_concurrent_requests_per_instance",
    },
    "1.7": {
        "request_settings": "request_timeout_ms to 180000, max_concurrent_requests_per_instance, max_queue_wait_ms",
        "probes": "initial_delay 10, period 10, timeout 2, success 1, failure 30; at least 1",
        "liveness success": "success_threshold must be 1",
        "instance_count": "required",
        "scale_settings": "of type default only",
        "data_collector": "sampling_rate, rolling_rate",
        "model_mount_path": "only with a custom image",
    },
    "2.1": {"v1 keys by default": "ACI has no key by default, AKS has one"},
    "2.2": {
        "v1 defaults of probes": "period 10, initial delay 310, timeout 2, success 1, failure 3",
        "scoring_timeout_ms": "at most 300000",
        "300 s": "for Kubernetes",
        "v1 defaults of scaling": "1 to 10 replicas, 70 %, every second; fixed where numReplicas is given",
        "v1 defaults of resources": "cpu 0.1, memory 0.5 GB",
        "polling_interval": "default 1 s; 1 to 1 instances by default in v2",
        "errors together": "v1 configuration errors are collected and raised together",
    },
    "3.1": {
        "code, v1": "the folder is /var/azureml-app/<its name>, or the single script's",
        "code, v2": "the code folder at /var/azureml-app/<its name>",
        "models, v1": "azureml-models/<name>/<version>/<file or folder>",
        "models, v2 local": "the model's parent folder, siblings included; a double slash",
        "models, cloud": "azureml-models/<name>/<version>; an unnamed one gets an id",
        "AZUREML_MODEL_DIR, v1 local": "relative; azureml-models/ for several",
    },
    "3.3": {
        "AML_APP_ROOT": "the folder of the script",
        "user variables": "override all others",
    },
    "5.1": {
        "model, local": "a local path, or a registered asset",
        "syntax": "ast.parse is the doctor's",
        "data_collector, local": "on, and captured",
    },
    "5.2": {
        "port": "an integer in 1 to 65535, else refused",
        "InferenceConfig": "a .py with an identifier as name",
    },
    "6.1": {
        "ERR_1300": "cannot download model or code: the model is not there",
        "ERR_2100": "asks more than the instance_type has",
        "ERR_2200": "the container crashed: the script is not there",
    },
    "6.2": {"BadArgument": "refused before anything is made"},
    "7.3": {"data_collector": "AZUREML_MDC_ENABLED and local capture"},
    "9": {
        "top": "name, type, auth_mode, traffic, identity, target, infrastructure, tags, properties",
        "deployments": "a list of entries",
        "model": "reference, or name, version and local_path",
        "environment": "reference, or name, version, path, conda_file: file:..., docker.image",
        "scale_type": "in any case",
        "probes with _seconds": "the older names",
        "private preview": "deployments as a map, code_reference, sku, scale, request: too old",
    },
}

ROWS: dict[str, str] = {
    **{f"{section} {name}": text for section, rows in _CONTRACT.items() for name, text in rows.items()},
    **{f"{file} {name}": "a field" for file, names in FIELDS.items() for name in names.split()},
}

NOT_HELD: dict[str, str] = {
    "5.1 syntax": "tests/doctor/code/test_parsing.py: the doctor looks at the script",
}
"""Rows without a case here, and what holds them."""
