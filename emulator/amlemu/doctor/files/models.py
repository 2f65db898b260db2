"""
Checks the files that a script loads against the models that will lie there, and against the app root.

`loads.py` finds what is loaded; only paths that can be read off the script count, and only models that were found.

Source: contract 3.1, 3.3 (a folder model keeps its own name below AZUREML_MODEL_DIR), 5.2 (Model.get_model_path).
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from amlemu.doctor.files.loads import Load, find_loads
from amlemu.doctor.files.model_tree import ModelTree, nearest, tree_of
from amlemu.doctor.files.path_values import END, FOLDER, HERE, MODEL, MODEL_DIR
from amlemu.doctor.needs import local_modules
from amlemu.doctor.needs.imports import cloud_at, when
from amlemu.doctor.subject import Subject
from amlemu.finding import Finding, Severity
from amlemu.models import MODELS_FOLDER

_IN_CLOUD = f"/var/azureml-app/{MODELS_FOLDER}"
_NEVER_THERE = re.compile(r"[A-Za-z]:[\\/]|/Users/|/content/drive/|/kaggle/|\\\\")
_HARDLY_THERE = re.compile(r"/home/|/root/|/dbfs/|/mnt/|/media/|/Volumes/|~")
_A_FILE = re.compile(
    r"\.(?:pkl|pickle|joblib|sav|h5|hdf5|keras|onnx|pth?|bin|json|csv|txt|ya?ml|model|cbm|npy|npz|parquet|safetensors)$"
)
_FETCHES = re.compile(
    r"chdir|download|urlretrieve|extractall|unpack_archive|BlobClient|requests\.get|wget|copyfile|shutil"
)
_MOST_SHOWN = 5


def check_model_files(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each path that is loaded and leads nowhere."""
    tree = tree_of(subject)
    told: set[str] = set()
    for source in subject.sources:
        for load in find_loads(source, dict(subject.variables)):
            for finding in _about(load, subject, tree, source.path.parent):
                if finding.cause not in told:
                    told.add(finding.cause)
                    yield finding


def _about(load: Load, subject: Subject, tree: ModelTree | None, folder: Path) -> Iterator[Finding]:
    value = load.value
    if value.startswith((MODEL_DIR, MODEL)):
        if tree is not None:
            yield from _of_a_model(load, subject, tree)
    elif value.startswith(f"{_IN_CLOUD}/") and tree is not None:
        yield from _in_models(load, tree, value[len(_IN_CLOUD) + 1 :])
    elif value.startswith((f"{HERE}/", f"{FOLDER}/")):
        start, _, below = value.partition("/")
        yield from _beside(load, subject, tree, below, subject.app_root if start == HERE else folder)
    elif not value.startswith("\0") and "://" not in value:
        yield from _as_written(load, subject, tree, value)


def _of_a_model(load: Load, subject: Subject, tree: ModelTree) -> Iterator[Finding]:
    """What begins with AZUREML_MODEL_DIR, or with what Model.get_model_path returns."""
    start = load.value[len(MODEL) :].partition(END)[0] if load.value.startswith(MODEL) else ""
    rest = load.value[len(f"{MODEL}{start}{END}" if start else MODEL_DIR) :]
    if rest and not rest.startswith("/"):
        yield _glued(load, rest)
    elif start:
        yield from _by_name(load, subject, tree, start, rest.strip("/"))
    else:
        yield from _in_models(load, tree, posixpath.join(tree.model_dir, rest.strip("/")).rstrip("/"))


def _glued(load: Load, rest: str) -> Finding:
    return Finding(
        _severity(load, rest),
        "model-file-missing",
        f"{load.place.file.name} puts {rest} right behind a folder's path, without a slash between them: it fails "
        f"{when(load.occasion, load.function)}",
        load.place,
        cloud_at(load.occasion),
        f'Write os.path.join(..., "{rest}").',
    )


def _in_models(load: Load, tree: ModelTree, inside: str) -> Iterator[Finding]:
    inside = posixpath.normpath(inside) if inside else ""
    if inside.startswith("..") or not tree.is_known(inside) or "\\" in inside:
        return
    start = f"{tree.model_dir}/" if tree.model_dir else ""
    shown = "" if inside == tree.model_dir else inside.removeprefix(start)
    if tree.has(inside):
        if load.is_file and tree.is_folder(inside):
            yield _folder_loaded(load, shown, tree.names(inside))
        return
    names = tree.names(tree.model_dir)
    near = nearest(shown, names)
    yield Finding(
        _severity(load, inside),
        "model-file-missing",
        f"{load.place.file.name} loads {shown} from AZUREML_MODEL_DIR, where no such file will lie"
        f"{f', but {near}' if near else ''}: it fails {when(load.occasion, load.function)}",
        load.place,
        cloud_at(load.occasion),
        _did_you_mean(shown, near, names),
    )


def _did_you_mean(wanted: str, near: str | None, names: list[str]) -> str:
    if near is None:
        return f"There will be: {', '.join(names[:_MOST_SHOWN]) or 'nothing'}."
    same_name = posixpath.basename(near) == posixpath.basename(wanted)
    if same_name and near.count("/") > wanted.count("/"):
        return f"Did you mean {near}? A folder that is a model keeps its own name below AZUREML_MODEL_DIR."
    if same_name and near.count("/") < wanted.count("/"):
        return f"Did you mean {near}? A file that is a model lies in AZUREML_MODEL_DIR itself."
    case = " Linux tells upper from lower case." if near.lower() == wanted.lower() else ""
    return f"Did you mean {near}?{case}"


def _folder_loaded(load: Load, shown: str, names: list[str]) -> Finding:
    told = f"{shown} below AZUREML_MODEL_DIR" if shown else "AZUREML_MODEL_DIR"
    files = [name for name in names if not name.endswith("/")]
    example = (
        f'os.path.join(os.environ["AZUREML_MODEL_DIR"], "{posixpath.join(shown, files[0])}")' if files else "one in it"
    )
    return Finding(
        _severity(load, "x.x"),
        "model-folder-loaded",
        f"{load.by}() wants a file, and {told} is a folder: it fails {when(load.occasion, load.function)}",
        load.place,
        cloud_at(load.occasion),
        f"Name the file: {example}.",
    )


def _by_name(load: Load, subject: Subject, tree: ModelTree, name: str, below: str) -> Iterator[Finding]:
    models = {model.name: model for model in subject.models}
    if name not in models:
        if (
            tree.is_all
            and local_modules.find(subject.app_root, name) is None
            and not (subject.app_root / name).exists()
        ):
            yield _no_such_model(load, name, sorted(models))
        return
    model = models[name]
    if not below or model.is_whole:
        return
    if not tree.has(posixpath.join(name, model.version, model.path.name, below)):
        names = tree.names(posixpath.join(name, model.version, model.path.name))
        what = "is the file itself" if not model.path.is_dir() else f"has no {below}"
        yield Finding(
            _severity(load, below),
            "model-file-missing",
            f"Model.get_model_path({name!r}) leads to {model.path.name}, which {what}: it fails {when(load.occasion, load.function)}",
            load.place,
            cloud_at(load.occasion),
            _did_you_mean(below, nearest(below, names), names) if model.path.is_dir() else "Load what it returns.",
        )


def _no_such_model(load: Load, name: str, names: list[str]) -> Finding:
    near = nearest(name, names)
    return Finding(
        _severity(load, "x.x"),
        "model-name-unknown",
        f"{load.place.file.name} asks Model.get_model_path for {name}, and no model of the deployment is called so: it fails "
        f"{when(load.occasion, load.function)}",
        load.place,
        cloud_at(load.occasion),
        f"Did you mean {near}?" if near else f"There will be: {', '.join(names)}.",
    )


def _as_written(load: Load, subject: Subject, tree: ModelTree | None, value: str) -> Iterator[Finding]:
    """A path that the script has in full: of somebody's own machine, or beside the script."""
    never, hardly = _NEVER_THERE.match(value), _HARDLY_THERE.match(value)
    if never or (hardly and _A_FILE.search(value)):
        yield Finding(
            "error" if never and not load.is_covered else "warning",
            "local-path",
            f"{load.place.file.name} loads {value}, a path of one machine that the container does not have",
            load.place,
            cloud_at(load.occasion),
            'Make it part of the model, and load it from os.environ["AZUREML_MODEL_DIR"]; or deploy it with the code.',
        )
    elif not value.startswith(("/", "~")) and load.is_file and _A_FILE.search(value):
        yield from _beside(load, subject, tree, value, subject.app_root)


def _beside(load: Load, subject: Subject, tree: ModelTree | None, value: str, folder: Path) -> Iterator[Finding]:
    """A file of the code: nothing is said if the script may make it, or if nothing like it lies anywhere."""
    below = posixpath.normpath(value)
    made = any(_FETCHES.search(source.text) for source in subject.sources)
    if made or not load.is_file or not _A_FILE.search(below):
        return
    if below.startswith("../"):
        yield from _above(load, subject, value, folder / below)
        return
    if (folder / below).exists():
        return
    if below.startswith(f"{MODELS_FOLDER}/"):
        return
    name = posixpath.basename(below)
    in_model = [each for each in (tree.names(tree.model_dir) if tree else []) if posixpath.basename(each) == name]
    if in_model:
        fix = f'It is part of the model: load os.path.join(os.environ["AZUREML_MODEL_DIR"], "{in_model[0]}").'
    else:
        outside = next((above / below for above in (subject.code, subject.folder) if (above / below).exists()), None)
        if outside is None:
            return
        fix = f"It lies at {outside}; put it below {folder}, which is deployed, or into the model."
    yield Finding(
        _severity(load, below),
        "file-not-in-app-root",
        f"{load.place.file.name} loads {value}, which does not lie in the app root: it fails {when(load.occasion, load.function)}",
        load.place,
        cloud_at(load.occasion),
        fix,
    )


def _above(load: Load, subject: Subject, value: str, path: Path) -> Iterator[Finding]:
    """A file above the app root that is there on this machine, and not in what is deployed."""
    target = Path(os.path.normpath(path))
    if subject.description is None or target.is_relative_to(subject.code) or not target.exists():
        return
    yield Finding(
        _severity(load, value),
        "file-not-in-app-root",
        f"{load.place.file.name} loads {value}, which is there on this machine and not in the container, where only "
        f"{subject.code.name} lies: it fails {when(load.occasion, load.function)}",
        load.place,
        cloud_at(load.occasion),
        'Make it the model, and load it from os.environ["AZUREML_MODEL_DIR"]; or deploy it with the code.',
    )


def _severity(load: Load, path: str) -> Severity:
    """What takes a path without an ending may still add something to it."""
    is_sure = load.occasion != "call" and not load.is_covered and (load.is_file or "." in posixpath.basename(path))
    return "error" if is_sure else "warning"
