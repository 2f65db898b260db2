"""
How clients of httpx reach an endpoint, and what they note of each request, so that its exchange is found again.

The one into this process asks a doorway, without sockets; the others are httpx's own.
"""

from __future__ import annotations

import time
from typing import Any

import httpx

from amlemu.exchange import Exchange, Request
from amlemu.testing.doorway import Answer, Doorway

EXCHANGE = "amlemu.exchange"
"""The extension of a response in which its exchange lies, where it is known."""
BEGAN = "amlemu.began"
"""That of when the request went out, in seconds since the epoch."""
ADDRESS = "amlemu.address"
"""That of the client's end of the connection, host and port."""
_CLOSED = "Server disconnected without sending a response."
_CUT = "peer closed connection without sending complete message body"


class Broken(httpx.RemoteProtocolError):
    """What httpx raises where a connection ends too early; the exchange is known."""

    def __init__(self, what: str, request: httpx.Request, exchange: Exchange) -> None:
        super().__init__(what, request=request)
        self.exchange = exchange


class Direct(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Hands requests to a doorway."""

    def __init__(self, doorway: Doorway) -> None:
        self._doorway = doorway

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Ask, here and now."""
        __tracebackhide__ = True
        return _received(self._doorway.ask(_asked(request, request.read())), request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask in another thread, so that the caller's loop goes on; one request at a time all the same."""
        import anyio

        asked = _asked(request, await request.aread())
        return _received(await anyio.to_thread.run_sync(self._doorway.ask, asked), request)


class Noting(httpx.HTTPTransport):
    """httpx's own, with a note on each response: its connection may be closed when somebody asks."""

    def __init__(self) -> None:
        super().__init__(
            trust_env=False, verify=False
        )  # to read certificates takes longer than a test, and there are none

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx."""
        began = time.time()
        return _noted(super().handle_request(request), began)


class AsyncNoting(httpx.AsyncHTTPTransport):
    """The same; no connection is kept, for nobody closes an asynchronous client at the end of a test."""

    def __init__(self) -> None:
        super().__init__(trust_env=False, verify=False, limits=httpx.Limits(max_keepalive_connections=0))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx."""
        began = time.time()
        return _noted(await super().handle_async_request(request), began)


def _noted(response: httpx.Response, began: float) -> httpx.Response:
    stream = response.extensions.get("network_stream")
    address = stream.get_extra_info("client_addr") if stream is not None else None
    response.extensions.update({BEGAN: began, ADDRESS: tuple(address[:2]) if address else None})
    return response


def _asked(request: httpx.Request, body: bytes) -> Request:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
    target = request.url.raw_path.decode("ascii")
    return Request(request.method, target, headers, body, server=("127.0.0.1", 5001))


def _received(answer: Answer, request: httpx.Request) -> httpx.Response:
    if not answer.head or answer.is_cut:
        raise Broken(_CUT if answer.head else _CLOSED, request, answer.exchange)
    status, *lines = answer.head.split(b"\r\n")
    _, code, *phrase = status.split(b" ", 2)
    headers = [(name, value.removeprefix(b" ")) for name, _, value in (line.partition(b":") for line in lines)]
    extensions: dict[str, Any] = {
        "http_version": b"HTTP/1.1",
        "reason_phrase": b"".join(phrase),
        EXCHANGE: answer.exchange,
    }
    return httpx.Response(int(code), headers=headers, stream=httpx.ByteStream(answer.body), extensions=extensions)
