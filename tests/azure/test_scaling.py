"""How the number of instances changes, by each generation of files; what makes no sense has Azure's default."""

from __future__ import annotations

import pytest
from amlemu.azure.description import ScalingSaid
from amlemu.finding import Place

from .written import AKS, INFERENCE, KUBERNETES, MANAGED, OF_2021, changed, describe, put


def v1(folder, content):
    put(folder, "inferenceconfig.json", INFERENCE)
    return describe(folder, {**AKS, **content}, "deploymentconfig.json").scaling


def numbers(found):
    return None if found is None else (found.minimum, found.maximum, found.target_percent, found.refresh_s)


@pytest.mark.rows("2.2 polling_interval")
def test_a_kubernetes_deployment_says_its_numbers_or_has_defaults(folder):
    """1 to 1 instances at 70 %, looked at every second."""
    scale = {"type": "target_utilization", "min_instances": 2, "max_instances": 5, "target_utilization_percentage": 50}
    found = describe(folder, {**KUBERNETES, "scale_settings": {**scale, "polling_interval": 4}})
    bare = describe(folder, {**KUBERNETES, "scale_settings": {"type": "target_utilization"}})

    assert found.scaling == ScalingSaid(Place(found.file, 14), 2, 5, 50, 4)
    assert numbers(bare.scaling) == (1, 1, 70, 1)


@pytest.mark.parametrize("content", [KUBERNETES, {**KUBERNETES, "scale_settings": {"type": "default"}}])
def test_without_target_utilization_a_file_says_nothing_of_it(folder, content):
    assert describe(folder, content).scaling is None


def test_a_managed_deployment_is_not_scaled_by_its_file(folder):
    """Azure refuses it, and rules of Azure Monitor would do it."""
    scale = {"type": "target_utilization", "min_instances": 1, "max_instances": 9}

    assert describe(folder, {**MANAGED, "scale_settings": scale}).scaling is None


@pytest.mark.parametrize(
    ("scale", "said"),
    [
        ({"scale_type": "Manual", "instance_count": 3, "max_instances": 7}, (1, 0, 70, 1)),
        ({"scale_type": "auto", "min_instances": 2, "max_instances": 3, "polling_interval": 10}, (2, 3, 70, 10)),
        ({"scale_type": "AUTO", "instance_count": 3, "max_instances": 8}, (3, 8, 70, 1)),
        (
            {"scale_type": "auto", "min_instances": 2, "instance_count": 3, "polling_interval": "PT2H1S"},
            (2, 1, 70, 7201),
        ),
        ({"scale_type": "auto", "polling_interval": "often"}, (1, 1, 70, 1)),
        ({"min_instances": 2, "max_instances": 3}, None),
    ],
)
def test_a_file_of_2021_is_scaled_by_hand_or_by_load(folder, scale, said):
    """A maximum of 0 stays as it is."""
    found = describe(folder, changed(OF_2021, "deployments.0.scale_settings", scale), "endpoint.yml").scaling

    assert numbers(found) == said
    assert found is None or found.is_fixed == (said[1] == 0)


@pytest.mark.rows("2.2 v1 defaults of scaling")
@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({"numReplicas": 3}, (1, 0, 70, 1), id="by-hand"),
        pytest.param({"autoScaler": {"autoscaleEnabled": False}, "numReplicas": 3}, (1, 0, 70, 1), id="off"),
        pytest.param({"autoScaler": {"autoscaleEnabled": False}}, (1, 0, 70, 1), id="off-without-a-number"),
        pytest.param({"autoScaler": {"autoscaleEnabled": True}}, (1, 10, 70, 1), id="on"),
        pytest.param({"autoScaler": {"autoscaleEnabled": None, "maxReplicas": 4}}, (1, 4, 70, 1), id="unsaid"),
        pytest.param(
            {"autoScaler": {"autoscaleEnabled": True, "minReplicas": 2, "maxReplicas": 5, "targetUtilization": 60, "refreshPeriodInSeconds": 3}},
            (2, 5, 60, 3), id="all-said",
        ),
        pytest.param({"autoScaler": {"autoscaleEnabled": True}, "numReplicas": 3}, (1, 10, 70, 1), id="both"),
    ],
)  # fmt: skip
def test_aks_is_scaled_by_load_unless_replicas_are_given(folder, content, said):
    assert numbers(v1(folder, content)) == said


@pytest.mark.parametrize("number", [0, -3, "many", None, [1], float("nan"), float("inf"), 1e300, True])
def test_what_is_no_number_has_its_default(folder, number):
    """The readers tell of it; nothing is raised."""
    scale = {"min_instances": number, "max_instances": number, "target_utilization_percentage": number}
    found = {
        "v2": describe(folder, {**KUBERNETES, "scale_settings": {"type": "target_utilization", **scale}}),
        "2021": describe(folder, changed(OF_2021, "deployments.0.scale_settings", {"scale_type": "auto", "polling_interval": number, **scale}), "endpoint.yml"),
    }  # fmt: skip
    put(folder, "inferenceconfig.json", INFERENCE)
    aks = {"autoscaleEnabled": True, "minReplicas": number, "maxReplicas": number, "targetUtilization": number}
    found["v1"] = describe(
        folder, {**AKS, "autoScaler": {**aks, "refreshPeriodInSeconds": number}}, "deploymentconfig.yml"
    )

    assert {name: numbers(one.scaling) for name, one in found.items()} == {
        "v2": (1, 1, 70, 1), "2021": (1, 1, 70, 1), "v1": (1, 10, 70, 1),
    }  # fmt: skip
