"""A registry's address is kept, and written for Azure."""

from __future__ import annotations

from amlemu.v1.container_registry import ContainerRegistry
from amlemu.v1.environment import Environment, as_data


def test_an_address_is_written_and_nothing_else():
    made = Environment.from_docker_image("e", "x", ContainerRegistry(address="r.azurecr.io"))

    assert as_data(made)["docker"]["baseImageRegistry"] == {"address": "r.azurecr.io"}
    assert vars(ContainerRegistry()) == {"address": None, "username": None, "password": None}
