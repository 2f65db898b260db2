"""
The control port's FastAPI application: the routes at their paths, behind the door; every refusal in one form.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from amlemu.control.door import Door
from amlemu.control.models import Refusal
from amlemu.control.routes import Controlled, Routes
from amlemu.errors import AmlemuError


def application(
    controlled: Controlled, token: str, port: int, folder: Path, stopping: asyncio.Event | None = None
) -> FastAPI:
    """
    Return the application.

    Args:
        controlled: whom the routes ask.
        token: what a request has to bring.
        port: the one where it is served; requests must name it.
        folder: where the note with the token lies.
        stopping: when it is set, nobody is kept waiting any more.
    """
    app = FastAPI(title="amlemu", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    routes = Routes(controlled, folder, stopping or asyncio.Event())
    app.add_api_route("/", routes.sign, methods=["GET"])
    app.add_api_route("/status", routes.status, methods=["GET"])
    app.add_api_route("/ready", routes.ready, methods=["GET"])
    app.add_api_route("/requests", routes.requests, methods=["GET"])
    app.add_api_route("/exchanges", routes.exchanges, methods=["GET"])
    app.add_api_route("/logs", routes.logs, methods=["GET"])
    app.add_api_route("/reload", routes.reload, methods=["POST"])
    guard(app, token, port)
    return app


def guard(app: FastAPI, token: str, port: int) -> None:
    """Put the door before an application, and have all refusals look alike."""
    app.add_exception_handler(HTTPException, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse)
    app.add_exception_handler(AmlemuError, _refuse)
    app.add_middleware(Door, token=token, port=port)


async def _refuse(request: Request, error: Exception) -> JSONResponse:
    status, refusal = _told(request, error)
    return JSONResponse(refusal.model_dump(), status)


def _told(request: Request, error: Exception) -> tuple[int, Refusal]:
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        return 422, Refusal(error=f"{first['loc'][-1]}: {first['msg']}")
    if isinstance(error, AmlemuError):
        head = f"{error.where}: {error.what}" if error.where else error.what
        return 409, Refusal(error=head, hint=" ".join(filter(None, [error.expected, error.hint])))
    assert isinstance(error, HTTPException)
    if error.status_code in (404, 405):
        hint = "There are GET /status, /ready, /requests, /exchanges, /logs and POST /reload."
        return error.status_code, Refusal(error=f"no {request.method} {request.url.path} here", hint=hint)
    return error.status_code, Refusal(error=str(error.detail))
