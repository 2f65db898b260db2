"""A cluster is a name."""

from __future__ import annotations

from amlemu.v1.compute import AksCompute, ComputeTarget


def test_any_name_will_do(desk, capsys):
    target = AksCompute(desk.ws, "myaks")
    target.wait_for_completion(show_output=True)

    assert (target.name, target.provisioning_state, isinstance(target, ComputeTarget)) == ("myaks", "Succeeded", True)
    assert capsys.readouterr().out == "Succeeded\n"
