"""
The process that keeps an endpoint: its scoring port, its deployments, and a control port for who asks for something to be done.

Started with a shelf's folder, the descriptor of its lock, which it holds for as long as it lives, and that of the port. It outlives the shell that has started
it; a signal, or the end of what it keeps, ends it in order. So does `rm -r .amlemu`: nobody would find it any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amlemu import finding, ports
from amlemu.control.port import ControlPort
from amlemu.emulator import run_loop
from amlemu.errors import AmlemuError
from amlemu.local_endpoints import outcome as outcomes
from amlemu.local_endpoints.household import Household
from amlemu.local_endpoints.operations import Operations
from amlemu.local_endpoints.record import FAILED, Record
from amlemu.local_endpoints.shelf import Shelf, Unwritable

if TYPE_CHECKING:
    from fastapi import FastAPI

_LOOK_EVERY_S = 1.0
_COLLECT = (1_000_000, 10, 10)  # as in foreground.py


@dataclass(frozen=True)
class Described:
    """What the note says of a keeper."""

    script: str
    url: str
    started_at: float
    deployment: str = ""


class Keeper:
    """Use from one event loop: `live`, once."""

    def __init__(self, shelf: Shelf, record: Record, lock: int) -> None:
        """Take what there is, and the descriptor of the shelf's lock; nothing is opened yet."""
        self.shelf, self.record, self._lock = shelf, record, lock
        shelf.hold(lock)
        self._ended = asyncio.Event()
        self.household = Household(shelf, record, self._write)
        self.operations = Operations(shelf, record, self.household, self._ended.set)
        self._described = Described("", ports.url_of(record.host, record.port), time.time())

    def status(self) -> Described:
        """Say what the note says."""
        return self._described

    async def live(self, listener: socket.socket) -> None:
        """
        Keep the endpoint until a signal comes, or there is nothing left to keep.

        Args:
            listener: the scoring port; early clients wait there.

        Raises:
            AmlemuError: it cannot begin.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ended.set)
        await self.household.open(listener)
        looking = loop.create_task(self._look_after_the_shelf())
        control = ControlPort(self, self.shelf.folder, wanted_port=None, make_application=_application)
        try:
            control.open()
            self.operations.resume()
            await control.start()
            gc.freeze()
            gc.set_threshold(*_COLLECT)
            await self._ended.wait()
        finally:
            looking.cancel()
            await self.operations.close()
            await control.stop()
            await self.household.close()

    async def _look_after_the_shelf(self) -> None:
        """End when it was removed."""
        while self.shelf.is_locked_by(self._lock):  # noqa: ASYNC110  # nobody tells us
            await asyncio.sleep(_LOOK_EVERY_S)
        self._ended.set()

    def _write(self) -> None:
        with contextlib.suppress(Unwritable):  # the steps of a start; its end is written by who tells of it
            self.shelf.write(self.record)


def _application(*parts: Any) -> FastAPI:
    """Make the application; FastAPI is imported here, beside the first operation."""
    from amlemu.local_endpoints.keeper_app import application

    return application(*parts)


def _refuse(shelf: Shelf, record: Record, error: AmlemuError) -> None:
    """Write down why nothing could begin, for who waits."""
    record.state, record.why = (
        (FAILED if not any(one.was_up for one in record.deployments.values()) else record.state),
        str(error),
    )
    if record.operation is not None:
        record.operation.outcome = outcomes.failed(str(error), is_usage=True)
    shelf.write(record)


def main(folder: str, lock: str, listener: str) -> None:
    """Live; `lock` and `listener` are descriptors, of the lock and of the scoring port."""
    finding.are_read_elsewhere()
    for descriptor in (lock, listener):
        os.set_inheritable(int(descriptor), False)
    shelf = Shelf(Path(folder))
    record = shelf.read()
    assert record is not None, "whoever starts a keeper writes the record first"

    async def live() -> None:
        await Keeper(shelf, record, int(lock)).live(socket.socket(fileno=int(listener)))

    try:
        run_loop(live())
    except AmlemuError as error:
        sys.stderr.write(f"amlemu: {error}\n")
        _refuse(shelf, record, error)
        sys.exit(1)
