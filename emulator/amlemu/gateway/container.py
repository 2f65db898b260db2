"""
The container as its callers see it: a backend that puts nginx's manners and pages before the inference server.

It is asked by `Forward` like any other backend, and never raises: where the server is silent, nginx speaks.

Source: nginx 1.22.1 before azmlinfsrv 1.5.1, with proxy_params and the settings of azureml-assets' configs/app, run side by
side on 2026-11-21; contract 3.5.
"""

from __future__ import annotations

import asyncio
import functools
import re
import time
from collections.abc import AsyncIterator

from amlemu.backends import Server
from amlemu.errors import BackendFailure
from amlemu.exchange import Headers, Request, Response
from amlemu.pauses import Pauses
from amlemu.profile import Profile
from amlemu.scoring.gunicorn import http_date

_BUFFER_BYTES = 4096  # a streamed answer is held back until this much has come
_NAME = re.compile(r"[A-Za-z0-9-]+")  # underscores_in_headers off, ignore_invalid_headers on
_PROXY = frozenset(
    [
        "host",
        "x-real-ip",
        "x-forwarded-for",
        "x-forwarded-proto",
        "connection",
        "content-length",
        "transfer-encoding",
        "keep-alive",
        "expect",
        "upgrade",
        "te",
    ]
)
_FIRST, _FRAMES, _REST, _DROPPED = (
    "first",
    "frames",
    "rest",
    "dropped",
)  # the first two behind Server and Date, in this order
_PAGES = {
    413: "413 Request Entity Too Large",
    502: "502 Bad Gateway",
    504: "504 Gateway Time-out",
}


class Container:
    """The inference server behind the container's nginx."""

    def __init__(self, server: Server, profile: Profile, pauses: Pauses) -> None:
        """`pauses` says how long a request has stood still: its limit does not count that."""
        self._server = server
        self._pauses = pauses
        self._rules = profile.container
        limit_ms, gateway_ms = self._rules.read_timeout_ms, profile.limits.request_timeout_ms
        # The limit of the gateway before us is mostly the shorter one; then ours costs nothing.
        self._timeout_s = limit_ms / 1000 if limit_ms and (not gateway_ms or limit_ms < gateway_ms) else 0

    async def handle(self, request: Request) -> Response:
        """Answer as port 5001 would. A page in place of a silent server says so in its account, as `silence`."""
        limit = self._rules.request_bytes
        if limit and len(request.body) > limit:
            return self._page(413, f"a body of {len(request.body)} bytes, the container's nginx allows {limit}")
        try:
            asked = _proxied(request)
            said = await (self._within_limit(asked) if self._timeout_s else self._server.handle(asked))
        except BackendFailure as failure:
            page = self._page(502, str(failure))
            page.account["stack"] = getattr(failure, "stack", [])
            return page
        except asyncio.TimeoutError:
            silent_s = f"{self._timeout_s:g} s"
            page = self._page(504, f"the server was silent for {silent_s}, the limit of the container's nginx")
            page.account["timed_out"] = True
            return page
        return self._passed_on(said, is_head=request.method == "HEAD")

    async def _within_limit(self, request: Request) -> Response:
        asking = asyncio.ensure_future(self._server.handle(request))
        asking.add_done_callback(_look_at)
        left_s, began = self._timeout_s, time.perf_counter()
        while True:
            try:
                return await asyncio.wait_for(asyncio.shield(asking), left_s)
            except asyncio.TimeoutError:
                paused_s = self._pauses.seconds(request.number)
                left_s = self._timeout_s + paused_s - (time.perf_counter() - began)
                if not paused_s or left_s <= 0:
                    raise

    def _passed_on(self, said: Response, *, is_head: bool) -> Response:
        """Put the head into nginx's order; hold back a stream."""
        headers: Headers = [("Server", self._rules.server), ("Date", http_date())]
        frames: Headers = []
        rest: Headers = []
        for pair in said.headers:
            place = _place(pair[0])
            if place == _REST:
                rest.append(pair)
            elif place != _DROPPED:
                (headers if place == _FIRST else frames).append(pair)
        body = said.body
        if not isinstance(body, bytes):
            body = _held_back(body)  # type: ignore[arg-type]
        if not (frames or is_head or said.status in (204, 304)):
            frames.append(("Transfer-Encoding", "chunked"))
        headers += [*frames, ("Connection", "keep-alive"), *rest]
        return Response(said.status, said.phrase, headers, body, said.account)

    def _page(self, status: int, silence: str) -> Response:
        title, server = _PAGES[status], self._rules.server
        body = (
            f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
            f"<hr><center>{server}</center>\r\n</body>\r\n</html>\r\n"
        ).encode()
        headers = [("Server", server), ("Date", http_date()), ("Content-Type", "text/html")]
        headers += [("Content-Length", str(len(body))), ("Connection", "keep-alive")]
        return Response(status, title[4:], headers, body, {"silence": silence})


def _proxied(request: Request) -> Request:
    """Return what the server is asked in the end: HTTP/1.0, with nginx's own headers first."""
    found: dict[str, str] = {}
    rest: Headers = []
    for name, value in request.headers:
        own = _own_name(name)
        if own is None:
            rest.append((name, value))
        elif own:
            found[own] = f"{found[own]}, {value}" if own == "x-forwarded-for" and own in found else value
    client, came_from = request.client[0], found.get("x-forwarded-for")
    headers: Headers = [("Host", found["host"])] if "host" in found else []
    headers += [
        ("X-Real-IP", client),
        ("X-Forwarded-For", f"{came_from}, {client}" if came_from else client),
        ("X-Forwarded-Proto", "http"),
        ("Connection", "close"),
    ]
    if request.body or "content-length" in found or "transfer-encoding" in found:
        headers.append(("Content-Length", str(len(request.body))))
    headers += rest
    asked = Request(request.method, request.target, headers, request.body, "1.0", request.client, request.server)
    asked.number, asked.broken = request.number, request.broken
    return asked


@functools.lru_cache(1024)
def _own_name(name: str) -> str | None:
    """Return the lower-case name of a request header that nginx has its own words for, "" of one that it drops, else None."""
    lower = name.lower()
    if lower in _PROXY:
        return lower
    return None if _NAME.fullmatch(name) else ""


@functools.lru_cache(1024)
def _place(name: str) -> str:
    """Tell where nginx puts an answer's header."""
    lower = name.lower()
    if lower in ("content-length", "transfer-encoding"):
        return _FRAMES
    if lower == "content-type":
        return _FIRST
    return _DROPPED if lower in ("server", "date", "connection") else _REST


async def _held_back(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    held = bytearray()
    async for piece in pieces:
        held += piece
        if len(held) >= _BUFFER_BYTES:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def _look_at(asking: asyncio.Future[Response]) -> None:
    """Nobody may be waiting for it any more."""
    if not asking.cancelled():
        asking.exception()
