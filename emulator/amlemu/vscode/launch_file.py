"""
The file `.vscode/launch.json` of a folder: read as bytes, replaced as a whole or not at all.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from amlemu.errors import UsageError
from amlemu.vscode.jsonc import NotJsonc
from amlemu.vscode.merge import Merged, merge

_UNTOUCHED = "Mend it there; nothing has been written."


class LaunchFile:
    """The launch file of one folder, which need not be there yet."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / ".vscode" / "launch.json"

    def merged(self, entries: Sequence[dict[str, Any]]) -> Merged:
        """Return what it will be with these entries. Raises UsageError where it cannot be read, or is no launch file."""
        try:
            return merge(self._read().decode("utf-8"), entries)
        except UnicodeDecodeError as error:
            what = f"byte {error.start} is no UTF-8"
            raise UsageError(what, where=str(self.path), hint=f"Save it as UTF-8. {_UNTOUCHED}") from error
        except NotJsonc as error:
            where = f"{self.path}:{error.line}:{error.column}"
            raise UsageError(
                error.what, where=where, expected=f"Expected {error.expected}.", hint=_UNTOUCHED
            ) from error

    def write(self, merged: Merged) -> None:
        """Make it so; where there is nothing to add, not even the time of the file changes. Raises UsageError."""
        if not merged.added:
            return
        place = Path(os.path.realpath(self.path))  # a link stays one
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            _replace(place, as_bytes(merged))
        except OSError as error:
            raise UsageError(
                f"cannot be written: {error.strerror}",
                where=str(self.path),
                hint="Name another folder with --folder, or paste what amlemu vscode --print shows.",
            ) from error

    def _read(self) -> bytes:
        try:
            return self.path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return b""  # if it cannot be made either, writing will say so
        except OSError as error:
            raise UsageError(f"cannot be read: {error.strerror}", where=str(self.path)) from error


def as_bytes(merged: Merged) -> bytes:
    """Return the bytes of a launch file; in a script's name, what is no UTF-8 becomes an escape as JSON has it."""
    return merged.text.encode("utf-8", "backslashreplace")


def _replace(place: Path, data: bytes) -> None:
    """Put a new file in the place of an old one, at once and with its mode."""
    draft = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        with draft.open("xb") as file:
            file.write(data)
        with contextlib.suppress(FileNotFoundError):
            draft.chmod(stat.S_IMODE(place.stat().st_mode))
        draft.replace(place)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
