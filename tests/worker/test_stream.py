"""The body of a streamed answer: order, ends, and a worker that is made to wait for a slow reader."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from amlemu.worker.stream import PIECES, Stream

pytestmark = pytest.mark.anyio


class Transport:
    """What a stream does to the line that its pieces come by."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def pause_reading(self) -> None:
        self.calls.append("pause")

    def resume_reading(self) -> None:
        self.calls.append("resume")


@pytest.fixture
def transport() -> Any:
    return Transport()


async def test_pieces_come_in_order_and_then_an_end(transport: Any) -> None:
    """Those that were there before the reader came, too."""
    stream = Stream(transport)
    for piece in (b"1", b"2", b"3"):
        stream.feed(piece)
    stream.finish()

    assert [piece async for piece in stream] == [b"1", b"2", b"3"]


async def test_a_reader_waits_for_the_next_piece(transport: Any) -> None:
    """And for the end."""
    stream = Stream(transport)
    reading = asyncio.ensure_future(anext(stream))
    await asyncio.wait({reading}, timeout=0)
    before = reading.done()
    stream.feed(b"late")

    assert (before, await reading) == (False, b"late")

    ending = asyncio.ensure_future(anext(stream, b"the end"))  # type: ignore[call-overload]
    await asyncio.wait({ending}, timeout=0)
    stream.finish()

    assert await ending == b"the end"


async def test_an_error_is_raised_after_the_last_piece(transport: Any) -> None:
    """What came before it is not lost; a second end changes nothing."""
    stream = Stream(transport)
    stream.feed(b"1")
    stream.finish(ValueError("cut"))
    stream.finish()

    assert await anext(stream) == b"1"
    with pytest.raises(ValueError, match="cut"):
        await anext(stream)


async def test_the_worker_is_held_back_while_too_much_is_unread(transport: Any) -> None:
    """And let go on as soon as there is room for one piece."""
    stream = Stream(transport)
    for _ in range(PIECES - 1):
        stream.feed(b"x")
    before = list(transport.calls)
    stream.feed(b"x")
    full = list(transport.calls)
    await anext(stream)

    assert (before, full, transport.calls) == ([], ["pause"], ["pause", "resume"])
