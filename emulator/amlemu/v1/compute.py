"""
`azureml.core.compute`, as far as deploying names it: a cluster is a name here. `amlemu serve --cluster` plays its nodes.

Source: azureml-core 1.61, azureml/core/compute.
"""
# ruff: noqa: T201, ARG003  # the SDK prints, and so does its face; arguments of the SDK that have no meaning here

from __future__ import annotations

from typing import Any

from amlemu.v1.exceptions import ComputeTargetException
from amlemu.v1.workspace import Workspace

__all__ = ["AksCompute", "ComputeTarget", "ComputeTargetException"]


class ComputeTarget:
    """A cluster's name; nothing is asked of it."""

    type = "AKS"
    cluster_purpose = "DevTest"
    provisioning_errors: list[Any] | None = None

    def __init__(self, workspace: Workspace, name: str) -> None:
        """Take any name."""
        self.workspace, self.name = workspace, name
        self.provisioning_state = "Succeeded"

    @classmethod
    def create(cls, workspace: Workspace, name: str, provisioning_configuration: Any) -> ComputeTarget:
        """Return the cluster; there is nothing to create."""
        return AksCompute(workspace, name)

    @classmethod
    def attach(cls, workspace: Workspace, name: str, attach_configuration: Any) -> ComputeTarget:
        """Return the cluster; there is nothing to attach."""
        return AksCompute(workspace, name)

    def get_status(self) -> str:
        """Return its state, which is always the same."""
        return self.provisioning_state

    def wait_for_completion(self, show_output: bool = False, **_: Any) -> None:
        """There is nothing to wait for."""
        if show_output:
            print("Succeeded")

    def delete(self) -> None:
        """There is nothing to delete."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(workspace={self.workspace!r}, name={self.name})"


class ClusterConfiguration:
    """What a cluster would be asked to be, as it was given; nobody reads it."""

    def __init__(self, **given: Any) -> None:
        vars(self).update(given)

    def enable_ssl(self, **given: Any) -> None:
        """Take it down: on this machine nobody speaks TLS."""
        vars(self).update(given)


class AksCompute(ComputeTarget):
    """An AKS cluster's name."""

    class ClusterPurpose:
        """What a cluster is for."""

        FAST_PROD, DENSE_PROD, DEV_TEST = "FastProd", "DenseProd", "DevTest"

    @staticmethod
    def provisioning_configuration(**given: Any) -> ClusterConfiguration:
        """Return what `ComputeTarget.create` takes."""
        return ClusterConfiguration(**given)

    @staticmethod
    def attach_configuration(**given: Any) -> ClusterConfiguration:
        """Return what `ComputeTarget.attach` takes."""
        return ClusterConfiguration(**given)


class Clusters(dict[str, ComputeTarget]):
    """All clusters of a workspace, by name: whichever is asked for is there, and none is listed."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace

    def __missing__(self, name: str) -> ComputeTarget:
        return AksCompute(self._workspace, name)
