"""The stages, one by one."""

from __future__ import annotations

import asyncio

from amlemu.exchange import Exchange, Request
from amlemu.gateway.stages import Forward

from .front_door import FakeBackend, echo


def test_forward_returns_what_the_backend_said() -> None:
    """The last stage adds nothing."""
    exchange = Exchange(Request("POST", "/score", [], b"abc"))

    response = asyncio.run(Forward(FakeBackend(echo)).handle(exchange))

    assert (response.status, response.body) == (200, b"POST /score abc")
