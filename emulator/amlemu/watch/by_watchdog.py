"""
Eyes of macOS and Windows: watchdog tells what happens in the roots and all below them, which costs nothing per folder there.

On Linux `by_events` is right (its `inotify` says why); this one works there, too, and is tested there.
"""

from __future__ import annotations

import inspect
import os
import queue
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from amlemu.watch.absences import Absences
from amlemu.watch.rules import Rules
from amlemu.watch.tree import walk

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers.api import BaseObserver, ObservedWatch

_CHANGES = ("created", "modified", "attrib", "deleted", "moved", "closed")  # 7.0 and later tell of a touch apart


class ByWatchdog:
    """See `eyes.Eyes`."""

    manner = "events"

    def __init__(self, rules: Rules, say: Callable[[str], None]) -> None:
        self._rules = rules
        self._absences = Absences(say)
        self._observer: BaseObserver | None = None
        self._watches: dict[str, ObservedWatch | None] = {}
        self._identities: dict[str, tuple[int, int]] = {}
        self._real: dict[str, str] = {}  # roots as the system names them, as links on the way there do not
        self._told: queue.SimpleQueue[FileSystemEvent | None] = queue.SimpleQueue()

    def open(self) -> set[str]:
        """Raises OSError when a limit of the system is reached."""
        from watchdog.observers import Observer

        self._observer = Observer()
        self._observer.start()
        found = self._watch_missing()
        self._absences.started()
        return found

    def wait(self, seconds: float) -> set[str]:
        found: set[str] = set()
        try:
            event = self._told.get(timeout=max(0.0, seconds))
            while event is not None:
                found |= self._taken(event)
                event = self._told.get_nowait()
        except queue.Empty:
            pass
        return found

    def wake(self) -> None:
        self._told.put(None)

    def supervise(self) -> set[str]:
        for root, watch in list(self._watches.items()):
            if _identity(root) != self._identities[root]:
                if watch is not None:
                    self._running.unschedule(watch)
                del self._watches[root]
                self._real = {real: name for real, name in self._real.items() if name != root}
        return self._watch_missing()

    def renew(self, rules: Rules) -> set[str]:
        self._rules = rules
        return set()

    def close(self) -> None:
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
            self._observer = None

    def dispatch(self, event: FileSystemEvent) -> None:
        """Take watchdog's word, in its thread; opening and reading is no change."""
        if event.event_type in _CHANGES:
            self._told.put(event)

    @property
    def _running(self) -> BaseObserver:
        assert self._observer is not None, "opened before it is used"
        return self._observer

    def _watch_missing(self) -> set[str]:
        """Watch the roots that are not watched; return the files that matter there."""
        found: set[str] = set()
        for root in self._rules.roots:
            if root not in self._watches:
                found |= self._files([root], self._schedule)
        return found

    def _schedule(self, folder: str) -> None:
        if folder not in self._rules.roots or folder in self._watches:
            return
        os.listdir(folder)  # watchdog's own complaint comes from another thread, or never
        self._identities[folder] = _identity(folder)
        real = os.path.realpath(folder)
        if self._real.setdefault(real, folder) != folder:
            self._watches[folder] = None  # by another name it is watched already; trees come first
            return
        self._watches[folder] = self._running.schedule(
            cast("FileSystemEventHandler", self),  # its base class would be imported with this module
            real,
            recursive=folder in self._rules.trees,
            **_only_changes(self._running),
        )

    def _files(self, folders: list[str], enter: Callable[[str], None]) -> set[str]:
        found: set[str] = set()
        for folder, files in walk(self._rules, folders, enter, self._fail):
            self._absences.end(folder)
            found |= {file.path for file in files}
        return found

    def _fail(self, folder: str, trouble: OSError) -> None:
        if folder in self._rules.roots:
            self._absences.begin(folder, trouble)

    def _taken(self, event: FileSystemEvent) -> set[str]:
        ends = [self._named(os.fsdecode(path)) for path in (event.src_path, getattr(event, "dest_path", "")) if path]
        if not event.is_directory:
            return {path for path in ends if self._rules.matters(path) and self._is_reached(path)}
        # of a folder that was moved away nobody may say which files it had
        gone = {ends[0]} if event.event_type in ("deleted", "moved") and self._is_reached(ends[0] + os.sep) else set()
        if event.event_type in ("created", "moved") and self._is_reached(ends[-1] + os.sep):
            return gone | self._files(ends[-1:], self._schedule)
        return gone

    def _named(self, path: str) -> str:
        """Write a path with the root's name as we know it."""
        for real, root in self._real.items():
            if path.startswith(real + os.sep):
                return root + path[len(real) :]
        return path

    def _is_reached(self, path: str) -> bool:
        """Tell whether all folders on the way are entered; below a root watchdog tells everything."""
        folder = os.path.dirname(path)
        while folder not in self._rules.roots:
            if not self._rules.enters(folder):
                return False
            folder = os.path.dirname(folder)
        return True


def _only_changes(observer: BaseObserver) -> dict[str, Any]:
    """Ask for nothing but changes, where this version lets us (5.0 and later)."""
    from watchdog import events

    if "event_filter" not in inspect.signature(observer.schedule).parameters:
        return {}
    files = (events.FileCreatedEvent, events.FileModifiedEvent, events.FileDeletedEvent, events.FileMovedEvent)
    folders = (events.DirCreatedEvent, events.DirDeletedEvent, events.DirMovedEvent)
    touches = [events.FileAttribEvent] if hasattr(events, "FileAttribEvent") else []
    return {"event_filter": [*files, *folders, *touches, events.FileClosedEvent]}


def _identity(folder: str) -> tuple[int, int]:
    try:
        found = os.stat(folder)
    except OSError:
        return (0, 0)
    return found.st_dev, found.st_ino
