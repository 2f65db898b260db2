"""
`azureml.core.conda_dependencies`: what a conda file asks for, made in Python and written as the SDK writes it, comments and all.

Source: azureml-core 1.61, azureml/core/conda_dependencies.py and azureml/_project/base_project_files/conda_dependencies.yml (observed side by side).
"""
# ruff: noqa: ARG004  # arguments of the SDK that have no meaning here

from __future__ import annotations

import copy
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from amlemu.v1.exceptions import UserErrorException

PYTHON_DEFAULT_VERSION = "3.10.18"
_OF_NEW = "3.8.13"
_KEYS = ("name", "channels", "dependencies", "prefix", "variables")
_INDEX = "https://pypi.python.org/simple"
_DEFAULTS = "azureml-defaults"
_HEAD = """\
# Conda environment specification. The dependencies defined in this file will
# be automatically provisioned for runs with userManagedDependencies=False.

# Details about the Conda environment file format:
# https://conda.io/docs/user-guide/tasks/manage-environments.html#create-env-file-manually

"""
_OF_PYTHON = "  # The python interpreter version.\n  # Currently Azure ML only supports 3.8 and later.\n"
_OF_PIP = "    # Required packages for AzureML execution, history, and data preparation.\n"
_NAME = re.compile(r"[\[=<>|~!]")
_VERSION = re.compile(r"(\d+)\.(\d+)(\.(\d+))?([ab](\d+))?$")


class CondaDependencies:
    """A conda file."""

    def __init__(
        self, conda_dependencies_file_path: str | os.PathLike[str] | None = None, _underlying_structure: Any = None
    ) -> None:
        """
        Args:
            conda_dependencies_file_path: a file to begin with; None begins with the SDK's own.

        Raises:
            UserErrorException: it is no conda file.
            FileNotFoundError: there is none.
        """
        self._text = ""  # of the file, for as long as nothing is changed
        self._is_template = conda_dependencies_file_path is None and _underlying_structure is None
        self._has_pip_comment = self._is_template
        if conda_dependencies_file_path is not None:
            self._text = Path(conda_dependencies_file_path).read_text(encoding="utf-8")
            self._data = _checked(_loaded(self._text, conda_dependencies_file_path))
        elif _underlying_structure is not None:
            self._data = _checked(copy.deepcopy(_underlying_structure))
        else:
            items = [f"python={_OF_NEW}", {"pip": [_DEFAULTS]}]
            self._data = {"name": "project_environment", "dependencies": items, "channels": ["anaconda", "conda-forge"]}

    @staticmethod
    def create(
        pip_indexurl: str | None = None,
        pip_packages: list[str] | None = None,
        conda_packages: list[str] | None = None,
        python_version: str = PYTHON_DEFAULT_VERSION,
        pin_sdk_version: bool = True,
    ) -> CondaDependencies:
        """
        Return a new one.

        Args:
            pin_sdk_version: taken; the SDK has had no list of packages to pin for a long time, so that it changes nothing.
        """
        made = CondaDependencies()
        made.set_pip_option(f"--find-links {pip_indexurl or _INDEX + '/index.html'}")
        made.set_pip_option(f"--extra-index-url {_INDEX}")
        made.set_python_version(python_version)
        made.remove_pip_package(_DEFAULTS)
        for package in [_DEFAULTS] if pip_packages is None else pip_packages:
            made.add_pip_package(package)
        for package in conda_packages or ():
            made.remove_conda_package(package)
        for package in conda_packages or ():
            made.add_conda_package(package)
        return made

    @property
    def conda_channels(self) -> Iterator[str]:
        """The channels."""
        return iter(list(self._data.get("channels") or ()))

    @property
    def conda_packages(self) -> Iterator[str]:
        """The packages of conda, Python among them."""
        return iter([item for item in self._items() if isinstance(item, str)])

    @property
    def pip_packages(self) -> Iterator[str]:
        """The packages of pip."""
        return iter([item for item in self._pip() or () if not item.startswith("-")])

    @property
    def pip_options(self) -> Iterator[str]:
        """The lines of pip's list that are options."""
        return iter([item for item in self._pip() or () if item.startswith("-")])

    def get_python_version(self) -> str | None:
        """Return the version of Python; None where none is named."""
        word = next((item for item in self.conda_packages if _name(item) == "python"), None)
        found = None if word is None else _VERSION.search(word)
        return None if found is None else found.group()

    def set_python_version(self, version: str) -> None:
        """Ask for this Python."""
        items = self._changed()
        place = next(
            (number for number, item in enumerate(items) if isinstance(item, str) and _name(item) == "python"), None
        )
        if place is None:
            items.append(f"python={version}")
        elif self.get_python_version() != version:
            items[place] = f"python={version}"

    def add_channel(self, channel: str) -> None:
        """Add a channel at the end, unless it is there."""
        self._changed()
        channels = self._data.setdefault("channels", [])
        if channel not in channels:
            channels.append(channel)

    def remove_channel(self, channel: str) -> None:
        """Remove a channel, if it is there."""
        self._changed()
        if channel in (self._data.get("channels") or ()):
            self._data["channels"].remove(channel)

    def add_conda_package(self, conda_package: str) -> None:
        """Add a package of conda, unless it is there; `python=3.8` sets the version."""
        items = self._changed()
        if conda_package in items:
            return
        if _name(conda_package) == "python":
            found = _VERSION.search(conda_package)
            self.set_python_version(found.group() if found else "")
            return
        items.append(conda_package)

    def remove_conda_package(self, conda_package: str) -> None:
        """Remove a package of conda, as it was written. Raises UserErrorException for Python itself."""
        items = self._changed()
        if conda_package in items:
            if _name(conda_package) == "python":
                raise UserErrorException("python must not be removed from conda dependencies")
            items.remove(conda_package)

    def add_pip_package(self, pip_package: str) -> None:
        """Add a package of pip, in the place of one of the same name."""
        self.remove_pip_package(pip_package)
        self._pip_to_change().append(pip_package)

    def remove_pip_package(self, pip_package: str) -> None:
        """Remove a package of pip, by its name."""
        if pip_package.startswith("-"):
            raise UserErrorException(f"Invalid package name {pip_package}")
        pip = self._pip()
        found = [item for item in pip or () if not item.startswith("-") and _name(item) == _name(pip_package)]
        if pip is not None and found:
            self._changed()
            self._has_pip_comment = self._has_pip_comment and found[0] != pip[0]
            pip.remove(found[0])

    def set_pip_option(self, pip_option: str) -> None:
        """Set an option of pip's list. Raises UserErrorException for what is none."""
        if not pip_option.startswith("-"):
            raise UserErrorException(f"Invalid pip option {pip_option}")
        pip = self._pip_to_change()
        same = [number for number, item in enumerate(pip) if _flag(item) == _flag(pip_option)]
        for number in same:
            pip[number] = pip_option
        if not same:
            pip.append(pip_option)

    def remove_pip_option(self, pip_option: str) -> None:
        """Remove an option of pip's list. Raises UserErrorException for what is none."""
        if not pip_option.startswith("-"):
            raise UserErrorException(f"Invalid pip option {pip_option}")
        pip = self._pip_to_change()
        pip[:] = [item for item in pip if _flag(item) != _flag(pip_option)]

    def set_pip_requirements(self, pip_requirements: list[str]) -> None:
        """Replace pip's whole list."""
        self._has_pip_comment = False
        self._pip_to_change()[:] = pip_requirements

    def save(self, path: str | os.PathLike[str] | None = None) -> str:
        """Write it to a file. Raises UserErrorException for a folder, or where Python is missing."""
        if path is None or os.path.isdir(path):
            what = "Cannot save a conda environment specification file to a directory. Please specify a fully qualified path along with the file name to save the file."
            raise UserErrorException(what)
        parent = os.path.dirname(path)
        if parent and not os.path.isdir(parent):
            raise UserErrorException("Cannot save the conda environment specification file to an invalid path.")
        if not any(_name(item) == "python" for item in self.conda_packages):
            raise UserErrorException("Python package is missing.")
        Path(path).write_text(self.serialize_to_string(), encoding="utf-8")
        return str(path)

    def save_to_file(self, base_directory: str, conda_file_path: str | None = None) -> str:
        """Write it to a file below a folder; returns its path from there."""
        inside = conda_file_path or "auto_conda_dependencies.yml"
        self.save(os.path.join(os.path.abspath(base_directory), inside))
        return inside

    def serialize_to_string(self) -> str:
        """Return it as the SDK writes it: what was read from a file and not changed, as it was read."""
        if self._text:
            return self._text
        if not self._is_template:
            written: str = yaml.safe_dump(self._data, sort_keys=False, allow_unicode=True, width=10**6)
            return written
        return "".join(self._lines())

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return copy.deepcopy(self._data)

    def _lines(self) -> Iterator[str]:
        yield f"{_HEAD}name: {self._data['name']}\ndependencies:\n"
        for number, item in enumerate(self._items()):
            if isinstance(item, str):
                yield f"{_OF_PYTHON}- {_scalar(item)}\n\n" if number == 0 else f"- {_scalar(item)}\n"
                continue
            yield "- pip:\n" if item["pip"] else "- pip: []\n"
            for place, entry in enumerate(item["pip"]):
                is_first = place == 0 and self._has_pip_comment
                yield f"{_OF_PIP if is_first else ''}  - {_scalar(entry)}\n" + ("\n" if is_first else "")
        yield "channels:\n"
        yield from (f"- {_scalar(channel)}\n" for channel in self.conda_channels)

    def _items(self) -> list[Any]:
        return self._data.get("dependencies") or []

    def _changed(self) -> list[Any]:
        """Return the entries, to be changed: from now on the file's own text is no longer it."""
        self._text = ""
        items: list[Any] = self._data.setdefault("dependencies", [])
        return items

    def _pip(self) -> list[str] | None:
        return next((item["pip"] for item in self._items() if isinstance(item, dict) and "pip" in item), None)

    def _pip_to_change(self) -> list[str]:
        items, pip = self._changed(), self._pip()
        if pip is None:
            pip = []
            items.append({"pip": pip})
        return pip


def _loaded(text: str, path: Any) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserErrorException(f"Environment error: not a valid YAML structure: {path}: {error}") from error


def _checked(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise UserErrorException("Environment error: not a valid YAML structure")
    unknown = [key for key in data if str(key) not in _KEYS]
    if unknown:
        raise UserErrorException(f"Environment error: unknown {unknown[0]} key in environment specification")
    return data


def _name(package: str) -> str:
    if package.endswith(".whl"):
        return package.rpartition("/")[2].partition("-")[0]
    return _NAME.split(package)[0]


def _flag(option: str) -> str:
    return option.partition(" ")[0]


def _scalar(word: str) -> str:
    written: str = yaml.safe_dump(word, width=10**6, allow_unicode=True)
    return written.partition("\n")[0]
