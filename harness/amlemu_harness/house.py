"""
The one container behind the front door: made when the first generation moves in, started again for each one after it, removed
at the end.

`lodger.py` is a generation in it. What blocks is done in threads of its own, which never keep this process alive.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

from amlemu.errors import AmlemuError

from amlemu_harness.containers import Container, State
from amlemu_harness.troubles import EngineRefused, in_words

Result = TypeVar("Result")

_STOP_S = 20.0  # an engine that does not remove a container in this time does not do it at all
Pieces = Iterator[tuple[str, bytes]]
"""What a container writes, as it was written, each with `stdout` or `stderr`; blocks while it is silent, ends with it."""


class Box(Protocol):
    """What is needed of a container; `containers.Container` has it."""

    @property
    def name(self) -> str: ...

    @property
    def replaced(self) -> tuple[str, ...]: ...

    def start(self) -> None: ...

    def stop(self, patience_s: float = 5) -> None: ...

    def remove(self) -> None: ...

    def state(self) -> State: ...

    def address(self, port: int = 5001) -> tuple[str, int] | None: ...

    def wait(self) -> int: ...


class Run:
    """The container from a start to its end."""

    def __init__(self, box: Box, pieces: Pieces, replaced: tuple[str, ...] = ()) -> None:
        """`replaced` are other containers that had to go for this one, just now."""
        self.box = box
        self.replaced = replaced
        self._pieces = pieces
        self.ended: asyncio.Future[State | AmlemuError] = asyncio.get_running_loop().create_future()
        self.is_watched = False

    def watch(self, hear: Callable[[str, bytes], None]) -> None:
        """
        Look on until it ends; then `ended` says how, or which error took it from us. All that it has written is heard before.

        Args:
            hear: gets `stdout` or `stderr`, and what was written.
        """
        loop = asyncio.get_running_loop()
        self.is_watched = True

        def call(work: Callable[..., None], *words: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is gone
                loop.call_soon_threadsafe(work, *words)

        def look_on() -> None:
            try:
                for stream, data in self._pieces:
                    call(hear, stream, data)
                with contextlib.suppress(EngineRefused):  # it has been removed meanwhile
                    self.box.wait()
                outcome: State | AmlemuError = self.box.state()
            except AmlemuError as error:
                outcome = error
            call(self._settle, outcome)

        threading.Thread(target=look_on, name=f"watch-{self.box.name}", daemon=True).start()

    def _settle(self, outcome: State | AmlemuError) -> None:
        if not self.ended.done():
            self.ended.set_result(outcome)


class House:
    """A container that generations live in, one after the other. Used from one event loop."""

    def __init__(self, make: Callable[[], Box], attach: Callable[[Any], Pieces]) -> None:
        """
        Args:
            make: makes the container, not started. Raises AmlemuError.
            attach: begins to listen to one that is about to be started; for containers `attach`.
        """
        self._make = make
        self._attach = attach
        self._box: Box | None = None
        self._run: Run | None = None  # the last one
        self._entering: asyncio.Future[Run] | None = None
        self._is_closed = False

    async def enter(self) -> Run:
        """
        Start the container, or start it again; whoever is in it is thrown out. One that is gone is made again.

        Raises:
            AmlemuError: the engine does not do it.
        """
        while self._entering is not None and not self._entering.done():
            await asyncio.wait({self._entering})  # somebody who has left since
        self._entering = asyncio.ensure_future(self._start())
        self._entering.add_done_callback(_look_at)
        return await asyncio.shield(self._entering)

    async def close(self) -> str:
        """Remove the container. Returns why it may be there still; empty where it is not."""
        self._is_closed = True
        if self._entering is not None:
            await asyncio.wait({self._entering}, timeout=_STOP_S)
        if self._box is None:
            return ""
        try:
            await asyncio.wait_for(aside(self._box.remove), _STOP_S)
        except AmlemuError as error:
            return error.what
        except asyncio.TimeoutError:
            return f"the engine has not removed it within {_STOP_S:g} s"
        return ""

    async def _start(self) -> Run:
        if self._box is not None:
            await aside(self._empty, self._box)
        if self._run is not None and self._run.is_watched:  # who asks after the next start hears of the wrong end
            await asyncio.wait({self._run.ended}, timeout=_STOP_S)
        replaced: tuple[str, ...] = ()
        if self._box is None:
            self._box = await aside(self._make)
            replaced = self._box.replaced
        if self._is_closed:
            raise AmlemuError("the server is stopping")
        pieces = await aside(self._attach, self._box)
        await aside(self._box.start)
        self._run = Run(self._box, pieces, replaced)
        return self._run

    def _empty(self, box: Box) -> None:
        """Stop it; nobody waits for anything that is in it."""
        if box.state().status == "removed":
            self._box = None
        else:
            box.stop(0)


def _look_at(entering: asyncio.Future[Run]) -> None:
    """Nobody may be waiting for it any more."""
    if not entering.cancelled():
        entering.exception()


def attach(container: Container) -> Pieces:
    """
    Return what a container is going to write. Unlike its log, which is cut into lines, this keeps together what was written at once, and
    needs no clock to know where the last run has ended. Raises what `troubles.in_words` does, here and later.
    """
    with in_words(container.where):
        pieces = container.engine.client.api.attach(container.id, stream=True, demux=True)
    return _told_apart(pieces, container.where)


def _told_apart(pieces: Any, where: str) -> Pieces:
    try:
        with in_words(where):
            for out, err in pieces:
                if out:
                    yield "stdout", out
                if err:
                    yield "stderr", err
    finally:
        with contextlib.suppress(Exception):  # over ssh the SDK cannot; what has ended already need not be ended
            pieces.close()


async def aside(work: Callable[..., Result], *words: Any) -> Result:
    """Do what blocks in a thread of its own; unlike one of an executor, nobody waits for it at the end."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()

    def settle(result: Any, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)

    def do() -> None:
        result, failure = None, None
        try:
            result = work(*words)
        except BaseException as error:
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop is gone
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=do, daemon=True).start()
    return await done
