"""
A deployment is what is served: script, code, models, interpreter, variables. Values only, checked once.

`layout.py` says where its parts lie for the script, `environment.py` which variables the script sees; profiles say how the
front door before it behaves.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from amlemu.errors import UsageError

MODELS_FOLDER = "azureml-models"
_OLDEST_PYTHON = (3, 9)  # the guest half's syntax
_INTERPRETER_PATIENCE_S = 20.0  # an environment on a slow disk


@dataclass(frozen=True)
class Model:
    """
    One registered model: what `azureml-models/<name>/<version>` is made of.

    `path` is the file or folder that lies in there under its own name, or, with `is_whole`, the folder that stands for
    `<version>` itself.
    """

    name: str
    version: str
    path: Path
    is_whole: bool = False


@dataclass(frozen=True)
class Deployment:
    """
    One scoring script with everything it needs. Paths are absolute and the host's own.

    Attributes:
        script: lies in `code`.
        code: the folder that is deployed.
        app_root: None is the script's folder; else the AML_APP_ROOT that the user chose, as typed.
        models: what lies below azureml-models.
        environment: what the user asked for by `--env`, on top of the variables of the calling shell.
        endpoint: name of the endpoint; front doors of some clouds say it, or have it in their paths.
        name: of the deployment itself; clients name it in `azureml-model-deployment`.
        request_settings: limits of its own by their Azure names, `request_timeout_ms` ...; they beat the profile's.
    """

    script: Path
    python: Path
    code: Path
    app_root: str | None = None
    models: tuple[Model, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    workers: int = 1
    endpoint: str = "endpoint"
    name: str = "blue"
    request_settings: Mapping[str, int] = field(default_factory=dict)


def from_script(
    script: str | os.PathLike[str],
    *,
    code: str | os.PathLike[str] | None = None,
    model_dir: str | os.PathLike[str] | None = None,
    models: Mapping[str, str | os.PathLike[str]] | None = None,
    python: str | os.PathLike[str] | None = None,
    environment: Mapping[str, str] | None = None,
    workers: int | None = None,
    endpoint: str | None = None,
    name: str | None = None,
    request_settings: Mapping[str, int] | None = None,
) -> Deployment:
    """
    Describe a deployment of one script; its folder becomes the app root, as in `az ml ... --local`, unless the script's
    variables name another AML_APP_ROOT.

    Args:
        code: the folder that is deployed with the script; None is the script's own.
        model_dir: the folder that AZUREML_MODEL_DIR names. A path that ends in `<name>/<version>` gives both, another
            folder is version 1 of a model of its name; a folder `azureml-models` holds `<name>/<version>` itself.
        models: files or folders by `NAME:VERSION` or `NAME`.
        workers: None leaves it to WORKER_COUNT, in `environment` or this process's own; else 1.
        endpoint: None is the name of the script's folder, as far as an endpoint may be called so.
        name: None is `blue`.
        request_settings: see `Deployment`.

    Raises:
        UsageError: the script, a folder or the interpreter is not there or not usable.
    """
    path = _script_path(Path(script))
    return Deployment(
        script=path,
        python=find_python(python),
        code=path.parent if code is None else _code_folder(Path(code), path),
        app_root=dict(environment or {}).get("AML_APP_ROOT") or None,
        models=_models(None if model_dir is None else Path(model_dir), models or {}),
        environment=dict(environment or {}),
        workers=_worker_count(workers, environment or {}),
        endpoint=endpoint or _endpoint_name(path.parent),
        name=name or "blue",
        request_settings=dict(request_settings or {}),
    )


def _endpoint_name(folder: Path) -> str:
    """Letters, digits and single dashes, 3 to 32 of them, a letter first (contract 1.5)."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", folder.name).strip("-")[:32].rstrip("-")
    return name if len(name) >= 3 and name[0].isalpha() else "endpoint"


def find_python(choice: str | os.PathLike[str] | None) -> Path:
    """
    Return the interpreter for the script: `choice` (an interpreter or an environment's folder), else the active virtual
    or conda environment, else our own.

    Raises:
        UsageError: `choice` names no interpreter.
    """
    if choice is not None:
        return _interpreter(Path(choice), f"--python {choice}")
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        folder = os.environ.get(variable)
        if folder and _python_in(Path(folder)):
            return _interpreter(Path(folder), f"{variable}={folder}")
    return Path(sys.executable)


def _script_path(path: Path) -> Path:
    where = str(path)
    if not path.exists():
        raise UsageError("no such file", where=where, hint=_near_miss(path))
    if path.is_dir():
        inside = path / "score.py"
        hint = f"Did you mean {inside}?" if inside.exists() else "Name the scoring script, for example score.py."
        raise UsageError("this is a folder, not a scoring script", where=where, hint=hint)
    if path.suffix != ".py":
        raise UsageError("not a Python file", where=where, expected="A scoring script is a .py file.")
    if not _may(path, os.R_OK):
        raise UsageError("not readable by this user", where=where, hint=f"chmod u+r {path}")
    return path.resolve()


def _code_folder(path: Path, script: Path) -> Path:
    folder = existing_folder(path, f"--code {path}").resolve()
    if not script.is_relative_to(folder):
        raise UsageError(
            "the script does not lie in it",
            where=f"--code {path}",
            hint=f"The script is {script}; name a folder above.",
        )
    return folder


def _models(model_dir: Path | None, named: Mapping[str, str | os.PathLike[str]]) -> tuple[Model, ...]:
    models = [] if model_dir is None else _models_in(existing_folder(model_dir, f"--model-dir {model_dir}"))
    for words, path in named.items():
        name, _, version = words.removeprefix("azureml:").partition(":")
        where = f"--model {words}={path}"
        for word in (name, version or "1"):
            if not word or "/" in word or word in (".", ".."):
                raise UsageError(
                    f"{word!r} is no name", where=where, expected="Expected NAME=PATH or NAME:VERSION=PATH."
                )
        models.append(Model(name, version or "1", _existing(Path(path), where)))
    versions = [(model.name, model.version) for model in models]
    for name, version in versions:
        if versions.count((name, version)) > 1:
            raise UsageError(f"model {name}:{version} is given twice", hint="One model has one file or folder.")
    return tuple(models)


def _models_in(folder: Path) -> list[Model]:
    """Say which model a folder is, by the names of the tree at /var/azureml-app/azureml-models (contract 3.1)."""
    if folder.name == MODELS_FOLDER:
        versions = [path for path in sorted(folder.glob("*/*")) if path.is_dir() and path.name.isdigit()]
        if versions:
            return [Model(path.parent.name, path.name, path, is_whole=True) for path in versions]
    if folder.parent.name and (folder.name.isdigit() or folder.parent.parent.name == MODELS_FOLDER):
        return [Model(folder.parent.name, folder.name, folder, is_whole=True)]
    return [Model(folder.name or "model", "1", folder, is_whole=True)]


def _worker_count(choice: int | None, environment: Mapping[str, str]) -> int:
    """Source: azureml-inference-server-http 1.5.1, amlserver.py `merge_configuration`: option, then variable, then 1."""
    word = environment.get("WORKER_COUNT", os.environ.get("WORKER_COUNT", "1")) if choice is None else str(choice)
    where = "WORKER_COUNT" if choice is None else "--workers"
    if not word.strip().isascii() or not word.strip().isdigit() or int(word) < 1:
        raise UsageError(f"{word!r} is no number of processes", where=where, expected="At least one is needed.")
    return int(word)


def _near_miss(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"The folder {folder} does not exist either."
    near = difflib.get_close_matches(path.name, [entry.name for entry in folder.glob("*.py")], n=1, cutoff=0.5)
    return f"Did you mean {folder / near[0]}?" if near else f"Looked in {folder.resolve()}."


def existing_folder(path: Path, where: str) -> Path:
    """Return a folder's absolute path. Raises UsageError, with `where` and a near miss, when there is none."""
    found = _existing(path, where)
    if not found.is_dir():
        parent = path.parent if path.parent.name else path.absolute().parent
        raise UsageError("not a folder", where=where, hint=f"Give the folder that holds it: {parent}")
    return found


def _existing(path: Path, where: str) -> Path:
    if not path.exists():
        near = difflib.get_close_matches(path.name, _names_in(path.absolute().parent), n=1, cutoff=0.5)
        hint = f"Did you mean {path.parent / near[0]}?" if near else f"Looked for {path.absolute()}."
        raise UsageError("no such file or folder", where=where, hint=hint)
    if not _may(path, os.R_OK | (os.X_OK if path.is_dir() else 0)):
        raise UsageError("not readable by this user", where=where, hint=f"chmod -R u+rX {path}")
    return Path(os.path.abspath(path))  # a link keeps its name: that is what the model is called by


def _may(path: Path, mode: int) -> bool:
    """Ask for what this process may do, which is not always what the user who has started it might."""
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def _names_in(folder: Path) -> list[str]:
    with contextlib.suppress(OSError):
        return os.listdir(folder)
    return []


def _python_in(folder: Path) -> Path | None:
    for relative in ("bin/python", "bin/python3", "Scripts/python.exe", "python.exe"):
        if (folder / relative).exists():
            return folder / relative
    return None


def _interpreter(path: Path, where: str) -> Path:
    expected = f"Expected Python {_OLDEST_PYTHON[0]}.{_OLDEST_PYTHON[1]} or later, or a virtual environment's folder."
    if path.is_dir():
        inside = _python_in(path)
        if inside is None:
            raise UsageError("no interpreter in this folder", where=where, expected="Expected bin/python in it.")
        path = inside
    if not path.exists():
        raise UsageError("no such file", where=where, expected=expected)
    if not _may(path, os.X_OK):
        raise UsageError("not executable", where=where, expected=expected)
    # Not resolved: an environment's python is a link, and it is the link's place that makes it an environment.
    path = Path(os.path.abspath(path))
    version = sys.version_info[:2] if path.parent == Path(sys.executable).parent else _python_version(path)
    if version is None:
        raise UsageError("not a Python interpreter", where=where, expected=expected)
    if version < _OLDEST_PYTHON:
        raise UsageError(f"this is Python {version[0]}.{version[1]}", where=where, expected=expected)
    return path


def _python_version(path: Path) -> tuple[int, int] | None:
    """Ask a program for its Python version; None when it is no interpreter. Costs a start without site, some 10 ms."""
    question = "import sys; print('amlemu', *sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [path, "-E", "-S", "-c", question],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_INTERPRETER_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = answer.stdout.split()
    if len(words) != 3 or words[0] != b"amlemu":
        return None
    return int(words[1]), int(words[2])
