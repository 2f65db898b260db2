"""
The scoring app in a thread of this process: the same object that workers host, without their protection.

For tests that must start in milliseconds. A script that ends the process ends ours; SCORING_TIMEOUT_MS needs a main
thread and is not kept; raw writes to stdout go to our stdout. `world.py` keeps the script's surroundings and ours apart.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from amlemu.backends import Capabilities
from amlemu.backends.world import World
from amlemu.errors import BootFailed, NotReady, WorkerCrashed
from amlemu.events import Listener, Spoke, WorkerFailedToBoot, WorkerReady, WorkerStarted
from amlemu.exchange import Frame, Request, Response
from amlemu.scoring import faults
from amlemu.scoring.app import BootFault, ScoringApp

_Work = Callable[[], Callable[[], None]]  # returns what is to be done outside the script's world


class InProcess:
    """A thread as a backend."""

    capabilities = Capabilities(survives_crashes=False, keeps_scoring_timeout=False, streams=True)

    def __init__(
        self, folder: Path, environment: Mapping[str, str], listener: Listener, models_folder: str | None = None
    ) -> None:
        """
        Args:
            folder: app root, the working folder while serving.
            environment: the whole environment of the script.
            listener: told about the boot and what the script says.
            models_folder: the folder azureml-models, where the deployment has one.
        """
        self._tell = listener
        self._folder = folder
        self._world = World(folder, environment, self._said, models_folder)
        self._work: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._running = False
        self._present = 0  # the exchange that the script has in hand
        self._pending: set[asyncio.Future[Response]] = set()

    async def start(self) -> None:
        """Start the thread; it boots the script first."""
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._booted: asyncio.Future[None] = loop.create_future()
        self._gave_up: asyncio.Future[Exception] = loop.create_future()
        self._thread = threading.Thread(target=self._serve, name="amlemu-script", daemon=True)
        self._running = True
        self._tell(WorkerStarted(os.getpid()))
        self._thread.start()

    async def ready(self) -> None:
        """Wait for init(); raises BootFailed."""
        either: set[asyncio.Future[Any]] = {self._booted, self._gave_up}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if self._gave_up.done():
            raise self._gave_up.result()

    async def failed(self) -> Exception:
        """Wait until the script could not be booted."""
        return await asyncio.shield(self._gave_up)

    async def handle(self, request: Request) -> Response:
        """Answer one request after those before it; see `Backend.handle`."""
        if not self._running or self._gave_up.done():
            raise NotReady("the server is stopping")
        answer: asyncio.Future[Response] = self._loop.create_future()
        self._pending.add(answer)
        answer.add_done_callback(self._pending.discard)
        self._work.put(lambda: self._answer(request, answer))
        return await answer

    async def locate(self, number: int) -> list[Frame] | None:
        """Return the thread's stack; see `Backend.locate`."""
        frame = sys._current_frames().get(self._thread.ident or 0)  # noqa: SLF001  # documented, for debuggers
        if self._present != number or frame is None:
            return None
        return [Frame(one.filename, one.lineno or 0, one.name) for one in traceback.extract_stack(frame)]

    async def stop(self, grace_s: float) -> None:
        """End the thread after the request in hand; it is left alone when that takes longer than `grace_s`."""
        self._running = False
        self._work.put(None)
        await asyncio.to_thread(self._thread.join, grace_s)
        for answer in list(self._pending):
            if not answer.done():
                answer.set_exception(NotReady("the server has stopped before the script had answered"))

    def _serve(self) -> None:
        with self._world:
            app = ScoringApp(os.environ)
            is_up, settle = self._boot(app)
        settle()
        try:
            while is_up and (work := self._work.get()) is not None:
                with self._world:
                    settle = work()
                settle()  # only now: who waits for the answer must find itself in our world
        finally:
            app.close()

    def _boot(self, app: ScoringApp) -> tuple[bool, Callable[[], None]]:
        started = time.perf_counter()
        try:
            app.boot()
        except Exception as error:  # as in a worker: any exception before the first request is a failure to boot
            told = error.fault if isinstance(error, BootFault) else faults.describe(error, "boot", str(self._folder))
            fault = told.as_data()
            self._call(self._tell, WorkerFailedToBoot(os.getpid(), fault))
            return False, lambda: self._call(self._gave_up.set_result, BootFailed(fault))
        self._app = app
        boot_ms = (time.perf_counter() - started) * 1000
        self._call(self._tell, WorkerReady(os.getpid(), boot_ms, {"style": app.script.style}))
        return True, lambda: self._call(self._booted.set_result, None)

    def _answer(self, request: Request, answer: asyncio.Future[Response]) -> Callable[[], None]:
        self._present = request.number
        response = self._app.handle(request)
        if isinstance(response.body, bytes):
            return lambda: self._call(_settle, answer, response)
        pieces: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
        source: Iterator[bytes] = response.body  # type: ignore[assignment]
        response.body = _read(pieces)
        self._call(_settle, answer, response)
        end = self._stream(source, pieces)
        return lambda: self._call(pieces.put_nowait, end)

    def _stream(self, source: Iterator[bytes], pieces: asyncio.Queue[bytes | Exception | None]) -> Exception | None:
        try:
            for piece in source:
                self._call(pieces.put_nowait, piece)
        except BaseException as error:
            logging.getLogger("gunicorn.error").error("Error handling request", exc_info=error, extra={"own": True})
            return WorkerCrashed(f"the stream was cut: {error!r}")
        return None

    def _said(self, record: logging.LogRecord, text: str) -> None:
        own = getattr(record, "own", False)
        spoke = Spoke("log", text, os.getpid(), record.name, record.levelname, record.created, own)
        self._call(self._tell, spoke)

    def _call(self, function: Callable[..., Any], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended before the script did
            self._loop.call_soon_threadsafe(function, *arguments)


def _settle(answer: asyncio.Future[Response], response: Response) -> None:
    if not answer.done():
        answer.set_result(response)


async def _read(pieces: asyncio.Queue[bytes | Exception | None]) -> AsyncIterator[bytes]:
    while True:
        piece = await pieces.get()
        if piece is None:
            return
        if isinstance(piece, Exception):
            raise piece
        yield piece
