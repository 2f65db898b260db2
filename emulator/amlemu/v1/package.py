"""
`azureml.core.model.ModelPackage`: an image with script and models baked in, or the files that Docker builds it of.

Docker is not ours: who makes images is found by the entry-point group `amlemu.packages`. Source: azureml-core 1.61, azureml/core/model.py;
the page of 2020-03, "Create an image that includes PTVSD" (the words of `pull`).
"""
# ruff: noqa: T201, PLR0917  # the SDK prints, and so does its face; positions are those of the SDK

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from amlemu.errors import AmlemuError, EngineMissing
from amlemu.v1 import place
from amlemu.v1.container_registry import ContainerRegistry
from amlemu.v1.exceptions import WebserviceException
from amlemu.v1.inference_config import InferenceConfig
from amlemu.v1.workspace import Workspace

if TYPE_CHECKING:
    from amlemu.v1.webservice.kept import GivenModel

GROUP = "amlemu.packages"
_NO_DOCKER = "Failed to create Docker client. Is Docker running/installed?"


class Maker(Protocol):
    """Who makes images; the harness's `packaged.py` is one."""

    def image(self, file: str, options: dict[str, Any], tag: str, say: Callable[[str], None]) -> tuple[str, str]:
        """Build it; returns its name and its id, `sha256:...`. Raises AmlemuError."""

    def files(self, file: str, options: dict[str, Any], folder: Path) -> None:
        """Write the Dockerfile and all that it copies into a folder. Raises AmlemuError; no engine is needed."""


class ModelPackage:
    """Made when it is waited for, once."""

    def __init__(
        self,
        workspace: Workspace,
        inference_config: InferenceConfig,
        models: Sequence[GivenModel],
        generate_dockerfile: bool = False,
        image_name: str | None = None,
        image_label: str | None = None,
    ) -> None:
        """Write down what it is made of."""
        self.workspace, self.generate_dockerfile = workspace, generate_dockerfile
        self.state = "NotStarted"
        self.error: str | None = None
        self.location: str | None = None
        self.package_build_log_uri: str | None = None
        self._tag = f"{image_name or 'package'}:{image_label or time.strftime('%Y%m%d%H%M%S')}"
        self._id, self._log = "", [""][:0]
        self._file = place.kept("packages", uuid.uuid4().hex) / "inferenceconfig.json"
        place.write_json(self._file, inference_config.as_data())
        self._options: dict[str, Any] = {"model": [f"{model.id}={model.path}" for model in models]}

    def wait_for_creation(self, show_output: bool = False) -> None:
        """
        Make it.

        Args:
            show_output: print what the build says.

        Raises:
            WebserviceException: no Docker engine answers, or a step of the build has failed.
        """
        if self.state == "Succeeded":
            return
        self.state = "Running"
        try:
            if self.generate_dockerfile:
                _maker()
                self.location = str(self._file.parent)
            else:
                self.location, self._id = _maker().image(
                    str(self._file), self._options, self._tag, self._hear(show_output)
                )
        except AmlemuError as error:
            self.state, self.error = "Failed", str(error)
            self._tell(show_output)
            head = f"{_NO_DOCKER}\n" if isinstance(error, EngineMissing) else ""
            what = f"Package creation reached non-successful terminal state.\nState: Failed\nError:\n{head}{error}"
            raise WebserviceException(what) from error
        self.state = "Succeeded"
        self._tell(show_output)

    def _hear(self, shows: bool) -> Callable[[str], None]:
        def hear(text: str) -> None:
            self._log.append(text)
            if shows:
                print(text)

        return hear

    def _tell(self, shows: bool) -> None:
        if shows:
            print(f"Package creation {self.state}")

    def get_logs(self, decode: bool = True, offset: int = 0) -> str | bytes:
        """Return what the build has said, from a place in it on."""
        said = "".join(f"{line}\n" for line in self._log).encode()[offset:]
        return said.decode("utf-8", "replace") if decode else said

    def pull(self) -> None:
        """
        Say where the image is: it was made in this machine's Docker.

        Raises:
            WebserviceException: there is none.
        """
        if self.generate_dockerfile:
            raise WebserviceException("A Dockerfile package cannot be pulled. Use save() instead.")
        if self.state != "Succeeded":
            self.wait_for_creation(show_output=True)
        name = str(self.location).rpartition(":")[0]
        print(f"Status: Downloaded newer image for {name}@{self._id}")
        print(f"amlemu: it was built here, as {self.location}: docker tag {self.location} debug:1")

    def save(self, output_directory: str | os.PathLike[str]) -> None:
        """
        Write the Dockerfile, and all that it copies, into a folder.

        Raises:
            WebserviceException: this is an image, or the path is none of a folder.
        """
        if not self.generate_dockerfile:
            raise WebserviceException("Docker images cannot be saved to a local directory. Use pull() instead.")
        if os.path.exists(output_directory) and not os.path.isdir(output_directory):
            raise WebserviceException(f"Error, output path is not a directory: {output_directory}")
        if self.state != "Succeeded":
            self.wait_for_creation(show_output=True)
        try:
            _maker().files(str(self._file), self._options, Path(output_directory))
        except (AmlemuError, OSError) as error:
            raise WebserviceException(f"Error, the package cannot be saved: {error}") from error

    def get_container_registry(self) -> ContainerRegistry:
        """Return an empty one: the image lies in this machine's Docker, and its base comes from where that looks."""
        return ContainerRegistry()

    def serialize(self) -> dict[str, Any]:
        """Return what there is to say of it."""
        return {
            "state": self.state,
            "location": self.location,
            "error": self.error,
            "generateDockerfile": self.generate_dockerfile,
        }

    def __repr__(self) -> str:
        where = f", location={self.location}" if self.state == "Succeeded" and not self.generate_dockerfile else ""
        return f"ModelPackage(workspace={self.workspace!r}, generate_dockerfile={self.generate_dockerfile}, state={self.state}{where})"


def _maker() -> Maker:
    """Return who makes images. Raises AmlemuError where no package brings one."""
    from importlib.metadata import entry_points

    found = next(iter(entry_points(group=GROUP)), None)
    if found is None:
        hint = "It comes with amlemu_harness: install amlemu again (pip install amlemu)."
        raise AmlemuError("no package that is installed makes images", hint=hint)
    maker: Maker = found.load()
    return maker
