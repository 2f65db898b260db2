"""
`azureml.core.compute`, as far as deploying names it: a cluster is a name here. `amlemu serve --cluster` plays its nodes.
"""
# ruff: noqa: T201  # the SDK prints, and so does its face

from __future__ import annotations

from amlemu.v1.workspace import Workspace


class ComputeTarget:
    """A cluster's name; nothing is asked of it."""

    type = "AKS"

    def __init__(self, workspace: Workspace, name: str) -> None:
        """Take any name."""
        self.workspace, self.name = workspace, name
        self.provisioning_state = "Succeeded"

    def wait_for_completion(self, show_output: bool = False) -> None:
        """There is nothing to wait for."""
        if show_output:
            print("Succeeded")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(workspace={self.workspace!r}, name={self.name})"


class AksCompute(ComputeTarget):
    """An AKS cluster's name."""
