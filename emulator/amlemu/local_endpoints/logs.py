"""
The logs of a deployment, as files of its shelf: bounded, one older file beside each, readable while nobody serves.
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from pathlib import Path
from typing import IO, TextIO, cast

CONTAINERS = ("inference-server", "storage-initializer")
"""Whose log one can have; contract 5.1."""
STATUS_BLOCK = ("SystemSetup", "UserContainerImagePull", "ModelDownload", "UserContainerStart")
"""The steps that Azure's logs begin with; contract 6.2."""
_BYTES = 4 << 20
_READ_BYTES = 8 << 20


class LogFile:
    """A text stream into a file that starts anew when it has grown large. A full disk loses lines, and nothing else."""

    encoding = "utf-8"

    def __init__(self, path: Path, bytes_: int = _BYTES) -> None:
        """Go on where the file ends."""
        self._path, self._most = path, bytes_
        self.closed = False
        self._file: IO[str] | None = None
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open()

    def write(self, text: str) -> int:
        """Write; whatever the disk says."""
        try:
            if self._file is None or self._file.tell() > self._most:
                self._start_anew()
            assert self._file is not None
            self._file.write(text)
            self._file.flush()
        except OSError:
            pass
        return len(text)

    def flush(self) -> None:
        """Nothing waits here."""

    def isatty(self) -> bool:
        """It is none."""
        return False

    def close(self) -> None:
        """End it."""
        self.closed = True
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()

    def _open(self) -> None:
        self._file = open(self._path, "a", encoding=self.encoding, errors="backslashreplace")  # noqa: SIM115

    def _start_anew(self) -> None:
        if self._file is not None:
            self._file.close()
            os.replace(self._path, older(self._path))
        self._open()


def stream(path: Path) -> TextIO:
    """Return a log file as the text stream that it is."""
    return cast("TextIO", LogFile(path))


def log_of(folder: Path, container: str) -> Path:
    """Return the log of a container; one of `CONTAINERS`."""
    return folder / f"{container}.log"


def older(path: Path) -> Path:
    """Return where a log goes when it has grown large."""
    return path.with_suffix(".1.log")


def last_lines(path: Path, count: int) -> list[str]:
    """Return the last lines of a log, and of the one before it; none where there is none."""
    lines: deque[str] = deque(maxlen=min(max(count, 0), _READ_BYTES))
    for one in (older(path), path):
        with contextlib.suppress(OSError), open(one, "rb") as file:
            file.seek(max(os.fstat(file.fileno()).st_size - _READ_BYTES, 0))
            lines.extend(file.read().decode("utf-8", "replace").splitlines())
    return list(lines)


def cut(path: Path, text: str) -> None:
    """Begin a log with a text; whatever the disk says."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
