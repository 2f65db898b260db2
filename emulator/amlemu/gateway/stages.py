"""
The rules of the front door, one small class each. A stage may answer, or return None and let the next one look.

Which stages there are, and their order, is written once, in `app.py`; no stage knows its neighbours.
"""

from __future__ import annotations

from typing import Protocol

from amlemu.backends import Backend
from amlemu.exchange import Exchange, Response


class Stage(Protocol):
    """One rule."""

    async def handle(self, exchange: Exchange) -> Response | None:
        """Answer the exchange, or leave it to the next stage. Raises BackendFailure."""


class Forward:
    """Ask the backend; always the last stage."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def handle(self, exchange: Exchange) -> Response:
        """Return what the server said; raises BackendFailure when it said nothing."""
        return await self._backend.handle(exchange.request)
