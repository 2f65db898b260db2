"""
HTTP/1.1 on the socket, loaded through uvicorn's `http=`, because ASGI cannot say what the real server says.

A `Wire` is one connection; each request on it is a `Turn`, which the application finds in its ASGI scope and answers
with a whole `Response`: any status and phrase, header names as spelled and in order, a connection closed without an
answer. `head.py` and `body.py` read, `answer_head.py` writes; who answers, and what, is decided in `app.py`.

Source: gunicorn 27.0.1 for limits and manners (contract 4.1, 4.8); lingering close: RFC 9112, 9.6.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

from amlemu.events import RequestRefused
from amlemu.exchange import Address, Request, Response
from amlemu.gateway import body, refusals
from amlemu.gateway.answer_head import answer_head, in_one_chunk, refusal_head
from amlemu.gateway.connections import Connections
from amlemu.gateway.head import Head, HeadReader
from amlemu.gateway.turn import Turn
from amlemu.profile import WireRules
from amlemu.scoring.gunicorn import trusts

logger = logging.getLogger(__name__)

_LINGER_BYTES = 8 << 20
_LINGER_S = 2.0
_JOIN_BYTES = 1 << 14  # smaller bodies are copied behind their head, larger ones written after it


class Sweeper:
    """Looks once a second for connections that have waited too long; cheaper than a timer for each."""

    def __init__(self, every_s: float = 1.0) -> None:
        self._every_s = every_s
        self._wires: set[Wire] = set()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, wire: Wire) -> None:
        """Watch a connection."""
        self._wires.add(wire)
        if self._timer is None:
            self._timer = wire.loop.call_later(self._every_s, self._sweep, wire.loop)

    def remove(self, wire: Wire) -> None:
        """Stop watching it."""
        self._wires.discard(wire)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for wire in list(self._wires):
            wire.close_if_overdue(now)
        self._timer = loop.call_later(self._every_s, self._sweep, loop) if self._wires else None


class Wire(asyncio.Protocol):
    """One connection: parses requests, runs the application for each in turn, writes the answers."""

    def __init__(
        self,
        config: Any,
        server_state: Any,
        app_state: Any = None,
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        rules: WireRules,
        sweeper: Sweeper,
        connections: Connections,
        on_refusal: Callable[[RequestRefused], None],
    ) -> None:
        """Called by uvicorn for every connection; what follows the star is bound beforehand."""
        self.loop = _loop or asyncio.get_running_loop()
        self._app = config.loaded_app
        self._state = server_state
        self._rules = rules
        self._sweeper = sweeper
        self._connections = connections
        self._on_refusal = on_refusal
        self._head: HeadReader | None = None  # of the request that is arriving
        self._body: body.BodyReader | None = None  # likewise
        self._turns: deque[Turn] = deque()  # the first one is being answered
        self._reading: Turn | None = None  # whose body is still arriving
        self._discarding = -1  # bytes left to discard in a lingering close, -1 = none
        self._closing = False
        self._writable = asyncio.Event()
        self._writable.set()
        self._overdue_at: float | None = None

    # the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a request."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._client: Address = _address(transport.get_extra_info("peername"))
        self._server: Address = _address(transport.get_extra_info("sockname"))
        self._trusts_peer = trusts(self._client)
        self._head = HeadReader(self._rules, trusts_peer=self._trusts_peer)
        self._excess = self._connections.opened(self.loop.time())
        self._state.connections.add(self)
        self._sweeper.add(self)
        self._await_request(self._rules.header_seconds)

    def connection_lost(self, error: Exception | None) -> None:
        """The client is gone; what is being computed goes on, as under the real server."""
        self._connections.closed()
        self._state.connections.discard(self)
        self._sweeper.remove(self)
        self._writable.set()
        for turn in self._turns:
            turn.client_left()

    def data_received(self, data: bytes) -> None:
        """Read what has come: heads and bodies in turn."""
        if self._discarding >= 0:
            self._discard(len(data))
            return
        try:
            while data and not self._closing:
                data = self._read_head(data) if self._reading is None else self._read_body(data)
        except refusals.Refused as refused:
            self._refuse(refused)

    def eof_received(self) -> bool:
        """The client has finished sending: a body that is cut short counts as it is (contract 4.4)."""
        if self._discarding >= 0 or not self._turns:
            return False
        self._closing = True
        if self._body is not None:
            self._body.finish()
            self._complete()
        else:
            # Closed or half closed, nobody can tell before writing; hardly any client half-closes, so it has left.
            self._turns[-1].client_left()
        return True

    def pause_writing(self) -> None:
        """The client reads slowly."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._writable.set()

    def shutdown(self) -> None:
        """uvicorn is stopping: no further request on this connection."""
        self._closing = True
        if not self._turns:
            self._transport.close()

    def close_if_overdue(self, now: float) -> None:
        """Close when the client has been silent for too long in the middle of a request, or between two."""
        if self._overdue_at is not None and now > self._overdue_at and not self._transport.is_closing():
            if self._reading is not None or (self._head is not None and self._head.has_begun):
                logger.warning("closed a connection: half a request, then silence client=%s:%s", *self._client)
            self._transport.abort()

    # reading

    def _read_head(self, data: bytes) -> bytes:
        if self._head is None:
            self._head = HeadReader(self._rules, trusts_peer=self._trusts_peer)
            self._overdue_at = self.loop.time() + self._rules.header_seconds
        found = self._head.feed(data)
        if found is None:
            return b""
        head, rest = found
        self._head = None
        self._open_turn(head)
        self._overdue_at = self.loop.time() + self._rules.body_idle_seconds
        if self._body is not None and self._body.is_whole:
            self._complete()
        return rest

    def _read_body(self, data: bytes) -> bytes:
        assert self._body is not None
        assert self._reading is not None
        self._overdue_at = self.loop.time() + self._rules.body_idle_seconds
        if self._reading.feed(self._body.feed(data)) > self._rules.body_bytes:
            raise refusals.large_body(self._rules.body_bytes)
        if not self._body.is_whole:
            return b""
        rest = self._body.rest
        self._complete()
        return rest

    def _open_turn(self, head: Head) -> None:
        request = Request(head.method, head.target, head.headers, b"", head.version, self._client, self._server)
        turn = Turn(request, self, head.expects_continue, head.length, self._excess)
        is_asked = head.wants_keep_alive and self._rules.answers_in == "1.1" if head.version == "1.0" else True
        turn.keeps_alive = self._rules.keep_alive and not head.wants_close and is_asked
        self._reading = turn
        self._body = body.reader(head, self._rules)
        self._turns.append(turn)
        if len(self._turns) == 1:
            self._begin(turn)

    def _complete(self) -> None:
        """The request that is arriving is whole."""
        assert self._body is not None
        assert self._reading is not None
        turn, turn.request.broken = self._reading, self._body.broken
        self._reading = self._body = self._overdue_at = None
        turn.complete()
        if not turn.keeps_alive or turn.request.broken:
            turn.keeps_alive = False
            self._closing = True

    # a turn's wishes

    async def respond(self, turn: Turn, response: Response) -> None:
        """Write `response` and end the turn; returns when the last byte is handed to the system's buffers."""
        if turn is self._reading:  # the rest of its body is not worth waiting for
            turn.keeps_alive = False
        if response.account.get("is_page") and self._rules.answers_in == "request":
            self._write_page(turn, response)
            return
        head = answer_head(response, turn, self._rules)
        if isinstance(response.body, bytes):
            is_wanted = turn.request.method != "HEAD"
            sent = response.body if is_wanted else b""
            turn.sent_bytes = len(sent)
            self._write(head.data, in_one_chunk(response) if head.is_chunked and is_wanted else sent)
        else:
            try:
                await self._stream(turn, head.data, response.body, head.is_chunked)  # type: ignore[arg-type]
            except Exception:
                self.abort(turn)
                raise
        self._end(turn, close=head.closes)

    def abort(self, turn: Turn) -> None:
        """Close the connection without (further) answer."""
        self._end(turn, close=True, rest_matters=False)

    def continue_reading(self, turn: Turn) -> None:
        """Tell a client that asked first (`Expect: 100-continue`) to send its body."""
        if not self._transport.is_closing():
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    # inside

    def _await_request(self, seconds: float) -> None:
        self._overdue_at = self.loop.time() + seconds

    def _begin(self, turn: Turn) -> None:
        turn.task = self.loop.create_task(self._run(turn))
        self._state.tasks.add(turn.task)
        self._state.total_requests += 1

    async def _run(self, turn: Turn) -> None:
        try:
            await self._app(turn.scope(), turn.receive, turn.send)
        except Exception:
            logger.exception("the application failed: %s %s", turn.request.method, turn.request.target)
        finally:  # also when uvicorn cancels what has outlasted the grace
            self._state.tasks.discard(turn.task)
            if not turn.is_ended:
                self.abort(turn)

    def _write(self, head: bytes, body: bytes) -> None:
        if self._transport.is_closing():
            return
        if len(body) <= _JOIN_BYTES:
            self._transport.write(head + body)
        else:
            self._transport.writelines((head, body))

    async def _stream(self, turn: Turn, head: bytes, pieces: AsyncIterator[bytes], chunked: bool) -> None:
        self._write(head, b"")
        async for piece in pieces:  # to its end even when the client has left: the script must not hang
            if not piece or self._transport.is_closing():
                continue
            turn.sent_bytes += len(piece)
            self._write(b"%X\r\n" % len(piece) + piece + b"\r\n" if chunked else piece, b"")
            await self._writable.wait()
        if chunked:
            self._write(b"0\r\n\r\n", b"")

    def _end(self, turn: Turn, close: bool, rest_matters: bool = True) -> None:
        turn.is_ended = True
        if turn in self._turns:
            self._turns.remove(turn)
        if close or (self._closing and not self._turns):
            self._close(linger=rest_matters)
        elif self._turns:
            self._begin(self._turns[0])
        elif self._reading is None:
            self._await_request(self._rules.keep_alive_seconds)

    def _close(self, linger: bool) -> None:
        """Close; a client that is still sending gets the time to read the answer first."""
        self._closing = True
        self._overdue_at = None
        if self._transport.is_closing():
            return
        if not linger:
            self._transport.close()
            return
        self._discarding = _LINGER_BYTES
        with contextlib.suppress(OSError, NotImplementedError):
            self._transport.write_eof()
        self.loop.call_later(_LINGER_S, self._transport.close)

    def _discard(self, count: int) -> None:
        self._discarding -= count
        if self._discarding < 0:
            self._discarding = 0
            self._transport.close()

    def _refuse(self, refused: refusals.Refused) -> None:
        """Answer what is no request; the application never hears of it."""
        self._on_refusal(RequestRefused(self._client[0], str(refused)))
        victim, self._reading, self._body = self._reading, None, None
        if victim is not None:
            victim.is_ended = True
            victim.vanish()
            self._turns.remove(victim)
        if not self._turns:  # answers to whole requests before it come first; it has to go without
            page: bytes = refused.response.body  # type: ignore[assignment]
            self._write(refusal_head(refused.response), page)
            self._close(linger=True)
        self._closing = True

    def _write_page(self, turn: Turn, response: Response) -> None:
        """Write gunicorn's own page: whole, and as HTTP/1.1, whatever was asked (observed, gunicorn 27.0.1)."""
        page: bytes = response.body  # type: ignore[assignment]
        turn.sent_bytes = len(page)
        self._write(refusal_head(response), page)
        self._end(turn, close=True)


def _address(name: Any) -> Address:
    return (str(name[0]), int(name[1])) if isinstance(name, tuple) else ("127.0.0.1", 0)
