"""Whether requests are answered: who waits for it, and until when."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from amlemu.readiness import Readiness

PATIENCE_S = 20.0


def run(story: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(story, PATIENCE_S))


def test_at_the_beginning_it_boots() -> None:
    """Neither ready nor unhealthy."""
    readiness = Readiness()

    assert (readiness.is_ready, readiness.why) == (False, "")


@pytest.mark.parametrize(
    ("words", "state"),
    [
        (["serves"], (True, "")),
        (["fails"], (False, "it fails")),
        (["fails", "serves"], (True, "")),
        (["serves", "fails"], (False, "it fails")),
        (["fails", "boots"], (False, "")),
        (["serves", "boots"], (False, "")),
    ],
)
def test_what_was_said_last_counts(words: list[str], state: tuple[bool, str]) -> None:
    readiness = Readiness()
    for word in words:
        getattr(readiness, word)(*(["it fails"] if word == "fails" else []))

    assert (readiness.is_ready, readiness.why) == state


@pytest.mark.parametrize("wait", ["wait", "verdict"])
def test_who_waits_hears_that_it_serves(wait: str) -> None:
    """All who wait, at once."""

    async def story() -> list[bool]:
        readiness = Readiness()
        waiting = [asyncio.ensure_future(getattr(readiness, wait)(60)) for _ in range(3)]
        await asyncio.wait(waiting, timeout=0)
        readiness.serves()
        return await asyncio.gather(*waiting)

    assert run(story()) == [True, True, True]


@pytest.mark.parametrize("wait", ["wait", "verdict"])
def test_who_comes_later_need_not_wait(wait: str) -> None:
    async def story() -> bool:
        readiness = Readiness()
        readiness.serves()
        return bool(await getattr(readiness, wait)(0))

    assert run(story()) is True


@pytest.mark.parametrize("wait", ["wait", "verdict"])
def test_the_wait_has_an_end(wait: str) -> None:
    """Nothing was said."""
    assert run(getattr(Readiness(), wait)(0.01)) is False


def test_being_unhealthy_ends_the_wait_for_a_verdict() -> None:
    async def story() -> bool:
        readiness = Readiness()
        waiting = asyncio.ensure_future(readiness.verdict())
        await asyncio.wait([waiting], timeout=0)
        readiness.fails("it fails")
        return await waiting

    assert run(story()) is False


def test_being_unhealthy_does_not_end_the_wait_for_an_answer() -> None:
    """It may be healed meanwhile, by the next save."""

    async def story() -> tuple[bool, bool]:
        readiness = Readiness()
        waiting = asyncio.ensure_future(readiness.wait(60))
        await asyncio.wait([waiting], timeout=0)
        readiness.fails("it fails")
        done, _ = await asyncio.wait([waiting], timeout=0.01)
        readiness.serves()
        return bool(done), await waiting

    assert run(story()) == (False, True)


def test_a_state_that_is_over_before_anybody_looks_is_not_seen() -> None:
    """Ready for a moment, then booting again: who waits, waits on."""

    async def story() -> bool:
        readiness = Readiness()
        waiting = asyncio.ensure_future(readiness.wait(0.05))
        await asyncio.wait([waiting], timeout=0)
        readiness.serves()
        readiness.boots()
        return await waiting

    assert run(story()) is False
