"""
Where this face keeps things: below the `.amlemu` of the project, in which the endpoints lie, too.

`models/NAME/VERSION/` holds the file or folder of a registered model, `v1/` the rest: models' descriptions, services, environments, runs, packages.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

from amlemu.layout import OWN_FOLDER
from amlemu.local_endpoints import shelf as shelves
from amlemu.v1.exceptions import UserErrorException

MODELS, V1 = "models", "v1"


def root() -> Path:
    """Return the folder, absolute; it need not be there."""
    return shelves.home().parent


def models() -> Path:
    """Return where the files of registered models lie, as `azureml-models` has them."""
    return root() / MODELS


def kept(kind: str, *parts: str) -> Path:
    """Return where one thing of a kind lies: `models`, `services`, `environments`, `runs` or `packages`."""
    return root().joinpath(V1, kind, *parts)


def make(folder: Path) -> Path:
    """Make a folder, and the endpoints' one beside it, by which the project is found again from folders below. Raises UserErrorException."""
    try:
        home = shelves.home()
        home.mkdir(parents=True, exist_ok=True)
        if home.parent.name == OWN_FOLDER:
            (home.parent / ".gitignore").write_text("*\n", encoding="ascii")
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserErrorException(f"nothing can be kept in {folder}: {error.strerror}") from error
    return folder


def own_mark() -> str:
    """Return what no other thread or process adds to the name of a draft."""
    return f"{os.getpid()}.{threading.get_ident()}"


def write_json(path: Path, content: Any) -> None:
    """Replace a file, as a whole or not at all. Raises UserErrorException."""
    make(path.parent)
    draft = path.with_name(f".{path.name}.{own_mark()}")
    try:
        draft.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        draft.replace(path)
    except (OSError, TypeError, ValueError) as error:
        draft.unlink(missing_ok=True)
        raise UserErrorException(f"{path} cannot be written: {error}") from error


def read_json(path: Path) -> Any:
    """Return what a file holds; None where there is none, or nothing that can be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def numbers(folder: Path, suffix: str = "") -> list[int]:
    """Return the numbers that names in a folder are, smallest first."""
    try:
        names = [name.removesuffix(suffix) for name in os.listdir(folder) if name.endswith(suffix)]
    except OSError:
        return []
    return sorted(int(name) for name in names if name.isascii() and name.isdigit())
