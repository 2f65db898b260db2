"""
The front for scripts that do not load flask: flask's routing, imitated for the server's few routes.

Source: observed with flask 3.1.3 and werkzeug 3.1.9; contract 4.3.
"""

from __future__ import annotations

import functools
import re
from typing import Any, Callable, Dict, Optional, Tuple

from amlemu.exchange import Request, Response
from amlemu.scoring import codec, gunicorn
from amlemu.scoring.answer import HTML, Answer, error_answer, status_line
from amlemu.scoring.endpoints import NOT_ALLOWED, NOT_FOUND, NOT_UNDERSTOOD, Call, Endpoints

View = Callable[[Call], Any]


class PlainFront:
    """Routes a request to its endpoint on the standard library alone."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        health, openapi, score = endpoints.health, endpoints.openapi, endpoints.score
        self._views: Dict[Tuple[str, str], View] = {
            ("GET", "/"): health,
            ("HEAD", "/"): health,
            ("OPTIONS", "/"): _allow,
            ("GET", "/swagger.json"): openapi,
            ("HEAD", "/swagger.json"): openapi,
            ("OPTIONS", "/swagger.json"): _allow,
            ("GET", "/score"): score,
            ("POST", "/score"): score,
            ("HEAD", "/score"): score,
            ("OPTIONS", "/score"): score,
        }
        self._paths = {path for _, path in self._views}

    @staticmethod
    def defers_to_flask(request: Request) -> bool:
        """Tell whether flask, where it is installed, knows better: parts of forms, paths that do not begin with a slash."""
        content_type = request.header("content-type")
        if content_type is not None and codec.media_type(content_type) == "multipart/form-data":
            return True
        return not request.target.startswith("/") or request.header("script_name") is not None

    def answer(self, call: Call) -> Response:
        """Answer one call; BaseExceptions of run() pass through. Raises Misplaced."""
        request = call.request
        path, query = codec.split_target(request.target, gunicorn.mount(request))
        view = self._views.get((request.method, path))
        if not _is_host(request.header("host")) or (view is not None and _is_websocket(request)):
            answer = error_answer(400, NOT_UNDERSTOOD)
        elif view is None:
            answer = self._unrouted(request.method, path)
        else:
            call.inbound = _inbound(request, query)
            answer = self._endpoints.before(call, request.header) or self._guarded(view, call)
            self._endpoints.after(call, answer, request.header)
        if isinstance(answer, Answer):
            number, _, phrase = status_line(answer.status_code).partition(" ")
            return gunicorn.finish_whole(request, int(number), phrase, answer.all_headers(), answer.body)
        return _of_flask(answer, request)

    def _guarded(self, view: View, call: Call) -> Any:
        try:
            return view(call)
        except Exception as error:
            return self._endpoints.internal_error(call, error)
        finally:
            if call.late_context is not None:
                call.late_context.pop()

    def _unrouted(self, method: str, path: str) -> Answer:
        """Routing errors carry no ids. flask has a static folder, too: empty, but its route exists."""
        if path.startswith("/static/") and len(path) > len("/static/"):
            if method == "OPTIONS":
                return _allow(None)
            return error_answer(404, NOT_FOUND) if method in ("GET", "HEAD") else error_answer(405, NOT_ALLOWED)
        return error_answer(405, NOT_ALLOWED) if path in self._paths else error_answer(404, NOT_FOUND)


def _allow(call: Optional[Call]) -> Answer:
    answer = Answer(200, HTML, None)
    answer.headers.add("Allow", "GET, HEAD, OPTIONS")
    return answer


def _inbound(request: Request, query: str) -> codec.Inbound:
    content_type = request.header("content-type") or ""

    def whole() -> bytes:
        if request.broken is not None:
            raise gunicorn.BrokenBody(request.broken)
        return request.body

    def eaten() -> bytes:
        whole()  # to be taken for a form it has to be read
        return b""

    is_form = codec.media_type(content_type) in codec.FORM_TYPES
    return codec.Inbound(
        method=request.method,
        query=query,
        content_type=content_type,
        data=eaten if is_form else whole,
        whole=whole,
        raw=_no_raw,
    )


_HOST = re.compile(r"([a-z0-9.-]+)(?::([1-9][0-9]{,4}))?", re.IGNORECASE)


@functools.lru_cache(maxsize=64)
def _is_host(host: Optional[str]) -> bool:
    """Tell whether flask can bind its routes to this Host: `a..b` is none. One with odd characters counts as absent."""
    parts = _HOST.fullmatch(host or "")
    if parts is None or not 1 <= int(parts[2] or 1) <= 65535:
        return True
    try:
        parts[1].encode("idna")
    except UnicodeError:
        return False
    return True


def _is_websocket(request: Request) -> bool:
    """Tell whether flask would look for a websocket route; there is none."""
    if (request.header("upgrade") or "").lower() != "websocket":
        return False
    return "upgrade" in [word.strip() for word in (request.header("connection") or "").lower().split(",")]


def _no_raw() -> Any:
    raise AssertionError("a @rawhttp script is always answered through flask")


def _of_flask(response: Any, request: Request) -> Response:
    """Unpack a flask Response, made by a script that imported flask only just now."""
    pieces, status, headers = response.get_wsgi_response(gunicorn.environ(request))
    return gunicorn.finish(request, status, list(headers), pieces if response.is_streamed else b"".join(pieces))
