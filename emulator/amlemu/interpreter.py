"""
Which Python runs the script: the one that was named, the active environment's, or our own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from amlemu.errors import UsageError
from amlemu.models import may

_OLDEST_PYTHON = (3, 9)  # the guest half's syntax
_QUESTION = "import sys; print('amlemu', '%d.%d.%d' % sys.version_info[:3])"
_INTERPRETER_PATIENCE_S = 20.0  # an environment on a slow disk
_OUR_OWN = ".".join(map(str, sys.version_info[:3]))
_SHOWN = 80  # characters of what a program says that is no interpreter


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
    if not may(path, os.X_OK):
        raise UsageError("not executable", where=where, expected=expected)
    # Not resolved: an environment's python is a link, and it is the link's place that makes it an environment.
    path = Path(os.path.abspath(path))
    told, instead = (_OUR_OWN, "") if path.parent == Path(sys.executable).parent else _asked(path)
    version = _numbers(told)
    if version is None:
        what = f"not a Python interpreter (asked for its version: {instead})"
        raise UsageError(what, where=where, expected=expected)
    if version < _OLDEST_PYTHON:
        raise UsageError(f"this is Python {version[0]}.{version[1]}", where=where, expected=expected)
    return path


def version_of(python: Path) -> str | None:
    """
    Ask a program for its Python version, `3.11.7`; None when it is no interpreter, as a shim of pyenv's without its Python.

    Costs a start without site, some 10 ms.
    """
    return _asked(python)[0]


def _asked(python: Path) -> tuple[str | None, str]:
    """Return the version that a program tells, or None and what it did instead."""
    try:
        answer = subprocess.run(
            [python, "-E", "-S", "-c", _QUESTION],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_INTERPRETER_PATIENCE_S,
            check=False,
        )
    except OSError as error:
        return None, error.strerror or str(error)
    except subprocess.TimeoutExpired:
        return None, f"no answer in {_INTERPRETER_PATIENCE_S:g} s"
    words = answer.stdout.decode("ascii", "replace").split()
    if len(words) == 2 and words[0] == "amlemu":
        return words[1], ""
    said = (answer.stdout + answer.stderr).decode("utf-8", "replace").strip().splitlines()
    return None, ", ".join([f"exit code {answer.returncode}", *(repr(line[:_SHOWN]) for line in said[-1:])])


def _numbers(version: str | None) -> tuple[int, int] | None:
    parts = (version or "").split(".")
    return (int(parts[0]), int(parts[1])) if len(parts) > 1 and parts[0].isdigit() and parts[1].isdigit() else None
