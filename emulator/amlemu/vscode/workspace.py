"""
The folder that VS Code has open, and how its launch file names a script. Looks at what exists, writes nothing.
"""

from __future__ import annotations

import os
from pathlib import Path

from amlemu import choices, deployment, models

_MARKS = (".vscode", ".git")
_USUAL = "score.py"


def find(folder: str | None) -> Path:
    """
    Return the folder that is meant: the given one, else the nearest from here upwards that has `.vscode` or `.git`, else
    the current one.

    The home folder and what is above it do not count: `~/.vscode` is where VS Code keeps its extensions.

    Raises:
        UsageError: there is no such folder.
    """
    if folder is not None:
        return models.existing_folder(Path(folder), f"--folder {folder}").resolve()
    here, home = Path.cwd(), Path(os.path.expanduser("~")).resolve()
    for candidate in (here, *here.parents):
        if home.is_relative_to(candidate):
            break
        if any((candidate / mark).exists() for mark in _MARKS):
            return candidate
    return here


def choose_script(script: str | None, folder: Path) -> Path | None:
    """
    Return what is meant to be served: the given script or deployment, else the `score.py` of the current folder, else that of
    `folder`.

    Raises:
        UsageError: the given one is no scoring script, and no deployment with one.
    """
    if script is not None:
        deployment.from_script(choices.script_of(script))
        return _absolute(Path(script))
    usual = (_absolute(place / _USUAL) for place in (Path.cwd(), folder))
    return next((path for path in usual if path.is_file()), None)


def name_of(script: Path | None, folder: Path) -> str:
    """Return what VS Code is to put into a command line; without a script, whatever file is open."""
    if script is None:
        return "${file}"
    if script.is_relative_to(folder):
        return "${workspaceFolder}/" + script.relative_to(folder).as_posix()
    return script.as_posix()


def code_of(script: Path | None, folder: Path) -> tuple[str, str]:
    """Return the folder that is deployed with a script, or by a deployment, as VS Code is to name it, and its last name."""
    if script is None:
        return "${fileDirname}", "${fileDirnameBasename}"
    code = choices.code_of(str(script))
    if code == folder:
        return "${workspaceFolder}", "${workspaceFolderBasename}"
    return name_of(code, folder), code.name


def _absolute(path: Path) -> Path:
    """Follow links to folders, as `folder` was; a script that is a link keeps its name."""
    return path.parent.resolve() / path.name
