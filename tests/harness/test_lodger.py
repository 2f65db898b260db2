"""A generation in a container, which is a fake with a real web server: readiness, deaths, words, and nginx's pages."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from amlemu.backends.generations import Generations
from amlemu.errors import BootFailed, HostLost, NotReady, Unreachable, WorkerCrashed
from amlemu.events import Event, Noticed, Reloaded, ReloadFailed, Spoke, WorkerFailedToBoot, WorkerReady
from amlemu.exchange import Request, Response
from amlemu.readiness import Readiness
from amlemu_harness import lodger
from amlemu_harness.house import House
from amlemu_harness.lodger import Lodger

from .box import PAGE, READY, FakeBox

PATIENCE_S = 10.0
BEGINS = "2026-11-22T09:43:52,542154695+00:00 | gunicorn/run | Starting AzureML Inference Server HTTP.\n"
HEAD = "2026-11-22 09:43:52,800 {} [43] {} - "
BOOTING = "2026-11-22 09:43:52,730 I [43] gunicorn.error - Booting worker with pid: 43\n"
FAILED = (
    HEAD.format("E", "azmlinfsrv") + "Encountered Exception: Traceback (most recent call last):\n"
    '  File "/var/azureml-app/code/score.py", line 1, in <module>\n    import nope\n'
    "ModuleNotFoundError: No module named 'nope'\n\n"
    "The above exception was the direct cause of the following exception:\n\n"
    "Traceback (most recent call last):\n"
    '  File "/x/azureml_inference_server_http/server/user_script.py", line 90, in load_script\n    raise it\n'
    "azureml_inference_server_http.server.user_script.UserScriptImportException: Failed to import user script\n"
)


class World:
    """A container, its house, one generation after another in it, and all that is told."""

    def __init__(self, boots: Callable[[FakeBox], None] = lambda box: box.says("stderr", READY), **rules: Any) -> None:
        self.box = FakeBox(boots)
        self.events: list[Event] = []
        self._news = asyncio.Event()
        self.readiness = Readiness()
        house = House(lambda: self.box, FakeBox.attach)
        self._close = house.close

        def make_pool(tell: Callable[[Event], None]) -> Lodger:
            folder = Path("/var/azureml-app/code")
            return Lodger(house, tell, self.readiness, folder=folder, variables={}, image="lab:1")

        self.generations = Generations(
            make_pool, self.readiness, self._listen, capabilities=Lodger.capabilities, **rules
        )

    @contextlib.asynccontextmanager
    async def serving(self, *, has_started: bool = False) -> AsyncIterator[Generations]:
        if not has_started:
            await self.generations.start()
        try:
            await asyncio.wait_for(self.generations.ready(), PATIENCE_S)
            yield self.generations
        finally:
            await asyncio.wait_for(self.generations.stop(1), PATIENCE_S)
            assert await self._close() == ""

    async def until(self, look: Callable[[], Any]) -> None:
        """Wait for what events tell of."""
        while not look():
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), PATIENCE_S)

    def _listen(self, event: Event) -> None:
        self.events.append(event)
        self._news.set()

    def told(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


async def ask(generations: Generations, path: str = "/score") -> Response:
    request = Request("GET", path, [("Host", "here")])
    return await asyncio.wait_for(generations.handle(request), PATIENCE_S)


def page(title: str) -> Callable[[str], Any]:
    """Answer `/score` with a page of nginx's, and the probe as ever."""

    def answer(path: str) -> Any:
        if path == "/":
            return 200, {}, b"Healthy"
        return int(title[:3]), {"Server": "nginx/1.22.1", "Content-Type": "text/html"}, PAGE.format(title).encode()

    return answer


def test_a_request_waits_until_the_container_answers() -> None:
    """nginx's 502 to the probe is no answer of the server's."""
    answers: list[Any] = [(502, {}, b""), (200, {}, b"Healthy")]

    async def live() -> Response:
        world = World(lambda box: None)
        world.box.answer = lambda path: (200, {}, b"scored") if path != "/" else answers.pop(0)
        await world.generations.start()
        asking = asyncio.ensure_future(ask(world.generations))
        async with world.serving(has_started=True):
            return await asking

    response = asyncio.run(live())

    assert (response.status, response.body, answers) == (200, b"scored", [])
    assert response.account["generation"] == 1


def test_what_is_written_becomes_events() -> None:
    """The server's version comes with the start print; what stands around it is marked as such."""
    printed = "Azure ML Inferencing HTTP server v1.5.1\n\nScore:  POST  x\n\n"

    def boots(box: FakeBox) -> None:
        box.says("stdout", BEGINS + printed)
        box.says("stderr", BOOTING)
        box.says("stdout", HEAD.format("I", "azmlinfsrv.print") + "in init\n" + READY)

    async def live() -> World:
        world = World(boots)
        async with world.serving():
            await world.until(lambda: world.told(WorkerReady))
        return world

    world = asyncio.run(live())

    spoken = [(event.text, event.own) for event in world.told(Spoke) if event.stream != "log" or not event.own]
    assert spoken == [(BEGINS, True), ("in init", False)]
    assert world.told(WorkerReady)[0].facts == {"engine": "azmlinfsrv", "version": "1.5.1"}


def test_a_save_starts_the_same_container_again() -> None:
    """One at a time: requests in hand are answered first, and what comes meanwhile waits for the next one."""

    async def live() -> tuple[World, Response]:
        world = World()
        async with world.serving() as generations:
            reloading = asyncio.ensure_future(generations.reload(["score.py"], "stop-first"))
            await asyncio.sleep(0)
            response = await ask(generations)
            assert (await reloading).fault is None
            return world, response

    world, response = asyncio.run(live())

    assert (response.status, response.account["generation"]) == (200, 2)
    assert (world.box.starts, world.box.status) == (2, "removed")
    assert [event.generation for event in world.told(Reloaded)] == [2]


def test_a_container_that_was_there_before_is_told_of() -> None:
    """Once, by the first generation: what a killed server has left, or somebody else's of this endpoint."""

    async def live() -> World:
        world = World()
        world.box.replaced = ("credit.green",)
        async with world.serving() as generations:
            await generations.reload(["score.py"], "stop-first")
        return world

    told = [event.text for event in asyncio.run(live()).told(Noticed)]
    assert told == ["the container credit.green of this endpoint was there, and had to go: an endpoint has one"]


def test_a_script_that_does_not_start_is_told_and_the_next_save_tries_again() -> None:
    """The container ends with 111; the cause is the script's own, from the log."""

    def boots(box: FakeBox) -> None:
        if box.starts == 2:
            box.says("stdout", BEGINS + FAILED)
            box.ends(111)
        else:
            box.says("stderr", READY)

    async def live() -> tuple[World, Any, Response]:
        world = World(boots)
        async with world.serving() as generations:
            outcome = await generations.reload(["score.py"], "stop-first")
            with pytest.raises(NotReady):
                await ask(generations)
            assert not world.readiness.is_ready
            assert (await generations.reload(["score.py"], "stop-first")).fault is None
            return world, outcome, await ask(generations)

    world, outcome, response = asyncio.run(live())

    fault = outcome.fault
    assert (fault["kind"], fault["where"], fault["phase"]) == ("ModuleNotFoundError", "score.py:1", "import")
    assert fault["what"] == "importing the script raised ModuleNotFoundError: No module named 'nope'"
    assert (world.told(WorkerFailedToBoot)[0].fault, world.told(ReloadFailed)[0].serving) == (fault, None)
    assert (response.status, world.box.starts) == (200, 3)


def test_without_reload_a_failing_start_is_the_end() -> None:
    """Exit code 3, as with every other backend."""

    def boots(box: FakeBox) -> None:
        box.says("stdout", BEGINS + FAILED)
        box.ends(111)

    async def live() -> None:
        async with World(boots, stays=False).serving():
            pass

    with pytest.raises(BootFailed) as caught:
        asyncio.run(live())

    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("log", "code", "kind", "what"),
    [
        pytest.param(
            BEGINS.replace("Starting AzureML Inference Server HTTP.", "The file /x does not exist.")
            + "2026-11-22T09:43:52,5+00:00 - gunicorn/finish 99 0\n",
            111,
            BootFailed,
            "the container ended before it answered",
            id="a-requirements-file-is-missing",
        ),
        pytest.param("", 137, BootFailed, "the container ended before it answered", id="killed"),
        pytest.param("hello\n", 0, HostLost, "it has no inference server: its command ended", id="no-server"),
    ],
)
def test_a_container_that_ends_before_the_server_has_spoken(log: str, code: int, kind: Any, what: str) -> None:
    """Its code and its log say why; an image without a server is nothing that a save could mend."""

    def boots(box: FakeBox) -> None:
        box.says("stdout", log)
        box.ends(code)

    async def live() -> None:
        async with World(boots, stays=kind is HostLost).serving():
            pass

    with pytest.raises(kind, match=what):
        asyncio.run(live())


def test_a_container_that_dies_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told with what its code means; requests meanwhile are refused as by a deployment that is not ready."""
    monkeypatch.setattr(lodger, "_BACK_OFF_S", 0.2)

    async def live() -> tuple[World, Response]:
        world = World()
        async with world.serving() as generations:
            world.box.ends(137)
            await world.until(lambda: world.readiness.why)
            with pytest.raises(NotReady, match="exit code 137"):
                await ask(generations)
            await world.until(lambda: world.readiness.is_ready)
            return world, await ask(generations)

    world, response = asyncio.run(live())

    died, again = [event.text for event in world.told(Noticed)]
    assert died.startswith("the container box has ended while it served, with exit code 137: ")
    assert died.endswith(" It is started again in 0.2 s, as the cloud would.")
    assert again == "the container box answers again"
    assert (response.status, world.box.starts) == (200, 2)


def test_a_second_start_that_fails_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The script may be another one by now; the next save is waited for."""
    monkeypatch.setattr(lodger, "_BACK_OFF_S", 0.01)

    def boots(box: FakeBox) -> None:
        if box.starts > 1:
            box.says("stdout", BEGINS + FAILED)
            box.ends(111)
        else:
            box.says("stderr", READY)

    async def live() -> World:
        world = World(boots)
        async with world.serving():
            world.box.ends(137)
            await world.until(lambda: world.told(ReloadFailed))
        return world

    world = asyncio.run(live())

    assert world.told(ReloadFailed)[0].fault["kind"] == "ModuleNotFoundError"
    assert world.box.starts == 2


@pytest.mark.parametrize("status", ["removed", "lost"])
def test_what_cannot_come_back_ends_the_serving(status: str) -> None:
    """Another container of the endpoint has taken its place, or the engine is gone: no save can mend it."""
    from amlemu_harness.troubles import EngineLost

    async def live() -> Exception:
        world = World()
        async with world.serving() as generations:
            if status == "lost":

                def lost() -> Any:
                    raise EngineLost("the Docker engine has gone away")

                world.box.state = lost  # type: ignore[method-assign]
            world.box.ends(137, "removed")
            return await asyncio.wait_for(generations.failed(), PATIENCE_S)

    reason = asyncio.run(live())

    assert isinstance(reason, HostLost)
    words = {"removed": "container box: it has been removed", "lost": "the Docker engine has gone away"}
    assert str(reason).startswith(words[status])


def test_a_container_that_is_killed_and_then_removed_is_not_made_again() -> None:
    """`docker rm -f` kills first, and that is seen first; somebody meant it, and two servers of one endpoint would fight for ever."""

    async def live() -> tuple[Exception, int]:
        world = World()
        async with world.serving() as generations:
            world.box.ends(137)
            await world.until(lambda: world.told(Noticed))
            world.box.status = "removed"
            return await asyncio.wait_for(generations.failed(), PATIENCE_S), world.box.starts

    reason, starts = asyncio.run(live())

    assert isinstance(reason, HostLost)
    assert str(reason).startswith("container box: it has been removed")
    assert starts == 1


# nginx's pages


@pytest.mark.parametrize(
    ("title", "silence"),
    [
        pytest.param("502 Bad Gateway", "the server in the container said nothing", id="502"),
        pytest.param("504 Gateway Time-out", "the server was silent for longer than", id="504"),
        pytest.param("413 Request Entity Too Large", "a body of 0 bytes, more than", id="413"),
    ],
)
def test_a_page_of_nginx_is_none_of_the_model_s_words(title: str, silence: str) -> None:
    """Contract 3.5: 502 and 504 stand for a silent server. The page itself is passed on."""

    async def live() -> Response:
        world = World()
        async with world.serving() as generations:
            world.box.answer = page(title)
            return await ask(generations)

    response = asyncio.run(live())

    assert response.account["silence"].startswith(silence)
    assert (response.status, b"<hr><center>nginx/1.22.1" in bytes(response.body)) == (int(title[:3]), True)  # type: ignore[arg-type]
    assert response.account.get("timed_out", False) == (title[:3] == "504")


def test_a_502_says_how_the_worker_ended() -> None:
    """gunicorn's log tells, a moment later."""

    async def live() -> Response:
        world = World(lambda box: box.says("stderr", BEGINS + BOOTING + READY))
        async with world.serving() as generations:
            world.box.answer = page("502 Bad Gateway")
            world.box.says("stderr", HEAD.format("E", "gunicorn.error") + "Worker (pid:43) exited with code 7.\n")
            return await ask(generations)

    assert asyncio.run(live()).account["silence"] == "pid 43: the worker ended with exit code 7 before it had answered"


def test_a_request_that_a_dying_container_had_is_told_how_it_died() -> None:
    async def live() -> World:
        world = World()

        def answer(path: str) -> Any:
            if path != "/":
                world.box.ends(137)
                raise ConnectionResetError
            return 200, {}, b""

        async with world.serving() as generations:
            world.box.answer = answer
            with pytest.raises(WorkerCrashed, match="box: the container ended with exit code 137"):
                await ask(generations)
        return world

    asyncio.run(live())


def test_a_connection_that_breaks_without_a_death_is_told_as_such() -> None:
    async def live() -> None:
        world = World()

        def answer(path: str) -> Any:
            raise ConnectionResetError

        async with world.serving() as generations:
            world.box.answer = answer
            with pytest.raises(Unreachable):
                await ask(generations)

    asyncio.run(live())
