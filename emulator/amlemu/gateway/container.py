"""
The container as its callers see it: a backend that puts nginx's manners and pages before the inference server.

It is asked by `Forward` like any other backend, and raises only where there is no container: where the server is silent, nginx speaks.

Source: nginx 1.22.1 before azmlinfsrv 1.5.1, with proxy_params and the settings of azureml-assets' configs/app, run side by
side on 2026-11-21; contract 3.5.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import re
import time
from collections.abc import AsyncIterator
from typing import Any

from amlemu.backends import Server
from amlemu.errors import BackendFailure, NotReady, Unreachable
from amlemu.exchange import Headers, Request, Response
from amlemu.pauses import Pauses
from amlemu.profile import Profile
from amlemu.scoring.faults import Fault
from amlemu.scoring.gunicorn import http_date

_BUFFER_BYTES = 4096  # proxy_buffer_size: for a whole head; and a streamed answer is held back until this much has come
_NAME = re.compile(r"[A-Za-z0-9-]+")  # underscores_in_headers off, ignore_invalid_headers on
_HOP = frozenset(["connection", "keep-alive", "transfer-encoding"])
_CLIENT = {"host", "x-real-ip", "x-forwarded-for", "x-forwarded-proto"}
_PROXY = _HOP | _CLIENT | {"content-length", "expect", "upgrade", "te"}
_TYPE, _LENGTH, _BUFFERING = "content-type", "content-length", "x-accel-buffering"
_ACCEL = {f"x-accel-{word}" for word in ("charset", "expires", "limit-rate", "redirect")}
_DROPPED = _HOP | _ACCEL | {"server", "date", "x-pad"}
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?]*")  # a target that begins like that is passed on without
_CHARSET = re.compile(r'; *charset="?(.*?)"?$', re.IGNORECASE)
_NUMBER = re.compile(r"0*[0-9]{1,18}")  # of bytes; larger ones nginx does not read
_PAGES = {413: "413 Request Entity Too Large", 502: "502 Bad Gateway", 504: "504 Gateway Time-out"}


class Container:
    """The inference server behind the container's nginx."""

    def __init__(self, server: Server, profile: Profile, pauses: Pauses) -> None:
        """`pauses` says how long a request has stood still: its limit does not count that."""
        self._server = server
        self._pauses = pauses
        self._rules = profile.container
        self._draining: set[asyncio.Task[None]] = set()
        limit_ms, gateway_ms = self._rules.read_timeout_ms, profile.limits.request_timeout_ms
        # The limit of the gateway before us is mostly the shorter one; then ours costs nothing.
        self._timeout_s = limit_ms / 1000 if limit_ms and (not gateway_ms or limit_ms < gateway_ms) else 0

    async def handle(self, request: Request) -> Response:
        """
        Answer as port 5001 would. A page in place of a silent server says so in its account, as `silence`.

        Raises:
            NotReady: there is no container; the front end knows that.
        """
        limit = self._rules.request_bytes
        if limit and len(request.body) > limit:
            return self._page(413, f"a body of {len(request.body)} bytes, the container's nginx allows {limit}")
        try:
            asked = _proxied(request)
            said = await (self._within_limit(asked) if self._timeout_s else self._server.handle(asked))
        except BackendFailure as failure:
            if isinstance(failure, NotReady) and failure.is_container:
                raise
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
        """Write the head anew, in nginx's order; hold back a stream."""
        own, rest, size = _sorted(said)
        if size > _BUFFER_BYTES:
            return self._instead(said, f"an answer's head of {size} bytes, the container's nginx takes {_BUFFER_BYTES}")
        headers: Headers = [("Server", self._rules.server), ("Date", http_date())]
        if media_type := _type(*own.get(_TYPE, ())):
            headers.append(("Content-Type", media_type))
        said_length = own[_LENGTH][-1] if _LENGTH in own else ""
        length = int(said_length) if _NUMBER.fullmatch(said_length) else None  # else the end of the connection says it
        if length is not None:
            headers.append(("Content-Length", str(length)))
        elif not (is_head or said.status in (204, 304)):
            headers.append(("Transfer-Encoding", "chunked"))
        headers += [("Connection", "keep-alive"), *rest]
        body = said.body
        if not isinstance(body, bytes):
            body = _streamed(body, length, said.account, is_held=_is_held(own.get(_BUFFERING, [])))  # type: ignore[arg-type]
        elif length is not None and length < len(body):
            body = body[:length]
        return Response(said.status, said.phrase, headers, body, said.account)

    def _instead(self, said: Response, silence: str) -> Response:
        """Say 502 though the server has answered. Its stream is read to the end: the script must not hang."""
        if not isinstance(said.body, bytes):
            draining = asyncio.ensure_future(_drain(said.body))  # type: ignore[arg-type]
            self._draining.add(draining)
            draining.add_done_callback(self._draining.discard)
        page = self._page(502, silence)
        page.account = {**said.account, **page.account}
        return page

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
        ("X-Forwarded-For", client if came_from is None else f"{came_from}, {client}"),
        ("X-Forwarded-Proto", "http"),
        ("Connection", "close"),
    ]
    if request.body or "content-length" in found or "transfer-encoding" in found:
        headers.append(("Content-Length", str(len(request.body))))
    headers += rest
    asked = Request(request.method, _path(request.target), headers, request.body, "1.0", request.client, request.server)
    asked.number, asked.broken = request.number, request.broken
    return asked


@functools.lru_cache(1024)
def _own_name(name: str) -> str | None:
    """Return the lower-case name of a request header that nginx has its own words for, "" of one that it drops, else None."""
    lower = name.lower()
    if lower in _PROXY:
        return lower
    return None if _NAME.fullmatch(name) else ""


def _path(target: str) -> str:
    """Return a target without scheme and host."""
    if target.startswith("/") or (found := _ABSOLUTE.match(target)) is None:
        return target
    path = target[found.end() :]
    return path if path.startswith("/") else "/" + path


def _sorted(said: Response) -> tuple[dict[str, list[str]], Headers, int]:
    """Return the values of headers that nginx writes itself or obeys, the headers that go on as they are, and the head's size."""
    own: dict[str, list[str]] = {}
    rest: Headers = []
    size = len(f"HTTP/1.0 {said.status} {said.phrase}\r\n\r\n")
    for name, value in said.headers:
        size += len(name) + len(value) + 4
        lower = _own_answer_name(name)
        if lower is None:
            rest.append((name, value))
        elif lower:
            own[lower] = [*own.get(lower, ()), value]
    return own, rest, size


@functools.lru_cache(1024)
def _own_answer_name(name: str) -> str | None:
    """Return the lower-case name of an answer's header that nginx writes itself or obeys, "" of one that it drops, else None."""
    lower = name.lower()
    if lower in (_TYPE, _LENGTH, _BUFFERING):
        return lower
    return "" if lower in _DROPPED else None


@functools.lru_cache(1024)
def _type(*values: str) -> str:
    """Return the last of the types; one without a charset takes over what an earlier one has left."""
    said, charset, found = "", "", None
    for said in values:
        found = _CHARSET.search(said)
        charset = found[1] if found else charset
    return f"{said}; charset={charset}" if said and charset and not found else said


def _is_held(words: list[str]) -> bool:
    """Tell whether pieces are held back, by what X-Accel-Buffering says; other words than these change nothing."""
    return [word.lower() for word in words if word.lower() in ("yes", "no")][-1:] != ["no"]


async def _streamed(
    pieces: AsyncIterator[bytes], length: int | None, account: dict[str, Any], *, is_held: bool
) -> AsyncIterator[bytes]:
    """
    Pass on a stream. Where nothing says how long it is, its end is the end of the server's connection, whatever the reason.

    Raises:
        BackendFailure: it is shorter than it says.
    """
    held, passed, failure = bytearray(), 0, None
    try:
        async for piece in pieces:
            passed += len(piece)
            held += piece
            if len(held) >= _BUFFER_BYTES or not is_held:
                yield bytes(held)
                held.clear()
    except BackendFailure as error:
        failure = error
    if held:
        yield bytes(held)
    if length is not None and passed < length:
        raise failure or Unreachable(f"the answer ended after {passed} bytes, its Content-Length says {length}")
    if failure is not None:
        what = f"{failure}; the container's nginx takes what came for the whole answer"
        account.setdefault("fault", Fault("run", type(failure).__name__, what).as_data())


async def _drain(pieces: AsyncIterator[bytes]) -> None:
    with contextlib.suppress(BackendFailure):
        async for _ in pieces:
            pass


def _look_at(asking: asyncio.Future[Response]) -> None:
    """Nobody may be waiting for it any more."""
    if not asking.cancelled():
        asking.exception()
