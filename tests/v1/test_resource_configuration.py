"""What a model asks of its container is kept with it."""

from __future__ import annotations

from amlemu.v1 import Model
from amlemu.v1.resource_configuration import ResourceConfiguration


def test_it_is_found_again(desk):
    asked = ResourceConfiguration(cpu=1, memory_in_gb=0.5)
    Model.register(desk.ws, desk.train("m.pkl", 1), "m", resource_configuration=asked)

    assert Model(desk.ws, "m").resource_configuration == asked
    assert Model.register(desk.ws, desk.train("m.pkl", 1), "m").resource_configuration is None
