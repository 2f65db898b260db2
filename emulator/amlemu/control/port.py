"""
The control port's life: bind, serve in the loop of the emulator, leave a note, stop at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from amlemu import ports
from amlemu.control import note as notes
from amlemu.errors import UsageError

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

HOST = "127.0.0.1"
PORTS = range(5050, 5100)
"""Where servers are looked for; endpoints' scoring ports come after."""
_PATIENCE_S = 0.5  # for clients that do not read what they are told
_LOOK_AGAIN_S = 0.005


class Described(Protocol):
    """What a note says of a server."""

    @property
    def script(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def started_at(self) -> float: ...
    @property
    def deployment(self) -> str: ...


class About(Protocol):
    """A server that can say what its note says."""

    def status(self) -> Described:
        """Say what is served, and where."""


MakeApplication = Callable[[Any, str, int, Path, asyncio.Event], "FastAPI"]
"""Makes the application of the whom-to-ask, the token, the port, the note's folder, and what is set when nobody is kept waiting any more."""


class ControlPort:
    """Use from one event loop: open, start, stop. After `open` there are `port` and `url`."""

    def __init__(
        self,
        controlled: About,
        folder: Path,
        wanted_port: int | None = 0,
        look_every_s: float = 1.0,
        make_application: MakeApplication | None = None,
    ) -> None:
        """
        Args:
            controlled: whom the routes ask; without `make_application` a `routes.Controlled`.
            folder: for the note; `.amlemu/<scoring port>` beside the script.
            wanted_port: 0 is 5050, or the next free one; None is any, for who is not looked for there.
            look_every_s: for tests; at the note.
            make_application: called in a thread; None is `app.application`.
        """
        self._controlled = controlled
        self._make_application = make_application
        self._folder = folder
        self._wanted_port = wanted_port
        self._listener: socket.socket | None = None
        self._look_every_s = look_every_s
        self._server: asyncio.Server | None = None
        self._stopping = asyncio.Event()

    def open(self) -> None:
        """Bind the port. Raises UsageError when it is taken; early clients wait."""
        wanted = self._wanted_port
        self._listener = _listen_on(wanted) if wanted else _listen_on_one_of(() if wanted is None else PORTS)
        self.port = int(self._listener.getsockname()[1])
        self.url = f"http://{HOST}:{self.port}"

    async def start(self) -> None:
        """Answer, and leave the note; neither when `stop` was called meanwhile."""
        assert self._listener is not None
        self._folder = notes.prepare(self._folder)
        token = secrets.token_urlsafe(32)
        # In a thread, for it imports FastAPI, and we have to hear the workers meanwhile.
        config = await asyncio.to_thread(self._configure, token)
        if self._stopping.is_set():
            notes.tidy(self._folder)
            return
        status = self._controlled.status()
        about = (status.script, status.url, status.started_at, status.deployment)
        self._note = notes.Note(os.getpid(), self.url, token, *about)
        protocol: Any = config.http_protocol_class
        connect = functools.partial(protocol, config, self._state, {})
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(connect, sock=self._listener, start_serving=False)
        notes.write(self._note, self._folder)
        await self._server.start_serving()
        self._keeping = loop.create_task(self._keep_note())

    async def _keep_note(self) -> None:
        """Write the note again when it is gone, as after `git clean`: without it nobody finds us."""
        while True:
            await asyncio.sleep(self._look_every_s)
            home = self._folder.parent.parent  # the script's folder, which may be away as a whole
            if not notes.is_there(self._folder) and home.is_dir():
                self._folder = notes.prepare(self._folder)
                with contextlib.suppress(OSError):
                    notes.write(self._note, self._folder)

    async def stop(self) -> None:
        """Take the note away and end; who still waits or follows is told, who does not listen is cut off."""
        self._stopping.set()
        if self._server is not None:
            self._keeping.cancel()
            notes.remove(self._note, self._folder)
            self._server.close()
            await self._let_go()
        elif self._listener is not None:
            self._listener.close()

    async def _let_go(self) -> None:
        """End the connections. uvicorn's own server does the same, but looks at the clock ten times a second only."""
        connections, tasks = self._state.connections, self._state.tasks
        for connection in list(connections):
            connection.shutdown()
        deadline = time.monotonic() + _PATIENCE_S
        while (connections or tasks) and time.monotonic() < deadline:  # noqa: ASYNC110  # they tell nobody
            await asyncio.sleep(_LOOK_AGAIN_S)
        for connection in list(connections):
            connection.transport.abort()
        if tasks:
            await asyncio.wait(tasks, timeout=_PATIENCE_S)

    def _configure(self, token: str) -> uvicorn.Config:
        import uvicorn
        from uvicorn.server import ServerState

        from amlemu.control.app import application

        make: Any = self._make_application or application
        config = uvicorn.Config(
            make(self._controlled, token, self.port, self._folder, self._stopping),
            loop="none",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
        )
        config.load()
        self._state = ServerState()
        return config


def _listen_on(port: int) -> socket.socket:
    try:
        return ports.listen(HOST, port)
    except ports.PortTaken as error:
        hint = f"Leave --control-port out to have {PORTS[0]} or the next free one, or stop that process."
        raise UsageError(error.what, where=f"--control-port {port}", hint=hint) from error


def _listen_on_one_of(usual: Iterable[int]) -> socket.socket:
    """Bind the first free port of some, else any; who holds the others does not matter, so nobody looks for them."""
    for port in usual:
        if _is_free(port):
            with contextlib.suppress(ports.PortTaken):  # somebody was quicker
                return ports.listen(HOST, port)
    return ports.listen(HOST, 0)  # the note says which, to who looks beside the script


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False
        return True
