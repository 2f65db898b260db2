"""
`azureml.core.compute_target`: another name for what `compute.py` has, from which notebooks import the exception.
"""

from __future__ import annotations

from amlemu.v1.compute import ComputeTarget, ComputeTargetException

__all__ = ["ComputeTarget", "ComputeTargetException"]
