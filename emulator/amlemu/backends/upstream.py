"""
Any server at a URL as a backend: the real azmlinfsrv, a container, an endpoint.

Requests go out as they came in (names, order, body), answers come back likewise; proxies of the environment are not
asked. The real server closes each connection, so nothing is kept open.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from amlemu.backends import Capabilities
from amlemu.errors import Unreachable, UsageError
from amlemu.exchange import Frame, Headers, Request, Response

if TYPE_CHECKING:
    import httpx

_POLL_S = 0.05
_CONNECT_S = 5.0
_RUN_MS = "x-ms-run-fn-exec-ms"  # azmlinfsrv's own measure of run(), where it succeeded


class Upstream:
    """An HTTP server that somebody else runs."""

    capabilities = Capabilities(
        survives_crashes=True,
        keeps_scoring_timeout=True,
        streams=True,
        forwards_exactly=False,
        is_duplex=False,
        tells_output=False,
        attributes_output=False,
        tells_faults=False,
    )

    def __init__(self, url: str) -> None:
        """Take `http://host:port[/prefix]`; raises UsageError for anything else."""
        scheme, _, rest = url.partition("://")
        if scheme not in ("http", "https") or not rest:
            raise UsageError(f"{url!r} is no address", where="--upstream", expected="Expected http://HOST:PORT.")
        self._url = url.rstrip("/")
        _, slash, path = rest.rstrip("/").partition("/")
        self._prefix = (slash + path).encode("ascii")

    async def start(self) -> None:
        """Open nothing yet but the client."""
        import httpx

        self._httpx = httpx
        self._transport = httpx.AsyncHTTPTransport(
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0)
        )
        self._gave_up: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()

    async def ready(self) -> None:
        """Wait until somebody answers at the address."""
        while True:
            try:
                await self.handle(Request("GET", "/", [("Host", "localhost")]))
            except Unreachable:
                await asyncio.sleep(_POLL_S)
            else:
                return

    async def failed(self) -> Exception:
        """Never: the server there may come back."""
        return await asyncio.shield(self._gave_up)

    async def handle(self, request: Request) -> Response:
        """Forward one request; see `Backend.handle`. Raises Unreachable when no answer came."""
        httpx = self._httpx
        outgoing = httpx.Request(
            request.method,
            self._url,
            headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in _forwarded(request)],
            content=request.body or None,
            extensions={
                "target": self._prefix + request.target.encode("latin-1"),  # as it came: httpx would tidy it up
                "timeout": {"connect": _CONNECT_S, "read": None, "write": None, "pool": None},
            },
        )
        try:
            incoming = await self._transport.handle_async_request(outgoing)
        except (httpx.TransportError, OSError) as error:
            raise Unreachable(f"no answer: {error!r}", where=self._url) from error
        return await self._response(incoming)

    async def locate(self, number: int) -> list[Frame] | None:
        """See nothing: it is somebody else's process."""
        return []

    async def stop(self, grace_s: float) -> None:
        """Close the client."""
        await self._transport.aclose()

    async def _response(self, incoming: httpx.Response) -> Response:
        headers: Headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in incoming.headers.raw]
        phrase = incoming.extensions.get("reason_phrase", b"").decode("latin-1")
        response = Response(incoming.status_code, phrase, headers)
        with contextlib.suppress(ValueError):
            response.account["run_ms"] = float(response.header(_RUN_MS) or "")
        if any(name.lower() == "transfer-encoding" for name, _ in headers):
            response.body = self._pieces(incoming)
            return response
        response.body = await self._read(incoming)
        return response

    async def _read(self, incoming: httpx.Response) -> bytes:
        """Return the body, or as much of it as came before the connection broke: that is what its client would see."""
        pieces: list[bytes] = []
        try:
            async for piece in incoming.stream:  # type: ignore[union-attr]
                pieces.append(piece)  # noqa: PERF401
        except self._httpx.TransportError:
            pass
        finally:
            await incoming.aclose()
        return b"".join(pieces)

    async def _pieces(self, incoming: httpx.Response) -> AsyncIterator[bytes]:
        try:
            async for piece in incoming.stream:  # type: ignore[union-attr]
                yield piece
        except self._httpx.TransportError as error:
            raise Unreachable(f"the answer broke off: {error!r}", where=self._url) from error
        finally:
            await incoming.aclose()


def _forwarded(request: Request) -> Headers:
    """Return the request's headers, framed by the length that we know; what was expected has been answered already."""
    headers: Headers = []
    for name, value in request.headers:
        lower = name.lower()
        if lower == "transfer-encoding":
            headers.append(("Content-Length", str(len(request.body))))
        elif lower == "content-length":
            headers.append((name, str(len(request.body))))
        elif lower != "expect":
            headers.append((name, value))
    return headers
