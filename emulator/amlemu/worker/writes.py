"""
Which files the script itself writes, told to the host: they are no reason to reload it.

An audit hook of Python's sees them, whoever opens, renames or removes; C code that writes without asking Python is not seen. Part of
the guest half: standard library only, Python 3.9 syntax.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any, Callable, Dict, Iterable, Tuple

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_NOT_FILES = ("/dev/", "/proc/", "/sys/")
_TELL_AGAIN_S = 0.1  # a file that is written again and again


class Writes:
    """Tells the paths of files that are written from now on; a hook cannot be taken away again."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        """`tell` gets absolute paths, as this process names them; from any thread."""
        self._tell = tell
        self._pid = os.getpid()  # what the script forks has our end of the line, too, and would speak into our frames
        self._told_at: Dict[str, float] = {}

    def watch(self) -> None:
        """Begin."""
        sys.addaudithook(self._heard)

    def _heard(self, event: str, arguments: Tuple[Any, ...]) -> None:
        paths = _EVENTS.get(event)
        if paths is None or os.getpid() != self._pid:
            return
        for path in paths(arguments):
            if isinstance(path, (str, bytes, os.PathLike)):
                self._note(os.path.abspath(os.fsdecode(path)))

    def _note(self, path: str) -> None:
        now = time.monotonic()
        if path.startswith(_NOT_FILES) or now - self._told_at.get(path, 0.0) < _TELL_AGAIN_S:
            return
        if len(self._told_at) > 1000:  # temporary files have names of their own
            self._told_at.clear()
        self._told_at[path] = now
        try:
            self._tell(path)
        except OSError:
            pass  # the host is gone, and nobody wants to know


def _opened(arguments: Tuple[Any, ...]) -> Iterable[Any]:
    path, _, flags = arguments
    return (path,) if isinstance(flags, int) and flags & _WRITES else ()


_EVENTS: Dict[str, Callable[[Tuple[Any, ...]], Iterable[Any]]] = {
    "open": _opened,
    "os.rename": lambda arguments: arguments[:2],
    "os.remove": lambda arguments: arguments[:1],
    "os.truncate": lambda arguments: arguments[:1],
    "os.link": lambda arguments: arguments[1:2],
    "os.symlink": lambda arguments: arguments[1:2],
    "os.utime": lambda arguments: arguments[:1],
    "sqlite3.connect": lambda arguments: arguments[:1],
}
