"""
A deployment is what is served: the script, its folders, its interpreter, its variables. Values only, checked once.

`layout.py` turns it into the variables that the script sees; profiles say how the front door before it behaves.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from amlemu.errors import UsageError


@dataclass(frozen=True)
class Deployment:
    """
    One scoring script with everything it needs. Paths are absolute.

    `app_root` is the folder that the script finds itself in (working folder and import root), `environment` what the
    user asked for by `--env`, on top of the variables of the calling shell.
    """

    script: Path
    app_root: Path
    python: Path
    model_dir: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    workers: int = 1


def from_script(
    script: str | os.PathLike[str],
    *,
    model_dir: str | os.PathLike[str] | None = None,
    python: str | os.PathLike[str] | None = None,
    environment: Mapping[str, str] | None = None,
    workers: int = 1,
) -> Deployment:
    """
    Describe a deployment of one script; its folder becomes the app root, as in `az ml ... --local`, unless the script's
    variables name another AML_APP_ROOT.

    Raises:
        UsageError: the script, the model folder or the interpreter is not there or not readable.
    """
    if workers < 1:
        raise UsageError(f"{workers} workers", expected="At least one worker process is needed.")
    path = _script_path(Path(script))
    return Deployment(
        script=path,
        app_root=_app_root(path, dict(environment or {}).get("AML_APP_ROOT")),
        python=find_python(python),
        model_dir=None if model_dir is None else _model_folder(Path(model_dir)),
        environment=dict(environment or {}),
        workers=workers,
    )


def find_python(choice: str | os.PathLike[str] | None) -> Path:
    """
    Return the interpreter for the script: `choice` (an interpreter or an environment's folder), else the active virtual
    or conda environment, else our own.

    Raises:
        UsageError: `choice` names no interpreter.
    """
    if choice is not None:
        return _interpreter(Path(choice))
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        folder = os.environ.get(variable)
        if folder and _python_in(Path(folder)):
            return _interpreter(Path(folder))
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
    if not os.access(path, os.R_OK):
        raise UsageError("not readable by this user", where=where, hint=f"chmod u+r {path}")
    return path.resolve()


def _app_root(script: Path, choice: str | None) -> Path:
    if choice is None:
        return script.parent
    if not Path(choice).is_dir():
        raise UsageError("no such folder", where=f"AML_APP_ROOT={choice}")
    return Path(choice).resolve()


def _near_miss(path: Path) -> str:
    import difflib

    folder = path.parent
    if not folder.is_dir():
        return f"The folder {folder} does not exist either."
    near = difflib.get_close_matches(path.name, [entry.name for entry in folder.glob("*.py")], n=1, cutoff=0.5)
    return f"Did you mean {folder / near[0]}?" if near else f"Looked in {folder.resolve()}."


def _model_folder(path: Path) -> Path:
    where = f"--model-dir {path}"
    if not path.exists():
        raise UsageError("no such folder", where=where, hint=f"Looked for {path.absolute()}.")
    if not path.is_dir():
        raise UsageError("not a folder", where=where, expected=f"Give the folder that holds the model: {path.parent}.")
    if not os.access(path, os.R_OK | os.X_OK):
        raise UsageError("not readable by this user", where=where, hint=f"chmod -R u+rX {path}")
    return path.resolve()


def _python_in(folder: Path) -> Path | None:
    for relative in ("bin/python", "bin/python3", "Scripts/python.exe", "python.exe"):
        if (folder / relative).exists():
            return folder / relative
    return None


def _interpreter(path: Path) -> Path:
    where = f"--python {path}"
    if path.is_dir():
        inside = _python_in(path)
        if inside is None:
            raise UsageError("no interpreter in this folder", where=where, expected="Expected bin/python in it.")
        path = inside
    if not path.exists():
        raise UsageError("no such file", where=where, expected="An interpreter, or a virtual environment's folder.")
    if not os.access(path, os.X_OK):
        raise UsageError("not executable", where=where, expected="An interpreter, or a virtual environment's folder.")
    # Not resolved: an environment's python is a link, and it is the link's place that makes it an environment.
    return Path(os.path.abspath(path))
