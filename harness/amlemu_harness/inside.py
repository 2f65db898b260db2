"""
The files of an image, or of a container, read one after the other as the engine hands them out; nothing inside is run.

An image is read through a container that is made for it, never started, and removed again. Neighbours: `diff.py` compares.
"""

from __future__ import annotations

import contextlib
import tarfile
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from amlemu_harness import labels
from amlemu_harness.engine import Engine
from amlemu_harness.troubles import EngineRefused, NoSuchImage, in_words

_PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True)
class File:
    """
    One file, while it is read.

    Attributes:
        path: below the folder that was asked for, with slashes; empty where that is the file itself.
        length: in bytes.
        content: to be read before the next file is asked for; None for a link.
        target: of a link.
    """

    path: str
    length: int
    content: IO[bytes] | None
    target: str = ""


@dataclass(frozen=True)
class Inside:
    """What can be read: `name` as it was asked for, and the labels of the image or container."""

    name: str
    labels: Mapping[str, str]
    _container: Any

    def files(self, path: str) -> Iterator[File]:
        """Yield the files at an absolute path, a folder's or itself; none where nothing is. What the SDK raises is for `in_words`."""
        import docker.errors

        try:
            pieces, _ = self._container.get_archive(path, chunk_size=_PIECE_BYTES)
        except docker.errors.NotFound:
            return
        with contextlib.closing(pieces), tarfile.open(fileobj=_Stream(pieces), mode="r|", bufsize=_PIECE_BYTES) as tar:  # type: ignore[call-overload]  # it reads, and needs no more
            for member in tar:
                below = member.name.partition("/")[2]
                if member.isreg():
                    yield File(below, member.size, tar.extractfile(member))
                elif member.issym() or member.islnk():
                    yield File(below, 0, None, member.linkname)


@contextlib.contextmanager
def opened(engine: Engine, name: str) -> Iterator[Inside]:
    """
    Open an image, else a container of that name, for reading.

    Raises:
        NoSuchImage: there is neither.
    """
    image = _image(engine, name)
    if image is None:
        container = _container(engine, name)
        yield Inside(name, dict(container.labels), container)
        return
    ours = f"amlemu-look-{uuid.uuid4().hex[:12]}"  # a name, so that it can be removed even if Ctrl-C comes while it is made
    try:
        with in_words(name):
            made = engine.client.containers.create(image.id, ["true"], name=ours, labels=labels.made_by("container"))
        yield Inside(name, dict(image.labels), made)
    finally:
        with in_words(name):
            _remove(engine, ours)


def _image(engine: Engine, name: str) -> Any:
    try:
        with in_words(name):
            return engine.client.images.get(name)
    except EngineRefused:
        return None  # nor may it be a name of one: a container may be called otherwise


def _container(engine: Engine, name: str) -> Any:
    import docker.errors

    with in_words(name):
        try:
            return engine.client.containers.get(name)
        except docker.errors.NotFound:
            hint = "amlemu image list and docker ps -a list what there is."
            raise NoSuchImage("neither an image nor a container has this name", where=name, hint=hint) from None


def _remove(engine: Engine, name: str) -> None:
    import docker.errors

    with contextlib.suppress(docker.errors.NotFound):
        engine.client.containers.get(name).remove(force=True, v=True)


class _Stream:
    """The pieces of an answer as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")  # cutting it copies nothing

    def read(self, size: int) -> bytes:
        """Return so many bytes, fewer only at the end."""
        found = bytearray()
        while len(found) < size:
            self._rest = self._rest or memoryview(next(self._pieces, b""))
            if not self._rest:
                break
            taken = size - len(found)
            found += self._rest[:taken]
            self._rest = self._rest[taken:]
        return bytes(found)
