"""
A process of the guest half ends with its host, however that ends: with a SIGKILL there is nobody left to end it, and init() or run() may go on for ever.

The host holds one end of a pipe into which nobody writes; when that closes, the kernel kills whoever has the other. What the script has started goes on,
as it would without us. Part of the guest half: standard library only, Python 3.9 syntax.

Source: fcntl(2), F_SETSIG and F_SETOWN: Linux alone; elsewhere such a process ends when it asks its host for more.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import signal

_held: list[int] = []  # one, or none yet


@functools.cache
def rope(pid: int) -> int:
    """Return the descriptor that the processes of a host inherit. Called by the host, with its own pid: the fork of a host is another host."""
    reader, _ = os.pipe()  # the other end closes with the process
    return reader


def hold(inherited: int) -> None:
    """Be killed when the host ends. Called first of all, with what the process has inherited; that is closed."""
    with contextlib.suppress(OSError, AttributeError):
        _held[:] = [_reopened(inherited)]
    os.close(inherited)


def hold_anew() -> None:
    """Likewise in a fork: its parent holds for itself alone."""
    for file in _held[:]:
        hold(file)


def passed_on() -> int:
    """Return the descriptor for the program that this process is about to become."""
    file = _held[0] if _held else rope(os.getpid())
    os.set_inheritable(file, True)
    return file


def _reopened(file: int) -> int:
    """Open the pipe once more: whom the kernel shall kill, it notes for each time that it was opened, not for each process that has it."""
    own = os.open(f"/proc/self/fd/{file}", os.O_RDONLY | os.O_NONBLOCK)
    try:
        fcntl.fcntl(own, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(own, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(own, fcntl.F_SETFL, fcntl.fcntl(own, fcntl.F_GETFL) | os.O_ASYNC)
    except BaseException:
        os.close(own)
        raise
    return own
