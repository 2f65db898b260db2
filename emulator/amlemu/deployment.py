"""
A deployment is what is served: the script, its folders, its interpreter, its variables. Values only, checked once.

`layout.py` turns it into the variables that the script sees; profiles say how the front door before it behaves.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from amlemu.errors import UsageError

_OLDEST_PYTHON = (3, 9)  # the guest half's syntax
_INTERPRETER_PATIENCE_S = 20.0  # an environment on a slow disk


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
    workers: int | None = None,
) -> Deployment:
    """
    Describe a deployment of one script; its folder becomes the app root, as in `az ml ... --local`, unless the script's
    variables name another AML_APP_ROOT.

    Args:
        workers: None leaves it to WORKER_COUNT, in `environment` or this process's own; else 1.

    Raises:
        UsageError: the script, the model folder or the interpreter is not there or not usable.
    """
    path = _script_path(Path(script))
    return Deployment(
        script=path,
        app_root=_app_root(path, dict(environment or {}).get("AML_APP_ROOT")),
        python=find_python(python),
        model_dir=None if model_dir is None else _model_folder(Path(model_dir)),
        environment=dict(environment or {}),
        workers=_worker_count(workers, environment or {}),
    )


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
    if not os.access(path, os.R_OK):
        raise UsageError("not readable by this user", where=where, hint=f"chmod u+r {path}")
    return path.resolve()


def _app_root(script: Path, choice: str | None) -> Path:
    if choice is None:
        return script.parent
    if not Path(choice).is_dir():
        raise UsageError("no such folder", where=f"AML_APP_ROOT={choice}")
    return Path(choice).resolve()


def _worker_count(choice: int | None, environment: Mapping[str, str]) -> int:
    """Source: azureml-inference-server-http 1.5.1, amlserver.py `merge_configuration`: option, then variable, then 1."""
    word = environment.get("WORKER_COUNT", os.environ.get("WORKER_COUNT", "1")) if choice is None else str(choice)
    where = "WORKER_COUNT" if choice is None else "--workers"
    if not word.strip().isascii() or not word.strip().isdigit() or int(word) < 1:
        raise UsageError(f"{word!r} is no number of processes", where=where, expected="At least one is needed.")
    return int(word)


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
        raise UsageError(
            "not a folder", where=where, hint=f"Give the folder that holds the model: {_shown_parent(path)}"
        )
    if not os.access(path, os.R_OK | os.X_OK):
        raise UsageError("not readable by this user", where=where, hint=f"chmod -R u+rX {path}")
    return path.resolve()


def _shown_parent(path: Path) -> Path:
    return path.parent if path.parent.name else path.absolute().parent


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
    if not os.access(path, os.X_OK):
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
