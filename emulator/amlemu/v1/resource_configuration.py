"""
`azureml.core.resource_configuration`: what a model asks of its container where Azure deploys it without a script; here it is a description.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class ResourceConfiguration:
    """Cores, GB of memory and GPUs; None where nothing is said."""

    cpu: float | None = None
    memory_in_gb: float | None = None
    gpu: int | None = None
