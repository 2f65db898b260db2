"""
Eyes of Linux: the kernel tells what happens in the folders that are entered, one watch each. Folders with no file that
counts have none, so a virtual environment in the code folder costs nothing.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable

from amlemu.watch.absences import Absences
from amlemu.watch.inotify import Happening, Inotify, is_limit
from amlemu.watch.rules import Rules
from amlemu.watch.tree import walk


class ByEvents:
    """See `eyes.Eyes`."""

    manner = "events"

    def __init__(self, rules: Rules, say: Callable[[str], None]) -> None:
        self._rules = rules
        self._absences = Absences(say)
        self._inotify: Inotify | None = None
        self._folders: dict[int, str] = {}
        self._watches: dict[str, int] = {}
        self._identities: dict[str, tuple[int, int]] = {}  # of roots: which folder has this name

    def open(self) -> set[str]:
        """Raises OSError when a limit of the system is reached."""
        self._inotify = Inotify()
        found = self._watch(self._rules.roots)
        self._absences.started()
        return found

    def wait(self, seconds: float) -> set[str]:
        found: set[str] = set()
        for happening in self._descriptor.read(seconds):
            found |= self._taken(happening)
        return found

    def wake(self) -> None:
        if self._inotify is not None:
            self._inotify.wake()

    def supervise(self) -> set[str]:
        lost = [root for root in self._rules.roots if self._is_lost(root)]
        for root in lost:
            self._drop(root)
        return self._watch([*lost, *self._absences])

    def renew(self, rules: Rules) -> set[str]:
        self._rules = rules
        before = set(self._watches)
        entered: set[str] = set()
        self._watch(rules.roots, entered)
        for folder in before - entered:
            self._drop_one(folder)
        for folder in self._absences:
            if folder not in rules.roots and not rules.enters(folder):
                self._absences.forget(folder)
        return set()

    def close(self) -> None:
        if self._inotify is not None:
            self._inotify.close()
            self._inotify = None

    @property
    def _descriptor(self) -> Inotify:
        assert self._inotify is not None, "opened before it is used"
        return self._inotify

    def _watch(self, folders: Iterable[str], entered: set[str] | None = None) -> set[str]:
        """Watch folders and what is in them; return the files that matter there."""
        found: set[str] = set()
        for folder, files in walk(self._rules, folders, self._enter, self._fail):
            self._absences.end(folder)
            found |= {file.path for file in files}
            if entered is not None:
                entered.add(folder)
        return found

    def _enter(self, folder: str) -> None:
        watch = self._descriptor.add(folder)
        before = self._folders.get(watch, folder)
        if self._watches.get(before) == watch:
            del self._watches[before]  # it had another name
        self._folders[watch], self._watches[folder] = folder, watch
        if folder in self._rules.roots:
            here = os.stat(folder)
            self._identities[folder] = (here.st_dev, here.st_ino)

    def _fail(self, folder: str, trouble: OSError) -> None:
        if is_limit(trouble):
            raise trouble
        self._drop(folder)
        if isinstance(trouble, PermissionError) or folder in self._rules.roots:
            self._absences.begin(folder, trouble)
        else:
            self._absences.forget(folder)  # gone while we looked

    def _is_lost(self, root: str) -> bool:
        """Tell whether a root is not the folder any more that we watch; one that is absent is tried anyway."""
        if root in self._absences:
            return False
        try:
            here = os.stat(root)
        except OSError:
            return True
        return self._identities.get(root) != (here.st_dev, here.st_ino)

    def _drop(self, folder: str) -> None:
        """Forget a folder and what is in it: it is gone, or has another name now."""
        for path in [path for path in self._watches if path == folder or path.startswith(folder + os.sep)]:
            self._drop_one(path)

    def _drop_one(self, folder: str) -> None:
        watch = self._watches.pop(folder)
        self._folders.pop(watch, None)
        self._identities.pop(folder, None)
        self._descriptor.forget(watch)

    def _taken(self, happening: Happening) -> set[str]:
        if happening.is_overflow:
            return self._watch(self._rules.roots)
        folder = self._folders.get(happening.watch)
        if folder is None:
            return set()  # the last words of a watch that we gave up
        if happening.has_ended or happening.has_moved_itself:
            return self._ended(happening, folder)
        path = os.path.join(folder, happening.name) if happening.name else folder
        if happening.is_folder:
            return self._taken_of_folder(happening, path)
        if happening.has_created and not _is_complete(path):
            return set()  # it will be written, and closed
        return {path} if self._rules.matters(path) else set()

    def _ended(self, happening: Happening, folder: str) -> set[str]:
        """A root is looked after by `supervise`, other folders by the news of the one they are in."""
        if happening.has_ended:
            del self._folders[happening.watch]
            self._watches.pop(folder, None)
        self._identities.pop(folder, None)
        return set()

    def _taken_of_folder(self, happening: Happening, path: str) -> set[str]:
        if happening.has_come:
            return self._watch([path]) if self._rules.enters(path) else set()
        if happening.has_gone:
            was_watched = path in self._watches
            self._drop(path)
            self._absences.forget(path)
            return {path} if was_watched and happening.has_moved_away else set()
        if happening.has_new_attributes:
            return self._taken_of_rights(path)
        return set()

    def _taken_of_rights(self, folder: str) -> set[str]:
        is_open = os.access(folder, os.R_OK | os.X_OK)
        if is_open and folder in self._absences:
            return self._watch([folder])
        if not is_open and folder in self._watches:
            self._fail(folder, PermissionError(errno.EACCES, os.strerror(errno.EACCES), folder))
        return set()


def _is_complete(path: str) -> bool:
    """Tell whether a name that is new has content already, as a link has; others are written first."""
    try:
        return os.path.islink(path) or os.stat(path).st_size > 0
    except OSError:
        return False
