"""
What Azure's files say of a deployment, whichever generation they are of: one value for the three readers. Nothing is made.

`v2.py`, `v2021.py` and `v1.py` write it; `served.py` turns it into a `Deployment`; the doctor looks at it as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from amlemu.azure.requirements import Requirements
from amlemu.finding import Finding, Place

Kind = Literal["managed", "kubernetes", "aks", "aci", "local"]


@dataclass(frozen=True)
class ModelSaid:
    """
    The model that a deployment names.

    Attributes:
        name: empty for a model without one: Azure makes a name for it.
        version: empty where none is named (`@latest`, or none at all).
        path: absolute, as written in the file; None for a registered model.
        place: where it is said.
        reference: as written, `azureml:credit:3`; empty for one that is described here.
        type: `custom_model`, `mlflow_model` or `triton_model`.
    """

    name: str
    version: str
    path: Path | None
    place: Place
    reference: str = ""
    type: str = "custom_model"


@dataclass(frozen=True)
class Route:
    """Where the platform asks a container of its own: a port of it, and a path."""

    place: Place
    port: int
    path: str


@dataclass(frozen=True)
class EnvironmentSaid:
    """
    The environment that a deployment names.

    Attributes:
        reference: `azureml:name:version` and the like; empty for one that is described here.
        image: base image; empty where none is named.
        requirements: of its conda or pip file; None where there is none.
        is_custom: it has an `inference_config`, so that the image brings a server of its own.
        routes: of that, by name: `liveness_route`, `readiness_route`, `scoring_route`.
        builds: it is built from a Dockerfile of the user.
        build_folder: what that Dockerfile is built with, where it is a file.
        dockerfile: its path in that folder; without a folder (v1) its text.
    """

    place: Place
    reference: str = ""
    image: str = ""
    requirements: Requirements | None = None
    is_custom: bool = False
    routes: Mapping[str, Route] = field(default_factory=dict)
    builds: bool = False
    build_folder: Path | None = None
    dockerfile: str = ""


@dataclass(frozen=True)
class Probe:
    """A probe's numbers, in seconds and counts; what the file does not say has Azure's default."""

    place: Place
    initial_delay: float
    period: float
    timeout: float
    success_threshold: int
    failure_threshold: int


@dataclass(frozen=True)
class ScalingSaid:
    """
    How the number of instances changes; what the file does not say has Azure's default. `scaling.py` reads it.

    Attributes:
        place: where the file speaks of it.
        minimum, maximum: instances, inclusive; a maximum of 0 says that their number stays as it is.
        target_percent: of instances that are busy; above it there shall be more.
        refresh_s: seconds between two looks.
    """

    place: Place
    minimum: int
    maximum: int
    target_percent: int
    refresh_s: int

    @property
    def is_fixed(self) -> bool:
        """Whether the file says that nothing grows or shrinks."""
        return self.maximum == 0


@dataclass(frozen=True)
class Resources:
    """
    What one instance may use, and what it asks for; 0 where nothing is said of it. `amounts.py` reads it.

    Attributes:
        memory_bytes, cpus, gpus: the limits, where there is none what is asked for; a container keeps to them.
        asked_memory_bytes, asked_cpus, asked_gpus: what a node has to have left, where nothing is asked for the limits.
        most_memory_bytes: who takes more is killed.
    """

    place: Place
    memory_bytes: int = 0
    cpus: float = 0.0
    gpus: int = 0
    asked_memory_bytes: int = 0
    asked_cpus: float = 0.0
    asked_gpus: int = 0
    most_memory_bytes: int = 0


@dataclass(frozen=True)
class NotEmulated:
    """A field that is understood and has no effect here."""

    field: str
    place: Place
    reason: str


@dataclass(frozen=True)
class Description:
    """
    What the files say.

    Attributes:
        file: the one that was named; the others were found beside it.
        generation: of the format.
        kind: which cloud it is for.
        profile: the front door for it, a name of `profile_file.names()`.
        name: of the deployment.
        endpoint: its name; empty where no file has one.
        script, code: absolute; None where the deployment has none (a custom container, MLflow).
        settings: limits by the profile's names, `request_timeout_ms`, `instance_count` ...
        said_at: where each honoured field was said, by its dotted name in the file, `request_settings.request_timeout_ms`.
        port: of a LocalWebservice.
        resources: what the container is given; None where no file says so.
        instance_type: as written; empty where there is none, or a placeholder.
        scaling: None where the file says nothing of it.
        auth_mode: of the endpoint; empty where unsaid.
        traffic: percent by deployment.
        names: all deployments that the files know of this endpoint.
        not_emulated: fields without an effect, each with its reason.
        findings: what is wrong with the files.
        files: all that were read.
    """

    file: Path
    generation: Literal["v2", "2021", "v1"]
    kind: Kind
    profile: str
    name: str = ""
    endpoint: str = ""
    script: Path | None = None
    code: Path | None = None
    models: tuple[ModelSaid, ...] = ()
    environment: EnvironmentSaid | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, int] = field(default_factory=dict)
    liveness: Probe | None = None
    readiness: Probe | None = None
    said_at: Mapping[str, Place] = field(default_factory=dict)
    auth_mode: str = ""
    traffic: Mapping[str, int] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    not_emulated: tuple[NotEmulated, ...] = ()
    findings: tuple[Finding, ...] = ()
    files: tuple[Path, ...] = ()
    port: int | None = None
    resources: Resources | None = None
    instance_type: str = ""
    scaling: ScalingSaid | None = None

    @property
    def hindrances(self) -> tuple[Finding, ...]:
        """The findings with which nothing can be served; with others a deployment fails in Azure only."""
        rules = HINDERING if self.script is not None else HINDERING | {"template-unfilled", "unknown-field"}
        return tuple(one for one in self.findings if one.severity == "error" and one.rule in rules)


HINDERING = frozenset(
    {
        "code-folder-missing",
        "code-unresolved",
        "inference-config-missing",
        "model-missing",
        "script-missing",
        "script-not-python",
        "script-outside",
        "script-unnamed",
        "v1-configuration",
        "wrong-kind",
    }
)
"""Rules of findings that leave nothing to serve, or no telling what is meant."""
