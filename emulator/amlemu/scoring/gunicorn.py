"""
What the process around the flask application adds: gunicorn's WSGI environment, response head and error pages.

`app.py` and `flask_front.py` produce a status, headers and a body; `finish` turns that into the `Response` that goes on
the wire. `page` is also used by the gateway for requests that gunicorn would not even read.

Source: gunicorn 27.0.1, http/wsgi.py, http/message.py, util.py (read 2026-11); contract 4.1, 4.2, 4.7, 4.8.
"""

from __future__ import annotations

import email.utils
import html
import io
import re
import sys
import time
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple, Union
from urllib.parse import unquote_to_bytes, urlsplit

from amlemu.exchange import Address, Headers, Request, Response

SERVER_SOFTWARE = "gunicorn/27.0.1"
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-zA-Z]+")
_FIELD_VALUE = re.compile(r"[ \t\x21-\x7e\x80-\xff]*")
_STATUS = re.compile(r"[0-9]{3}(?: [ \t\x21-\x7e\x80-\xff]*)?")
_HOP_BY_HOP = frozenset(
    [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailers",
        "transfer-encoding",
        "upgrade",
    ]
) | {"server", "date"}

_SECURE = {"x-forwarded-protocol": "ssl", "x-forwarded-proto": "https", "x-forwarded-ssl": "on"}
_TRUSTED = ("127.0.0.1", "::1")  # forwarded_allow_ips
_OF_TRUSTED = ("SCRIPT_NAME", "PATH_INFO")  # forwarder_headers


class BrokenBody(Exception):
    """The body's chunks are not what they say; raised where the body is read, as gunicorn does."""


class Misplaced(Exception):
    """The path does not begin with the request's own SCRIPT_NAME; the client gets gunicorn's page."""


class _BrokenInput(io.RawIOBase):
    """A body that cannot be read."""

    def __init__(self, why: str) -> None:
        self._why = why

    def read(self, size: int = -1) -> bytes:
        raise BrokenBody(self._why)

    def readinto(self, buffer: Any) -> int:
        raise BrokenBody(self._why)


class BadResponse(Exception):
    """The application handed over a head that gunicorn refuses to send; the client gets its 500 page."""


def finish(
    request: Request, status: str, headers: Iterable[Tuple[str, str]], body: Union[bytes, Iterator[bytes]]
) -> Response:
    """
    Put gunicorn's head on an application's answer.

    Args:
        request: what is answered (HEAD, and the HTTP version, matter).
        status: number and phrase, as in WSGI.
        headers: in order; hop-by-hop ones are dropped.
        body: bytes, or pieces when the script streams.

    Raises:
        BadResponse: the status or a header cannot be sent.
    """
    if not _STATUS.fullmatch(status):
        raise BadResponse(f"Invalid status {status!r}")
    code, phrase = int(status[:3]), status[4:]
    kept, length = _check_headers(headers)
    bodiless = request.method == "HEAD" or code in (204, 304) or 100 <= code < 200
    if code == 204 or 100 <= code < 200:
        kept = [(name, value) for name, value in kept if name.lower() != "content-length"]
    head = _own_headers()
    if length is None and request.version >= "1.1" and not bodiless:
        head.append(("Transfer-Encoding", "chunked"))
    return Response(code, phrase, head + kept, b"" if bodiless else _at_most(body, length))


def finish_whole(request: Request, code: int, phrase: str, headers: Headers, body: bytes) -> Response:
    """Do what `finish` does for an answer of the server's own: known to be sendable, Content-Length included."""
    return Response(code, phrase, _own_headers() + headers, b"" if request.method == "HEAD" else body)


def _own_headers() -> Headers:
    return [("Server", "gunicorn"), ("Date", http_date()), ("Connection", "close")]


def page(code: int, reason: str, message: str = "") -> Response:
    """Return gunicorn's own HTML page: no Server, no Date, no ids; the connection closes."""
    body = (
        f"<html>\n  <head>\n    <title>{reason}</title>\n  </head>\n  <body>\n    <h1><p>{reason}</p></h1>\n"
        f"    {html.escape(message)}\n  </body>\n</html>\n"
    ).encode("latin-1", "replace")
    headers = [("Connection", "close"), ("Content-Type", "text/html"), ("Content-Length", str(len(body)))]
    return Response(code, reason, headers, body)


def environ(request: Request) -> Dict[str, Any]:
    """Return the WSGI environment that gunicorn makes for `request`; raises Misplaced."""
    path, query = split_uri(request.target)
    mounted = mount(request)
    variables: Dict[str, Any] = {
        "wsgi.errors": sys.stderr,
        "wsgi.version": (1, 0),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "wsgi.input": io.BytesIO(request.body) if request.broken is None else _BrokenInput(request.broken),
        "wsgi.url_scheme": _scheme(request),
        "SERVER_SOFTWARE": SERVER_SOFTWARE,
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": query,
        "RAW_URI": request.target,
        "SERVER_PROTOCOL": f"HTTP/{request.version}",
        "REMOTE_ADDR": request.client[0],
        "REMOTE_PORT": str(request.client[1]),
        "SERVER_NAME": request.server[0],
        "SERVER_PORT": str(request.server[1]),
        "PATH_INFO": unquote_to_bytes(path[len(mounted) :].encode("latin-1")).decode("latin-1"),
        "SCRIPT_NAME": mounted,
    }
    variables.update(_header_variables(request))
    return variables


def split_uri(target: str) -> Tuple[str, str]:
    """Split a request target into path and query, both still encoded; scheme, host and fragment are dropped."""
    if target.startswith("/"):
        path, _, query = target.partition("#")[0].partition("?")
        return path, query
    try:
        parts = urlsplit(target)
    except ValueError:  # the gateway's Python has let it pass, and that of the script knows better
        return target, ""
    return parts.path, parts.query


def trusts(client: Address) -> bool:
    """Tell whether gunicorn believes what this peer says of other clients: a proxy on this machine."""
    return client[0] in _TRUSTED


def is_kept(name: str, *, is_trusted: bool) -> bool:
    """Tell whether a request header gets any further: one with an underscore does not, but for two of a trusted peer."""
    return "_" not in name or (is_trusted and name.upper() in _OF_TRUSTED)


def mount(request: Request) -> str:
    """
    Return the beginning of the path that counts as the application's own place: SCRIPT_NAME, mostly empty.

    Raises:
        Misplaced: the path begins otherwise.
    """
    if request.header("script_name") is None or not trusts(request.client):
        return ""
    mounted = [value for name, value in request.headers if name.upper() == "SCRIPT_NAME"][-1]
    path = split_uri(request.target)[0]
    if not path.startswith(mounted):
        raise Misplaced(f"Configuration problem: Request path {path!r} does not start with SCRIPT_NAME {mounted!r}")
    return mounted


def _scheme(request: Request) -> str:
    is_secure = trusts(request.client) and any(_SECURE.get(name.lower()) == value for name, value in request.headers)
    return "https" if is_secure else "http"


def _header_variables(request: Request) -> Dict[str, str]:
    variables: Dict[str, str] = {}
    is_trusted = trusts(request.client)
    for name, value in request.headers:
        if not is_kept(name, is_trusted=is_trusted):
            continue
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = "HTTP_" + key
        variables[key] = f"{variables[key]},{value}" if key in variables else value
    return variables


def _check_headers(headers: Iterable[Tuple[str, str]]) -> Tuple[Headers, Optional[int]]:
    kept: List[Tuple[str, str]] = []
    length = None
    for name, value in headers:
        if not _TOKEN.fullmatch(name) or not _FIELD_VALUE.fullmatch(value):
            raise BadResponse(f"Invalid response header from the application: {name!r}")
        lower = name.lower()
        if lower == "content-length":
            try:
                length = int(value)
            except ValueError:
                raise BadResponse(f"invalid literal for int() with base 10: {value!r}") from None
        if lower not in _HOP_BY_HOP:
            kept.append((name, value.strip(" \t")))
    return kept, length


def _at_most(body: Union[bytes, Iterator[bytes]], length: Optional[int]) -> Union[bytes, Iterator[bytes]]:
    """Never send more than Content-Length promises."""
    if length is None:
        return body
    if isinstance(body, bytes):
        return body if len(body) <= length else body[:length]
    return _cut_pieces(body, length)


def _cut_pieces(pieces: Iterator[bytes], left: int) -> Iterator[bytes]:
    for piece in pieces:
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return


_date: Tuple[int, str] = (0, "")


def http_date() -> str:
    """Return the time of now as a Date header has it."""
    global _date  # noqa: PLW0603  # one formatting a second is enough
    now = int(time.time())
    if _date[0] != now:
        _date = (now, email.utils.formatdate(now, usegmt=True))
    return _date[1]
