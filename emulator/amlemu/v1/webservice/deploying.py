"""
Makes and changes services: what `Model.deploy` and `service.update` ask for becomes an endpoint of `local_endpoints/`.

Source of the words: azureml-core 1.61, azureml/core/model.py and azureml/core/webservice/*.py; azureml-core 1.0, webservice.py (a name that is taken).
"""
# ruff: noqa: T201  # the SDK prints, and so does its face

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amlemu import ports
from amlemu.errors import UsageError
from amlemu.local_endpoints import shelf as shelves
from amlemu.local_endpoints import verbs
from amlemu.local_endpoints.caller import Done
from amlemu.local_endpoints.record import SUCCEEDED, Asked
from amlemu.v1.exceptions import WebserviceException, in_words
from amlemu.v1.inference_config import InferenceConfig
from amlemu.v1.webservice import configuration as configurations
from amlemu.v1.webservice import kept
from amlemu.v1.webservice.configuration import DeploymentConfiguration
from amlemu.v1.webservice.kept import DEPLOYMENT, GivenModel, Kept
from amlemu.v1.workspace import Workspace

if TYPE_CHECKING:
    from amlemu.v1.webservice.webservice import Webservice

_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SHORTEST, _LONGEST, _LONGEST_MODEL = 3, 32, 30


@dataclass(frozen=True)
class Wanted:
    """What `Model.deploy` was asked for."""

    name: str
    models: Sequence[Any]
    inference: InferenceConfig | None
    configuration: Any
    target: Any = None


def deploy(workspace: Workspace, wanted: Wanted, *, overwrites: bool, shows: bool) -> Webservice:
    """
    Begin a service.

    Raises:
        WebserviceException: it cannot be.
    """
    from amlemu.v1.webservice.webservice import service_of

    _check_name(wanted.name)
    configuration = configuration_of(wanted)
    is_local = configuration.kind == "local"
    if wanted.inference is None:
        what = "Error, an inference configuration is needed to deploy these models."
        raise WebserviceException(
            what,
            hint="Azure would write the script by model_framework; here, give one: InferenceConfig(entry_script=...).",
        )
    if not isinstance(wanted.inference, InferenceConfig):
        what = f"Error, provided inference configuration must be of type InferenceConfig in order to deploy {'a local' if is_local else 'a'} service."
        raise WebserviceException(what, hint=f"It is a {type(wanted.inference).__name__}.")
    _make_room(workspace, wanted.name, configuration, overwrites)
    models = resolved(workspace, wanted.models, registers=not is_local)
    wanted.inference.validate_configuration()
    if is_local:
        _say_as_docker(models)
    put(wanted.name, wanted.inference.as_data(), configuration, models)
    if is_local:
        print("Docker container running.")
    elif shows:
        print("Request submitted, please run wait_for_deployment(show_output=True) to get deployment status.")
    return service_of(workspace, wanted.name)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or not _SHORTEST <= len(name) <= _LONGEST:
        what = "Error, provided service name is invalid. It must only consist of lowercase letters, numbers, or dashes, start with a letter, end with a letter or number, and be between 3 and 32 characters long."
        raise WebserviceException(what, hint=f"It is {name!r}.")


def configuration_of(wanted: Wanted) -> DeploymentConfiguration:
    """Return what the service is asked to be: without a word, what its target is for. Raises WebserviceException."""
    given = wanted.configuration
    if given is None:
        is_cluster = wanted.target is not None
        return (
            configurations.AksServiceDeploymentConfiguration
            if is_cluster
            else configurations.AciServiceDeploymentConfiguration
        )()
    if not isinstance(given, DeploymentConfiguration):
        what = "Error, provided deployment configuration must be of type LocalWebserviceDeploymentConfiguration, AciServiceDeploymentConfiguration or AksServiceDeploymentConfiguration."
        raise WebserviceException(
            what, hint=f"It is a {type(given).__name__}: LocalWebservice.deploy_configuration(port=8890) makes one."
        )
    given.validate_configuration()  # its attributes may have been changed
    return given


def _make_room(workspace: Workspace, name: str, configuration: DeploymentConfiguration, overwrites: bool) -> None:
    """See whether the name may be taken. A local service takes the place of the one before, as its container does."""
    known = kept.of(name)
    if known is None:
        if kept.is_endpoint(name):
            hint = f"amlemu endpoint delete -n {name} removes it, or take another name."
            raise WebserviceException(f"{name} is an endpoint of this project, and no service", hint=hint)
        return
    before = known.configuration.kind
    is_replaced = overwrites or before != configuration.kind or configuration.kind == "local"
    if not is_replaced:
        what = f"Error, there is already a service with name {name} found in workspace {workspace.name}"
        hint = "overwrite=True takes its place, Webservice(ws, NAME).update(...) changes it, and delete() removes it."
        raise WebserviceException(what, hint=hint)
    if before != configuration.kind:
        print(f"amlemu: the {before} service {name} makes room: on this machine a name has one service")


def _say_as_docker(models: Sequence[GivenModel]) -> None:
    """Say what the SDK says at these steps; that no container runs, `wait_for_deployment(show_output=True)` says."""
    for model in models:
        verb = "Downloading model" if model.version else "Copying local model"
        print(
            f"{verb} {model.id if model.version else model.path} to {os.path.join('azureml-models', model.name, str(model.version))}"
        )
    print("Generating Docker build context.\nBuilding Docker image from Dockerfile...\nStarting Docker container...")


def resolved(workspace: Workspace, models: Sequence[Any], *, registers: bool) -> tuple[GivenModel, ...]:
    """
    Return models as a service gets them.

    Args:
        models: registered ones, their ids, or paths.
        registers: what is a path is registered first, as for a service in the cloud; a local one gets it as version 0.

    Raises:
        WebserviceException: one is neither.
    """
    if isinstance(models, (str, bytes)) or not isinstance(models, Sequence):
        what = "Models must either be of type azureml.core.Model or a str path to a file or folder."
        raise WebserviceException(what, hint="Give a list: [model].")
    found = [_resolved(workspace, model, registers) for model in models]
    names = [model.id for model in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise WebserviceException(f"model {twice} is given twice")
    return tuple(found)


def _resolved(workspace: Workspace, model: Any, registers: bool) -> GivenModel:
    from amlemu.v1 import registry
    from amlemu.v1.model import Model

    if isinstance(model, Model):
        return GivenModel(model.name, model.version, str(model.path))
    if not isinstance(model, (str, os.PathLike)):
        what = "Models must either be of type azureml.core.Model or a str path to a file or folder."
        raise WebserviceException(what, hint=f"One is a {type(model).__name__}.")
    word = str(model)
    name, _, version = word.partition(":")
    by_id = registry.find(name, int(version)) if version.isdigit() else None
    if by_id is not None:
        return GivenModel(by_id.name, by_id.version, str(by_id.path))
    path = Path(os.path.abspath(word))
    if not path.exists():
        there = ", ".join(one.id for one in registry.every()) or "none"
        what = f"ModelNotFound: Model with id {word} not found in provided workspace"
        raise WebserviceException(
            what, hint=f"Nor is it a file or folder: looked for {path}. Registered in this project: {there}."
        )
    called = re.sub(r"[^A-Za-z0-9\-._]", "_", path.name)[:_LONGEST_MODEL]
    if registers:
        made = Model.register(workspace, path, called)
        return GivenModel(made.name, made.version, str(made.path))
    return GivenModel(called, 0, str(path))


def put(
    name: str, inference: dict[str, Any], configuration: DeploymentConfiguration, models: Sequence[GivenModel]
) -> None:
    """
    Begin to serve this under a name: blue/green where something is served already, and may stay until this is healthy.

    Raises:
        WebserviceException: it cannot be, a port that is taken for one.
    """
    known = kept.of(name)
    asked = kept.write(name, inference, configuration, models)
    try:
        done = _begin(name, known, configuration, asked)
    except WebserviceException:
        if known is None:
            kept.forget(name)
        raise
    outcome = done.outcome
    if not outcome["ok"] and outcome["is_usage"]:
        done.acknowledge()
        raise WebserviceException(outcome["text"])


def _begin(name: str, known: Kept | None, configuration: DeploymentConfiguration, asked: Asked) -> Done:
    port = getattr(configuration, "port", None)
    with in_words():
        if known is not None and _may_stay(known, configuration, port):
            return verbs.update_deployment(name, DEPLOYMENT, asked, unheard, waits=False)
        return _anew(name, known, configuration, asked, port)


def _may_stay(known: Kept, configuration: DeploymentConfiguration, port: int | None) -> bool:
    record = known.record
    is_same = (
        port in (None, record.port) and record.auth == configuration.auth and record.kind in ("", configuration.kind)
    )
    return record.state == SUCCEEDED and is_same


def _anew(
    name: str, known: Kept | None, configuration: DeploymentConfiguration, asked: Asked, port: int | None
) -> Done:
    """Begin with an endpoint of its own; one that is in the way goes first, and stays where the port cannot be had."""
    if port is not None and (known is None or port != known.record.port):
        _see_that_it_is_free(name, port)
    if known is not None:
        delete_endpoint(name)
        port = port or _if_free(known.record.port)
    _give_keys(name, configuration)
    wanted = verbs.NewEndpoint(name, port, "", configuration.auth, {DEPLOYMENT: asked}, {DEPLOYMENT: 100})
    return verbs.create_endpoint(wanted, unheard, waits=False)


def _see_that_it_is_free(name: str, port: int) -> None:
    """Raises UsageError for a port that is somebody else's."""
    for one in kept.every():
        if one.name != name and one.record.port == port:
            hint = f"Leave the port out to have a free one, or delete the service {one.name}."
            raise UsageError(f"it belongs to the service {one.name}", where=f"port {port}", hint=hint)
    ports.check("127.0.0.1", port, "--port")


def _if_free(port: int) -> int | None:
    try:
        return ports.check("127.0.0.1", port, "--port")
    except UsageError:
        return None


def delete_endpoint(name: str) -> None:
    """Delete the endpoint of a service. Raises AmlemuError."""
    done = verbs.delete_endpoint(name, unheard)
    done.acknowledge()
    if not done.outcome["ok"]:
        raise WebserviceException(done.outcome["text"])


def _give_keys(name: str, configuration: DeploymentConfiguration) -> None:
    """Keep the keys that were given by hand, as the endpoint keeps those that it makes."""
    primary, secondary = getattr(configuration, "primary_key", None), getattr(configuration, "secondary_key", None)
    if configuration.auth is not None and (primary or secondary):
        write_keys(name, primary or secrets.token_hex(16), secondary or secrets.token_hex(16))


def write_keys(name: str, primary: str, secondary: str, signing: str = "") -> None:
    """Write the keys of an endpoint, for its owner's eyes only; see `credentials.KeyFile`, which reads them."""
    folder = shelves.shelf_of(name).folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys = {"primary": primary, "secondary": secondary, "signing": signing or secrets.token_hex(16)}
    draft = folder / f"keys.{os.getpid()}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(keys, file)
    draft.replace(folder / "keys.json")


def unheard(line: dict[str, Any]) -> None:
    """Nobody waits for it to be told."""
