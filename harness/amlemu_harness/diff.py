"""
How the code inside an image, or a container, differs from the folder outside.

Files are compared while they arrive, so a model of any size takes no memory. `packages.py` has put them there and said where they
come from, `inside.py` reads them, `cli_diff.py` shows the difference.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from amlemu.errors import UsageError
from amlemu.finding import shown

from amlemu_harness.engine import Engine
from amlemu_harness.inside import File, Inside, opened
from amlemu_harness.labels import CODE, OURS
from amlemu_harness.troubles import EngineLost, in_words
from amlemu_harness.uploaded import Upload

_MODELS = f"{OURS}.models"
_PIECE_BYTES = 1024 * 1024
_TEXT_BYTES = 256 * 1024  # of a file that is shown line by line
_ALL_TEXT_BYTES = 4 * 1024 * 1024  # of all that is shown

Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True)
class Change:
    """
    One file that differs.

    Attributes:
        kind: `added` is inside only, `removed` outside only.
        inside, outside: where it is, or would be.
        inside_bytes, outside_bytes: how long it is; None where it is not.
        diff: what `patch -p1` in the folder outside takes to bring the edit home: `-` outside, `+` inside. Empty where the file is
            no text, or too long.
        note: why nothing is shown.
    """

    kind: Kind
    inside: str
    outside: Path
    inside_bytes: int | None
    outside_bytes: int | None
    diff: str = ""
    note: str = ""


@dataclass(frozen=True)
class Difference:
    """All that differs: `image` as it was named, `folders` that were compared, host paths by those inside."""

    image: str
    folders: Mapping[str, Path]
    changes: tuple[Change, ...]

    def as_text(self) -> str:
        """Return it as a person reads it, and `patch -p1` too."""
        against = ", ".join(shown(str(path)) for path in self.folders.values())
        if not self.changes:
            return f"{self.image}: the code inside is that of {against}\n"
        count = len(self.changes)
        files = "1 file differs" if count == 1 else f"{count} files differ"
        parts = [f"{self.image}: {files} from {against}; - is outside, + is inside\n"]
        return "".join([*parts, *map(_shown, self.changes)])

    def as_data(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "image": self.image,
            "same": not self.changes,
            "folders": {inside: str(outside) for inside, outside in self.folders.items()},
            "changes": [{**vars(change), "outside": str(change.outside)} for change in self.changes],
        }


def diff(engine: Engine, image: str, folders: Mapping[str, Path] | None = None) -> Difference:
    """
    Compare; bytecode and what Azure would not take are passed by.

    Args:
        image: its name, or that of a container, running or not.
        folders: what is compared: files and folders of the host, by where they lie inside; None is what the image itself says.

    Raises:
        UsageError: the image does not say, or a folder is not there.
        AmlemuError: there is no such image, or the engine has gone away.
    """
    with in_words(image), _whole_tar(image), opened(engine, image) as inside:
        pairs = _said(inside) if folders is None else dict(folders)
        for path in pairs.values():
            if not path.exists():
                hint = f"If it lies elsewhere now: amlemu image diff {image} FILE, a deployment or a folder of code."
                raise UsageError("it was made of this, which is not there", where=str(path), hint=hint)
        budget = _Budget()
        changes = [change for place, outside in pairs.items() for change in _compare(inside, place, outside, budget)]
    return Difference(image, pairs, tuple(changes))


@contextlib.contextmanager
def _whole_tar(image: str) -> Iterator[None]:
    """Where the files end before their end, the engine has."""
    try:
        yield
    except tarfile.TarError as error:
        raise EngineLost(f"the engine has stopped in the middle of a file: {error}", where=image) from error


def code_inside(engine: Engine, image: str) -> list[str]:
    """Return the folders of code inside an image, as far as it says so."""
    with opened(engine, image) as inside:
        return list(_read(inside, CODE))


def _said(inside: Inside) -> dict[str, Path]:
    found = {**_read(inside, CODE), **_read(inside, _MODELS)}
    if not found:
        hint = f"Name the deployment or the folder of its code: amlemu image diff {inside.name} FILE"
        raise UsageError(
            "it does not say what it was made of: amlemu has not packaged it", where=inside.name, hint=hint
        )
    return {place: Path(outside) for place, outside in found.items()}


def _read(inside: Inside, label: str) -> dict[str, str]:
    """Return what a label says; one that somebody else has written says nothing."""
    try:
        told = json.loads(inside.labels.get(label) or "{}")
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in told.items()} if isinstance(told, dict) else {}


class _Budget:
    """How much text may still be shown."""

    def __init__(self) -> None:
        self._left = _ALL_TEXT_BYTES

    def takes(self, text: str) -> bool:
        self._left -= len(text)
        return self._left >= 0


def _compare(inside: Inside, place: str, outside: Path, budget: _Budget) -> Iterator[Change]:
    upload = Upload(outside) if outside.is_dir() else None
    wanted = {"": outside} if upload is None else upload.files()
    missing = dict(wanted)
    for file in inside.files(place):
        host = missing.pop(file.path, None)
        if host is None and (upload is None or not upload.takes(file.path)):
            continue
        where = f"{place}/{file.path}".rstrip("/")
        found = _one(file, where, host, outside / file.path if file.path else outside, budget)
        if found is not None:
            yield found
    for path, host in missing.items():
        old = _whole(host)
        text, note = _text(path or outside.name, old, b"", budget, "removed")
        yield Change("removed", f"{place}/{path}".rstrip("/"), host, None, _length(host), text, note)


def _one(file: File, where: str, host: Path | None, outside: Path, budget: _Budget) -> Change | None:
    kind: Kind = "added" if host is None else "changed"
    length = None if host is None else _length(host)
    if file.content is None:
        return Change(kind, where, outside, file.length, length, note=f"a link to {file.target} inside")
    if file.length > _TEXT_BYTES:
        if length == file.length and host is not None and _is_same(file.content, host):
            return None
        return Change(kind, where, outside, file.length, length, note="too long to be shown")
    new = file.content.read()
    old = b"" if host is None else _whole(host)
    if host is not None and old == new:
        return None
    text, note = _text(file.path or outside.name, old, new, budget, kind)
    return Change(kind, where, outside, file.length, length, text, note)


def _is_same(content: IO[bytes], host: Path) -> bool:
    with _open(host) as file:
        while piece := content.read(_PIECE_BYTES):
            if piece != file.read(len(piece)):
                return False
        return not file.read(1)


def _whole(host: Path) -> bytes | None:
    """Return the content of a file that may be shown; None where it is too long."""
    with _open(host) as file:
        content = file.read(_TEXT_BYTES + 1)
    return content if len(content) <= _TEXT_BYTES else None


def _open(host: Path) -> IO[bytes]:
    try:
        return host.open("rb")
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=shown(str(host))) from error


def _length(host: Path) -> int:
    try:
        return host.stat().st_size
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=shown(str(host))) from error


def _text(path: str, old: bytes | None, new: bytes, budget: _Budget, kind: Kind) -> tuple[str, str]:
    """Return the lines that differ, or why there are none."""
    before, after = _decoded(old), _decoded(new)
    if before is None or after is None:
        return "", "too long to be shown" if old is None else "no text"
    names = ("/dev/null" if kind == "added" else f"a/{path}", "/dev/null" if kind == "removed" else f"b/{path}")
    lines = difflib.unified_diff(_lines(before), _lines(after), *names)
    text = "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    if not text:
        return "", "empty"
    return (text, "") if budget.takes(text) else ("", "not shown, there is so much already")


def _decoded(content: bytes | None) -> str | None:
    if content is None or b"\0" in content:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _lines(text: str) -> list[str]:
    """Cut at line feeds alone, as patch does."""
    return [f"{line}\n" for line in text.split("\n")[:-1]] + [last for last in (text.rpartition("\n")[2],) if last]


def _shown(change: Change) -> str:
    sizes = [size for size in (change.outside_bytes, change.inside_bytes) if size is not None]
    size = " -> ".join(f"{size:,}" for size in sizes)
    note = f": {change.note}, {size} bytes" if change.note else ""
    path = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in change.inside)
    return f"{change.kind} {path}{note}\n{change.diff}"
