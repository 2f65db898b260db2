"""The module from which notebooks import the exception."""

from __future__ import annotations

from amlemu.v1 import compute, compute_target
from amlemu.v1.exceptions import AzureMLException


def test_it_is_another_name():
    assert compute_target.ComputeTarget is compute.ComputeTarget
    assert issubclass(compute_target.ComputeTargetException, AzureMLException)
