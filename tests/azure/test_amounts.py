"""How much a container gets: quantities as Kubernetes writes them, and numbers that are none."""

from __future__ import annotations

import pytest
from amlemu.azure.amounts import quantity

from .written import ACI, INFERENCE, KUBERNETES, MANAGED, changed, describe, put


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
