"""
The note that a running server leaves beside its script: `.amlemu/<port>/control.json`, for its owner's eyes only.

`port.py` writes it and takes it away, `client.py` reads it. What a killed server has left, the next one sweeps.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from amlemu.layout import OWN_FOLDER

FILE = "control.json"
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d{1,5}")


@dataclass(frozen=True)
class Note:
    """Who serves what, where it can be asked, and with which token."""

    pid: int
    url: str  # of the control port
    token: str
    script: str
    scoring: str  # where requests are answered
    started_at: float  # seconds since the epoch
    deployment: str = ""  # an endpoint has several at one port

    def __repr__(self) -> str:
        return f"Note({self.pid}, {self.url}, {self.script})"

    @property
    def is_alive(self) -> bool:
        """Whether there is a process of this number; it may be another one by now."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except OSError:
            return True  # somebody else's
        return True


def read(folder: Path) -> Note | None:
    """Return the note that lies in a folder; None where there is none, or it says something else."""
    try:
        note = Note(**json.loads((folder / FILE).read_text(encoding="utf-8")))
        is_sound = note.pid > 0 and all(
            isinstance(word, str) for word in (note.token, note.script, note.scoring, note.deployment)
        )
        # It is asked with a token in hand, so nothing but this machine will do.
        return note if is_sound and _ADDRESS.fullmatch(note.url) else None
    except (OSError, ValueError, TypeError):
        return None


def prepare(folder: Path) -> Path:
    """Make a folder for its owner alone and return it; where it cannot be, one in the temporary folder."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        if folder.parent.name == OWN_FOLDER:
            (folder.parent / ".gitignore").write_text("*\n", encoding="ascii")
            _sweep(folder.parent)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass  # a file has this name, another user owns it, the disk cannot be written
    return Path(tempfile.mkdtemp(prefix="amlemu-control-"))


def is_there(folder: Path) -> bool:
    """Tell whether somebody's note lies in a folder."""
    return (folder / FILE).exists()


def write(note: Note, folder: Path) -> None:
    """Put the note into its folder, whole from the first moment on."""
    draft = folder / f"{FILE}.{os.getpid()}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(asdict(note), file)
    draft.replace(folder / FILE)


def remove(note: Note, folder: Path) -> None:
    """Take the note away, unless another server has put its own there; and the folders that are empty now."""
    if read(folder) == note:
        (folder / FILE).unlink(missing_ok=True)
    tidy(folder)


def tidy(folder: Path) -> None:
    """Remove the folder, and the one above it, where nothing else is in them."""
    with contextlib.suppress(OSError):  # it holds links, too; they go later
        folder.rmdir()
        own = folder.parent
        if own.name == OWN_FOLDER and os.listdir(own) == [".gitignore"]:
            shutil.rmtree(own, ignore_errors=True)


def _sweep(own: Path) -> None:
    """Take away the notes of servers that were killed."""
    for path in own.glob(f"*/{FILE}"):
        note = read(path.parent)
        if note is not None and not note.is_alive:
            with contextlib.suppress(OSError):
                path.unlink()
                path.parent.rmdir()
