"""A front door before a backend of a few lines, served on a free port in a thread of its own."""

from __future__ import annotations

import asyncio
import functools
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import uvicorn
import uvloop
from amlemu import ports
from amlemu import profile_file as profiles
from amlemu.errors import BackendFailure
from amlemu.events import AnsweredLate, RequestRefused
from amlemu.exchange import Exchange, Request, Response
from amlemu.gateway.app import FrontDoor, Witness, application
from amlemu.gateway.connections import Connections
from amlemu.gateway.spoken import AnswerTable
from amlemu.gateway.stages import Served as Behind
from amlemu.gateway.stages import stages
from amlemu.gateway.turn import Turn
from amlemu.gateway.visit import Visit
from amlemu.gateway.wire import Sweeper, Wire
from amlemu.pauses import Pauses
from amlemu.profile import Profile

Answer = Callable[[Request], Awaitable[Response]]
PATIENCE_S = 20.0
LOOP = "asyncio"
"""Or uvloop; see the fixture `every_loop`."""


@dataclass
class FakeBackend:
    """Answers with whatever the test says."""

    answer: Answer
    capabilities: Any = None

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

    def call(self, function: Callable[[], None]) -> None:
        """Have it called in the loop; from another thread."""
        assert self.is_up.wait(PATIENCE_S)
        self.loop.call_soon_threadsafe(function)

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
    late: list[AnsweredLate] = field(default_factory=list)
    stop: Callable[[], None] = lambda: None
    tasks: set[Any] = field(default_factory=set)  # that uvicorn would wait for at its end
    call: Callable[[Callable[[], None]], object] = lambda function: None  # in the server's thread

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


class Line:
    """A connection that remembers what its turn asked of it."""

    def __init__(self) -> None:
        self.ends: list[Response | str] = []

    async def respond(self, turn: Turn, response: Response) -> None:
        turn.is_ended = True
        self.ends.append(response)

    def abort(self, turn: Turn) -> None:
        turn.is_ended = True
        self.ends.append("closed")

    def continue_reading(self, turn: Turn) -> None:
        self.ends.append("continue")


@functools.cache
def profile_of(name: str, **settings: str) -> Profile:
    """Return a profile with `settings`, as `limits__request_bytes="10"`."""
    return profiles.load(name, {key.replace("__", "."): value for key, value in settings.items()})


def says_of(profile: Profile) -> AnswerTable:
    """Return the answers of a profile, for the endpoint `iris`."""
    return AnswerTable(profile.answers, "iris", profile.container.server)


def new_visit(
    method: str = "POST",
    target: str = "/score",
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    *,
    is_shadow: bool = False,
    excess: str = "",
    when_overdue: Callable[[Visit], None] = lambda visit: None,
    when_spared: Callable[[Visit, BackendFailure], None] = lambda visit, failure: None,
    pauses: Pauses | None = None,
) -> Visit:
    """Return a request on its way, its body complete, for the tests of one stage."""
    turn = Turn(Request(method, target, list(headers)), Line(), excess=excess)
    turn.feed(body)
    turn.complete()
    return Visit(turn, when_overdue, when_spared, pauses or Pauses(), is_shadow=is_shadow)


@contextmanager
def serving(
    answer: Answer,
    sweep_s: float = 1.0,
    change: Any = None,
    profile_name: str = "bare",
    behind: Mapping[str, Any] | None = None,
    shadow: bool = False,
    pauses: Pauses | None = None,
    **settings: str,
) -> Iterator[Served]:
    """
    Serve until the end of the block.

    Args:
        answer: the backend.
        sweep_s: how often connections are looked at.
        change: given the FastAPI application before it is served.
        profile_name: which face it has.
        behind: what else is behind the front door, `{"endpoint": "iris", "dev_errors": True}`.
        shadow: answer what the model says.
        pauses: what stands still.
        settings: values of the profile, `wire__keep_alive="on"`.
    """
    profile = profile_of(profile_name, **settings)
    listener = ports.listen("127.0.0.1", 0)
    served = Served(listener.getsockname()[1])
    witness = Witness(served.exchanges.append, served.late.append)
    held = pauses or Pauses()
    behind = {"pauses": held, **(behind or {})}
    front_door = FrontDoor(stages(profile, Behind(FakeBackend(answer), **behind)), witness, shadow=shadow, pauses=held)
    app = application(front_door)
    if change is not None:
        change(app)
    wire: Any = functools.partial(
        Wire,
        rules=profile.wire,
        sweeper=Sweeper(sweep_s),
        connections=Connections(profile),
        on_refusal=served.refusals.append,
    )
    config = uvicorn.Config(app, http=wire, ws="none", lifespan="off", interface="asgi3", log_config=None)
    server = Server(config)
    server.is_up = threading.Event()
    server.config.timeout_graceful_shutdown = 1
    run: Any = asyncio.run if LOOP == "asyncio" else uvloop.run
    thread = threading.Thread(target=lambda: run(server.serve(sockets=[listener])))
    thread.start()
    served.stop, served.tasks, served.call = server.stop, server.server_state.tasks, server.call
    try:
        yield served
    finally:
        with suppress(RuntimeError):  # the test has stopped it
            server.stop(is_orderly=False)
        thread.join(PATIENCE_S)
        listener.close()


class Gate:
    """A backend that holds /slow until it is let go, and remembers whom it was asked by; everything else is echoed."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.let_go = threading.Event()

    async def __call__(self, request: Request) -> Response:
        self.asked.append(request)
        if request.target.startswith("/slow"):
            while not self.let_go.is_set():
                await asyncio.to_thread(self.let_go.wait, 0.05)
        return await echo(request)


class Breakpoint(Gate):
    """A gate whose script a debugger holds until it is let go; then run() takes `takes_s` more, and says `status`."""

    def __init__(self, *, status: int = 200, takes_s: float = 0.0) -> None:
        super().__init__()
        self.pauses = Pauses()
        self.status, self.takes_s = status, takes_s

    async def __call__(self, request: Request) -> Response:
        self.pauses.begin(request.number)
        said = await super().__call__(request)
        self.pauses.end(request.number)
        await asyncio.sleep(self.takes_s)
        return replace(said, status=self.status)


def until(condition: Callable[[], object], what: str) -> None:
    """Wait for a condition; fail with `what` it is about."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"not {what}"


async def echo(request: Request) -> Response:
    """Answer with method, target and body."""
    body = b" ".join([request.method.encode(), request.target.encode("latin-1"), request.body])
    return Response(200, "OK", [("Connection", "close"), ("Content-Length", str(len(body)))], body)
