"""
`azureml.core.model.InferenceConfig`: which script with which environment; checked at once, as the SDK does, and written as inferenceconfig.json.

Source: azureml-core 1.61, azureml/core/model.py, InferenceConfig.validate_configuration, and azureml/_model_management/_util.py.
"""
# ruff: noqa: PLR0917  # positions are those of the SDK

from __future__ import annotations

import ast
import json
import keyword
import logging
import os
from pathlib import Path
from typing import Any

from amlemu.v1.environment import Environment, as_data, from_data
from amlemu.v1.exceptions import UserErrorException, WebserviceException

_NO_DEFAULTS = (
    "Warning, azureml-defaults not detected in provided environment pip dependencies. The azureml-defaults package "
    "contains requirements for the inference stack to run, and should be included."
)
_RUNTIMES = ("spark-py", "python", "python-slim")
_CUDA_VERSIONS = ("9.0", "9.1", "10.0")
_log = logging.getLogger(__name__)
_VERIFY = "Please check it and try local deployment to verify."


class InferenceConfig:
    """What is served. Paths are taken from the current folder, or from `source_directory` where there is one; kept absolute."""

    def __init__(
        self,
        entry_script: str,
        runtime: str | None = None,
        conda_file: str | None = None,
        extra_docker_file_steps: str | None = None,
        source_directory: str | None = None,
        enable_gpu: bool | None = None,
        description: str | None = None,
        base_image: str | None = None,
        base_image_registry: Any = None,
        cuda_version: str | None = None,
        environment: Environment | None = None,
    ) -> None:
        """
        Raises:
            WebserviceException: the script, its folder or a file is not there, or the script is not one that can be imported.
            UserErrorException: the script has a syntax error, or cannot be read.
        """
        self.entry_script, self.source_directory = entry_script, source_directory
        self.runtime, self.conda_file, self.extra_docker_file_steps = runtime, conda_file, extra_docker_file_steps
        self.enable_gpu, self.cuda_version, self.description = enable_gpu, cuda_version, description
        self.base_image, self.base_image_registry = base_image, base_image_registry
        self.environment = environment
        self.validate_configuration()

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> InferenceConfig:
        """Read an inferenceconfig.json; its paths are taken from its own folder. Raises WebserviceException."""
        try:
            said = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise WebserviceException("Error parsing --inference-config-file.", hint=f"{path}: {error}.") from error
        if not isinstance(said, dict) or not said.get("entryScript"):
            raise WebserviceException("Error, need to specify entry_script.", hint=f"{path} has no entryScript.")
        environment = said.get("environment")
        folder = Path(path).absolute().parent
        return cls(
            entry_script=said["entryScript"],
            source_directory=str(folder / (said.get("sourceDirectory") or ".")),
            runtime=said.get("runtime"),
            conda_file=said.get("condaFile"),
            extra_docker_file_steps=said.get("extraDockerfileSteps"),
            enable_gpu=said.get("enableGpu"),
            cuda_version=said.get("cudaVersion"),
            base_image=said.get("baseImage"),
            description=said.get("description"),
            environment=from_data(environment) if isinstance(environment, dict) else None,
        )

    def validate_configuration(self) -> None:
        """Raise what the constructor raises."""
        if not self.entry_script:
            raise WebserviceException("Error, need to specify entry_script.")
        if self.environment is not None:
            self._check_environment(self.environment)
        if self.source_directory:
            self.source_directory = os.path.realpath(self.source_directory)
            _exists(self.source_directory, "source directory")
        _exists(self.script, "entry_script", "entry_script should be path relative to current working directory")
        name, ending = os.path.splitext(os.path.basename(self.entry_script))
        if ending != ".py":
            what = "Invalid driver type. Currently only Python drivers are supported."
            raise WebserviceException(what, hint=f"{self.entry_script} is no .py file.")
        if not name.isidentifier() or keyword.iskeyword(name):
            what = f'Error, invalid name "{name}" for provided entry script. The script must be importable as a valid python module, and must adhere to standard module naming. This means it must be a valid python identifier and not a part of the set of python standard keywords.'
            raise WebserviceException(what)
        if self.runtime and self.runtime.lower() not in _RUNTIMES:
            raise WebserviceException("Provided runtime not supported. Possible runtimes are: spark-py|python")
        if self.cuda_version is not None and self.cuda_version not in _CUDA_VERSIONS:
            what = f"Provided cuda_version not supported. Possible cuda_versions are: {'|'.join(_CUDA_VERSIONS)}"
            raise WebserviceException(what)
        if self.conda_file:
            _exists(self._path(self.conda_file), "Conda file")
        if self.extra_docker_file_steps:
            _exists(self._path(self.extra_docker_file_steps), "extra docker file steps")
        self._check_script()

    def _check_environment(self, environment: Environment) -> None:
        if any(
            (
                self.runtime,
                self.conda_file,
                self.extra_docker_file_steps,
                self.enable_gpu,
                self.cuda_version,
                self.base_image,
            )
        ):
            what = "Error, unable to provide runtime, conda_file, extra_docker_file_steps, enable_gpu, cuda_version, or base_image along with an environment object."
            raise WebserviceException(what)
        if not isinstance(environment, Environment):
            what = f"the environment is a {type(environment).__name__}"
            raise WebserviceException(
                what,
                hint="Expected an Environment: Environment.from_conda_specification(...), or Environment.get(ws, NAME).",
            )
        conda = environment.python.conda_dependencies
        if conda is not None and "azureml-defaults" not in conda.serialize_to_string():
            _log.warning(_NO_DEFAULTS)

    def _check_script(self) -> None:
        path = self.script
        try:
            ast.parse(path.read_bytes(), str(path))
        except OSError as error:
            what = f"Failed to open {path}, please check if it exists and the read permission. We can not deploy the model if we can not access this file."
            raise UserErrorException(what) from error
        except (SyntaxError, ValueError) as error:
            raise UserErrorException(f"{error}. {_VERIFY}") from error

    def _path(self, path: str) -> Path:
        return Path(os.path.abspath(os.path.join(self.source_directory or "", path)))

    @property
    def script(self) -> Path:
        """The script, absolute."""
        return self._path(self.entry_script)

    def as_data(self) -> dict[str, Any]:
        """
        Return it as inferenceconfig.json has it, with absolute paths.

        A script without a source directory lies in the app root, alone; here its own folder stands for that, so that files beside it are there, too.
        """
        said: dict[str, Any] = {
            "entryScript": self.entry_script if self.source_directory else self.script.name,
            "sourceDirectory": self.source_directory or str(self.script.parent),
            "runtime": self.runtime,
            "description": self.description,
            "baseImage": self.base_image,
            "condaFile": None if self.conda_file is None else str(self._path(self.conda_file)),
            "extraDockerfileSteps": None
            if self.extra_docker_file_steps is None
            else str(self._path(self.extra_docker_file_steps)),
            "enableGpu": self.enable_gpu,
            "cudaVersion": self.cuda_version,
            "environment": None if self.environment is None else as_data(self.environment),
        }
        return {key: value for key, value in said.items() if value is not None}

    def __repr__(self) -> str:
        return f"InferenceConfig(entry_script={self.entry_script}, source_directory={self.source_directory})"


def _exists(path: str | Path, name: str, more: str = "") -> None:
    if not os.path.exists(path):
        raise WebserviceException(f"{name} {path} doesn't exist. {more}".rstrip())
