"""
`azureml.core.model`: register a model, find it again, deploy it, package it. Models are kept in this project (`registry.py`).

Source: azureml-core 1.61, azureml/core/model.py; contract 3.1, 5.2.
"""
# ruff: noqa: T201, PLR0917, ARG004  # the SDK prints, and so does its face; positions are those of the SDK; arguments of the SDK that have no meaning here

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amlemu.v1 import registry
from amlemu.v1.exceptions import ModelNotFoundException, UserErrorException, WebserviceException
from amlemu.v1.inference_config import InferenceConfig
from amlemu.v1.package import ModelPackage
from amlemu.v1.resource_configuration import ResourceConfiguration
from amlemu.v1.workspace import Workspace

if TYPE_CHECKING:
    from amlemu.v1.webservice import Webservice

__all__ = ["InferenceConfig", "Model", "ModelPackage"]

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-._]{0,254}")
_MODELS_DIR = "azureml-models"


class Model:
    """A registered model of this project, one version of it."""

    class Framework:
        """Names of frameworks; here they are a description."""

        CUSTOM, SCIKITLEARN, TENSORFLOW, ONNX = "Custom", "ScikitLearn", "TensorFlow", "Onnx"

    def __init__(
        self,
        workspace: Workspace,
        name: str | None = None,
        id: str | None = None,  # noqa: A002  # as the SDK has it
        tags: Sequence[Any] | None = None,
        properties: Sequence[Any] | None = None,
        version: int | str | None = None,
        run_id: str | None = None,
        model_framework: str | None = None,
        **_: Any,
    ) -> None:
        """
        Find a registered model: by name, the latest one that fits, or by its id, NAME:VERSION.

        Raises:
            WebserviceException: there is none (`ModelNotFound`), or neither name nor id is given.
        """
        if not id and not name:
            raise WebserviceException("Error, one of id or name must be provided.")
        asked = {"name": name, "id": id, "tags": tags, "properties": properties, "version": version, "run_id": run_id}
        wanted = {"tags": tags, "properties": properties, "run_id": run_id, "framework": model_framework}
        called, _colon, number = str(id).partition(":") if id else (str(name), "", str(version or ""))
        found = next((one for one in _versions(called, number) if _fits(one, wanted)), None)
        if found is None:
            told = ", ".join(f"{key} {value}" for key, value in asked.items() if value)
            there = ", ".join(one.id for one in registry.every()) or "none"
            what = f"ModelNotFound: Model with {told} not found in provided workspace"
            raise WebserviceException(what, hint=f"Registered in this project: {there}.")
        self._take(workspace, found)

    def _take(self, workspace: Workspace, found: registry.Registered) -> None:
        said = found.said
        self.workspace, self.name, self.version, self.id = workspace, found.name, found.version, found.id
        self.created_time = dt.datetime.fromtimestamp(found.created_at, dt.timezone.utc)
        self.description: str | None = said.get("description")
        self.tags: dict[str, str] = dict(said.get("tags") or {})
        self.properties: dict[str, str] = dict(said.get("properties") or {})
        self.model_framework: str = said.get("framework") or "Custom"
        self.model_framework_version: str | None = said.get("framework_version")
        self.resource_configuration = ResourceConfiguration(**said["resources"]) if said.get("resources") else None
        self.run_id: str | None = said.get("run_id")
        self.experiment_name: str | None = said.get("experiment_name")
        self._kept = found

    @property
    def path(self) -> Path:
        """Where its file or folder lies on this machine; ours, the SDK has no such thing."""
        return self._kept.path

    @property
    def url(self) -> str:
        """Where it lies, as a URL."""
        return self.path.as_uri()

    @staticmethod
    def register(
        workspace: Workspace,
        model_path: str | os.PathLike[str],
        model_name: str,
        tags: Mapping[str, str] | None = None,
        properties: Mapping[str, str] | None = None,
        description: str | None = None,
        datasets: Any = None,
        model_framework: str | None = None,
        model_framework_version: str | None = None,
        child_paths: Sequence[str] | None = None,
        sample_input_dataset: Any = None,
        sample_output_dataset: Any = None,
        resource_configuration: Any = None,
        **ours: Any,
    ) -> Model:
        """
        Copy a file or folder as the next version of a model.

        Args:
            child_paths: what is taken of a folder: files and folders in it; None is all.

        Raises:
            WebserviceException: the name is none, or a path leads nowhere.
        """
        if not isinstance(model_name, str) or not _NAME.fullmatch(model_name):
            what = "Error, provided model name is invalid. It must only consist of letters, numbers, dashes, periods, or underscores, start with a letter or number, and be between 1 and 255 characters long."
            raise WebserviceException(what, hint=f"It is {model_name!r}.")
        source = Path(os.path.abspath(model_path))
        if not source.exists():
            what = f'Error, provided model path "{model_path}" cannot be found'
            raise WebserviceException(what, hint=f"Looked for {source}.")
        children = [_child(source, one) for one in child_paths or ()]
        said = {
            "tags": dict(tags or {}),
            "properties": dict(properties or {}),
            "description": description,
            "framework": model_framework,
            "framework_version": model_framework_version,
            "resources": None if resource_configuration is None else vars(resource_configuration),
            **ours,
        }
        print(f"Registering model {model_name}")
        try:
            made = registry.register(model_name, source, said, children)
        except OSError as error:
            raise WebserviceException(f"the model {model_name} cannot be registered: {error}") from error
        return _model(workspace, made)

    @staticmethod
    def list(
        workspace: Workspace,
        name: str | None = None,
        tags: Sequence[Any] | None = None,
        properties: Sequence[Any] | None = None,
        run_id: str | None = None,
        latest: bool = False,
        dataset_id: str | None = None,
        expand: bool = True,
        page_count: int = 255,
        model_framework: str | None = None,
    ) -> list[Model]:
        """Return the registered models that fit, those of one name from the latest to the first."""
        if tags is not None and not isinstance(tags, list):
            what = f'Expected tags must be list type. Ex. ["key", ["key2", "key2 value"]]: provided {type(tags)}'
            raise UserErrorException(what)
        wanted = {"tags": tags, "properties": properties, "run_id": run_id, "framework": model_framework}
        found = [one for one in registry.every() if name in (None, one.name) and _fits(one, wanted)]
        newest = {one.name: one.version for one in reversed(found)}
        return [_model(workspace, one) for one in found if not latest or newest[one.name] == one.version]

    @staticmethod
    def get_model_path(model_name: str, version: int | None = None, _workspace: Workspace | None = None) -> str:
        """
        Return where a model's file or folder is: in azureml-models, as inside a container; else that of this project's registered one.

        Raises:
            ModelNotFoundException: there is none.
            WebserviceException: the version is no int.
        """
        if version is not None and not isinstance(version, int):
            raise WebserviceException("version should be an int")
        root = os.path.join(os.environ.get("AML_APP_ROOT", ""), _MODELS_DIR)
        inside = _inside(root, model_name, version)
        if inside:
            return inside
        found = registry.find(model_name, version)
        if found is not None:
            return str(found.path)
        if os.path.exists(model_name):
            return model_name
        there = ", ".join(one.id for one in registry.every()) or "none"
        what = f"Model {model_name} not found in cache at {root} or in current working directory {os.getcwd()}. For more info, set logging level to DEBUG."
        raise ModelNotFoundException(what, hint=f"Registered in this project: {there}.")

    def download(
        self, target_dir: str | os.PathLike[str] = ".", exist_ok: bool = False, exists_ok: bool | None = None
    ) -> str:
        """
        Copy its file or folder into a folder, and return where it is then.

        Raises:
            WebserviceException: it is there already, and `exist_ok` does not say that this is right.
        """
        target = Path(target_dir) / self.path.name
        if target.exists() and not (exist_ok or exists_ok):
            raise WebserviceException(f"File already exists. To overwrite, set exist_ok to True. {target}")
        target.parent.mkdir(parents=True, exist_ok=True)
        if self.path.is_dir():
            shutil.copytree(self.path, target, dirs_exist_ok=True)
        else:
            shutil.copy2(self.path, target)
        return str(target)

    def delete(self) -> None:
        """
        Remove it from the registry.

        Raises:
            WebserviceException: a service has it.
        """
        from amlemu.v1.webservice import services_with

        users = services_with(self._kept.path)
        if users:
            what = "The model cannot be deleted because it is currently being used in one or more images."
            raise WebserviceException(what, hint=f"Delete the service {', '.join(users)} first.")
        registry.remove(self._kept)

    def update(self, tags: Mapping[str, str] | None = None, description: str | None = None, **_: Any) -> None:
        """Change what is said of it."""
        said = {"tags": dict(tags) if tags else self.tags, "description": description or self.description}
        self._say(said)

    def add_tags(self, tags: Mapping[str, str]) -> None:
        """Add tags to those that it has."""
        self._say({"tags": {**self.tags, **tags}})
        print("Model tag add operation complete.")

    def remove_tags(self, tags: str | Sequence[str]) -> None:
        """Remove tags, by name."""
        gone = [tags] if isinstance(tags, str) else tags
        self._say({"tags": {key: value for key, value in self.tags.items() if key not in gone}})
        print("Model tag remove operation complete.")

    def add_properties(self, properties: Mapping[str, str]) -> None:
        """Add properties to those that it has."""
        self._say({"properties": {**self.properties, **properties}})
        print("Model add properties operation complete.")

    def _say(self, said: Mapping[str, Any]) -> None:
        self._kept.said.update(said)
        registry.write(self._kept)
        self._take(self.workspace, self._kept)

    def serialize(self) -> dict[str, Any]:
        """Return what there is to say of it, in the SDK's names."""
        return {
            "createdTime": self.created_time.isoformat(),
            "description": self.description,
            "id": self.id,
            "name": self.name,
            "framework": self.model_framework,
            "frameworkVersion": self.model_framework_version,
            "tags": self.tags,
            "properties": self.properties,
            "version": self.version,
            "experimentName": self.experiment_name,
            "runId": self.run_id,
            "url": self.url,
        }

    @staticmethod
    def print_configuration(
        models: Sequence[Any], inference_config: InferenceConfig | None, deployment_config: Any, deployment_target: Any
    ) -> None:
        """Print what is deployed."""
        if models:
            print(f"Models: {[getattr(model, 'id', model) for model in models]}")
        if deployment_target:
            print(f"Compute target: {deployment_target.name}")
        if inference_config:
            print(f"Entry script: {inference_config.script}")
        if deployment_config:
            deployment_config.print_deploy_configuration()

    @staticmethod
    def deploy(
        workspace: Workspace,
        name: str,
        models: Sequence[Any],
        inference_config: InferenceConfig | None = None,
        deployment_config: Any = None,
        deployment_target: Any = None,
        overwrite: bool = False,
        show_output: bool = False,
    ) -> Webservice:
        """
        Deploy a service; it comes up while this program goes on: `wait_for_deployment` waits.

        Args:
            models: registered models, or paths of files and folders.
            deployment_config: what `deploy_configuration()` of a service's class has returned; None is one for ACI.

        Raises:
            WebserviceException: it cannot be: the name is none or taken, the port is taken, there is nothing to serve.
        """
        from amlemu.v1.webservice import deploying

        if show_output:
            Model.print_configuration(models, inference_config, deployment_config, deployment_target)
        wanted = deploying.Wanted(name, models, inference_config, deployment_config, deployment_target)
        return deploying.deploy(workspace, wanted, overwrites=overwrite, shows=show_output)

    @staticmethod
    def package(
        workspace: Workspace,
        models: Sequence[Any],
        inference_config: InferenceConfig | None = None,
        generate_dockerfile: bool = False,
        image_name: str | None = None,
        image_label: str | None = None,
    ) -> ModelPackage:
        """
        Return an image with all of it baked in, or the files that Docker builds it of; made when it is waited for.

        Raises:
            WebserviceException: it cannot be.
        """
        from amlemu.v1.webservice import deploying

        if inference_config is None or inference_config.environment is None:
            what = "Error, model packaging requires an InferenceConfig containing an Environment object."
            raise WebserviceException(what)
        given = deploying.resolved(workspace, models, registers=True)
        return ModelPackage(workspace, inference_config, given, generate_dockerfile, image_name, image_label)

    def __repr__(self) -> str:
        return (
            f"Model(workspace={self.workspace!r}, name={self.name}, id={self.id}, version={self.version}, "
            f"tags={self.tags}, properties={self.properties})"
        )


def _model(workspace: Workspace, found: registry.Registered) -> Model:
    made = Model.__new__(Model)
    made._take(workspace, found)  # noqa: SLF001  # its own module
    return made


def _child(folder: Path, path: str) -> str:
    """Return a path in a folder, in its shortest form. Raises WebserviceException where there is none."""
    child = os.path.normpath(path)
    if os.path.isabs(child) or child.startswith(os.pardir) or not folder.joinpath(child).exists():
        what = f'Error, provided child path "{path}" cannot be found'
        raise WebserviceException(what, hint=f"Looked for it in {folder}.")
    return child


def _versions(name: str, number: str) -> list[registry.Registered]:
    return [one for one in registry.every() if one.name == name and number in ("", str(one.version))]


def _fits(one: registry.Registered, wanted: Mapping[str, Any]) -> bool:
    plain = all(one.said.get(key) == wanted[key] for key in ("run_id", "framework") if wanted[key])
    return plain and all(_has(one.said.get(key) or {}, wanted[key]) for key in ("tags", "properties"))


def _has(said: Mapping[str, str], wanted: Sequence[Any] | None) -> bool:
    """Tell whether all are there: a word is a key, a list is a key and its value."""
    pairs = [(word, None) if isinstance(word, str) else (word[0], word[1]) for word in wanted or ()]
    return all(key in said and value in (None, said[key]) for key, value in pairs)


def _inside(root: str, name: str, version: int | None) -> str:
    """Return the path in `azureml-models`; empty where it is not there, or not alone."""
    folder = os.path.join(root, name)
    numbers = [word for word in os.listdir(folder) if word.isdigit()] if os.path.isdir(folder) else []
    if not numbers:
        return ""
    folder = os.path.join(folder, str(version if version is not None else max(map(int, numbers))))
    entries = os.listdir(folder) if os.path.isdir(folder) else []
    return os.path.join(folder, entries[0]) if len(entries) == 1 else ""
