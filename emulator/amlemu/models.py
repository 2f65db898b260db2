"""
Models on this machine: a file or folder by name and version, or a folder that stands for `azureml-models/<name>/<version>`.

`layout.py` says where they lie for the script.
"""

from __future__ import annotations

import contextlib
import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from amlemu.errors import UsageError

MODELS_FOLDER = "azureml-models"


@dataclass(frozen=True)
class Model:
    """
    One registered model: what `azureml-models/<name>/<version>` is made of.

    `path` is the file or folder that lies in there under its own name, or, with `is_whole`, the folder that stands for
    `<version>` itself. `local_folder` is what `az ml ... --local` would put the folder around `path` at, below azureml-models: a
    relative path, empty for azureml-models itself; None is `<name>/<version>`.
    """

    name: str
    version: str
    path: Path
    is_whole: bool = False
    local_folder: str | None = None


def named_models(named: Mapping[str, str | os.PathLike[str]]) -> tuple[Model, ...]:
    """
    Return models by `NAME` or `NAME:VERSION`.

    Raises:
        UsageError: a name is none, a path leads nowhere, or a model is given twice.
    """
    models = []
    for words, path in named.items():
        name, _, version = words.removeprefix("azureml:").partition(":")
        where = f"--model {words}={path}"
        for word in (name, version or "1"):
            if not word or "/" in word or word in (".", ".."):
                raise UsageError(
                    f"{word!r} is no name", where=where, expected="Expected NAME=PATH or NAME:VERSION=PATH."
                )
        models.append(Model(name, version or "1", existing_path(Path(path), where)))
    return unique(models)


def unique(models: Iterable[Model]) -> tuple[Model, ...]:
    """Return them. Raises UsageError when two have the same name and version."""
    found = tuple(models)
    versions = [(model.name, model.version) for model in found]
    for name, version in versions:
        if versions.count((name, version)) > 1:
            raise UsageError(f"model {name}:{version} is given twice", hint="One model has one file or folder.")
    return found


def from_model_dir(folder: Path) -> tuple[Model, ...]:
    """Say which models a folder is, by the names of the tree at /var/azureml-app/azureml-models (contract 3.1)."""
    if folder.name == MODELS_FOLDER:
        versions = [path for path in sorted(folder.glob("*/*")) if path.is_dir() and path.name.isdigit()]
        if versions:
            return tuple(Model(path.parent.name, path.name, path, is_whole=True) for path in versions)
    if folder.parent.name and (folder.name.isdigit() or folder.parent.parent.name == MODELS_FOLDER):
        return (Model(folder.parent.name, folder.name, folder, is_whole=True),)
    return (Model(folder.name or "model", "1", folder, is_whole=True),)


def existing_folder(path: Path, where: str) -> Path:
    """Return a folder's absolute path. Raises UsageError, with `where` and a near miss, when there is none."""
    found = existing_path(path, where)
    if not found.is_dir():
        parent = path.parent if path.parent.name else path.absolute().parent
        raise UsageError("not a folder", where=where, hint=f"Give the folder that holds it: {parent}")
    return found


def existing_path(path: Path, where: str) -> Path:
    """Return the absolute path of a file or folder. Raises UsageError, with `where` and a near miss, when there is none."""
    if not os.path.exists(path):
        near = difflib.get_close_matches(path.name, _names_in(path.absolute().parent), n=1, cutoff=0.5)
        hint = f"Did you mean {path.parent / near[0]}?" if near else f"Looked for {path.absolute()}."
        raise UsageError("no such file or folder", where=where, hint=hint)
    if not may(path, os.R_OK | (os.X_OK if path.is_dir() else 0)):
        raise UsageError("not readable by this user", where=where, hint=f"chmod -R u+rX {path}")
    return Path(os.path.abspath(path))  # a link keeps its name: that is what the model is called by


def may(path: Path, mode: int) -> bool:
    """Ask for what this process may do, which is not always what the user who has started it might."""
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def _names_in(folder: Path) -> list[str]:
    with contextlib.suppress(OSError):
        return os.listdir(folder)
    return []
