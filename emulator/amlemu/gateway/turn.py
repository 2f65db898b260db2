"""
One request on a connection and its answer, seen from the application: a raw ASGI scope that carries the `Turn` itself.

Our own routes use `read` and `respond`; `receive` and `send` are there for anything else in the application that speaks
plain ASGI. The bytes are `wire.py`'s business.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol
from urllib.parse import unquote

from amlemu.exchange import Request, Response
from amlemu.scoring.answer import status_line

KEY = "amlemu.turn"
_ASGI = {"version": "3.0", "spec_version": "2.3"}


class Vanished(Exception):
    """There is no request any more: its body did not arrive."""


class TooLarge(Exception):
    """The body is larger than its reader would take; `size` is what is known of it, in bytes."""

    def __init__(self, size: int, *, is_exact: bool) -> None:
        self.size = size
        self.is_exact = is_exact
        super().__init__(f"{size} bytes")


class Connection(Protocol):
    """What a turn asks of its connection."""

    async def respond(self, turn: Turn, response: Response) -> None:
        """Write an answer."""

    def abort(self, turn: Turn) -> None:
        """Close without one."""

    def continue_reading(self, turn: Turn) -> None:
        """Say 100 Continue."""


class Turn:
    """A request whose body may still be arriving; ends with `respond` or `abort`, once."""

    def __init__(
        self,
        request: Request,
        connection: Connection,
        expects_continue: bool = False,
        length: int | None = None,
        excess: str = "",
    ) -> None:
        """
        Args:
            request: its body is still to come.
            connection: where it comes from.
            expects_continue: the client waits for a word before it sends the body.
            length: what Content-Length says.
            excess: why its connection is one too many.
        """
        self.request = request
        self.excess = excess
        self._length = length
        self._limit = 0
        self._expects_continue = expects_continue
        self.task: asyncio.Task[None] | None = None  # that answers it
        self.keeps_alive = False
        self.is_ended = False
        self.has_left = False  # the client
        self.sent_bytes = 0  # of the answer's body
        self._connection = connection
        self._pieces: list[bytes] = []
        self._size = 0
        self._is_whole = False
        self._has_vanished = False
        self._whole: asyncio.Future[None] | None = None
        self._start: dict[str, Any] = {}
        self._is_received = False
        self._over: asyncio.Event | None = None  # for who speaks plain ASGI, and waits for the end

    @property
    def is_whole(self) -> bool:
        """Whether the body is there, and nobody waits for a word about it."""
        return self._is_whole and not self._expects_continue

    def exceeds(self, limit: int) -> bool:
        """Tell whether the body is known to have more than `limit` bytes; 0 is no limit."""
        return 0 < limit < max(self._size, self._length or 0)

    async def read(self, limit: int = 0) -> Request:
        """
        Wait for the whole body and return the request with it.

        Raises:
            Vanished: it will never be whole.
            TooLarge: it has more than `limit` bytes (0: any number), by what it says or what has come.
        """
        if self.exceeds(limit):
            raise self._too_large()
        if self._expects_continue:
            self._expects_continue = False
            self._connection.continue_reading(self)
        if not self._is_whole:
            self._limit = limit
            if self._has_vanished:
                raise Vanished
            if self._whole is None or self._whole.done():  # done: somebody has found it too large before
                self._whole = asyncio.get_running_loop().create_future()
            await self._whole
        return self.request

    def _too_large(self) -> TooLarge:
        is_exact = self._is_whole or self._length is not None
        return TooLarge(max(self._size, self._length or 0), is_exact=is_exact)

    async def respond(self, response: Response) -> None:
        """Answer. Raises what a streamed body raises, after the connection has been cut."""
        if not self.is_ended:
            await self._connection.respond(self, response)

    def abort(self) -> None:
        """Close the connection without an answer."""
        if not self.is_ended:
            self._connection.abort(self)

    # the wire's side

    def feed(self, data: bytes) -> int:
        """Add a piece of the body; returns the size so far in bytes."""
        self._pieces.append(data)
        self._size += len(data)
        if self.exceeds(self._limit) and self._whole is not None and not self._whole.done():
            self._whole.set_exception(self._too_large())
        return self._size

    def complete(self) -> None:
        """The body is whole."""
        pieces = self._pieces
        self.request.body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._pieces = []
        self._is_whole = True
        if self._whole is not None and not self._whole.done():
            self._whole.set_result(None)

    def client_left(self) -> None:
        """The connection is gone; nobody will read the answer."""
        self.has_left = True
        self._tell_over()
        if not self._is_whole:
            self.vanish()

    def vanish(self) -> None:
        """The body will never be whole: the connection broke, or what was sent is refused."""
        self._has_vanished = True
        if self._whole is not None and not self._whole.done():
            self._whole.set_exception(Vanished())

    # plain ASGI

    def scope(self) -> dict[str, Any]:
        """Return the ASGI scope; header names are lower-cased there, as ASGI wants it."""
        request = self.request
        path, _, query = request.target.partition("?")
        return {
            "type": "http",
            "asgi": _ASGI,
            "http_version": request.version,
            "method": request.method,
            "scheme": "http",
            "path": unquote(path) if "%" in path else path,
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "root_path": "",
            "headers": _LowerHeaders(request),
            "client": request.client,
            "server": request.server,
            KEY: self,
        }

    async def receive(self) -> dict[str, Any]:
        """Give the whole body as one ASGI message; asked again, wait for the end."""
        if self._is_received:
            if not (self.has_left or self.is_ended):
                self._over = self._over or asyncio.Event()
                await self._over.wait()
            return {"type": "http.disconnect"}
        self._is_received = True
        request = await self.read()
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def send(self, message: dict[str, Any]) -> None:
        """Take an ASGI answer; sent when it is whole."""
        if message["type"] == "http.response.start":
            self._start = message
            self._pieces = []
            return
        self._pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._start["headers"]]
            number, _, phrase = status_line(self._start["status"]).partition(" ")
            await self.respond(Response(int(number), phrase, headers, b"".join(self._pieces)))
            self._tell_over()

    def _tell_over(self) -> None:
        if self._over is not None:
            self._over.set()


class _LowerHeaders:
    """ASGI's header list, made only if somebody iterates over it: our own routes never do."""

    __slots__ = ("_request",)

    def __init__(self, request: Request) -> None:
        self._request = request

    def __iter__(self) -> Any:
        return iter([(n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in self._request.headers])

    def __len__(self) -> int:
        return len(self._request.headers)
