"""
How much memory this process has, and the most it has had since somebody last asked: what the kernel counts anyway, without a thread.

A request costs one system call of a microsecond; one that has needed more than any before it a few more. Part of the guest half: standard
library only, Python 3.9 syntax.

Source: getrusage(2) (`ru_maxrss`), Documentation/filesystems/proc.rst of Linux 6.1 (`statm`, `VmHWM`, `clear_refs`, read 2026-11).
Elsewhere nothing is known.
"""

from __future__ import annotations

import os
import sys
from typing import Optional

if sys.platform == "linux":
    import resource

_RESET_PEAK = b"5"
_NOISE = 1 << 20  # by which the kernel's figures differ among each other
_WORTH_A_LOOK_S = 0.001  # in less no more than a few megabytes can be touched


class Memory:
    """Of the process that uses it. Sizes in bytes, None where the system does not tell."""

    def __init__(self) -> None:
        self._level: Optional[int] = None  # the peak just after it was forgotten; None: it cannot be
        self._is_masked = False
        self._is_raised = False  # the level is that of a moment ago, when more was held than is now

    def now(self) -> Optional[int]:
        """Return what it has."""
        try:
            with open("/proc/self/statm", "rb", buffering=0) as file:
                return int(file.read(128).split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError, IndexError):
            return None

    def peak(self) -> Optional[int]:
        """Return the most it has had since `forget`, or since it began."""
        try:
            with open("/proc/self/status", "rb", buffering=0) as file:
                text = file.read(4096)
            return int(text[text.index(b"VmHWM:") + 6 :].split(None, 1)[0]) * 1024
        except (OSError, ValueError, IndexError):
            return None

    def forget(self) -> None:
        """Begin anew: the peak is what it has now."""
        self._level = None
        self._is_raised = False
        try:
            with open("/proc/self/clear_refs", "wb", buffering=0) as file:
                file.write(_RESET_PEAK)
        except OSError:
            return
        peak = self.peak()
        if peak is not None:
            quick = _quick_peak()
            # A process that was started by a larger one has that one's size for its own, as long as it is smaller itself.
            self._is_masked = quick > peak + _NOISE
            self._level = peak if self._is_masked else quick

    def take_peak(self, took_s: float) -> Optional[int]:
        """
        Return the most since it was last taken, and begin anew; what stays below the level of before is told as that.

        Args:
            took_s: how long that is ago.
        """
        if self._level is None:
            return None
        level = self._level
        if self._is_masked and took_s < _WORTH_A_LOOK_S:
            self.settle()
            return level
        peak = self.peak() if self._is_masked else _quick_peak()
        if peak is not None and peak > level:
            self.forget()
            self._is_raised = True
            return peak
        self.settle()
        return level

    def settle(self) -> None:
        """
        Begin anew if the level was raised: what has been given back since then, a request's body above all, is not the next one's.
        """
        if self._is_raised:
            self.forget()


def _quick_peak() -> int:
    """Return the same in a thirtieth of the time; of a process whose parent was larger that one's."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
