"""
What will lie below azureml-models, by the paths that a script sees: `credit/1/model.pkl`. Letter by letter, as Linux compares.

`layout.py` lays it out when it is served; here it is only looked up, together with the nearest name to one that is not there.
"""

from __future__ import annotations

import collections
import difflib
import itertools
import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from amlemu.doctor.subject import Subject
from amlemu.models import Model

_NAMES_LOOKED_AT = 2000
_UNINTERESTING = ("__pycache__", ".git", ".amlemu")
_ALIKE = 0.7  # of 1: modle.pkl is like model.pkl, other.pkl is not
_PARTS_OF_CHECKPOINTS = (".index", ".meta", ".data-00000-of-00001")  # tensorflow names one by what these have in common


@dataclass(frozen=True)
class ModelTree:
    """
    The models, each by its path inside.

    Attributes:
        places: path below azureml-models, and the host's file or folder that stands for it.
        model_dir: what AZUREML_MODEL_DIR names, below azureml-models; empty for all of it.
        is_all: nothing else will lie there.
    """

    places: tuple[tuple[str, Path], ...]
    model_dir: str
    is_all: bool

    def has(self, inside: str) -> bool:
        """Whether a path is a file or a folder, or tensorflow's name for several files."""
        return any(self.host(f"{inside}{ending}") or self.is_above(f"{inside}{ending}") for ending in _ENDINGS)

    def is_folder(self, inside: str) -> bool:
        """Whether a path is a folder."""
        found = self.host(inside)
        return self.is_above(inside) or (found is not None and found.is_dir())

    def is_above(self, inside: str) -> bool:
        """Whether it is one of the folders that the models lie in."""
        return not inside or any(f"{place}/".startswith(f"{inside}/") and place != inside for place, _ in self.places)

    def host(self, inside: str) -> Path | None:
        """Return the host's file or folder for a path; None if there is none, or none of exactly this name."""
        for place, path in self.places:
            if inside == place:
                return path
            if inside.startswith(f"{place}/"):
                return _step_into(path, inside[len(place) + 1 :])
        return None

    def is_known(self, inside: str) -> bool:
        """Whether it can be said what lies there: not below a model that could not be found."""
        return self.is_all or any(f"{inside}/".startswith(f"{place.partition('/')[0]}/") for place, _ in self.places)

    def names(self, inside: str = "") -> list[str]:
        """Return what lies below a folder, relative to it, shallow first; folders end with a slash."""
        every = (name for place, path in self.places for name in _walk(place, path))
        start = f"{inside}/" if inside else ""
        below = (name[len(start) :] for name in every if name.startswith(start) and name.rstrip("/") != inside)
        return sorted(itertools.islice(below, _NAMES_LOOKED_AT), key=lambda name: (name.count("/"), name))


_ENDINGS = ("", *_PARTS_OF_CHECKPOINTS)


def tree_of(subject: Subject) -> ModelTree | None:
    """Say what the models will look like; None where none is known."""
    if not subject.models:
        return None
    said = len(subject.description.models) if subject.description else len(subject.models)
    places = tuple(_place(model) for model in subject.models)
    is_single = len(subject.models) == 1 and said <= 1
    model_dir = posixpath.join(subject.models[0].name, subject.models[0].version) if is_single else ""
    return ModelTree(places, model_dir, is_all=said <= len(subject.models))


def _place(model: Model) -> tuple[str, Path]:
    version = posixpath.join(model.name, model.version)
    return (version, model.path) if model.is_whole else (posixpath.join(version, model.path.name), model.path)


def nearest(wanted: str, names: list[str]) -> str | None:
    """Return which of some paths is meant: of the same name elsewhere, else of a similar one, else the only one of its kind."""
    base = posixpath.basename(wanted)
    by_name: dict[str, list[str]] = {}
    for name in names:
        by_name.setdefault(posixpath.basename(name.rstrip("/")), []).append(name.rstrip("/"))
    lower = {name.lower(): name for name in by_name}
    near = [base] if base in by_name else [lower[base.lower()]] if base.lower() in lower else []
    near = near or difflib.get_close_matches(base, by_name, n=1, cutoff=_ALIKE)
    if near:
        return by_name[near[0]][0]
    ending = posixpath.splitext(base)[1]
    kin = [name for name in names if ending and name.endswith(ending)]
    return kin[0] if len(kin) == 1 else None


def _step_into(path: Path, below: str) -> Path | None:
    for part in below.split("/"):
        try:
            if part not in os.listdir(path):
                return None
        except OSError:
            return None
        path = path / part
    return path


def _walk(inside: str, path: Path) -> Iterator[str]:
    folders = collections.deque([(inside, path)])
    yield inside + "/" * path.is_dir()
    seen = 0
    while folders and seen < _NAMES_LOOKED_AT:
        above, folder = folders.popleft()
        try:
            entries = sorted(os.listdir(folder)) if folder.is_dir() else []
        except OSError:
            continue
        for name in entries[:_NAMES_LOOKED_AT]:
            if name in _UNINTERESTING:
                continue
            seen += 1
            is_folder = (folder / name).is_dir()
            if is_folder and not (folder / name).is_symlink():
                folders.append((f"{above}/{name}", folder / name))
            yield f"{above}/{name}" + "/" * is_folder
