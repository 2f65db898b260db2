"""
`azureml.core.environment`: what a script needs, as a value that is written into Azure's own file. Nobody makes it here; `amlemu env create` does.

Source: azureml-core 1.61, azureml/core/environment.py (fields, defaults, messages; the JSON of `Environment._serialize_to_dict`).
"""
# ruff: noqa: ARG004  # arguments of the SDK that have no meaning here

from __future__ import annotations

import copy
import json
import logging
import os
from pathlib import Path
from typing import Any

from amlemu.v1 import place
from amlemu.v1.conda_dependencies import PYTHON_DEFAULT_VERSION, CondaDependencies
from amlemu.v1.container_registry import ContainerRegistry
from amlemu.v1.exceptions import UserErrorException
from amlemu.v1.workspace import Workspace

DEFAULT_CPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20251130.v1"
DEFAULT_GPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-cuda11.8-cudnn8-ubuntu22.04:20251130.v1"
_DEFINITION, _CONDA, _DOCKERFILE = "azureml_environment.json", "conda_dependencies.yml", "BaseDockerfile"
_log = logging.getLogger(__name__)


class PythonSection:
    """What Python has to have."""

    def __init__(self) -> None:
        self.interpreter_path = "python"
        self.user_managed_dependencies = False
        self.conda_dependencies: CondaDependencies | None = CondaDependencies()
        self.conda_dependencies_file: str | None = None


class DockerSection:
    """What the container begins with: an image, or the lines of a Dockerfile; to set one takes the other away, as in the SDK."""

    def __init__(self) -> None:
        self.enabled = False
        self.arguments: list[str] = []
        self.shared_volumes = True
        self.shm_size: str | None = "2g"
        self.base_image_registry = ContainerRegistry()
        self._base_image: str | None = DEFAULT_CPU_IMAGE
        self._base_dockerfile: str | None = None

    @property
    def base_image(self) -> str | None:
        """Its name; None where a Dockerfile says it."""
        return self._base_image

    @base_image.setter
    def base_image(self, value: str | None) -> None:
        self._base_image = value or None
        if value and self._base_dockerfile:
            self._base_dockerfile = None
            _log.warning(
                "Property base_dockerfile is mutually exclusive with base_image. Reset base_dockerfile to None"
            )

    @property
    def base_dockerfile(self) -> str | None:
        """Its lines; None where an image is named."""
        return self._base_dockerfile

    @base_dockerfile.setter
    def base_dockerfile(self, value: Any) -> None:
        if not value:
            self._base_dockerfile = None
            return
        self._base_dockerfile = _text_of(value)
        if self._base_image:
            self._base_image = None
            _log.warning("Property base_image is mutually exclusive with base_dockerfile. Reset base_image to None")


def _text_of(value: Any) -> str:
    """Lines of a Dockerfile may be given as they are, as a file's path, or as an open file."""
    if hasattr(value, "read"):
        return str(value.read())
    return Path(value).read_text(encoding="utf-8") if os.path.isfile(value) else str(value)


class Environment:
    """An environment; registered ones are kept in this project."""

    def __init__(self, name: str | None) -> None:
        """Begin with the SDK's defaults. Raises TypeError for a name that is no text."""
        if name is not None and not isinstance(name, str):
            raise TypeError(f"Environment name expected str, {type(name)} found")
        self.name = name
        self.version: str | None = None
        self.python = PythonSection()
        self.docker = DockerSection()
        self.environment_variables: dict[str, str] | None = {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"}
        self.inferencing_stack_version: str | None = None

    @staticmethod
    def from_conda_specification(name: str, file_path: str | os.PathLike[str]) -> Environment:
        """
        Return one of a conda file.

        Raises:
            UserErrorException: it is missing, or none.
        """
        if not os.path.isfile(file_path):
            where = Path(file_path).absolute()
            raise UserErrorException(f"conda file {file_path} doesn't exist", hint=f"Looked for {where}.")
        conda = CondaDependencies(conda_dependencies_file_path=file_path)
        if not conda.get_python_version():
            _log.warning('No Python version provided, defaulting to "%s"', PYTHON_DEFAULT_VERSION)
            conda.set_python_version(PYTHON_DEFAULT_VERSION)
        made = Environment(name)
        made.python.conda_dependencies = conda
        return made

    @staticmethod
    def from_pip_requirements(
        name: str, file_path: str | os.PathLike[str], pip_version: str | None = None
    ) -> Environment:
        """Return one of a list of pip's. Raises UserErrorException where there is none."""
        if not os.path.isfile(file_path):
            where = Path(file_path).absolute()
            raise UserErrorException(f"requirements file {file_path} doesn't exist", hint=f"Looked for {where}.")
        made = Environment(name)
        conda = CondaDependencies()
        conda.set_pip_requirements(Path(file_path).read_text(encoding="utf-8").splitlines())
        conda.add_conda_package(f"pip={pip_version}" if pip_version else "pip")
        made.python.conda_dependencies = conda
        return made

    @staticmethod
    def from_docker_image(
        name: str,
        image: str,
        container_registry: ContainerRegistry | None = None,
        conda_specification: str | None = None,
        pip_requirements: str | None = None,
    ) -> Environment:
        """Return one that begins with an image."""
        made = _of_dependencies(name, conda_specification, pip_requirements)
        made.docker.base_image = image
        made.docker.base_image_registry = container_registry or made.docker.base_image_registry
        return made

    @staticmethod
    def from_dockerfile(
        name: str, dockerfile: Any, conda_specification: str | None = None, pip_requirements: str | None = None
    ) -> Environment:
        """Return one that begins with a Dockerfile: its lines, or its path."""
        made = _of_dependencies(name, conda_specification, pip_requirements)
        made.docker.base_image = None
        made.docker.base_dockerfile = dockerfile
        return made

    @staticmethod
    def get(workspace: Workspace, name: str, version: str | None = None, label: str | None = None) -> Environment:
        """
        Return a registered one; the latest where no version is named.

        Raises:
            UserErrorException: it is not registered here. Azure's curated ones (AzureML-...) are not here either.
        """
        folder = place.kept("environments", name)
        numbers = place.numbers(folder, ".json")
        wanted = str(version) if version else str(numbers[-1]) if numbers else ""
        data = place.read_json(folder / f"{wanted}.json") if wanted else None
        if data is None:
            there = ", ".join(sorted(Environment.list(workspace))) or "none"
            what = f"Environment '{name}'{f' version {version}' if version else ''} is not registered"
            hint = f"Registered here: {there}. Azure is not asked: make it of its conda file, and register it."
            raise UserErrorException(what, hint=hint)
        return from_data(data)

    @staticmethod
    def list(workspace: Workspace) -> dict[str, Environment]:
        """Return the latest version of each that is registered here, by name."""
        home = place.kept("environments")
        names = sorted(path.name for path in home.iterdir()) if home.is_dir() else []
        return {name: Environment.get(workspace, name) for name in names if place.numbers(home / name, ".json")}

    def register(self, workspace: Workspace) -> Environment:
        """Keep it as the next version, and return that."""
        if not self.name:
            raise UserErrorException("Name is required to register an Environment object")
        folder = place.kept("environments", self.name)
        version = self.version or str(max([0, *place.numbers(folder, ".json")]) + 1)
        data = {**as_data(self), "version": version}
        place.write_json(folder / f"{version}.json", data)
        return from_data(data)

    def clone(self, new_name: str) -> Environment:
        """Return a copy of another name, not registered. Raises UserErrorException where there is no name."""
        if not new_name:
            raise UserErrorException("Name is required to instantiate an Environment object")
        made = copy.deepcopy(self)
        made.name, made.version = new_name, None
        return made

    def save_to_directory(self, path: str | os.PathLike[str], overwrite: bool = False) -> None:
        """Write its files into a folder. Raises FileExistsError where that is there, and not to be overwritten."""
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=overwrite)
        data = as_data(self)
        if self.python.conda_dependencies is not None:
            self.python.conda_dependencies.save(folder / _CONDA)
            del data["python"]["condaDependencies"]
        if self.docker.base_dockerfile:
            (folder / _DOCKERFILE).write_text(self.docker.base_dockerfile, encoding="utf-8")
            del data["docker"]["baseDockerfile"]
        (folder / _DEFINITION).write_text(json.dumps(data, indent=4), encoding="utf-8")

    @staticmethod
    def load_from_directory(path: str | os.PathLike[str]) -> Environment:
        """Read what `save_to_directory` has written. Raises FileNotFoundError where it has not."""
        folder = Path(path)
        if not (folder / _DEFINITION).is_file():
            raise FileNotFoundError(folder / _DEFINITION)
        made = from_data(json.loads((folder / _DEFINITION).read_text(encoding="utf-8")))
        if (folder / _CONDA).is_file():
            made.python.conda_dependencies = CondaDependencies(folder / _CONDA)
        if (folder / _DOCKERFILE).is_file():
            made.docker.base_dockerfile = folder / _DOCKERFILE
        return made

    def __str__(self) -> str:
        return f"Environment(Name: {self.name},\nVersion: {self.version})"

    def __repr__(self) -> str:
        return json.dumps(as_data(self), indent=4, sort_keys=True)


def _of_dependencies(name: str, conda: str | None, pip: str | None) -> Environment:
    if conda and pip:
        raise UserErrorException(
            "Only one of conda_specification or pip_requirements can be specified as python dependencies"
        )
    if conda:
        return Environment.from_conda_specification(name, conda)
    if pip:
        return Environment.from_pip_requirements(name, pip)
    made = Environment(name)
    made.python.user_managed_dependencies = True
    return made


def as_data(environment: Environment) -> dict[str, Any]:
    """Return an environment as Azure's own JSON has it, without what says nothing."""
    python, docker = environment.python, environment.docker
    conda = python.conda_dependencies
    registry = {key: value for key, value in vars(docker.base_image_registry).items() if value}
    said: dict[str, Any] = {
        "name": environment.name,
        "version": environment.version,
        "environmentVariables": dict(environment.environment_variables or {}),
        "python": {
            "userManagedDependencies": python.user_managed_dependencies,
            "interpreterPath": python.interpreter_path,
            "condaDependenciesFile": python.conda_dependencies_file,
            "condaDependencies": None if conda is None else conda.as_dict(),
        },
        "docker": {
            "enabled": docker.enabled,
            "baseImage": docker.base_image,
            "baseDockerfile": docker.base_dockerfile,
            "sharedVolumes": docker.shared_volumes,
            "shmSize": docker.shm_size,
            "arguments": docker.arguments,
            "baseImageRegistry": registry or None,
        },
        "inferencingStackVersion": environment.inferencing_stack_version,
    }
    for name in ("python", "docker"):
        said[name] = {key: value for key, value in said[name].items() if value is not None}
    return {key: value for key, value in said.items() if value is not None}


def from_data(data: dict[str, Any]) -> Environment:
    """Read Azure's own JSON of an environment. Raises UserErrorException for what is none."""
    if not isinstance(data, dict):
        raise UserErrorException(
            "this is no environment", hint="Expected the JSON that Environment.save_to_directory writes."
        )
    made = Environment(data.get("name"))
    version = data.get("version")
    made.version = None if version is None else str(version)
    made.environment_variables = dict(data.get("environmentVariables") or {})
    made.inferencing_stack_version = data.get("inferencingStackVersion")
    python, docker = data.get("python") or {}, data.get("docker") or {}
    made.python.user_managed_dependencies = bool(python.get("userManagedDependencies"))
    made.python.interpreter_path = python.get("interpreterPath") or "python"
    made.python.conda_dependencies_file = python.get("condaDependenciesFile")
    conda = python.get("condaDependencies")
    made.python.conda_dependencies = None if conda is None else CondaDependencies(_underlying_structure=conda)
    made.docker.base_image = docker.get("baseImage")
    made.docker.base_dockerfile = docker.get("baseDockerfile")
    made.docker.enabled = bool(docker.get("enabled"))
    made.docker.arguments = list(docker.get("arguments") or ())
    made.docker.shared_volumes = bool(docker.get("sharedVolumes", True))
    made.docker.shm_size = docker.get("shmSize")
    made.docker.base_image_registry = ContainerRegistry(**_registry(docker.get("baseImageRegistry") or {}))
    return made


def _registry(data: dict[str, Any]) -> dict[str, str | None]:
    return {key: data.get(key) for key in ("address", "username", "password")}
