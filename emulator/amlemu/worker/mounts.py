"""
A program that makes /var/azureml-app real for itself, then becomes the words after it.

Run as root on Linux, `python -I -S mounts.py TREE [WORD...]`, TREE being JSON: `folder` to go to, `places` as pairs of a path
below /var/azureml-app and the host's file or folder. It moves to a mount namespace of its own, so nobody else sees any
of it, and all is gone with the last process in it. Standard library only; imports nothing of amlemu.

Measured: some 25 ms. An overlay over /var would do as well, but hides what is mounted below it, keeps what a script
writes there from the host, and is refused where /var itself lies on an overlay, as in a container.
"""

from __future__ import annotations

import ctypes
import json
import os
import stat
import sys

BASE = "/var/azureml-app"
REFUSED, NOT_FOUND = 126, 127  # a shell's words for "cannot be run" and "is not there"
_NEW_NAMESPACE = 0x20000
_BIND, _RECURSIVE, _SLAVE = 0x1000, 0x4000, 0x80000


def main(words: list[str]) -> int:
    """Make the tree and become the command; returns an exit code when that fails, or when there is no command."""
    tree = json.loads(words[0])
    try:
        make(tree["places"])
    except OSError as error:
        sys.stderr.write(f"{error.strerror or error}: {error.filename or BASE}\n")
        return REFUSED
    if len(words) == 1:
        return 0
    try:
        os.chdir(tree["folder"])
        os.execv(words[1], words[1:])  # noqa: S606  # this is what it is for
    except OSError as error:
        sys.stderr.write(f"amlemu: {error.filename or words[1]}: {error.strerror}\n")
        return NOT_FOUND


def make(places: list[tuple[str, str]]) -> None:
    """Put the places below /var/azureml-app, for this process and its children only. Raises OSError."""
    _check(_libc().unshare(_NEW_NAMESPACE), "a mount namespace of its own")
    _mount("none", "/", _RECURSIVE | _SLAVE)  # what the host mounts later is still seen, what we mount is not
    sources = [(inside, os.open(source, os.O_PATH | os.O_CLOEXEC)) for inside, source in places]  # they may be covered
    ours = {inside.partition("/")[0] for inside, _ in sources}
    if os.path.isdir(BASE):
        _cover(BASE, ours)
    else:
        _cover(os.path.dirname(BASE), {os.path.basename(BASE)})
        os.mkdir(BASE)
    for inside, source in sources:
        _put(source, os.path.join(BASE, inside))


def _cover(folder: str, left_out: set[str]) -> None:
    """Lay an empty file system over a folder and put its entries back, so that others can be added."""
    entries = [entry for entry in os.listdir(folder) if entry not in left_out]
    links = {entry: os.readlink(os.path.join(folder, entry)) for entry in entries if _is_link(folder, entry)}
    files = {
        entry: os.open(os.path.join(folder, entry), os.O_PATH | os.O_CLOEXEC) for entry in entries if entry not in links
    }
    _mount("tmpfs", folder, 0, "tmpfs", "mode=755")
    for entry, target in links.items():
        os.symlink(target, os.path.join(folder, entry))
    for entry, file in files.items():
        _put(file, os.path.join(folder, entry))


def _is_link(folder: str, entry: str) -> bool:
    return os.path.islink(os.path.join(folder, entry))


def _put(source: int, path: str) -> None:
    """Let an open file or folder appear at a path."""
    if stat.S_ISDIR(os.fstat(source).st_mode):
        os.makedirs(path, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
    _mount(f"/proc/self/fd/{source}", path, _BIND | _RECURSIVE)
    os.close(source)


def _mount(source: str, target: str, flags: int, kind: str | None = None, options: str | None = None) -> None:
    words = [word and os.fsencode(word) for word in (source, target, kind)]
    _check(_libc().mount(*words, ctypes.c_ulong(flags), options and os.fsencode(options)), target)


def _check(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
