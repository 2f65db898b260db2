"""How much a container gets: quantities as Kubernetes writes them, and numbers that are none."""

from __future__ import annotations

import pytest
from amlemu.azure.amounts import quantity

from .written import ACI, AKS, INFERENCE, KUBERNETES, MANAGED, changed, describe, put


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0.5", 0.5),
        ("500m", 0.5),
        ("2", 2),
        ("512Mi", 536_870_912),
        ("2Gi", 2_147_483_648),
        ("1G", 1_000_000_000),
        ("64k", 64_000),
        ("1.5Ti", 1_649_267_441_664),
        ("1e3", 1_000),
        ("250M", 250_000_000),
        (" 1 ", 1),
        ("", None),
        ("2GB", None),
        ("-1", None),
        ("1e999", None),
        ("much", None),
    ],
)
def test_a_quantity_is_read_as_kubernetes_reads_it(text, amount):
    assert quantity(text) == (pytest.approx(amount) if amount is not None else None)


def test_limits_count_before_requests_each_by_itself(folder):
    """The memory has no limit of its own, so what was asked for is what it gets."""
    amounts = {"requests": {"cpu": "0.1", "memory": "1Gi"}, "limits": {"cpu": "1"}}
    said = describe(folder, changed(KUBERNETES, "resources", amounts))

    assert said.resources is not None
    assert (said.resources.cpus, said.resources.memory_bytes, said.resources.gpus) == (1.0, 1_073_741_824, 0)
    assert said.resources.place.line > 0


@pytest.mark.parametrize(
    ("amounts", "asked", "most"),
    [
        pytest.param(
            {"requests": {"cpu": "0.1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "2Gi"}},
            (0.1, 1_073_741_824, 0), 2_147_483_648, id="both",
        ),
        pytest.param(
            {"limits": {"cpu": "1", "memory": "2Gi", "nvidia.com/gpu": "1"}}, (1.0, 2_147_483_648, 1), 2_147_483_648,
            id="a-limit-is-asked-for",
        ),
        pytest.param({"requests": {"memory": "1Gi"}}, (0.0, 1_073_741_824, 0), 0, id="a-request-is-no-limit"),
    ],
)  # fmt: skip
def test_what_is_asked_for_is_told_from_the_limit(folder, amounts, asked, most):
    """Pods are placed by requests and killed by limits; Kubernetes asks for a limit where nothing else is asked for."""
    content = changed({**KUBERNETES, "instance_type": "gpu"}, "resources", amounts)
    found = describe(folder, content).resources

    assert (found.asked_cpus, found.asked_memory_bytes, found.asked_gpus) == asked
    assert found.most_memory_bytes == most


def test_cores_of_gpus_stand_beside_the_container_in_v1(folder):
    """`gpuCores` of AKS, also without any containerResourceRequirements."""
    put(folder, "inferenceconfig.json", INFERENCE)
    found = describe(folder, {**AKS, "gpuCores": 2}, "deploymentconfig.json").resources

    assert (found.gpus, found.asked_gpus, found.memory_bytes, found.place.line) == (2, 2, 0, 3)


@pytest.mark.parametrize("amounts", [{"limits": {"cpu": "many"}}, {"limits": {}}, {"requests": {"memory": "100m"}}, {}])
def test_what_is_no_amount_is_none(folder, amounts):
    """The reader tells of it; nothing is limited by a guess. `100m` of memory is a tenth of a byte."""
    assert describe(folder, changed(KUBERNETES, "resources", amounts)).resources is None


def test_a_managed_deployment_has_a_machine_and_no_numbers(folder):
    assert (
        describe(folder, changed({**MANAGED, "type": "managed"}, "resources", {"limits": {"cpu": "1"}})).resources
        is None
    )


@pytest.mark.parametrize("number", [0, -1, "x", 1e300])
def test_a_number_of_v1_that_makes_no_sense_limits_nothing(folder, number):
    put(folder, "inferenceconfig.json", INFERENCE)
    content = changed(ACI, "containerResourceRequirements.memoryInGB", number)

    assert describe(folder, content, "deploymentconfig.json").resources is None
