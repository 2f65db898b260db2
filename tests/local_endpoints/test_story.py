"""How an operation is told, to whoever comes and whenever."""

from __future__ import annotations

import asyncio

import pytest
from amlemu.local_endpoints.outcome import failed, succeeded
from amlemu.local_endpoints.story import Story


async def heard(story: Story) -> list[str]:
    return [line.get("text", "") for line in [one async for one in story.follow()]]


@pytest.mark.anyio
async def test_who_comes_late_hears_it_from_the_beginning():
    story = Story()
    story.text("one")
    story.text("two")
    story.done(succeeded("three"))

    assert await heard(story) == ["one", "two", "three"]
    assert await heard(story) == ["one", "two", "three"]


@pytest.mark.anyio
async def test_who_follows_hears_what_comes_and_then_the_end():
    """Any number of them, each line once."""
    story = Story()
    story.text("one")
    readers = [asyncio.ensure_future(heard(story)) for _ in range(3)]
    await asyncio.sleep(0)
    story.text("two")
    story.text("three")
    await asyncio.sleep(0)
    assert not any(reader.done() for reader in readers)
    story.done(succeeded("four"))

    assert await asyncio.gather(*readers) == [["one", "two", "three", "four"]] * 3


@pytest.mark.anyio
async def test_the_outcome_is_the_last_line():
    story = Story()
    assert not story.is_over
    story.step("blue", "SystemSetup", "Succeeded", "1 file", 0.5)
    assert not story.is_over
    story.done(failed("no", is_usage=True))

    assert story.is_over
    assert story.lines == [
        {
            "kind": "step",
            "deployment": "blue",
            "step": "SystemSetup",
            "state": "Succeeded",
            "text": "1 file",
            "took_s": 0.5,
        },
        {"kind": "done", "ok": False, "text": "no", "is_usage": True, "cause": None},
    ]
