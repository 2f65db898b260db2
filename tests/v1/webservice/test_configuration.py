"""What deploy_configuration takes, what it refuses, and the file that it makes."""

from __future__ import annotations

import inspect

import pytest
from amlemu.v1.exceptions import WebserviceException
from amlemu.v1.webservice import AciWebservice, AksWebservice, LocalWebservice, configuration

KINDS = {"local": LocalWebservice, "aci": AciWebservice, "aks": AksWebservice}


@pytest.mark.parametrize("kind", KINDS)
def test_each_argument_has_a_place_in_the_file(kind):
    arguments = set(inspect.signature(KINDS[kind].deploy_configuration).parameters)

    assert arguments == set(KINDS[kind].deploy_configuration().fields)


def test_the_autoscale_names_of_the_pages():
    """Names in the file: azure-docs, aks-deploy-config of 2020."""
    made = AksWebservice.deploy_configuration(
        autoscale_enabled=True, autoscale_target_utilization=30, autoscale_min_replicas=1, autoscale_max_replicas=4
    )

    assert made.as_data() == {
        "computeType": "AKS",
        "autoScaler": {"autoscaleEnabled": True, "minReplicas": 1, "maxReplicas": 4, "targetUtilization": 30},
    }


def test_all_that_is_wrong_is_raised_together():
    """Contract 2.2: collected, one a line."""
    with pytest.raises(WebserviceException) as caught:
        AksWebservice.deploy_configuration(
            autoscale_enabled=True,
            num_replicas=2,
            autoscale_min_replicas=5,
            autoscale_max_replicas=2,
            auth_enabled=True,
            token_auth_enabled=True,
        )

    assert caught.value.message.splitlines() == [
        "Invalid configuration, autoscale enabled and num_replicas provided.",
        "Invalid configuration, autoscale_min_replicas cannot be greater than autoscale_max_replicas.",
        "Invalid configuration, auth_enabled and token_auth_enabled cannot both be true.",
    ]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        # azureml-core 1.61, validate_configuration of each; contract 2.2, 5.2
        pytest.param(lambda: LocalWebservice.deploy_configuration(port=99999), "Invalid configuration, port must be an integer in range [1, 65535]", id="port"),
        pytest.param(lambda: LocalWebservice.deploy_configuration(port="8890"), "Invalid configuration, port must be an integer in range [1, 65535]", id="text"),
        pytest.param(lambda: AciWebservice.deploy_configuration(cpu_cores=0), "Invalid configuration, cpu_cores must be positive.", id="cpu"),
        pytest.param(lambda: AciWebservice.deploy_configuration(ssl_enabled=True), "SSL is enabled, you must provide a SSL certificate, key, and cname.", id="ssl"),
        pytest.param(lambda: AciWebservice.deploy_configuration(vnet_name="v"), "vnet_name and subnet_name must all have values or both are empty/null", id="vnet"),
        pytest.param(lambda: AksWebservice.deploy_configuration(autoscale_enabled=False), "Invalid configuration, autoscale disabled but num_replicas not provided.", id="replicas"),
        pytest.param(lambda: AksWebservice.deploy_configuration(autoscale_min_replicas=2), "Invalid configuration, autoscale_min_replicas provided without enabling autoscaling.", id="autoscale"),
        pytest.param(lambda: AksWebservice.deploy_configuration(namespace="A B"), "Invalid configuration, namespace must be a valid Kubernetes namespace. Regex for validation is ^[a-z0-9]([a-z0-9-]{,61}[a-z0-9])?$", id="namespace"),
    ],
)  # fmt: skip
def test_the_words_of_the_sdk(make, words):
    with pytest.raises(WebserviceException) as caught:
        make()

    assert caught.value.message == words


def test_keys_are_not_written_into_the_file():
    made = AciWebservice.deploy_configuration(auth_enabled=True, primary_key="secret", secondary_key="other")

    assert "secret" not in str(made.as_data())


@pytest.mark.parametrize(
    ("made", "auth"),
    [
        # contract 2.1: ACI has no key by default, AKS has one
        pytest.param(AciWebservice.deploy_configuration, None, id="aci"),
        pytest.param(lambda: AciWebservice.deploy_configuration(auth_enabled=True), "key", id="aci-key"),
        pytest.param(AksWebservice.deploy_configuration, "key", id="aks"),
        pytest.param(lambda: AksWebservice.deploy_configuration(auth_enabled=False), None, id="aks-open"),
        pytest.param(lambda: AksWebservice.deploy_configuration(token_auth_enabled=True), "aml_token", id="aks-token"),
        pytest.param(LocalWebservice.deploy_configuration, None, id="local"),
    ],
)
def test_who_is_asked_for_a_key(made, auth):
    assert made().auth == auth


def test_a_file_is_read_as_it_was_written():
    made = AksWebservice.deploy_configuration(cpu_cores=0.5, memory_gb=1, tags={"a": "1"}, scoring_timeout_ms=5000)
    read = configuration.from_data(made.as_data())

    assert read.as_data() == made.as_data()
    assert read.changed(num_replicas=2).num_replicas == 2
    assert read.num_replicas is None


@pytest.mark.parametrize(
    ("said", "words"),
    [
        pytest.param([], "Need to specify computeType in --deploy-config-file", id="list"),
        pytest.param({}, "Need to specify computeType in --deploy-config-file", id="empty"),
        pytest.param({"computeType": "iot"}, "unknown deployment type: iot", id="kind"),
        pytest.param({"computeType": "local", "port": 0.5}, "port must be an integer", id="port"),
    ],
)
def test_a_file_that_is_none_is_refused(said, words):
    with pytest.raises(WebserviceException, match=words):
        configuration.from_data(said)


def test_an_argument_that_there_is_not_is_no_secret():
    with pytest.raises(TypeError, match="unexpected keyword argument 'ports'"):
        configuration.LocalWebserviceDeploymentConfiguration(ports=1)
    with pytest.raises(AttributeError, match="has no ports"):
        _ = LocalWebservice.deploy_configuration().ports


def test_it_prints_what_the_container_gets(capsys):
    AksWebservice.deploy_configuration(cpu_cores=1, memory_gb=2, num_replicas=3).print_deploy_configuration()
    LocalWebservice.deploy_configuration().print_deploy_configuration()

    assert capsys.readouterr().out == "CPU requirement: 1, Memory requirement: 2GB, Number of replica: 3\n"
