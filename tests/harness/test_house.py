"""One container for one generation after another: started again, made again where it is gone, removed at the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from amlemu.errors import AmlemuError
from amlemu_harness.containers import State
from amlemu_harness.house import House, Run, _told_apart, aside
from amlemu_harness.troubles import EngineLost

from .box import FakeBox

PATIENCE_S = 20.0


def house_of(boxes: list[FakeBox], boots: Callable[[FakeBox], None] = lambda box: None) -> House:
    """A house that adds each container that it makes to a list."""

    def make() -> FakeBox:
        boxes.append(FakeBox(boots))
        return boxes[-1]

    return House(make, FakeBox.attach)


def ended(run: Run) -> Any:
    return asyncio.wait_for(run.ended, PATIENCE_S)


def test_the_same_container_is_started_again() -> None:
    """Whoever was in it learns how it ended; it is removed once, at the end."""

    async def live() -> tuple[list[FakeBox], list[State]]:
        boxes: list[FakeBox] = []
        house = house_of(boxes)
        first = await house.enter()
        first.watch(lambda stream, data: None)
        second = await house.enter()
        second.watch(lambda stream, data: None)
        outcomes = [await ended(first)]
        assert await house.close() == ""
        return boxes, [*outcomes, await ended(second)]

    boxes, outcomes = asyncio.run(live())

    assert [(box.starts, box.status) for box in boxes] == [(2, "removed")]
    assert [outcome.exit_code for outcome in outcomes] == [137, 137]


def test_the_next_start_waits_until_the_last_end_is_known() -> None:
    """Who asks an engine for the end of a container that runs again hears of the next end."""

    async def live() -> tuple[bool, int]:
        boxes: list[FakeBox] = []
        house, asked = house_of(boxes), threading.Event()
        first = await house.enter()
        wait = boxes[0].wait

        def slow_wait() -> int:
            asked.wait(PATIENCE_S)
            return wait()

        boxes[0].wait = slow_wait  # type: ignore[method-assign]
        first.watch(lambda stream, data: None)
        entering = asyncio.ensure_future(house.enter())
        done, _ = await asyncio.wait({entering}, timeout=0.2)
        asked.set()
        outcome = await ended(first)
        await entering
        await house.close()
        return bool(done), outcome.exit_code

    assert asyncio.run(live()) == (False, 137)


def test_a_container_that_somebody_has_removed_is_made_again() -> None:
    async def live() -> list[FakeBox]:
        boxes: list[FakeBox] = []
        house = house_of(boxes)
        await house.enter()
        boxes[0].remove()
        await house.enter()
        await house.close()
        return boxes

    assert [(box.starts, box.status) for box in asyncio.run(live())] == [(1, "removed"), (1, "removed")]


def test_all_that_it_has_said_is_heard_before_its_end() -> None:
    """Also what it said last."""

    def boots(box: FakeBox) -> None:
        for number in range(100):
            box.says("stdout", f"{number}\n")
        box.ends(111)

    async def live() -> tuple[str, State]:
        house = house_of([], boots)
        heard: list[bytes] = []
        run = await house.enter()
        run.watch(lambda stream, data: heard.append(data))
        outcome = await ended(run)
        return b"".join(heard).decode(), outcome

    said, outcome = asyncio.run(live())

    assert said == "".join(f"{number}\n" for number in range(100))
    assert (outcome.exit_code, outcome.is_running) == (111, False)


def test_an_engine_that_goes_away_is_told() -> None:
    """Whoever looks on learns it; and so does who wants to remove the container."""

    class Lost(FakeBox):
        def wait(self) -> int:
            raise EngineLost("the Docker engine has gone away")

        def remove(self) -> None:
            raise EngineLost("the Docker engine has gone away")

    async def live() -> tuple[Any, str]:
        house = House(lambda: Lost(lambda box: None), lambda box: iter(()))
        run = await house.enter()
        run.watch(lambda stream, data: None)
        return await ended(run), await house.close()

    outcome, left = asyncio.run(live())

    assert isinstance(outcome, EngineLost)
    assert left == "the Docker engine has gone away"


def test_what_is_made_while_everything_ends_is_removed() -> None:
    """A Ctrl-C in the moment in which the container is made."""
    made, may_go_on = threading.Event(), threading.Event()
    box = FakeBox()

    def make() -> FakeBox:
        made.set()
        assert may_go_on.wait(PATIENCE_S)
        return box

    async def live() -> None:
        house = House(make, lambda box: iter(()))
        entering = asyncio.ensure_future(house.enter())
        await asyncio.to_thread(made.wait)
        entering.cancel()
        closing = asyncio.ensure_future(house.close())
        await asyncio.sleep(0)
        may_go_on.set()
        assert await closing == ""

    asyncio.run(live())

    assert (box.starts, box.status) == (0, "removed")


def test_what_blocks_may_fail() -> None:
    def fail() -> None:
        raise AmlemuError("no")

    with pytest.raises(AmlemuError, match="no"):
        asyncio.run(aside(fail))


def test_a_container_that_has_ended_is_not_listened_to_any_more() -> None:
    """Whatever it has written was heard; the connection to the engine is closed, also where somebody stops listening before."""

    class Stream:
        def __init__(self) -> None:
            self.pieces = iter([(b"out", None), (None, b"err")])
            self.is_closed = False

        def __iter__(self) -> Iterator[tuple[bytes | None, bytes | None]]:
            return self.pieces

        def close(self) -> None:
            self.is_closed = True

    whole, half = Stream(), Stream()
    assert list(_told_apart(whole, "lab.blue")) == [("stdout", b"out"), ("stderr", b"err")]
    listening = _told_apart(half, "lab.blue")
    next(iter(listening))
    listening.close()

    assert (whole.is_closed, half.is_closed) == (True, True)
