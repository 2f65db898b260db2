"""
`azureml.core.container_registry`: where a base image comes from. Kept, and not asked: this machine's Docker knows its registries.

Source: azureml-core 1.61, azureml/core/container_registry.py.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class ContainerRegistry:
    """An address and who may come in."""

    address: str | None = None
    username: str | None = None
    password: str | None = None
