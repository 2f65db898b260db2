"""
May the user of an image read what is mounted into it? Asked before a container starts, where a no would be a strange error inside.

Only where the bits of this machine's files are what counts in the container: a Linux engine on this machine, without a user mapping.
"""

from __future__ import annotations

import itertools
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amlemu.errors import UsageError
from amlemu.finding import shown

from amlemu_harness.engine import Engine
from amlemu_harness.troubles import in_words

_MOST = 5000  # files that are looked at
_ACCESS_LIST = "system.posix_acl_access"
_MAPPED = ("name=rootless", "name=userns")


@dataclass(frozen=True)
class User:
    """Who a container's processes are."""

    name: str
    uid: int
    groups: frozenset[int] = frozenset()

    def may_read(self, path: str) -> bool:
        """Tell by the mode bits whether this user reads a file, or looks into a folder."""
        found = os.stat(path)
        wanted = stat.S_IROTH | (stat.S_IXOTH if stat.S_ISDIR(found.st_mode) else 0)
        if self.uid == 0 or _has_access_list(path):
            return True
        if found.st_uid == self.uid:
            return (found.st_mode >> 6) & wanted == wanted
        if found.st_gid in self.groups:
            return (found.st_mode >> 3) & wanted == wanted
        return found.st_mode & wanted == wanted


def check(engine: Engine, container: str, image: str, mounted: Iterable[Path], needed: Iterable[Path]) -> None:
    """
    Look at what is mounted itself, and at all of what the container cannot do without.

    Args:
        container: id of one that has been made.
        needed: files and folders that are mounted, or lie in what is.

    Raises:
        UsageError: the image's user cannot read one of them; it says which, and what to do.
    """
    mounted = list(mounted)
    if not mounted or not _counts_here(engine):
        return
    with in_words(image):
        word = str(engine.client.api.inspect_container(container)["Config"]["User"] or "root")
    if word.partition(":")[0] in ("root", "0"):
        return
    user = find_user(word, _text(engine, container, "/etc/passwd"), _text(engine, container, "/etc/group"))
    if user is None:
        return
    for path in mounted:
        _refuse_unreadable(user, image, path, [path])
    for path in needed:
        _refuse_unreadable(user, image, path, itertools.chain(_between(path, mounted), _below(path)))


def find_user(word: str, passwd: str, group: str) -> User | None:
    """
    Return the user that an image names; None where nobody knows its number.

    Args:
        word: `name`, `uid`, `name:group` or `uid:gid`.
        passwd, group: the image's own files of these names.
    """
    name, _, group_word = word.partition(":")
    rows = [line.split(":") for line in passwd.splitlines() if line.count(":") >= 3]
    row = next((row for row in rows if name in (row[0], row[2])), None)
    if row is None and not name.isdigit():
        return None
    uid, primary = (int(row[2]), int(row[3])) if row is not None else (int(name), 0)
    groups = [line.split(":") for line in group.splitlines() if line.count(":") >= 3]
    name = row[0] if row is not None else name
    if group_word:
        found = {int(one[2]) for one in groups if group_word in (one[0], one[2])}
        return User(name, uid, frozenset(found or ({int(group_word)} if group_word.isdigit() else ())))
    others = {int(one[2]) for one in groups if row is not None and name in one[3].split(",")}
    return User(name, uid, frozenset({primary, *others}))


def _refuse_unreadable(user: User, image: str, named: Path, paths: Iterable[str | Path]) -> None:
    for path in paths:
        try:
            is_readable = user.may_read(str(path))
        except OSError:
            continue  # a link that leads nowhere, or a file that has just gone
        if not is_readable:
            what = f"the user {user.name} of the image {image} cannot read it"
            folder = named if named.is_dir() or path == named else Path(path)
            hint = f"chmod -R o+rX {shown(str(folder))}"
            raise UsageError(
                what, where=shown(str(path)), expected="What is mounted keeps its owner and its mode.", hint=hint
            )


def _between(path: Path, mounted: list[Path]) -> Iterator[Path]:
    """Yield the folders from what is mounted down to a path."""
    for root in mounted:
        if path != root and path.is_relative_to(root):
            yield from (one for one in reversed(path.parents) if one.is_relative_to(root) and one != root)


def _below(path: Path) -> Iterator[str]:
    """Yield a path and what lies below it; hidden files are nobody's business here."""
    yield str(path)
    entries = (
        os.path.join(folder, name)
        for folder, folders, files in os.walk(path)
        for name in (*files, *folders)
        if not name.startswith(".")
    )
    yield from itertools.islice(entries, _MOST)


def _counts_here(engine: Engine) -> bool:
    if not (sys.platform == "linux" and engine.address.startswith("unix://")):
        return False
    with in_words(engine.address):
        told = engine.client.info()
    mapped = any(word.startswith(_MAPPED) for word in told.get("SecurityOptions") or ())
    return not mapped and not re.search("Desktop", str(told.get("OperatingSystem", "")))


def _text(engine: Engine, container: str, path: str) -> str:
    """Return a small file of a container that need not run; empty where it has none."""
    import io
    import tarfile

    import docker.errors

    with in_words(path):
        try:
            pieces: Any = engine.client.api.get_archive(container, path)[0]
        except docker.errors.NotFound:
            return ""
        with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as archive:
            members = [archive.extractfile(member) for member in archive if member.isfile()]
            return b"".join(file.read() for file in members if file is not None).decode("utf-8", "replace")


def _has_access_list(path: str) -> bool:
    """More than the bits counts then, and it is not for us to read."""
    try:
        return bool(os.getxattr(path, _ACCESS_LIST))  # type: ignore[attr-defined,unused-ignore]  # on Linux
    except OSError:
        return False
