"""
`azureml.core.workspace`: a workspace is the folder of this project, whatever it is called. Nobody logs in.

Source: azureml-core 1.61, azureml/core/workspace.py.
"""
# ruff: noqa: ARG003  # arguments of the SDK that have no meaning here

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amlemu.v1 import place
from amlemu.v1.exceptions import UserErrorException

if TYPE_CHECKING:
    from amlemu.v1.compute import ComputeTarget
    from amlemu.v1.environment import Environment
    from amlemu.v1.experiment import Experiment
    from amlemu.v1.model import Model
    from amlemu.v1.run import Run
    from amlemu.v1.webservice import Webservice

_FILES = (".azureml/config.json", "aml_config/config.json", "config.json")
_LOCAL = "local"


class Workspace:
    """
    The models, environments, services and runs of this project.

    Any subscription, group and name will do; two workspaces in one folder are the same one.
    """

    def __init__(
        self,
        subscription_id: str = _LOCAL,
        resource_group: str = _LOCAL,
        workspace_name: str = _LOCAL,
        auth: Any = None,
        **_: Any,
    ) -> None:
        self.subscription_id, self.resource_group, self.name = subscription_id, resource_group, workspace_name
        self.location = _LOCAL
        self.tags: dict[str, str] = {}

    @classmethod
    def from_config(
        cls, path: str | os.PathLike[str] | None = None, auth: Any = None, _file_name: str | None = None, **_: Any
    ) -> Workspace:
        """
        Return the workspace that a config.json names, in this folder or above; without one it is called local.

        Raises:
            UserErrorException: there is no such file, where one is named, or it is none.
        """
        found = _config(Path(path) if path is not None else Path(), _file_name)
        if found is None:
            return cls()
        said = place.read_json(found)
        if not isinstance(said, dict):
            raise UserErrorException(
                f"{found} is no workspace's config.json", hint="Leave the path out: here, none is needed."
            )
        return cls(*(str(said.get(key) or _LOCAL) for key in ("subscription_id", "resource_group", "workspace_name")))

    @classmethod
    def get(
        cls,
        name: str,
        auth: Any = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        **_: Any,
    ) -> Workspace:
        """Return the workspace; it need not have been created."""
        return cls(subscription_id or _LOCAL, resource_group or _LOCAL, name)

    @classmethod
    def create(
        cls,
        name: str,
        auth: Any = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        location: str | None = None,
        **_: Any,
    ) -> Workspace:
        """Return the workspace: there is nothing to create."""
        made = cls.get(name, auth, subscription_id, resource_group)
        made.location = location or made.location
        return made

    def write_config(self, path: str | None = None, file_name: str | None = None) -> None:
        """Write .azureml/config.json, as the SDK does."""
        said = {
            "subscription_id": self.subscription_id,
            "resource_group": self.resource_group,
            "workspace_name": self.name,
        }
        file = Path(path or ".") / ".azureml" / (file_name or "config.json")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(said, indent=4), encoding="utf-8")

    def get_details(self) -> dict[str, Any]:
        """Return what there is to say of it."""
        return {"name": self.name, "location": self.location, "folder": str(place.root())}

    @property
    def webservices(self) -> dict[str, Webservice]:
        """The services, by name: those of LocalWebservice, too."""
        from amlemu.v1.webservice import Webservice

        return {service.name: service for service in Webservice.list(self)}

    @property
    def models(self) -> Mapping[str, Model]:
        """The latest version of each registered model, by name."""
        from amlemu.v1.model import Model

        return {model.name: model for model in Model.list(self, latest=True)}

    @property
    def environments(self) -> dict[str, Environment]:
        """The latest version of each registered environment, by name."""
        from amlemu.v1.environment import Environment

        return Environment.list(self)

    @property
    def experiments(self) -> dict[str, Experiment]:
        """The experiments that have runs, by name."""
        from amlemu.v1.experiment import Experiment

        return {experiment.name: experiment for experiment in Experiment.list(self)}

    @property
    def compute_targets(self) -> Mapping[str, ComputeTarget]:
        """Whatever is asked for: a cluster is a name here. None is listed."""
        from amlemu.v1.compute import Clusters

        return Clusters(self)

    def get_run(self, run_id: str) -> Run:
        """Return a run of this project."""
        from amlemu.v1.run import Run

        return Run.get(self, run_id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Workspace) and vars(self) == vars(other)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return (
            f"Workspace.create(name={self.name!r}, subscription_id={self.subscription_id!r}, "
            f"resource_group={self.resource_group!r})"
        )


def _config(start: Path, wanted: str | None) -> Path | None:
    if start.is_file():
        return start
    if not start.exists():
        raise _not_found(wanted or "config.json", start)
    here = start.absolute()
    name = wanted or "config.json"
    looked = (folder / Path(file).with_name(name) for folder in (here, *here.parents) for file in _FILES)
    found = next((path for path in looked if path.is_file()), None)
    if found is None and wanted:
        raise _not_found(wanted, start)
    return found


def _not_found(name: str, start: Path) -> UserErrorException:
    what = f"The workspace configuration file {name}, could not be found in {start} or its parent directories."
    return UserErrorException(what, hint="Leave it out: here, none is needed.")
