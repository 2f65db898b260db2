"""Managed and Kubernetes deployments and their endpoints: what az refuses, and what only the service would."""

from __future__ import annotations

import textwrap

import pytest
from amlemu.azure import files, marked, v2
from amlemu.azure.description import Probe
from amlemu.finding import Place

from .test_tables import reach
from .written import ENDPOINT, KUBERNETES, KUBERNETES_ENDPOINT, MANAGED, changed, describe, put, told, without


def causes(found):
    return [f"{one.severity}: {one.cause}" for one in found.findings]


def endpoint(folder, content):
    path = put(folder, "endpoint.yml", content)
    return v2.endpoint(path, marked.read(path))


def test_a_good_deployment_has_no_findings(folder):
    """The whole file, as the schema's page has it."""
    found = describe(
        folder,
        textwrap.dedent("""\
        $schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json
        name: blue
        endpoint_name: my-endpoint   # of endpoint.yml
        model:
          path: ./model.pkl
        code_configuration:
          code: ./src
          scoring_script: score.py
        environment:
          conda_file: ./conda.yml
          image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest
        instance_type: Standard_DS3_v2
        instance_count: 1
        request_settings:
          request_timeout_ms: 3000
          max_concurrent_requests_per_instance: 2
        environment_variables:
          WORKER_COUNT: "2"
        liveness_probe: &probe
          initial_delay: 30
          period: 10
        readiness_probe: *probe
        app_insights_enabled: true
        """),
    )

    assert found.findings == ()
    assert (found.generation, found.kind, found.profile, found.name, found.endpoint) == (
        "v2", "managed", "managed", "blue", "my-endpoint",
    )  # fmt: skip
    assert (found.code, found.script) == (folder / "src", folder / "src" / "score.py")
    assert found.settings == {
        "request_timeout_ms": 3000, "max_concurrent_requests_per_instance": 2, "instance_count": 1,
    }  # fmt: skip
    assert found.liveness == Probe(Place(found.file, 19), 30.0, 10.0, 2.0, 1, 30)
    assert found.said_at["request_settings.request_timeout_ms"] == Place(found.file, 15)
    assert [(one.field, one.place.line) for one in found.not_emulated] == [
        ("environment.image", 11), ("app_insights_enabled", 23),
    ]  # fmt: skip


# verdicts of azure-ai-ml 1.35.2, load_online_deployment


@pytest.mark.parametrize(
    ("base", "path", "value", "cause"),
    [
        (MANAGED, "foo", 1, "foo is no field of a managed online deployment"),
        ({**MANAGED, "type": "managed"}, "resources", {"requests": {"cpu": "1"}}, "resources is no field of a managed online deployment"),
        (MANAGED, "request_settings.timeout", 1, "request_settings.timeout is no field of request_settings"),
        (MANAGED, "liveness_probe.path", "/", "liveness_probe.path is no field of a liveness_probe"),
        (MANAGED, "name", 123, "name: 123 is no text"),
        (MANAGED, "type", "batch", "type: 'batch' is none of its words"),
        (MANAGED, "scale_settings", {"type": "manual"}, "scale_settings.type: 'manual' is none of its words"),
        (MANAGED, "scale_settings", {"min_instances": 1}, "scale_settings.type is missing; scale_settings needs it"),
        (
            MANAGED,
            "scale_settings",
            {"type": "default", "min_instances": 1},
            "scale_settings.min_instances is no field of scale_settings of type default",
        ),
        (MANAGED, "tags", ["a"], "tags: a list is no mapping"),
        (MANAGED, "instance_count", "x", "instance_count: 'x' is no whole number"),
        (MANAGED, "environment_variables", None, "environment_variables has no value, which Azure refuses (Field may not be null)"),
        (MANAGED, "description", None, "description has no value, which Azure refuses (Field may not be null)"),
        (MANAGED, "app_insights_enabled", "nope", "app_insights_enabled: 'nope' is no switch (true, false)"),
        (MANAGED, "egress_public_network_access", "off", "egress_public_network_access: 'off' is none of its words"),
        (MANAGED, "data_collector.sampling_rate", 0.5, "data_collector.collections is missing; a data_collector needs it"),
        (
            MANAGED,
            "data_collector",
            {"collections": {"x": {"enabled": True}}},
            "data_collector.collections.x.enabled: True is no text",
        ),
        (
            MANAGED,
            "data_collector",
            {"collections": {"x": {"enabeld": "true", "enabled": "true"}}},
            "data_collector.collections.x.enabeld is no field of a collection; did you mean enabled?",
        ),
        (
            MANAGED,
            "data_collector",
            {"collections": {"x": "true"}},
            "data_collector.collections.x is a collection, so it is a mapping",
        ),
        (MANAGED, "data_collector", {"collections": {}, "rolling_rate": "week"}, "data_collector.rolling_rate: 'week' is none of its words"),
        (KUBERNETES, "resources", {"requests": {"cpu": 0.1}}, "resources.requests.cpu: 0.1 is no text"),
        (KUBERNETES, "resources", {"limits": {"nvidia.com/gpu": 1}}, "resources.limits.nvidia.com/gpu: 1 is no text"),
        (KUBERNETES, "private_network_connection", True, "private_network_connection is no field of a Kubernetes online deployment"),
    ],
)  # fmt: skip
def test_what_az_refuses_is_an_error(folder, base, path, value, cause):
    """Refused before it is submitted."""
    found = describe(folder, changed(base, path, value))

    assert [one.cause.split("; did you mean request")[0] for one in found.findings][:1] == [cause]
    assert (found.findings[0].severity, found.findings[0].cloud.today) == ("error", "refused before it is submitted")


@pytest.mark.parametrize(
    ("base", "path", "value"),
    [
        pytest.param(MANAGED, "instance_count", "2", id="whole-number-in-quotes"),
        pytest.param(MANAGED, "environment_variables", {"A": 1, "B": True, "C": None}, id="variables-of-any-kind"),
        pytest.param(MANAGED, "request_settings.request_timeout_ms", "5000", id="timeout-in-quotes"),
        pytest.param(MANAGED, "app_insights_enabled", "yes", id="a-word-for-yes"),
        pytest.param(MANAGED, "scale_settings", {"type": "Default"}, id="scale-default"),
        pytest.param(MANAGED, "type", "MANAGED", id="type-in-capitals"),
        pytest.param(MANAGED, "tags", {"a": 1}, id="tag-with-a-number"),
        pytest.param(MANAGED, "egress_public_network_access", "disabled", id="egress"),
        pytest.param(KUBERNETES, "resources", {"requests": {"cpu": "0.1", "memory": "1Gi"}}, id="resources"),
        pytest.param(
            KUBERNETES,
            "scale_settings",
            {"type": "target_utilization", "min_instances": 1, "max_instances": 3, "target_utilization_percentage": 70},
            id="target-utilization",
        ),
        pytest.param(MANAGED, "data_collector", {"collections": {"x": {"enabled": "True"}}}, id="collector"),
    ],
)
def test_what_az_takes_is_fine(folder, base, path, value):
    assert describe(folder, changed(base, path, value)).findings == ()


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("instance_type", "error: instance_type is missing; a managed online deployment needs it"),
        ("instance_count", "error: instance_count is missing; a managed online deployment needs it"),
        ("name", "warning: name is missing, so --name has to say it when this file is given to az ml"),
        ("endpoint_name", "warning: endpoint_name is missing, so --endpoint-name has to say it when this file is given to az ml"),
        ("model", None),
        ("environment", None),
    ],
)  # fmt: skip
def test_what_a_deployment_needs(folder, name, cause):
    """A flag of az can say the names, as in Microsoft's own examples."""
    assert causes(describe(folder, without(MANAGED, name))) == ([cause] if cause else [])


@pytest.mark.rows("1.7 instance_count")
def test_kubernetes_needs_neither_machine_nor_count(folder):
    """It has defaults for both."""
    assert describe(folder, without(without(KUBERNETES, "instance_type"), "instance_count")).findings == ()


# bounds


@pytest.mark.rows("1.5 timeout", "1.7 request_settings", "2.2 300 s")
@pytest.mark.parametrize(
    ("base", "value", "cause"),
    [
        (MANAGED, 180_000, None),
        (MANAGED, 180_001, "180001 is more than the most allowed, 180000"),
        (MANAGED, -1, "-1 is less than the least allowed, 1"),
        (MANAGED, 0, "0 is less than the least allowed, 1"),
        (KUBERNETES, 300_000, None),
        (KUBERNETES, 300_001, "300001 is more than the most allowed, 300000"),
    ],
)
def test_a_timeout_has_its_bounds(folder, base, value, cause):
    found = describe(folder, changed(base, "request_settings.request_timeout_ms", value))

    assert [one.cause for one in found.findings] == ([f"request_settings.request_timeout_ms: {cause}"] if cause else [])
    assert all(one.cloud.today == "BadArgument" for one in found.findings)


@pytest.mark.rows("1.7 probes", "1.7 liveness success")
@pytest.mark.parametrize(
    ("path", "value", "is_legal"),
    [
        ("liveness_probe.initial_delay", 0, False),
        ("liveness_probe.period", 0, False),
        ("readiness_probe.timeout", 0, False),
        ("readiness_probe.failure_threshold", 0, False),
        ("liveness_probe.success_threshold", 2, False),
        ("readiness_probe.success_threshold", 2, True),
        ("liveness_probe.failure_threshold", 100, True),
    ],
)
def test_probes_have_their_bounds(folder, path, value, is_legal):
    found = describe(folder, changed(MANAGED, path, value))

    assert [one.rule for one in found.findings] == ([] if is_legal else ["out-of-bounds"])


@pytest.mark.rows("1.7 scale_settings")
def test_a_managed_deployment_is_not_scaled_by_its_file(folder):
    found = describe(folder, changed(MANAGED, "scale_settings", {"type": "target_utilization", "min_instances": 1}))

    assert causes(found) == [
        "error: scale_settings of a managed deployment are of type default; it is scaled by rules of Azure Monitor"
    ]


def test_fewer_at_most_than_at_least_is_refused(folder):
    scale = {"type": "target_utilization", "min_instances": 3, "max_instances": 2}

    assert causes(describe(folder, changed(KUBERNETES, "scale_settings", scale))) == [
        "error: scale_settings: min_instances 3 is more than max_instances 2"
    ]


@pytest.mark.parametrize(
    ("scale", "count"),
    [
        pytest.param(None, 3, id="none"),
        pytest.param({"type": "default"}, 3, id="default"),
        pytest.param({"type": "target_utilization", "min_instances": 2, "max_instances": 5}, 2, id="by-load"),
        pytest.param({"type": "target_utilization", "max_instances": 5}, None, id="by-load-without-minimum"),
    ],
)
def test_instance_count_is_for_scaling_by_hand(folder, scale, count):
    """Where the load decides, min_instances says how many there are at least; the file is told what has no effect then."""
    content = {**KUBERNETES, "instance_count": 3, **({} if scale is None else {"scale_settings": scale})}
    found = describe(folder, content)
    notes = [one.reason for one in found.not_emulated if one.field == "instance_count"]

    assert found.settings.get("instance_count") == count
    assert notes == ([] if count == 3 else ["with type: target_utilization there are min_instances to max_instances"])


@pytest.mark.rows("1.5 WORKER_COUNT")
@pytest.mark.parametrize(
    ("workers", "at_once", "cause", "fix"),
    [
        (None, None, None, ""),
        ("1", None, None, ""),
        ("2", 2, None, ""),
        (
            None,
            4,
            "4 requests are let in at once, and 1 worker process takes them one after the other",
            'Set WORKER_COUNT: "4" in environment_variables, or max_concurrent_requests_per_instance: 1.',
        ),
        (
            "4",
            None,
            "4 worker processes run, and 1 request is let in at once, so some never work",
            "Set max_concurrent_requests_per_instance: 4 in request_settings.",
        ),
        (
            "2",
            3,
            "3 requests are let in at once, and 2 worker processes take them one after the other",
            'Set WORKER_COUNT: "3" in environment_variables, or max_concurrent_requests_per_instance: 2.',
        ),
    ],
)
def test_workers_are_to_match_what_is_let_in(folder, workers, at_once, cause, fix):
    """A warning: it works, but not as it seems to."""
    content = MANAGED
    if workers is not None:
        content = changed(content, "environment_variables.WORKER_COUNT", workers)
    if at_once is not None:
        content = changed(content, "request_settings.max_concurrent_requests_per_instance", at_once)
    found = describe(folder, content).findings

    assert [(one.severity, one.cause, one.fix) for one in found] == ([("warning", cause, fix)] if cause else [])


@pytest.mark.rows("1.7 model_mount_path")
def test_a_mount_path_is_for_custom_containers(folder):
    route = {"port": 5001, "path": "/"}
    custom = {"image": "x", "inference_config": {f"{one}_route": route for one in ("liveness", "readiness", "scoring")}}
    content = changed(MANAGED, "model_mount_path", "/models")

    assert told(describe(folder, content)) == [("error", "mount-without-custom-image", 13)]
    assert describe(folder, {**content, "environment": custom}).findings == ()
    assert describe(folder, {**content, "environment": custom}).environment.is_custom


@pytest.mark.rows("5.1 data_collector, local", "7.3 data_collector", "1.7 data_collector")
def test_a_collector_is_turned_on_unless_the_file_says_how(folder):
    """Collector() raises where it is not; its variables are the user's own if the file has them (contract 7.3)."""
    content = changed(MANAGED, "data_collector", {"collections": {"x": {"enabled": "true"}}, "sampling_rate": 2})
    found = describe(folder, changed(content, "environment_variables", {"AZUREML_MDC_ENABLED": "false"}))

    assert found.variables == {"AZUREML_MDC_ENABLED": "false", "AZUREML_MDC_LOCAL_CAPTURE": "true"}
    assert causes(found) == ["error: data_collector.sampling_rate: 2 is more than the most allowed, 1"]


# kinds


def test_a_kubernetes_deployment_without_its_type_is_told_and_believed(folder):
    """az would take it for a managed one."""
    found = describe(folder, changed(without(KUBERNETES, "type"), "resources", {"limits": {"cpu": "1"}}))

    assert (found.kind, [one.rule for one in found.findings]) == ("kubernetes", ["type-missing"])


def test_code_configuration_without_a_script_is_told(folder):
    found = describe(folder, changed(MANAGED, "code_configuration", {"code": "src"}))

    assert (found.script, causes(found)) == (None, ["error: code_configuration names no scoring_script"])


def test_without_code_configuration_there_is_no_script(folder):
    """MLflow, Triton and custom containers."""
    found = describe(folder, without(MANAGED, "code_configuration"))

    assert (found.script, found.code, found.findings) == (None, None, ())


def test_placeholders_are_told_where_they_stand(folder):
    text = (
        put(folder, "base.yml", MANAGED)
        .read_text()
        .replace("credit-ep", "<ENDPOINT_NAME>")
        .replace("code: src", "code: $(CODE)")
    )
    found = describe(folder, text)

    assert told(found) == [("error", "template-unfilled", 2), ("error", "template-unfilled", 6)]
    assert (found.endpoint, found.code, found.script) == ("", None, None)


# endpoints: verdicts of load_online_endpoint, and of the service


@pytest.mark.rows("1.1 traffic", "1.4 modes", "1.4 aad_token", "1.1 mirror_traffic")
@pytest.mark.parametrize(
    ("base", "path", "value", "cause"),
    [
        (ENDPOINT, "auth_mode", "AMLToken", None),
        (ENDPOINT, "auth_mode", "KEY", None),
        (ENDPOINT, "auth_mode", "aad_token", None),
        (ENDPOINT, "auth_mode", "none", "error: auth_mode: 'none' is none of its words"),
        (ENDPOINT, "auth_mode", "amltoken", "error: auth_mode: 'amltoken' is none of its words"),
        (KUBERNETES_ENDPOINT, "auth_mode", "aad_token", "error: auth_mode aad_token is for managed endpoints; Kubernetes has key and aml_token"),
        (ENDPOINT, "name", "a_b", "error: the endpoint's name 'a_b' cannot be a name: letters, digits and single dashes, a letter first, no dash at the end"),
        (ENDPOINT, "name", "ab", "error: the endpoint's name 'ab' has 2 characters, and a name has 3 to 32"),
        (ENDPOINT, "trafic", {}, "error: trafic is no field of a managed online endpoint; did you mean traffic?"),
        (ENDPOINT, "type", "kubernetes", "error: type is no field of a managed online endpoint"),
        (ENDPOINT, "traffic", {"blue": 60, "green": 60}, "error: traffic is 120 % in all; it has to be 0 or 100"),
        (ENDPOINT, "traffic", ["blue"], "error: traffic: a list is no mapping"),
        (ENDPOINT, "mirror_traffic", {"green": 50}, None),
        (ENDPOINT, "mirror_traffic", {"green": 60}, "error: mirror_traffic.green is 60 %; at most 50 % can be mirrored"),
        (ENDPOINT, "mirror_traffic", {"a": 1, "b": 1}, "error: mirror_traffic names 2 deployments; one can get copies"),
        (KUBERNETES_ENDPOINT, "mirror_traffic", {"green": 10}, "error: traffic cannot be mirrored on Kubernetes"),
        (ENDPOINT, "identity", {"type": "SystemAssigned"}, None),
        (ENDPOINT, "identity", {"type": "x"}, "error: identity.type: 'x' is none of its words"),
        (ENDPOINT, "identity", "system_assigned", "error: identity is an identity, so it is a mapping"),
        (KUBERNETES_ENDPOINT, "compute", "k8s", "error: compute 'k8s' is no reference to an attached cluster"),
        (ENDPOINT, "public_network_access", "Disabled", None),
    ],
)  # fmt: skip
def test_an_endpoint_is_checked(folder, base, path, value, cause):
    found = endpoint(folder, changed(base, path, value))

    assert causes(found) == ([cause] if cause else [])


def test_an_endpoint_says_its_kind(folder):
    schema = "https://azuremlschemas.azureedge.net/latest/kubernetesOnlineEndpoint.schema.json"

    assert endpoint(folder, ENDPOINT).kind == "managed"
    assert endpoint(folder, KUBERNETES_ENDPOINT).kind == "kubernetes"
    assert endpoint(folder, {**ENDPOINT, "$schema": schema}).kind == "kubernetes"


# as people write them


AS_WRITTEN = {
    "comments-and-quotes": (
        """\
        # our first model
        "name": 'blue'          # do not rename
        endpoint_name: "credit-ep"
        model: {path: "model.pkl"}
        code_configuration: {code: "./src/", scoring_script: "score.py"}
        environment: azureml://registries/azureml/environments/sklearn-1.5/labels/latest
        instance_type: Standard_DS3_v2
        instance_count: '1'
        """,
        {"environment.reference": "azureml://registries/azureml/environments/sklearn-1.5/labels/latest"},
    ),
    "windows-paths": (
        """\
        name: blue
        endpoint_name: credit-ep
        model:
          path: .\\weights\\a.bin
        code_configuration:
          code: .\\src\\
          scoring_script: api\\score.py
        environment:
          image: mcr.microsoft.com/azureml/x
          conda_file: .\\conda.yml
        instance_type: Standard_DS3_v2
        instance_count: 1
        """,
        {"script": "{here}/src/api/score.py", "models.0.path": "{here}/weights/a.bin"},
    ),
    "registered-with-anchors": (
        """\
        name: green
        endpoint_name: credit-ep
        model: azureml:credit@latest
        code_configuration:
          code: src
          scoring_script: score.py
        environment: azureml:credit-env:7
        instance_type: Standard_F4s_v2
        instance_count: 2
        tags: &common {team: risk, cost: "42"}
        properties:
          <<: *common
        environment_variables:
          PROMPT: |
            line one
            line two
          THRESHOLD: 0.5
        """,
        {
            "models.0.name": "credit",
            "models.0.version": "",
            "variables": {"PROMPT": "line one\nline two\n", "THRESHOLD": "0.5"},
            "settings": {"instance_count": 2},
        },
    ),
    "arm-ids": (
        """\
        name: blue
        endpoint_name: credit-ep
        model: azureml:/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w/models/credit/versions/3
        code_configuration:
          code: src
          scoring_script: score.py
        environment: azureml:/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w/environments/e/versions/1
        instance_type: Standard_DS3_v2
        instance_count: 1
        """,
        {"models.0.name": "credit", "models.0.version": "3"},
    ),
    "conda-in-place": (
        """\
        name: blue
        endpoint_name: credit-ep
        model:
          name: credit
          version: 1
          path: weights
          type: custom_model
        code_configuration:
          code: .
          scoring_script: src/score.py
        environment:
          image: mcr.microsoft.com/azureml/x
          conda_file:
            channels: [conda-forge]
            dependencies:
              - python=3.11
              - pip: [scikit-learn==1.5.*, azureml-inference-server-http]
        instance_type: Standard_DS3_v2
        instance_count: 1
        """,
        {"environment.requirements.python": "==3.11.*", "code": "{here}", "models.0.version": "1"},
    ),
    "folded-and-indented-by-four": (
        """\
        name:   blue
        endpoint_name:   credit-ep
        description: >-
            Scores <credits> with ${MODEL},
            {{not}} a template
        model:
            path:
                model.pkl
        code_configuration:
            code:
                src
            scoring_script: >-
                score.py
        environment:
            image: mcr.microsoft.com/azureml/x:2024.1
            conda_file: conda.yml
        instance_type: Standard_DS3_v2
        instance_count: 1
        """,
        {"script": "{here}/src/score.py"},
    ),
    "everything-kubernetes": (
        """\
        $schema: https://azuremlschemas.azureedge.net/latest/kubernetesOnlineDeployment.schema.json
        name: blue
        type: kubernetes
        endpoint_name: credit-ep
        model: {path: model.pkl}
        code_configuration: {code: src, scoring_script: score.py}
        environment: {image: x, conda_file: conda.yml}
        request_settings: {request_timeout_ms: 3000, max_queue_wait_ms: 3000}
        resources:
          requests: {cpu: "0.1", memory: 0.2Gi}
          limits: {cpu: "0.2", memory: "200Mi", nvidia.com/gpu: "0"}
        scale_settings:
          type: target_utilization
          min_instances: 1
          max_instances: 3
          polling_interval: 10
          target_utilization_percentage: 70
        instance_type: defaultinstancetype
        """,
        {
            "kind": "kubernetes",
            "settings": {"request_timeout_ms": 3000, "max_queue_wait_ms": 3000, "instance_count": 1},
        },
    ),
    "custom-container": (
        """\
        name: tfserving
        endpoint_name: tfserving-ep
        model: {name: tfserving-mounted, version: 2, path: ./weights}
        environment_variables: {MODEL_BASE_PATH: /var/azureml-app/azureml-models/tfserving-mounted/2}
        environment:
          image: docker.io/tensorflow/serving:latest
          inference_config:
            liveness_route: {port: 8501, path: /v1/models/half_plus_two}
            readiness_route: {port: 8501, path: /v1/models/half_plus_two}
            scoring_route: {port: 8501, path: "/v1/models/half_plus_two:predict"}
        model_mount_path: /custom
        instance_type: Standard_DS3_v2
        instance_count: 1
        """,
        {"script": "None", "environment.is_custom": True},
    ),
    "mlflow-without-a-script": (
        """\
        $schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json
        name: sklearn-deployment
        endpoint_name: my-endpoint
        model:
          name: mir-sample-sklearn-ncd-model
          version: 2
          path: weights
          type: mlflow_model
        instance_type: Standard_DS3_v2
        instance_count: 1
        """,
        {"script": "None", "models.0.type": "mlflow_model"},
    ),
    "key-vault": (
        """\
        name: key-vault
        endpoint_name: kv-ep
        model: {path: model.pkl}
        code_configuration: {code: src, scoring_script: score.py}
        environment: {image: x, conda_file: conda.yml}
        environment_variables:
          KV_SECRET_MULTIPLIER: multiplier@https://my-vault.vault.azure.net
          URL: https://x.y/?a={b}&c=$d
        instance_type: Standard_DS3_v2
        instance_count: 1
        """,
        {"variables.URL": "https://x.y/?a={b}&c=$d"},
    ),
}


@pytest.mark.parametrize(("text", "expected"), AS_WRITTEN.values(), ids=AS_WRITTEN)
def test_files_as_people_write_them_are_fine(folder, text, expected):
    """Each is taken by azure-ai-ml 1.35.2 (that of Windows there), and nothing is found wrong."""
    found = describe(folder, textwrap.dedent(text))

    assert causes(found) == []
    for where, value in expected.items():
        seen = reach(found, where)
        seen = str(seen) if seen is None else seen
        assert seen == (value.format(here=folder) if isinstance(value, str) and "{here}" in value else value), where


def test_both_are_read_from_the_same_folder(folder):
    """As `amlemu serve deployment.yml` with an endpoint.yml beside it."""
    put(folder, "endpoint.yml", {**ENDPOINT, "traffic": {"blue": 100}})
    found = files.describe(put(folder, "deployment.yml", MANAGED))

    assert (found.auth_mode, found.traffic, [one.name for one in found.files]) == (
        "key", {"blue": 100}, ["deployment.yml", "endpoint.yml"],
    )  # fmt: skip
