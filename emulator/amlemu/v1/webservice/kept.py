"""
Which files a service is made of. They are Azure's own, inferenceconfig.json and deploymentconfig.json, below `.amlemu/v1/services/NAME/NUMBER/`.

Each deployment and each update has a number of its own, so that one that fails leaves the files of the one before; the endpoint's record says which it is.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amlemu.layout import OWN_FOLDER
from amlemu.local_endpoints import shelf as shelves
from amlemu.local_endpoints.record import DELETING, Asked, OtherVersion, Record
from amlemu.v1 import place
from amlemu.v1.exceptions import in_words
from amlemu.v1.webservice.configuration import DeploymentConfiguration, from_data

DEPLOYMENT = "blue"
"""A service has one deployment, which is called so."""
_INFERENCE, CONFIGURATION, _SERVICE = "inferenceconfig.json", "deploymentconfig.json", "service.json"


@dataclass(frozen=True)
class GivenModel:
    """A model as a service gets it; `version` 0 is one that is not registered, as in the SDK."""

    name: str
    version: int
    path: str

    @property
    def id(self) -> str:
        """NAME:VERSION."""
        return f"{self.name}:{self.version}"


@dataclass(frozen=True)
class Kept:
    """What is known of a service."""

    name: str
    record: Record
    asked: Asked
    said: dict[str, Any]

    @property
    def folder(self) -> Path:
        """Where its files lie."""
        return Path(self.asked.file).parent

    @property
    def configuration(self) -> DeploymentConfiguration:
        """What it was asked to be. Raises WebserviceException where its file is none any more."""
        return from_data(place.read_json(self.folder / CONFIGURATION))

    @property
    def kind(self) -> str:
        """`local`, `aci` or `aks`."""
        return self.configuration.kind

    @property
    def inference(self) -> dict[str, Any]:
        """Its inferenceconfig.json."""
        return place.read_json(self.folder / _INFERENCE) or {}

    @property
    def models(self) -> tuple[GivenModel, ...]:
        """Its models."""
        return tuple(GivenModel(**one) for one in self.said.get("models") or ())

    def has_model(self, name: str | None, id_: str | None) -> bool:
        """Tell whether it has a model of this name, and one with this id; None is any."""
        models = self.models
        return (not name or name in {model.name for model in models}) and (
            not id_ or id_ in {model.id for model in models}
        )


def of(name: str) -> Kept | None:
    """Return a service; None where there is none, be it that an endpoint is called so. Raises WebserviceException."""
    with in_words():
        record = shelves.shelf_of(name).read()
    if record is None or record.state == DELETING:
        return None
    asked = _asked(record)
    said = None if asked is None else place.read_json(Path(asked.file).parent / _SERVICE)
    return Kept(name, record, asked, said) if asked is not None and isinstance(said, dict) else None


def every() -> list[Kept]:
    """Return all services of this project, by name."""
    found = []
    for shelf in shelves.shelves():
        try:
            found.append(of(shelf.name))
        except Exception as error:  # of another version: `amlemu endpoint list` says so
            if not isinstance(error.__cause__, OtherVersion):
                raise
    return [one for one in found if one is not None]


def services_with(path: Path) -> list[str]:
    """Return the names of the services that have a model's file or folder."""
    return [one.name for one in every() if any(model.path == str(path) for model in one.models)]


def is_endpoint(name: str) -> bool:
    """Tell whether there is any endpoint of this name."""
    with in_words():
        record = shelves.shelf_of(name).read()
    return record is not None and record.state != DELETING


def _asked(record: Record) -> Asked | None:
    """Return what is being made, else what was."""
    operation = record.operation
    if operation is not None and operation.outcome is None and DEPLOYMENT in operation.asked:
        return operation.asked[DEPLOYMENT]
    one = record.deployments.get(DEPLOYMENT)
    if one is not None:
        return one.asked
    return operation.asked.get(DEPLOYMENT) if operation is not None else None


def write(
    name: str, inference: dict[str, Any], configuration: DeploymentConfiguration, models: Sequence[GivenModel]
) -> Asked:
    """Write the files of a service, beside those that it has, and return what it is made of."""
    home, known = place.kept("services", name), of(name)
    folder = home / str(max([0, *place.numbers(home)]) + 1)
    created = known.said.get("created_at") if known is not None else None
    said = {
        "models": [vars(model) for model in models],
        "created_at": created or time.time(),
        "updated_at": time.time(),
    }
    place.write_json(folder / _INFERENCE, inference)
    place.write_json(folder / CONFIGURATION, configuration.as_data())
    place.write_json(folder / _SERVICE, said)
    _share_environments(home, folder)
    if known is not None:
        _tidy(home, {known.folder, *(Path(one.asked.file).parent for one in known.record.deployments.values())})
    options = {
        "reload": False,  # the SDK's services have a copy of the script: reload() and update() take the one that lies there now
        "with": [str(folder / CONFIGURATION)],
        "model": [f"{model.id}={model.path}" for model in models],
        "model_layout": "local" if configuration.kind == "local" else "cloud",
    }
    return Asked(str(folder / _INFERENCE), options)


def _share_environments(home: Path, folder: Path) -> None:
    """Have what `amlemu env create` makes of the files of a service outlast them: the next ones may ask for the same."""
    shared = place.make(home / OWN_FOLDER)
    (folder / OWN_FOLDER).symlink_to(Path("..", shared.name))


def describe(known: Kept, configuration: DeploymentConfiguration) -> None:
    """Write down what is only said of a service, such as its tags: nothing is deployed."""
    place.write_json(known.folder / CONFIGURATION, configuration.as_data())
    place.write_json(known.folder / _SERVICE, {**known.said, "updated_at": time.time()})


def _tidy(home: Path, wanted: set[Path]) -> None:
    """Remove what is older than all that is needed."""
    oldest = min((int(path.name) for path in wanted if path.parent == home), default=0)
    for number in place.numbers(home):
        if number < oldest:
            shutil.rmtree(home / str(number), ignore_errors=True)


def forget(name: str) -> None:
    """Remove all files of a service that is deleted."""
    shutil.rmtree(place.kept("services", name), ignore_errors=True)
