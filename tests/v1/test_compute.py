"""A cluster is a name."""

from __future__ import annotations

from amlemu.v1 import ComputeTarget
from amlemu.v1.compute import AksCompute, ComputeTargetException


def test_any_name_will_do(desk, capsys):
    target = AksCompute(desk.ws, "myaks")
    target.wait_for_completion(show_output=True)

    assert (target.name, target.provisioning_state, isinstance(target, ComputeTarget)) == ("myaks", "Succeeded", True)
    assert capsys.readouterr().out == "Succeeded\n"


def test_the_cells_that_find_or_make_a_cluster(desk, capsys):
    """As the SDK's own notebooks have them (production-deploy-to-aks.ipynb of 2020)."""
    try:
        target = ComputeTarget(workspace=desk.ws, name="my-aks")
    except ComputeTargetException:
        raise AssertionError("any name is one") from None
    configuration = AksCompute.provisioning_configuration(vm_size="Standard_D3_v2", location="eastus")
    configuration.enable_ssl(leaf_domain_label="contoso")
    made = ComputeTarget.create(workspace=desk.ws, name="my-aks", provisioning_configuration=configuration)
    attached = ComputeTarget.attach(desk.ws, "my-aks", AksCompute.attach_configuration(resource_id="/subscriptions/1"))
    made.wait_for_completion(show_output=True)

    assert [one.get_status() for one in (target, made, attached)] == ["Succeeded"] * 3
    assert made.provisioning_errors is None
    assert isinstance(made, AksCompute)
    assert desk.ws.compute_targets["my-aks"].name == "my-aks"
