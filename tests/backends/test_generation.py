"""One generation by itself: what it tells whoever waits for it; `test_generations.py` has several of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from amlemu.backends.generation import Generation, Outcome, fault_of
from amlemu.errors import BootFailed, NotReady, UsageError
from amlemu.exchange import Request, Response

REQUEST = Request("POST", "/score", [])


class OnePool:
    """Starts when it may, answers at once, and notes what was asked of it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.may_start, self.asked = error, asyncio.Event(), list[str]()
        self.workers = ["one"]

    async def start(self) -> None:
        await self.may_start.wait()
        if self.error is not None:
            raise self.error

    async def ready(self) -> None: ...

    async def handle(self, request: Request) -> Response:
        return Response(200, "OK", [])

    async def drain(self) -> None:
        self.asked.append("drain")

    async def stop(self, grace_s: float) -> None:
        self.asked.append(f"stop {grace_s}")


def in_a_loop(story: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    return asyncio.run(story())


def new() -> Generation:
    return Generation(2, ["b.py", "a.py"], 0.0, "auto")


def test_who_asks_before_it_has_begun_waits() -> None:
    """Its processes are being started."""

    async def story() -> int:
        generation, pool = new(), OnePool()
        starting = asyncio.create_task(generation.start(pool))  # type: ignore[arg-type]
        asking = asyncio.create_task(generation.handle(REQUEST))
        early, _ = await asyncio.wait({asking}, timeout=0)
        pool.may_start.set()
        await starting
        assert early == set()
        return (await asking).status

    assert in_a_loop(story) == 200


def test_who_waits_for_one_that_is_overtaken_is_sent_on() -> None:
    """With the failure that says that nobody has taken the request."""

    async def story() -> None:
        generation = new()
        asking = asyncio.create_task(generation.handle(REQUEST))
        await asyncio.sleep(0)
        has_served = generation.leave()
        with pytest.raises(NotReady, match="generation 2 was overtaken"):
            await asking
        assert (has_served, generation.state, generation.outcome.cancelled()) == (False, "draining", True)

    in_a_loop(story)


@pytest.mark.parametrize("error", [UsageError("no interpreter"), OSError(24, "Too many open files")])
def test_a_start_that_fails_leaves_nothing(error: Exception) -> None:
    """Some of its processes may be there already."""

    async def story() -> None:
        generation, pool = new(), OnePool(error)
        pool.may_start.set()
        with pytest.raises(type(error)):
            await generation.start(pool)  # type: ignore[arg-type]
        assert (pool.asked, generation.workers, generation.begun.is_set()) == (["stop 0"], (), True)

    in_a_loop(story)


def test_one_that_is_overtaken_while_it_starts_is_stopped() -> None:
    """And its end is told only then."""

    async def story() -> list[str]:
        generation, pool = new(), OnePool()
        generation.begin = asyncio.create_task(generation.start(pool))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        ending = asyncio.create_task(generation.end(has_served=generation.leave()))
        early, _ = await asyncio.wait({ending}, timeout=0)
        pool.may_start.set()
        await ending
        assert early == set()
        assert generation.ended.done()
        return pool.asked

    assert in_a_loop(story)[0] == "stop 0"


def test_one_that_has_served_drains() -> None:
    async def story() -> list[str]:
        generation, pool = new(), OnePool()
        pool.may_start.set()
        await generation.start(pool)  # type: ignore[arg-type]
        assert await generation.boot() is None
        await generation.end(has_served=generation.leave())
        return pool.asked

    assert in_a_loop(story) == ["drain", "stop 0"]


def test_the_first_reason_counts_and_the_first_outcome() -> None:
    """Its workers may go on dying."""

    async def story() -> tuple[Any, Any]:
        generation = new()
        generation.fails({"what": "first"})
        generation.fails({"what": "second"})
        generation.answer(Outcome(2, 1.0))
        generation.answer(Outcome(2, 2.0))
        generation.refuse(NotReady("the server is stopping"))
        return generation.fault, generation.outcome.result()

    assert in_a_loop(story) == ({"what": "first"}, Outcome(2, 1.0))


def test_a_fault_is_the_scripts_own_or_what_was_said() -> None:
    assert fault_of(BootFailed({"what": "init() raised"}))["what"] == "init() raised"
    assert fault_of(UsageError("cannot be started", where="python"))["what"] == "python: cannot be started"
