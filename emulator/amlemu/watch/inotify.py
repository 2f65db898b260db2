"""
Linux's own word on changes: one inotify descriptor, by ctypes. Folders and happenings here, no trees and no rules.

Why not watchdog, which serves the other systems: it has a thread (before 7.0 an inotify instance, too, of which a user has
128) for each folder that is not watched with all below it, a virtual environment included; below the first folder it does
not say when the system's limit is reached or a folder is not readable (7.1, `InotifyWatchGroup._add_callback`); and a file
that is moved out of a watched folder stops all news for half a second (3.0 to 7.1, `DelayedQueue.get`; measured: 501 ms from
a save to its event, about 1 ms with this module).
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import struct
from dataclasses import dataclass

_CLOSE_WRITE, _ATTRIB, _MOVED_FROM, _MOVED_TO, _CREATE, _DELETE = 0x8, 0x4, 0x40, 0x80, 0x100, 0x200
_MOVE_SELF, _OVERFLOW, _IGNORED, _IS_FOLDER = 0x800, 0x4000, 0x8000, 0x40000000
_ONLY_FOLDERS, _NOT_UNLINKED = 0x01000000, 0x04000000
# A file that is being written says nothing until it is closed: half a model is no model. Reading says nothing at all.
_MASK = (
    (_CLOSE_WRITE | _ATTRIB | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _MOVE_SELF) | _ONLY_FOLDERS | _NOT_UNLINKED
)
_HEAD = struct.Struct("iIII")
_READ_BYTES = 1 << 16


@dataclass(frozen=True)
class Happening:
    """What happened to a name in a watched folder, or to the folder itself (no name)."""

    watch: int
    name: str
    mask: int

    @property
    def is_folder(self) -> bool:
        return bool(self.mask & _IS_FOLDER)

    @property
    def has_created(self) -> bool:
        """A name is there that was not; a file may still be empty and about to be written."""
        return bool(self.mask & _CREATE)

    @property
    def has_come(self) -> bool:
        return bool(self.mask & (_CREATE | _MOVED_TO))

    @property
    def has_gone(self) -> bool:
        return bool(self.mask & (_DELETE | _MOVED_FROM))

    @property
    def has_moved_away(self) -> bool:
        return bool(self.mask & _MOVED_FROM)

    @property
    def has_new_attributes(self) -> bool:
        return bool(self.mask & _ATTRIB)

    @property
    def has_moved_itself(self) -> bool:
        return bool(self.mask & _MOVE_SELF)

    @property
    def has_ended(self) -> bool:
        """The watch is no more: its folder was deleted, unmounted, or is not wanted."""
        return bool(self.mask & _IGNORED)

    @property
    def is_overflow(self) -> bool:
        """More happened than the system kept for us."""
        return bool(self.mask & _OVERFLOW)


class Inotify:
    """
    One descriptor. For one thread, but for `wake`.

    Raises:
        OSError: EMFILE when there are too many of its kind (fs.inotify.max_user_instances) or too many open files.
    """

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._checked(self._libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK), "")
        self._wake_in, self._wake_out = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)
        self._poll.register(self._wake_in, select.POLLIN)

    def add(self, folder: str) -> int:
        """
        Watch a folder, not those in it; the same folder by another name has the same number.

        Raises:
            OSError: ENOSPC at the limit of watches, PermissionError, FileNotFoundError, NotADirectoryError.
        """
        return self._checked(self._libc.inotify_add_watch(self._fd, os.fsencode(folder), _MASK), folder)

    def forget(self, watch: int) -> None:
        """Do not watch any more; a watch that has ended by itself is fine."""
        self._libc.inotify_rm_watch(self._fd, watch)

    def read(self, seconds: float) -> list[Happening]:
        """Return what has happened as soon as something has; nothing after so many seconds, or when woken."""
        self._poll.poll(max(0.0, seconds) * 1000)
        _emptied(self._wake_in)
        return list(_happenings(_emptied(self._fd)))

    def wake(self) -> None:
        """Make `read` return; from any thread."""
        try:
            os.write(self._wake_out, b"!")
        except BlockingIOError:
            pass  # woken often enough

    def close(self) -> None:
        for fd in (self._fd, self._wake_in, self._wake_out):
            os.close(fd)

    def _checked(self, result: int, path: str) -> int:
        if result >= 0:
            return result
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)


def is_limit(trouble: BaseException) -> bool:
    """Tell whether the system does not give us more watches, instances or open files."""
    return isinstance(trouble, OSError) and trouble.errno in (errno.ENOSPC, errno.EMFILE, errno.ENFILE)


def _emptied(fd: int) -> bytes:
    told = b""
    try:
        while more := os.read(fd, _READ_BYTES):
            told += more
    except BlockingIOError:
        pass
    return told


def _happenings(told: bytes) -> list[Happening]:
    found, at = [], 0
    while at < len(told):
        watch, mask, _cookie, length = _HEAD.unpack_from(told, at)
        at += _HEAD.size + length
        found.append(Happening(watch, os.fsdecode(told[at - length : at].rstrip(b"\0")), mask))
    return found
