"""
How far a run is, for a person who would otherwise look at an empty screen: who starts, and how many cases each server was asked.

Told by `play.py`, from several threads; shown as a line that stays in its place on a terminal, else as one line now and then.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_AT_A_TERMINAL_S = 0.2
_ELSEWHERE_S = 30.0
_ERASE = "\r\x1b[2K"


class Headway:
    """Counts, and shows what it has counted from time to time."""

    def __init__(self, write: Callable[[str], None], total: int, *, is_terminal: bool) -> None:
        """`write` is given text as it is to be written, line ends included."""
        self._write = write
        self._total = total
        self._is_terminal = is_terminal
        self._lock = threading.Lock()
        self._asked: dict[str, int] = {}
        self._shown_at = time.monotonic()
        self._is_shown = False

    def starts(self, take: str) -> None:
        """A take has begun; its server is not up yet."""
        self._count(take, -1)

    def asked(self, take: str, number: int) -> None:
        """So many cases of a take are over."""
        self._count(take, number)

    def clear(self) -> None:
        """Nothing more comes; what was written makes room for the report."""
        with self._lock:
            if self._is_shown:
                self._write(_ERASE)
            self._asked.clear()
            self._is_shown = False

    def _count(self, take: str, number: int) -> None:
        with self._lock:
            self._asked[take] = number
            now = time.monotonic()
            if now - self._shown_at < (_AT_A_TERMINAL_S if self._is_terminal else _ELSEWHERE_S):
                return
            self._shown_at = now
            line = ", ".join(f"{name} {self._told(count)}" for name, count in self._asked.items())
            self._write(f"{_ERASE}{line}" if self._is_terminal else f"{line}\n")
            self._is_shown = self._is_terminal

    def _told(self, count: int) -> str:
        return "starts" if count < 0 else f"{count}/{self._total}"
