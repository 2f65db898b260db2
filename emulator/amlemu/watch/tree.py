"""
Walking through the folders that are entered. Stateless: who walks says what to do with a folder and with one that cannot be read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol


class Entering(Protocol):
    """What a walk asks of `rules.Rules`."""

    def enters(self, folder: str) -> bool: ...

    def matters(self, path: str) -> bool: ...


def walk(
    rules: Entering, starts: Iterable[str], enter: Callable[[str], None], fail: Callable[[str, OSError], None]
) -> Iterator[tuple[str, list[os.DirEntry[str]]]]:
    """
    Yield each folder once, with the files in it that matter. Links to folders are not followed.

    Args:
        rules: which folders and files.
        starts: folders to begin with, entered whatever the rules say.
        enter: called before a folder is listed, so that a file that comes in between is seen twice rather than never.
        fail: called for a folder that could not be entered or listed.
    """
    waiting, seen = [*reversed(list(starts))], set()
    while waiting:
        folder = waiting.pop()
        if folder in seen:
            continue
        seen.add(folder)
        try:
            enter(folder)
            with os.scandir(folder) as listing:
                entries = list(listing)
        except OSError as trouble:
            fail(folder, trouble)
            continue
        files = []
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                files += [entry] if rules.matters(entry.path) else []
            elif rules.enters(entry.path):
                waiting.append(entry.path)
        yield folder, files
