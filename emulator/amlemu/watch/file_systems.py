"""
Where a folder lies, by /proc/self/mounts, and whether the system tells of changes there.

Over the network, and from the other side of a virtual machine, nobody tells: files change without this kernel's doing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

_SILENT = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "drvfs", "vboxsf", "virtiofs", "prl_fs", "afs", "ncpfs")
_MOUNTS = "/proc/self/mounts"


def silent(folders: Iterable[str], mounts: str = _MOUNTS) -> str:
    """Return the type of the first file system of these folders that does not tell of changes; empty: they all do."""
    points = _points(mounts)
    for folder in folders:
        kind = kind_of(os.path.realpath(folder), points)
        if is_silent(kind):
            return kind
    return ""


def is_silent(kind: str) -> bool:
    """Tell whether changes on a file system of this type may come without a word; `fuse.sshfs` and its like are."""
    return kind in _SILENT or kind == "fuse" or kind.startswith("fuse.")


def kind_of(path: str, points: list[tuple[str, str]]) -> str:
    """Return the type of the file system that a path lies on: of the longest mount point, the last one of equals."""
    best, kind = -1, ""
    for point, its_kind in points:
        start = point.rstrip("/") + "/"
        if (path + "/").startswith(start) and len(start) >= best:
            best, kind = len(start), its_kind
    return kind


def points_in(text: str) -> list[tuple[str, str]]:
    """Read mount points and types; the kernel writes blanks in names as octal numbers."""
    rows = [line.split(" ") for line in text.splitlines()]
    return [(_undone(row[1]), row[2]) for row in rows if len(row) > 2]


def _points(mounts: str) -> list[tuple[str, str]]:
    try:
        with open(mounts, encoding="utf-8", errors="surrogateescape") as file:
            return points_in(file.read())
    except OSError:
        return []  # no Linux


def _undone(name: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), name)
