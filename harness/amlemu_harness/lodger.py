"""
A generation of a script that lives in the container: a `generation.Pool`, which forwards requests and tells the container's story.

It moves in when it starts (`house.py`), is ready when `GET /` is answered with 200, starts a container that dies again once, and leaves
the container to the next one. What it reads in the log is told by `container_log.py` and the emulator's `engine_story`; what an end
means is said by `outcomes.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from amlemu.backends.engine_story import LAST_WORDS_S, InHand, Story, is_alone
from amlemu.backends.upstream import Upstream
from amlemu.errors import AmlemuError, BackendFailure, BootFailed, NotReady, Unreachable, WorkerCrashed
from amlemu.events import Listener, Noticed, WorkerFailedToBoot
from amlemu.exchange import Frame, Request, Response
from amlemu.readiness import Readiness

from amlemu_harness import outcomes
from amlemu_harness.container_log import ContainerLog
from amlemu_harness.containers import SCORING_PORT, State
from amlemu_harness.house import House, Run, aside
from amlemu_harness.nginx_pages import SILENT, TOO_LARGE, TOO_SLOW, page_of

if TYPE_CHECKING:
    from pathlib import Path

    from amlemu.worker.handle import Worker

_LOOK_S = 0.05  # between two looks while nothing listens
_CALM_S = 0.3  # once nginx does: it writes a line for each look, and the log says when it is time for one
_LOST_S = 10.0  # then it is asked again
_SILENT_S = 310.0  # what the cloud allows a container by default (contract 6.4); an init() may take longer
_BACK_OFF_S, _LONGEST_BACK_OFF_S = 0.5, 10.0
_LONG_LIFE_S = 10.0
_HALF_A_LINE_S = 0.2  # then it is shown, though it has no end


class Lodger:
    """One generation in the container. Used from one event loop."""

    capabilities = dataclasses.replace(Upstream.capabilities, tells_output=True)

    def __init__(
        self,
        house: House,
        tell: Listener,
        readiness: Readiness,
        *,
        folder: Path,
        variables: Mapping[str, str],
        image: str = "",
        invitation: str = "",
    ) -> None:
        """
        Args:
            tell: told of workers, what the script says, and deaths of the container.
            readiness: written while a container that has served is started again.
            folder: the script's, as it sees it.
            variables: of the container.
            image: its name, for messages.
            invitation: of editors, told whenever the debugger inside begins to listen.
        """
        self._house = house
        self._tell = tell
        self._readiness = readiness
        self._folder = folder
        self._variables = variables
        self._image = image
        self._invitation = invitation
        self._in_hand = InHand(is_alone=is_alone(variables))
        self._why_not = ""  # nobody is answered, though it has been ready
        self._is_leaving = False
        self._life: asyncio.Task[None] | None = None
        self._unfinished: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Move in. Raises AmlemuError where the engine does not make or start the container."""
        loop = asyncio.get_running_loop()
        self._verdict: asyncio.Future[None] = loop.create_future()
        self._gave_up: asyncio.Future[Exception] = loop.create_future()
        try:
            await self._move_in()
        except AmlemuError as error:
            raise outcomes.lost(error) from error
        self._life = loop.create_task(self._live())

    async def ready(self) -> None:
        """Wait until it answers. Raises BootFailed, or HostLost."""
        await asyncio.wait({self._verdict})
        if self._gave_up.done():
            raise self._gave_up.result()

    async def failed(self) -> Exception:
        """Wait until the container has ended and is not started again: BootFailed; or the engine is gone: HostLost."""
        return await asyncio.shield(self._gave_up)

    async def handle(self, request: Request) -> Response:
        """Forward one request, when it has been ready; see `Backend.handle`. nginx's pages for a silent server say so in their account."""
        if not self._verdict.done():
            await asyncio.wait({self._verdict})
        why_not = self._refusal()
        if why_not:
            raise NotReady(why_not)
        story, upstream, run = self._story, self._upstream, self._run
        with self._in_hand.one_more():
            try:
                response = await upstream.handle(request)
            except Unreachable as error:
                raise await self._why(run, error) from error
            await self._note_silence(story, request, response)
        response.account["pid"] = story.speaker
        return response

    async def locate(self, number: int) -> list[Frame] | None:
        """See nothing: it is in a container."""
        return []

    @property
    def workers(self) -> Sequence[Worker]:
        """None of ours: they are gunicorn's."""
        return ()

    async def drain(self) -> None:
        """Let what was forwarded be answered, then leave. Nobody must ask any more."""
        self._leave()
        await self._in_hand.none_left()
        await self.stop(0)

    async def stop(self, grace_s: float) -> None:
        """Let requests in hand finish for so long and leave; the container is stopped by who comes next, or removed."""
        self._leave()
        if grace_s > 0 and self._in_hand.busy_s() is not None:
            await asyncio.wait({asyncio.ensure_future(self._in_hand.none_left())}, timeout=grace_s)
        if self._life is not None:
            self._life.cancel()
            await asyncio.wait({self._life})
            await self._upstream.stop(0)

    def _leave(self) -> None:
        self._is_leaving = True
        if hasattr(self, "_story"):
            self._story.is_stopping = True
        if hasattr(self, "_verdict") and not self._verdict.done():
            self._verdict.set_result(None)

    def _refusal(self) -> str:
        if self._is_leaving:
            return "the server is stopping"
        return str(self._gave_up.result()) if self._gave_up.done() else self._why_not

    # Its life

    async def _move_in(self) -> None:
        self._story = Story(self._tell, self._in_hand, self._variables, self._is_gone)
        self._log = ContainerLog(self._story, self._tell, self._invitation)
        self._story.begin()
        self._run = await self._house.enter()
        for name in self._run.replaced:
            self._tell(Noticed(f"the container {name} of this endpoint was there, and had to go: an endpoint has one"))
        self._run.watch(self._hear)
        place = await self._place()
        self._upstream = Upstream(f"http://{place[0]}:{place[1]}")
        await self._upstream.start()

    async def _place(self) -> tuple[str, int]:
        """Return where it is reached; a container that has ended at once is nowhere."""
        return await aside(self._run.box.address, SCORING_PORT) or ("127.0.0.1", 9)  # nobody listens on `discard`

    async def _live(self) -> None:
        """Answer until the container ends, then start it again; a start that fails is the end."""
        back_off_s = _BACK_OFF_S
        while True:
            outcome = await self._boot()
            if outcome is not None:
                self._give_up(self._why_not_booted(outcome))
                return
            began = time.monotonic()
            self._serves()
            outcome = await asyncio.shield(self._run.ended)
            if self._is_leaving:
                return
            if isinstance(outcome, AmlemuError) or outcome.status == outcomes.REMOVED:
                self._give_up(self._why_not_booted(outcome))
                return
            if time.monotonic() - began > _LONG_LIFE_S:
                back_off_s = _BACK_OFF_S
            try:
                await self._start_again(outcome, back_off_s)
            except AmlemuError as error:
                self._give_up(outcomes.lost(error))
                return
            back_off_s = min(back_off_s * 2, _LONGEST_BACK_OFF_S)

    def _serves(self) -> None:
        self._log.server_answers()
        if self._why_not:
            self._why_not = ""
            self._readiness.serves()
            self._tell(Noticed(f"the container {self._run.box.name} answers again"))
        if not self._verdict.done():
            self._verdict.set_result(None)

    async def _start_again(self, state: State, back_off_s: float) -> None:
        told = outcomes.told_end(state, self._log.text)
        self._why_not = f"the container has ended and is being started again; {told}"
        self._readiness.fails(self._why_not)
        what = f"the container {self._run.box.name} has ended while it served, with {told}"
        self._tell(Noticed(f"{what} It is started again in {back_off_s:g} s, as the cloud would."))
        await asyncio.sleep(back_off_s)
        if (await aside(self._run.box.state)).status == outcomes.REMOVED:  # it is killed before it is removed
            raise outcomes.removed(self._run.box.name)
        await self._upstream.stop(0)
        await self._move_in()

    async def _boot(self) -> State | AmlemuError | str | None:
        """Wait until it answers; else return how it ended, or why it does not answer."""
        looking = asyncio.ensure_future(self._look())
        try:
            either: set[asyncio.Future[Any]] = {looking, self._run.ended}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            return self._run.ended.result() if self._run.ended.done() else looking.result()
        finally:
            looking.cancel()

    async def _look(self) -> str | None:
        """Ask until the answer is 200. The server takes the question before init() and answers it after, so that is soon enough."""
        began, has_listened = time.monotonic(), False
        while True:
            try:
                asking = self._upstream.handle(Request("GET", "/", [("Host", "localhost")]))
                answer = await asyncio.wait_for(asking, _LOST_S)
            except Unreachable:
                pass
            except asyncio.TimeoutError:
                has_listened = True  # init() is at work, or the question got lost on its way
            else:
                has_listened = True
                if answer.status == 200:
                    return None
            if not has_listened and time.monotonic() - began > _SILENT_S:
                return f"nothing listens on port {SCORING_PORT} in it after {_SILENT_S:g} s"
            self._story.news.clear()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._story.news.wait(), _CALM_S if has_listened else _LOOK_S)

    def _give_up(self, reason: Exception) -> None:
        if self._is_leaving:
            return
        if isinstance(reason, BootFailed):
            self._tell(WorkerFailedToBoot(self._story.master, reason.fault))
        self._gave_up.set_result(reason)
        if not self._verdict.done():
            self._verdict.set_result(None)

    # What it says

    def _hear(self, stream: str, data: bytes) -> None:
        self._log.take(stream, data)
        if self._log.has_half and self._unfinished is None:
            self._unfinished = asyncio.get_running_loop().call_later(_HALF_A_LINE_S, self._flush)

    def _flush(self) -> None:
        self._unfinished = None
        self._log.flush()

    def _is_gone(self, pid: int) -> bool:
        """A worker that has said nothing of its end: with one at a time, the one before."""
        return is_alone(self._variables)

    # Why

    async def _why(self, run: Run, silence: BackendFailure) -> BackendFailure:
        """Say why a connection broke: mostly the container is about to end, or nginx in it."""
        await asyncio.wait({run.ended}, timeout=LAST_WORDS_S)
        if self._is_leaving:
            return NotReady("the server is stopping")
        outcome = run.ended.result() if run.ended.done() else None
        if not isinstance(outcome, State) or outcome.status == outcomes.REMOVED:
            return silence
        what = f"the container ended with {outcomes.told_end(outcome, self._log.text)}"
        return WorkerCrashed(what.rstrip("."), where=run.box.name, exit_code=outcome.exit_code)

    async def _note_silence(self, story: Story, request: Request, response: Response) -> None:
        """Note that nginx has spoken in the server's place: it is none of the model's words (contract 3.5)."""
        page, account = page_of(response), response.account
        if page == TOO_LARGE:
            account["silence"] = f"a body of {len(request.body)} bytes, more than the container's nginx allows"
        elif page == TOO_SLOW:
            account["silence"] = "the server was silent for longer than the container's nginx waits"
            account["timed_out"] = True
        elif page == SILENT:
            account["silence"] = str(await story.why(Unreachable("the server in the container said nothing")))

    def _why_not_booted(self, outcome: State | AmlemuError | str) -> Exception:
        self._log.flush()
        if isinstance(outcome, AmlemuError):
            return outcomes.lost(outcome)
        if isinstance(outcome, str):
            return outcomes.silent(self._image, outcome)
        if outcome.status == outcomes.REMOVED:
            return outcomes.removed(self._run.box.name)
        error = self._story.boot_error
        return outcomes.why_not_booted(outcome, self._log.text, error, folder=self._folder, image=self._image)
