"""
Where the environment of a file lies, `.amlemu/environments/conda` beside `conda.yml`, and the record of what it was made from.

`make.py` fills it; whoever serves or looks at a script asks `find` for it.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from amlemu.azure import pip_line
from amlemu.azure.requirements import Requirements
from amlemu.layout import ENVIRONMENTS, OWN_FOLDER

RECORD = "made.json"


@dataclass(frozen=True)
class Record:
    """What an environment was made from: the file's name, what it asked for, with which Python, when."""

    file: str
    fingerprint: str
    interpreter: str
    version: str
    made_at: float  # seconds since the epoch


@dataclass(frozen=True)
class Made:
    """
    An environment that is there.

    Attributes:
        folder: of the virtual environment.
        is_current: the file asks for what it asked for when the environment was made.
    """

    folder: Path
    record: Record
    is_current: bool

    @property
    def python(self) -> Path:
        """The interpreter in it."""
        return python_in(self.folder)


def place_of(asked: Requirements) -> Path:
    """Return the folder of a file's environment, whether it is there or not."""
    file = asked.place.file
    return file.parent / OWN_FOLDER / ENVIRONMENTS / (file.stem or file.name)


def python_in(folder: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    return folder / "bin" / "python"


def find(asked: Requirements) -> Made | None:
    """Return the environment of a file; None where there is none that works, or it was made for another file."""
    folder = place_of(asked)
    record = read_record(folder)
    if record is None or record.file != asked.place.file.name or not os.access(python_in(folder), os.X_OK):
        return None
    return Made(folder, record, record.fingerprint == fingerprint(asked))


def read_record(folder: Path) -> Record | None:
    """Return what an environment was made from; None where it is not whole."""
    try:
        record = Record(**json.loads((folder / RECORD).read_text(encoding="utf-8")))
        is_sound = all(isinstance(word, str) for word in (record.file, record.fingerprint, record.version))
        return record if is_sound else None
    except (OSError, ValueError, TypeError):
        return None


def write_record(record: Record, folder: Path) -> None:
    """Put the record into a finished environment; from now on it counts as one."""
    (folder / RECORD).write_text(json.dumps(asdict(record), indent=2) + "\n", encoding="utf-8")


def fingerprint(asked: Requirements) -> str:
    """
    Return a word that changes when the file asks for something else; comments and the order of keys are nothing.

    Files that pip installs or reads count with their size and time.
    """
    wanted = {
        "python": asked.python,
        "entries": [[entry.manager, entry.text] for entry in asked.entries],
        "options": asked.pip_options,
        "files": _stamps(asked),
    }
    return hashlib.sha256(json.dumps(wanted).encode()).hexdigest()


def _stamps(asked: Requirements) -> list[list[object]]:
    folder = asked.place.file.parent
    named = [entry.text for entry in asked.entries if entry.is_elsewhere and pip_line.is_relative(entry.text)]
    for option in asked.pip_options:
        line = pip_line.parse(option, asked.place, (folder,))
        if line is not None and line.follows is not None and line.follows[0] == "-c":
            named.append(line.follows[1])
    return [_stamp(folder / name) for name in named]


def _stamp(path: Path) -> list[object]:
    try:
        return [path.name, path.stat().st_size, path.stat().st_mtime_ns] if path.is_file() else [path.name]
    except (OSError, ValueError):
        return [path.name]
