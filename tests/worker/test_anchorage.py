"""One anchor as its host has it: a session, who is there, an end. What follows from these is in test_debug_port.py."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest
from amlemu.errors import UsageError
from amlemu.events import Event
from amlemu.worker.anchorage import Anchor

from .bare_child import ZOO, plan_of

pytestmark = pytest.mark.anyio


class Hosted:
    """An anchor, and what it has told."""

    def __init__(self, **order: object) -> None:
        self.events: list[Event] = []
        self.lost: list[Anchor] = []
        self.has_lost = asyncio.Event()
        plan = plan_of(ZOO / "echo.py", {})
        self.anchor = Anchor(plan, {"connect": None, **order}, self.events.append, self._lost)

    def _lost(self, anchor: Anchor) -> None:
        self.lost.append(anchor)
        self.has_lost.set()


@pytest.fixture
async def hosted() -> AsyncIterator[Hosted]:
    """An anchor that listens somewhere."""
    hosted = Hosted()
    hosted.session = await hosted.anchor.start()  # type: ignore[attr-defined]
    yield hosted
    await hosted.anchor.stop()


async def test_a_session_says_where_processes_join(hosted: Hosted) -> None:
    """Not where editors do, and nobody joins without the token."""
    session = hosted.session  # type: ignore[attr-defined]

    assert (session.host, hosted.anchor.host) == ("127.0.0.1", "127.0.0.1")
    assert session.port not in (0, hosted.anchor.port)
    assert len(session.token) == 64
    assert not hosted.anchor.attached.is_set()
    assert not hosted.anchor.is_dialled


async def test_an_end_that_nobody_asked_for_is_told_once(hosted: Hosted) -> None:
    """With the anchor itself, for whoever wants another one in its place."""
    os.kill(hosted.session.pid, signal.SIGKILL)  # type: ignore[attr-defined]
    await asyncio.wait_for(hosted.has_lost.wait(), 8)

    assert hosted.lost == [hosted.anchor]


async def test_an_end_that_was_asked_for_is_not_told(hosted: Hosted) -> None:
    await hosted.anchor.stop()

    assert hosted.lost == []


async def test_a_port_that_is_none_is_refused() -> None:
    """In debugpy's own words; `ports.check` has better ones before."""
    with pytest.raises(UsageError, match="port"):
        await Hosted(host="127.0.0.1", port=70000).anchor.start()
