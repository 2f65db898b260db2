"""
Where the parts of a deployment lie for the script: the tree at /var/azureml-app, and what of the host stands for what.

Values only; `worker/tree.py` makes the tree, `environment.py` the variables that point into it. Three kinds: `var`, the
real path; `links`, a folder of links to the same parts; `none`, no tree, the script stays where it is.

Source: contract 3.1, 3.3 (azure-ai-ml 1.35.2, _local_endpoints); a model lies alone in its folder, as in Azure.
"""

from __future__ import annotations

import itertools
import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from amlemu.deployment import Deployment
from amlemu.errors import UsageError
from amlemu.models import MODELS_FOLDER, Model

BASE = "/var/azureml-app"
OWN_FOLDER = ".amlemu"  # beside the script, unknown to git: links, one folder for each port, and keys
ENVIRONMENTS = "environments"  # in it: those that amlemu env create makes
KINDS = ("auto", "var", "links", "none")
_MOST_LEAVES = 1000  # of a model with links that lead out of it; a mount for each


@dataclass(frozen=True)
class Place:
    """One part of the tree: its path below the base, with slashes, and the host's file or folder that stands for it."""

    inside: str
    source: Path


@dataclass(frozen=True)
class Layout:
    """
    The script's view of a deployment; all paths are absolute and the script's own.

    Attributes:
        kind: `var`, `links` or `none`.
        base: where the tree is for the script; `/var/azureml-app`, or a folder of the host.
        app_root: working folder and import root.
        script: the entry script.
        model_dir: what AZUREML_MODEL_DIR says; None without a model.
        places: what the tree is made of; empty for `none`.
        why: for `links`, why the path is not the real one.
        source_folder: name of the folder below `app_root` that is an import root, too: of a v1 web service; else empty.
    """

    kind: str
    base: str
    app_root: str
    script: str
    model_dir: str | None = None
    places: tuple[Place, ...] = ()
    why: str = ""
    source_folder: str = ""

    @property
    def models_folder(self) -> str | None:
        """The folder azureml-models, where there is one."""
        return posixpath.join(self.base, MODELS_FOLDER) if self.places and self.model_dir else None

    def to_host(self, path: str) -> str:
        """Return the host's name of a path that the script sees; others stay as they are."""
        for place in self.places:
            seen = posixpath.join(self.base, place.inside)
            if path == seen or path.startswith(seen + "/"):
                return str(place.source) + path[len(seen) :]
        return path


def lay_out(deployment: Deployment, kind: str, base: str = BASE, why: str = "") -> Layout:
    """
    Say where everything lies.

    Args:
        kind: `var`, `links` or `none`.
        base: for `links`, the folder of the host that holds the links.
        why: for `links`, see `Layout`.

    Raises:
        UsageError: AML_APP_ROOT names no folder, or the code folder has a name that the tree needs.
    """
    if kind == "none":
        app_root = _host_root(deployment)
        return Layout("none", app_root, app_root, str(deployment.script), _bare_model_dir(deployment.models))
    models = [_model_place(model, deployment.has_local_models and not deployment.is_v1) for model in deployment.models]
    if kind == "var":
        models = [place for model in models for place in _unfolded(model)]
    places = (_code_place(deployment), *models)
    below = posixpath.join(base, places[0].inside, *deployment.script.relative_to(deployment.code).parts)
    script = below if kind == "var" else str(deployment.script)  # through a link, `__file__` is the real path anyway
    app_root = _app_root(deployment, base, os.path.dirname(script), places)
    source_folder = places[0].inside if deployment.is_v1 else ""
    return Layout(kind, base, app_root, script, _model_dir(deployment, base), places, why, source_folder)


def _code_place(deployment: Deployment) -> Place:
    name = deployment.code.name or "code"
    if name == MODELS_FOLDER:
        hint = "Azure keeps the models in a folder of that name beside it; rename the code's folder."
        raise UsageError("a code folder cannot have this name", where=str(deployment.code), hint=hint)
    return Place(name, deployment.code)


def _model_place(model: Model, is_local: bool) -> Place:
    """
    Say where a model lies; `az ml ... --local` mounts the folder around it, with all that is beside it.

    Source: azure-ai-ml 1.35.2, _local_endpoints/validators/model_validator.py, `.resolve().parent` (contract 3.1).
    """
    if is_local and model.local_folder is not None and not model.is_whole:
        return Place(posixpath.join(MODELS_FOLDER, model.local_folder).rstrip("/"), model.path.resolve().parent)
    version = posixpath.join(MODELS_FOLDER, model.name, model.version)
    return Place(version if model.is_whole else posixpath.join(version, model.path.name), model.path)


def _unfolded(model: Place) -> list[Place]:
    """
    Take a folder apart where a relative link leads out of it, as in a cache of downloads: elsewhere it would lead nowhere.

    Azure follows links when it takes a model in, so the script finds files there. Each file, and each link, becomes a place of its own.
    """
    root = os.path.realpath(model.source)
    leaves = list(itertools.islice(_leaves(root), _MOST_LEAVES + 1))
    if len(leaves) > _MOST_LEAVES or all(_is_below(leaf, root) for leaf in leaves):
        return [model]
    return [Place(posixpath.join(model.inside, os.path.relpath(leaf, root)), Path(leaf)) for leaf in leaves]


def _is_below(path: str, root: str) -> bool:
    return (os.path.realpath(path) + os.sep).startswith(root + os.sep)


def _leaves(root: str) -> Iterator[str]:
    """Yield files, and links to files and folders; not a link that leads nowhere on the host either."""
    for folder, folders, files in os.walk(root):
        paths = [os.path.join(folder, name) for name in (*files, *folders)]
        yield from (path for path in paths if os.path.exists(path) and (os.path.islink(path) or os.path.isfile(path)))


def _model_dir(deployment: Deployment, base: str) -> str | None:
    """
    Return AZUREML_MODEL_DIR: one model's own folder; with several the one above them all, as in v1.

    Locally v2 writes two slashes, and v1 a path that begins at the working folder, its app root. Source: contract 3.1.
    """
    models = deployment.models
    if not models:
        return None
    below = "" if len(models) > 1 else posixpath.join(models[0].name, models[0].version)
    if not deployment.has_local_models:
        return posixpath.join(base, MODELS_FOLDER, below).rstrip("/")
    if deployment.is_v1:
        return posixpath.join(MODELS_FOLDER, below)
    local = models[0].local_folder
    folder = below if local is None or len(models) > 1 or models[0].is_whole else local
    return f"{base}/{MODELS_FOLDER}/" + (f"/{folder}" if folder else "")


def _bare_model_dir(models: tuple[Model, ...]) -> str | None:
    """Without a tree AZUREML_MODEL_DIR is the folder that holds the model, as `az ml ... --local` mounts it."""
    if len(models) > 1:
        raise UsageError("several models need a tree", where="--layout none", hint="Use --layout links.")
    return next((str(model.path if model.is_whole else model.path.parent) for model in models), None)


def _host_root(deployment: Deployment) -> str:
    choice = deployment.app_root
    if choice is None:
        return str(deployment.code if deployment.is_v1 else deployment.script.parent)
    if not Path(choice).is_dir():
        raise UsageError("no such folder", where=f"AML_APP_ROOT={choice}")
    return str(Path(choice).resolve())


def _app_root(deployment: Deployment, base: str, script_folder: str, places: tuple[Place, ...]) -> str:
    """Return the folder that was asked for, which may be one of the tree; the script's own where none was."""
    choice = deployment.app_root
    if choice is None:
        return base if deployment.is_v1 else script_folder
    inside = "/" + posixpath.normpath(choice).lstrip("/") if choice.startswith("/") else choice
    if inside != BASE and not inside.startswith(BASE + "/"):
        return _host_root(deployment)
    inside = inside[len(BASE) :].strip("/")
    if inside and not any(_is_folder(place, inside) for place in places):
        there = ", ".join(posixpath.join(BASE, place.inside) for place in places)
        raise UsageError("no such folder", where=f"AML_APP_ROOT={choice}", expected=f"There will be {there}.")
    return posixpath.join(base, inside) if inside else base


def _is_folder(place: Place, inside: str) -> bool:
    if place.inside == inside or place.inside.startswith(inside + "/"):
        return place.inside != inside or place.source.is_dir()
    below = inside[len(place.inside) :]
    return below.startswith("/") and inside.startswith(place.inside) and (place.source / below.strip("/")).is_dir()
