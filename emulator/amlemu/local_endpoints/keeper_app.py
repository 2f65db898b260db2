"""
The routes of a keeper's control port: have something done and follow its story, say that one was told, have the logs written, load a script anew.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import Body, FastAPI
from fastapi.responses import StreamingResponse

from amlemu import __version__
from amlemu.control.app import guard
from amlemu.errors import UsageError
from amlemu.local_endpoints.record import operation_asked
from amlemu.local_endpoints.story import Story

if TYPE_CHECKING:
    from amlemu.local_endpoints.keeper import Keeper


def application(keeper: Keeper, token: str, port: int, folder: Path, stopping: asyncio.Event) -> FastAPI:
    """Return the application, see `control.app.application`; a keeper does not call itself a server of a script."""

    async def sign() -> dict[str, str]:
        return {"keeper": __version__, "endpoint": keeper.shelf.name, "folder": str(folder)}

    async def begin(data: dict[str, Any] = Body()) -> StreamingResponse:  # noqa: B008  # FastAPI's way
        try:
            operation = operation_asked(data)
        except (TypeError, KeyError, AttributeError, ValueError) as error:
            raise UsageError(f"this is no operation: {error}") from error
        return StreamingResponse(_lines(keeper.operations.begin(operation)), media_type="application/x-ndjson")

    async def told(id: str) -> None:  # noqa: A002  # as the path has it
        keeper.operations.forget(id)

    async def flush() -> None:
        keeper.household.flush()

    async def reload(name: str) -> dict[str, Any]:
        return await keeper.household.reload(name)

    app = FastAPI(title="amlemu", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.add_api_route("/", sign, methods=["GET"])
    app.add_api_route("/operations", begin, methods=["POST"])
    app.add_api_route("/operations/{id}/told", told, methods=["POST"])
    app.add_api_route("/logs/flush", flush, methods=["POST"])
    app.add_api_route("/deployments/{name}/reload", reload, methods=["POST"])
    guard(app, token, port)
    return app


async def _lines(story: Story) -> AsyncIterator[str]:
    async for line in story.follow():
        yield json.dumps(line) + "\n"
