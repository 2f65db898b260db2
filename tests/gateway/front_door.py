"""A front door before a backend of a few lines, served on a free port in a thread of its own."""

from __future__ import annotations

import asyncio
import functools
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import uvicorn
import uvloop
from amlemu import ports
from amlemu import profile as profiles
from amlemu.events import RequestRefused
from amlemu.exchange import Exchange, Request, Response
from amlemu.gateway.app import FrontDoor, application
from amlemu.gateway.stages import Forward
from amlemu.gateway.wire import Sweeper, Wire

Answer = Callable[[Request], Awaitable[Response]]
PATIENCE_S = 5.0
LOOP = "asyncio"
"""Or uvloop; see the fixture `every_loop`."""


@dataclass
class FakeBackend:
    """Answers with whatever the test says."""

    answer: Answer

    async def handle(self, request: Request) -> Response:
        return await self.answer(request)


class Server(uvicorn.Server):
    """Leaves the signals to pytest, and ends when it is told instead of looking every tenth of a second."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        self.loop, self.over = asyncio.get_running_loop(), asyncio.Event()
        self.is_up.set()
        await self.over.wait()

    async def shutdown(self, sockets: Any = None) -> None:
        """In an orderly way when a test asks for it; uvicorn's takes a tenth of a second, the end of a block does not."""
        if self.is_orderly:
            await super().shutdown(sockets)
            return
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection._transport.abort()  # type: ignore[union-attr]

    is_orderly = False
    is_up: threading.Event

    def stop(self, *, is_orderly: bool = True) -> None:
        """Let `serve` end; from another thread."""
        assert self.is_up.wait(PATIENCE_S)
        self.is_orderly = self.is_orderly or is_orderly
        self.loop.call_soon_threadsafe(self.over.set)


@dataclass
class Served:
    """What a test sees of the server."""

    port: int
    exchanges: list[Exchange] = field(default_factory=list)
    refusals: list[RequestRefused] = field(default_factory=list)
    stop: Callable[[], None] = lambda: None

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)

    def ask(self, data: bytes, *, half_close: bool = False) -> bytes:
        """Send bytes, and return all that comes until the server closes."""
        with self.connect() as client:
            client.sendall(data)
            if half_close:
                client.shutdown(socket.SHUT_WR)
            return read_all(client)


def read_all(client: socket.socket) -> bytes:
    """Read until the server closes."""
    pieces = []
    while piece := client.recv(1 << 16):
        pieces.append(piece)
    return b"".join(pieces)


@contextmanager
def serving(answer: Answer, sweep_s: float = 1.0, change: Any = None, **settings: str) -> Iterator[Served]:
    """
    Serve until the end of the block.

    Args:
        answer: the backend.
        sweep_s: how often connections are looked at.
        change: given the FastAPI application before it is served.
        settings: values of the profile, `wire__keep_alive="on"`.
    """
    overrides = {name.replace("__", "."): value for name, value in settings.items()}
    profile = profiles.load("bare", overrides)
    listener = ports.listen("127.0.0.1", 0)
    served = Served(listener.getsockname()[1])
    app = application(FrontDoor([Forward(FakeBackend(answer))], profile.failures, served.exchanges.append))
    if change is not None:
        change(app)
    wire: Any = functools.partial(Wire, rules=profile.wire, sweeper=Sweeper(sweep_s), on_refusal=served.refusals.append)
    config = uvicorn.Config(app, http=wire, ws="none", lifespan="off", interface="asgi3", log_config=None)
    server = Server(config)
    server.is_up = threading.Event()
    server.config.timeout_graceful_shutdown = 1
    run: Any = asyncio.run if LOOP == "asyncio" else uvloop.run
    thread = threading.Thread(target=lambda: run(server.serve(sockets=[listener])))
    thread.start()
    served.stop = server.stop
    try:
        yield served
    finally:
        with suppress(RuntimeError):  # the test has stopped it
            server.stop(is_orderly=False)
        thread.join(PATIENCE_S)
        listener.close()


async def echo(request: Request) -> Response:
    """Answer with method, target and body."""
    body = b" ".join([request.method.encode(), request.target.encode("latin-1"), request.body])
    return Response(200, "OK", [("Connection", "close"), ("Content-Length", str(len(body)))], body)
