"""
Where an endpoint's state lies: `.amlemu/endpoints/NAME`, below the folder of the project. One file, whole at every moment, and a lock.

Whoever holds the lock may write: the keeper for as long as it lives, so that a lock that can be had says that there is none.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from amlemu import ports
from amlemu.errors import AmlemuError, UsageError
from amlemu.layout import OWN_FOLDER
from amlemu.local_endpoints.record import Record, from_data

FILE, LOCK, ENDPOINTS, DEPLOYMENTS = "record.json", "lock", "endpoints", "deployments"
KEEPER_LOG = "keeper.log"
HOME_VARIABLE = "AMLEMU_HOME"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")  # of a folder; what Azure takes is for who creates one
_MOST_SHOWN = 40


class Unwritable(AmlemuError):
    """The state could not be written; what was there before is there still."""


class Lock:
    """The right to write on a shelf, for as long as it is open; a process may be started with it."""

    def __init__(self, descriptor: int) -> None:
        """Take a descriptor whose file is locked."""
        self.descriptor = descriptor

    def release(self) -> None:
        """Give it up."""
        os.close(self.descriptor)

    def __enter__(self) -> Lock:  # noqa: PYI034  # no subclasses
        return self

    def __exit__(self, *error: object) -> None:
        self.release()


class Shelf:
    """The state of one endpoint."""

    def __init__(self, folder: Path) -> None:
        """`folder` need not be there."""
        self.folder = folder
        self.name = folder.name
        self._held: int | None = None

    def hold(self, descriptor: int) -> None:
        """Write with this lock alone: where the folder was removed, whoever has written there last shall not bring it back."""
        self._held = descriptor

    @property
    def keeper_log(self) -> Path:
        """What the keeper itself has to say."""
        return self.folder / KEEPER_LOG

    def read(self) -> Record | None:
        """Return what is known; None where there is no such endpoint. Raises OtherVersion."""
        path = self.folder / FILE
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            data = None
        return from_data(data, str(path))

    @property
    def is_there(self) -> bool:
        """Whether there is anything of it, be it readable, or not finished, or not wholly removed."""
        return self.folder.is_dir()

    def write(self, record: Record) -> None:
        """Replace what is known, as a whole or not at all. Raises Unwritable."""
        if self._held is not None and not self.is_locked_by(self._held):
            raise Unwritable("the endpoint's folder was removed", where=str(self.folder))
        draft = self.folder / f"{FILE}.{os.getpid()}"
        try:
            self._make()
            with open(draft, "w", encoding="utf-8") as file:
                json.dump(record.as_data(), file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.folder / FILE)
        except OSError as error:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
            hint = (
                "What was there before is there still. Make room, or give the folder back its rights; then do it again."
            )
            raise Unwritable(
                f"the endpoint's state cannot be written: {error.strerror}", where=str(self.folder), hint=hint
            ) from error

    def lock(self) -> Lock | None:
        """Return the right to write; None while somebody else has it. Raises Unwritable."""
        import fcntl

        try:
            self._make()
            while True:
                descriptor = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if self.is_locked_by(descriptor):
                        return Lock(descriptor)
                except BlockingIOError:
                    os.close(descriptor)
                    return None
                os.close(descriptor)  # of a folder that was removed meanwhile
        except OSError as error:
            raise Unwritable(f"nothing can be written there: {error.strerror}", where=str(self.folder)) from error

    def is_locked_by(self, descriptor: int) -> bool:
        """Tell whether a lock is that of this shelf: not so when the folder was removed, be it that there is another one now."""
        with contextlib.suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(descriptor), os.stat(self.folder / LOCK))
        return False

    def url(self, record: Record) -> str:
        """Return where requests are answered."""
        return f"{ports.url_of(record.host, record.port)}/score"

    def deployment(self, name: str) -> Path:
        """Return the folder of a deployment's logs."""
        return self.folder / DEPLOYMENTS / name

    def remove(self) -> None:
        """Remove all of it, the record last but one: until then it says what is being done. Only with the lock."""
        shutil.rmtree(self.folder / DEPLOYMENTS, ignore_errors=True)
        for path in sorted(self.folder.iterdir(), key=lambda path: path.name == FILE):
            with contextlib.suppress(OSError):
                path.unlink()
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    @contextlib.contextmanager
    def left_as_it_was(self) -> Iterator[None]:
        """Where this fails before there is a record, leave no folder of what never was. Only with the lock."""
        try:
            yield
        except BaseException:
            if not (self.folder / FILE).exists():
                self.remove()
            raise

    def _make(self) -> None:
        if not self.folder.is_dir():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            own = self.folder.parent.parent
            if own.name == OWN_FOLDER:
                (own / ".gitignore").write_text("*\n", encoding="ascii")


def home() -> Path:
    """Return the folder of all endpoints: in the nearest folder upwards that has some, else in this one."""
    chosen = os.environ.get(HOME_VARIABLE)
    if chosen:
        return Path(chosen).absolute() / OWN_FOLDER / ENDPOINTS  # which nobody watches for saves
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / OWN_FOLDER / ENDPOINTS).is_dir():
            return folder / OWN_FOLDER / ENDPOINTS
    return here / OWN_FOLDER / ENDPOINTS


def shelf_of(name: str) -> Shelf:
    """Return the shelf of an endpoint, whether there is one or not. Raises UsageError for what is no name of a folder."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name[:_MOST_SHOWN]!r} is no name of an endpoint", where="--name")
    return Shelf(home() / name)


def shelves() -> Iterator[Shelf]:
    """Yield those of all endpoints, by name."""
    with contextlib.suppress(OSError):
        for path in sorted(home().iterdir()):
            if (path / FILE).exists():
                yield Shelf(path)
