"""
The front door: a FastAPI application whose one scoring route runs the list of stages and keeps the record.

The life of a request is `FrontDoor.answer`. What the client sees when nobody answered stands in the profile's failure
table; each failure becomes an end on the wire here and nowhere else.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from amlemu.errors import BackendFailure, BackendTimeout, Busy, NotReady, Unreachable, WorkerCrashed
from amlemu.exchange import Exchange, Response
from amlemu.gateway.stages import Stage
from amlemu.gateway.turn import KEY, Turn, Vanished
from amlemu.profile import FailureTable

if TYPE_CHECKING:
    from fastapi import FastAPI

logger = logging.getLogger(__name__)

# Else FastAPI 0.165 asks at every request whether somebody has set up OpenTelemetry; earlier ones ignore the word.
_NO_TELEMETRY: Any = {"tracing": False, "metrics": False, "logs": False}
_ROWS: dict[type[BackendFailure], str] = {
    NotReady: "not_ready",
    Busy: "busy",
    WorkerCrashed: "worker_crashed",
    BackendTimeout: "backend_timeout",
    Unreachable: "unreachable",
}


class FrontDoor:
    """Runs every request through the stages, top to bottom."""

    def __init__(self, stages: Sequence[Stage], failures: FailureTable, record: Callable[[Exchange], None]) -> None:
        """
        Args:
            stages: in order; the last one always answers or raises.
            failures: what to do when the backend said nothing.
            record: given each exchange when it is over.
        """
        self._stages = stages
        self._failures = failures
        self._record = record
        self._numbers = itertools.count(1)

    async def answer(self, turn: Turn) -> None:
        """Answer one request and record its exchange; every request ends exactly once."""
        started, started_at = time.perf_counter(), time.time()
        try:
            exchange = Exchange(await turn.read(), started_at)
        except Vanished:
            return  # no request, no exchange
        exchange.request.number = next(self._numbers)
        try:
            exchange.response = await self._ask(exchange)
            await turn.respond(exchange.response)
        except BackendFailure as failure:
            exchange.failure = failure
            self._end_without_answer(turn, failure)
        except Exception as error:  # the border of the stages: one request is lost, the server lives
            logger.exception("a stage failed: %s %s", exchange.request.method, exchange.request.target)
            exchange.failure = error
            turn.abort()
        exchange.client_left, exchange.sent_bytes = turn.has_left, turn.sent_bytes
        exchange.elapsed_ms = (time.perf_counter() - started) * 1000
        self._record(exchange)

    async def _ask(self, exchange: Exchange) -> Response:
        for stage in self._stages:
            response = await stage.handle(exchange)
            if response is not None:
                return response
        raise AssertionError("the last stage did not answer")

    def _end_without_answer(self, turn: Turn, failure: BackendFailure) -> None:
        wish = getattr(self._failures, _ROWS[type(failure)])
        if wish != "close":
            raise AssertionError(f"no rule for {wish!r}")
        turn.abort()


def application(front_door: FrontDoor) -> FastAPI:
    """Return the FastAPI application; the scoring port has the scoring routes and nothing else."""
    from fastapi import FastAPI
    from starlette.routing import BaseRoute, Match

    class EveryPath(BaseRoute):
        """A raw ASGI endpoint for all paths and methods: which of them exist is the inference server's to say."""

        def matches(self, scope: Any) -> tuple[Match, dict[str, Any]]:
            return Match.FULL, {}

        async def handle(self, scope: Any, receive: Any, send: Any) -> None:
            await front_door.answer(scope[KEY])

    class Gateway(FastAPI):
        """No middleware: it would say 500 where the real server says nothing, and costs a tenth of the gateway."""

        def build_middleware_stack(self) -> Any:
            return self.router

    app = Gateway(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, telemetry=_NO_TELEMETRY)
    app.router.routes.append(EveryPath())
    return app
