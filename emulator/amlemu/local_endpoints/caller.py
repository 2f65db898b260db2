"""
The way from a command to the keeper that does it: the one that lives, else a new one, which begins with what is to be done.

Whoever gets the lock starts the keeper, and hands the lock over with it; others wait for that. A keeper that ends in the middle leaves the
operation on the shelf, and the same command goes on with it.
"""

from __future__ import annotations

import contextlib
import functools
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amlemu import ports
from amlemu.control import note as notes
from amlemu.errors import AmlemuError, Unreachable, UsageError
from amlemu.local_endpoints.record import DELETING, Operation, OtherVersion, Record
from amlemu.local_endpoints.shelf import Lock, Shelf, shelves
from amlemu.worker.session import unseen

Tell = Callable[[dict[str, Any]], None]
"""Hears the lines of a story, see `story.py`."""
Prepare = Callable[["Record | None"], Record]
"""Makes of what there is what a new keeper shall begin with. Raises UsageError."""

FIRST_PORT = 5101  # 5001 is that of amlemu serve, which comes and goes
_TRIES = 200
_PATIENCE_S = 60.0  # for somebody else who starts or ends a keeper
_LOOK_AGAIN_S = 0.01
_LAST_BYTES = 2000
# Forks at once, so that it is nobody's child: who has started it may live on, a notebook for one, and must not have to bury it.
_PROGRAM = (
    "import os, sys; os.fork() and os._exit(0); sys.path[:] = [folder for folder in sys.path if folder]; "
    "from amlemu.local_endpoints import keeper; keeper.main(*sys.argv[1:])"
)


class KeeperLost(AmlemuError):
    """The endpoint's process has ended in the middle of something."""


class KeeperGone(Exception):  # nothing has failed
    """There is no keeper any more, and for what is to be done none is needed."""


@dataclass
class Done:
    """
    What has become of an operation.

    Attributes:
        outcome: see `outcomes.succeeded` and `outcomes.failed`.
        acknowledge: to be called when somebody has been told; until then the same command brings the same outcome.
    """

    outcome: dict[str, Any]
    acknowledge: Callable[[], None]


def have_done(shelf: Shelf, operation: Operation, prepare: Prepare, tell: Tell, *, waits: bool = True) -> Done:
    """
    Have something done, and tell how it goes.

    Args:
        prepare: called where no keeper lives, with the lock in hand; raises KeeperGone where none shall be started.
        tell: hears all lines but the last one.
        waits: for the end; without it nobody is told of that, and the outcome says that it has begun.

    Raises:
        UsageError: it cannot be.
        KeeperLost: the keeper has ended meanwhile; the same command goes on.
        Unwritable: the state cannot be written.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        is_started = _start_where_there_is_none(shelf, operation, prepare)
        from amlemu.local_endpoints import following  # while the keeper starts

        note = _note(shelf, deadline)
        if note is None and is_started:
            return _outcome_of_the_dead(shelf, operation)
        try:
            outcome = following.follow(note, operation, tell if waits else None) if note is not None else None
        except Unreachable:
            if is_started:  # it has ended already, or was killed
                return _outcome_of_the_dead(shelf, operation)
            if time.monotonic() > deadline:
                raise
            outcome = None
        if note is not None and outcome is not None:
            # to one that has only begun this means nothing
            return Done(outcome, functools.partial(following.acknowledge, note, operation))
        time.sleep(_LOOK_AGAIN_S)  # it was about to end when we came


def is_kept(shelf: Shelf) -> bool:
    """Tell whether a keeper lives, or somebody is about to start one."""
    lock = shelf.lock()
    if lock is not None:
        lock.release()
    return lock is None


def _start_where_there_is_none(shelf: Shelf, operation: Operation, prepare: Prepare) -> bool:
    """Start a keeper, if the lock can be had; returns whether it was."""
    lock = shelf.lock()
    if lock is None:
        return False
    with lock, shelf.left_as_it_was():
        record = prepare(shelf.read())
        record.operation = operation
        with _bound(shelf, record) as listener:
            shelf.write(record)
            (shelf.folder / notes.FILE).unlink(missing_ok=True)
            _start(shelf, lock, listener)
        return True


def _bound(shelf: Shelf, record: Record) -> socket.socket:
    """
    Bind the endpoint's port; of one that has none yet the first free one from 5101 that is no other endpoint's.

    Raises:
        UsageError: it is taken.
    """
    if record.port:
        return ports.listen(record.host, record.port)
    others = ports_of_others(shelf)
    for port in (*(one for one in range(FIRST_PORT, FIRST_PORT + _TRIES) if one not in others), 0):
        try:
            listener = ports.listen(record.host, port)
        except ports.PortTaken:
            continue
        record.port = int(listener.getsockname()[1])
        return listener
    raise UsageError("no port is free", where="--port")


def ports_of_others(shelf: Shelf) -> dict[int, str]:
    """Return the ports of all other endpoints, with their names."""
    found = {}
    for one in shelves():
        with contextlib.suppress(OtherVersion):
            record = one.read()
            if record is not None and one.name != shelf.name and record.state != DELETING:
                found[record.port] = one.name
    return found


def _start(shelf: Shelf, lock: Lock, listener: socket.socket) -> None:
    descriptors = (lock.descriptor, listener.fileno())
    words = [sys.executable, "-c", _PROGRAM, str(shelf.folder), *map(str, descriptors)]
    with unseen(), open(shelf.keeper_log, "ab") as log:
        subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=descriptors,
            start_new_session=True,
            cwd=_project(shelf.folder),
            check=True,
        )


def _project(folder: Path) -> Path:
    """Return the folder that the endpoint belongs to: a process has to be somewhere, and that folder stays."""
    return folder.parent.parent.parent


def _note(shelf: Shelf, deadline: float) -> notes.Note | None:
    """Wait for the keeper's note; None when there is no keeper. Raises AmlemuError when there is one that writes none."""
    while (note := notes.read(shelf.folder)) is None and is_kept(shelf):
        if time.monotonic() > deadline:
            what = f"somebody holds {shelf.folder / 'lock'}, and nobody answers there"
            raise AmlemuError(what, hint=f"{shelf.keeper_log} may say more.")
        time.sleep(_LOOK_AGAIN_S)
    return note


def _outcome_of_the_dead(shelf: Shelf, operation: Operation) -> Done:
    """Return what a keeper has written down that ended at once; who acknowledges it has to have the lock."""
    record = shelf.read()
    known = record.operation if record is not None else None
    if known is None or known.id != operation.id or known.outcome is None:
        raise _lost(shelf)
    return Done(known.outcome, lambda: None)


def _lost(shelf: Shelf) -> KeeperLost:
    try:
        said = shelf.keeper_log.read_bytes()[-_LAST_BYTES:].decode("utf-8", "replace").strip()
    except OSError:
        said = ""
    last = f"Its last words: {said.splitlines()[-1]}" if said else ""
    what = f"the process of the endpoint {shelf.name} has ended in the middle of it"
    return KeeperLost(what, expected=last, hint="The same command goes on with it.")
