"""
The registered models of this project, on its disk: `models/NAME/VERSION/` holds the file or folder, versions count up.

What is registered is a copy, as in Azure: a model that is trained anew in its old place does not change a version that is there.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from amlemu.v1 import place


@dataclass
class Registered:
    """
    One version of a model.

    Attributes:
        path: its file or folder; in Azure that lies at azureml-models/NAME/VERSION.
        created_at: seconds since the epoch.
        said: what was said of it: tags, properties, description, framework ...
    """

    name: str
    version: int
    path: Path
    created_at: float = 0.0
    said: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """NAME:VERSION, as the SDK has it."""
        return f"{self.name}:{self.version}"


def register(name: str, source: Path, said: dict[str, Any], children: Sequence[str] = ()) -> Registered:
    """
    Copy a file or folder as the next version; of a folder only `children`, where they are named: files and folders in it.

    Raises:
        OSError: that cannot be done; nothing of it is left.
    """
    home = place.make(place.models() / name)
    draft = home / f".draft.{place.own_mark()}"
    shutil.rmtree(draft, ignore_errors=True)
    try:
        draft.mkdir()
        for child in children or ("",):
            _copy(source / child, draft / source.name / child)
        version = _take_number(home, draft)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    made = Registered(name, version, home / str(version) / source.name, time.time(), said)
    write(made)
    return made


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(".amlemu"), dirs_exist_ok=True)
    else:
        shutil.copy2(source, target)


def _take_number(home: Path, draft: Path) -> int:
    """Give a draft the next number; somebody else may register, too."""
    described = place.kept("models", home.name)
    while True:
        version = max([0, *place.numbers(home), *place.numbers(described, ".json")]) + 1
        try:
            draft.rename(home / str(version))
        except OSError:
            if not (home / str(version)).exists():
                raise
            continue
        return version


def write(made: Registered) -> None:
    """Write down what is said of a version."""
    path = place.kept("models", made.name, f"{made.version}.json")
    place.write_json(path, {key: value for key, value in asdict(made).items() if key in ("created_at", "said")})


def find(name: str, version: int | None = None) -> Registered | None:
    """Return a version, the latest where none is named; None where it is not there."""
    home = place.models() / name
    numbers = place.numbers(home)
    if not numbers or (version is not None and version not in numbers):
        return None
    number = numbers[-1] if version is None else version
    inside = sorted(path for path in (home / str(number)).iterdir())
    if len(inside) != 1:
        return None
    described = place.read_json(place.kept("models", name, f"{number}.json"))
    told = described if isinstance(described, dict) else {}
    return Registered(name, number, inside[0], told.get("created_at") or 0.0, told.get("said") or {})


def every() -> list[Registered]:
    """Return all versions of all models, those of one name from the latest to the first."""
    names = sorted(path.name for path in place.models().iterdir()) if place.models().is_dir() else []
    found = [find(name, number) for name in names for number in reversed(place.numbers(place.models() / name))]
    return [one for one in found if one is not None]


def remove(made: Registered) -> None:
    """Remove a version; its number is not given again while a later one is there."""
    shutil.rmtree(place.models() / made.name / str(made.version), ignore_errors=True)
    place.kept("models", made.name, f"{made.version}.json").unlink(missing_ok=True)
