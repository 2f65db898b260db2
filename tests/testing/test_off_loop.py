"""Work that finds no event loop in its thread, wherever it is asked for."""

from __future__ import annotations

import asyncio
import threading

import pytest
from amlemu.testing.off_loop import off_loop


def test_without_a_loop_it_is_done_here() -> None:
    """So that a debugger and signals find it in this thread."""
    assert off_loop(threading.current_thread) is threading.current_thread()


def test_under_a_loop_it_is_done_elsewhere_and_waited_for() -> None:
    """Work may run a loop of its own."""

    async def outer() -> int:
        return off_loop(lambda: asyncio.run(inner()))

    async def inner() -> int:
        return 5

    assert asyncio.run(outer()) == 5


def test_what_it_raises_is_raised_here() -> None:
    """From either thread, and nothing of the loop is its context."""

    def fail() -> None:
        raise KeyError("x")

    async def outer() -> None:
        off_loop(fail)

    for work in (lambda: off_loop(fail), lambda: asyncio.run(outer())):
        with pytest.raises(KeyError) as raised:
            work()
        assert raised.value.__context__ is None
