"""
The scoring port: bound before anything runs, so that early clients wait, and every request on it goes to whoever answers.

uvicorn serves the connections; `wire.py` is what it speaks.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from amlemu import ports
from amlemu.events import RequestRefused
from amlemu.profile import Profile

if TYPE_CHECKING:
    import uvicorn

    from amlemu.gateway.turn import Turn

_BACKSTOP_S = 5  # uvicorn's own patience, for the case that ours fails


class Answerer(Protocol):
    """Who answers; a `FrontDoor` is one."""

    async def answer(self, turn: Turn) -> None:
        """Answer one request."""


class Gate:
    """Use from one event loop: open, serve, shut, drain, close. After `open` there are `port` and `addresses`."""

    def __init__(self, host: str) -> None:
        """`host` is the address to listen on; nothing is bound yet."""
        self._host = host
        self._listeners: list[socket.socket] = []
        self._servers: list[tuple[uvicorn.Server, asyncio.Task[None]]] = []

    def open(self, *wanted: int) -> None:
        """Bind these ports; the last one is the scoring port. Raises UsageError when one is taken, or the address is none."""
        bound: list[socket.socket] = []
        try:
            for port in wanted:
                bound.append(ports.listen(self._host, port))  # noqa: PERF401  # those before it are closed below
        except BaseException:
            for listener in bound:
                listener.close()
            raise
        self.take(*bound)

    def take(self, *listeners: socket.socket) -> None:
        """Take ports that somebody else has bound; the last one is the scoring port."""
        self._listeners += listeners
        self.port = int(self._listeners[-1].getsockname()[1])
        self.addresses = tuple(f"http://{self._host}:{one.getsockname()[1]}" for one in self._listeners)

    async def serve(
        self, make_answerer: Callable[[], Answerer], profile: Profile, on_refusal: Callable[[RequestRefused], None]
    ) -> None:
        """
        Accept connections; when others have been accepted before, those that are open end as they would have.

        Args:
            make_answerer: called in a thread: it and uvicorn import FastAPI, and somebody has to hear the workers meanwhile.
            profile: its wire, and its limits of connections.
            on_refusal: told of requests that the wire refuses.
        """
        server = await asyncio.to_thread(lambda: _make_server(make_answerer(), profile, on_refusal))
        for before, _ in self._servers:
            _shut(before)
            before.should_exit = True
        own = [one.dup() for one in self._listeners]  # it closes them
        self._servers.append((server, asyncio.get_running_loop().create_task(server.serve(sockets=own))))

    def shut(self) -> None:
        """Accept no more connections."""
        for server, _ in self._servers:
            _shut(server)
        self.close()

    async def drain(self, grace_s: float) -> bool:
        """Let requests in hand finish; False when that took longer than `grace_s` seconds, and some are still there."""
        for server, _ in self._servers:
            server.config.timeout_graceful_shutdown = _BACKSTOP_S + round(grace_s)
            server.should_exit = True
        _, left = await asyncio.wait({serving for _, serving in self._servers}, timeout=grace_s)
        return not left

    async def drained(self) -> None:
        """Wait until the last request is over."""
        await asyncio.gather(*(serving for _, serving in self._servers))

    def close(self) -> None:
        """Let go of the ports."""
        for listener in self._listeners:
            listener.close()


def _shut(server: uvicorn.Server) -> None:
    for one in getattr(server, "servers", ()):
        one.close()


def _make_server(answerer: Answerer, profile: Profile, on_refusal: Callable[[RequestRefused], None]) -> uvicorn.Server:
    import uvicorn

    from amlemu.gateway.app import application
    from amlemu.gateway.connections import Connections
    from amlemu.gateway.wire import Sweeper, Wire

    class Server(uvicorn.Server):
        """Signals are the command line's business."""

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    wire: Any = functools.partial(
        Wire, rules=profile.wire, sweeper=Sweeper(), connections=Connections(profile), on_refusal=on_refusal
    )
    config = uvicorn.Config(
        application(answerer),
        http=wire,
        loop="none",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
    )
    return Server(config)
