"""A turn also speaks plain ASGI, for any other part of the application."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request as AsgiRequest
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from .front_door import echo, serving


async def _describe(request: AsgiRequest) -> JSONResponse:
    names = sorted(request.headers)
    return JSONResponse({"body": (await request.body()).decode(), "query": dict(request.query_params), "names": names})


async def _stream(request: AsgiRequest) -> StreamingResponse:
    return StreamingResponse(iter([b"a", b"b"]))


def _more_routes(app: FastAPI) -> None:
    app.router.routes[:0] = [
        Route("/describe", _describe, methods=["POST"]),
        Route("/stream", _stream),
    ]


def test_an_ordinary_route_works_beside_the_scoring_route() -> None:
    """Scope, receive and send are as ASGI has them: lower-case names, decoded query, whole body."""
    with serving(echo, change=_more_routes) as served:
        data = served.ask(b"POST /describe?a=b HTTP/1.1\r\nX-Mixed: 1\r\nContent-Length: 2\r\n\r\nhi")
        stream = served.ask(b"GET /stream HTTP/1.1\r\n\r\n")

    assert data.startswith(b"HTTP/1.1 200 OK\r\n")
    assert data.endswith(b'{"body":"hi","query":{"a":"b"},"names":["content-length","x-mixed"]}')
    assert stream.endswith(b"\r\n\r\nab")
