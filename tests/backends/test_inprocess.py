"""A script in a thread of this process: it answers as a worker does, and the process is as it was before."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from amlemu.backends.inprocess import InProcess
from amlemu.backends.world import ONE_AT_A_TIME, World
from amlemu.errors import BootFailed, NotReady, WorkerCrashed
from amlemu.events import Event, Spoke, WorkerFailedToBoot, WorkerReady, WorkerStarted
from amlemu.exchange import Request, Response

from .test_world import snapshot

pytestmark = pytest.mark.anyio
ZOO = Path(__file__).resolve().parents[1] / "scripts"
PATIENCE_S = 20.0


class Thread:
    """An in-process backend around a script of the zoo."""

    def __init__(self, script: str, folder: Path = ZOO, **variables: str) -> None:
        self.events: list[Event] = []
        environment = {"AML_APP_ROOT": str(folder), "AZUREML_ENTRY_SCRIPT": f"{script}.py", **variables}
        self.backend = InProcess(folder, environment, self.events.append)

    async def boots(self) -> None:
        await self.backend.start()
        await asyncio.wait_for(self.backend.ready(), PATIENCE_S)

    async def asks(self, body: str) -> Response:
        headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
        request = Request("POST", "/score", headers, body.encode())
        return await asyncio.wait_for(self.backend.handle(request), PATIENCE_S)


@contextlib.asynccontextmanager
async def thread(script: str, **variables: str) -> AsyncIterator[Thread]:
    host = Thread(script, **variables)
    await host.boots()
    try:
        yield host
    finally:
        await host.backend.stop(PATIENCE_S)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """After each test the process is as it was before."""
    before = snapshot()
    yield
    assert snapshot() == before
    assert "amlemu-script" not in {thread.name for thread in threading.enumerate()}


async def test_a_request_is_answered_by_the_same_server_as_in_a_worker() -> None:
    """Head and body; the account says how long run() took."""
    async with thread("echo") as host:
        response = await host.asks("hello")

    assert (response.status, response.body) == (200, b'["str", "hello"]')
    assert response.headers[0] == ("Server", "gunicorn")
    assert response.account["run_ms"] >= 0


async def test_between_two_requests_the_process_is_ours() -> None:
    """A test that holds a script is not moved to another folder; only the finder for flask is there, for late imports."""
    before = snapshot()
    async with thread("talks") as host:
        await host.asks("print")
        with ONE_AT_A_TIME:
            during = snapshot()

    finders = [finder for finder in during["meta_path"] if finder not in before["meta_path"]]
    assert {**during, "meta_path": before["meta_path"]} == before
    assert len(finders) == 1


def leaves_late(patch: pytest.MonkeyPatch) -> threading.Event:
    """Hold the way out of the script's world, for a moment or until the event is set."""
    may_leave, leave = threading.Event(), World.__exit__

    def leave_late(world: World, *error: object) -> None:
        may_leave.wait(0.2)
        leave(world, *error)

    patch.setattr(World, "__exit__", leave_late)
    return may_leave


async def test_who_has_the_answer_is_in_our_world_already(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line after `endpoint.score(...)` opens a file by a relative path."""
    before = os.getcwd()
    async with thread("echo") as host:
        may_leave = leaves_late(monkeypatch)
        await host.asks("x")
        during = os.getcwd()
        may_leave.set()

    assert during == before


@pytest.mark.parametrize("script", ["echo", "fail_init_raises"])
async def test_who_knows_how_the_boot_went_is_in_our_world_already(
    monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    """The first line after `amlemu.serve(...)`, or in the handler of its BootFailed."""
    before = os.getcwd()
    may_leave = leaves_late(monkeypatch)
    host = Thread(script)
    await host.backend.start()
    with contextlib.suppress(BootFailed):
        await asyncio.wait_for(host.backend.ready(), PATIENCE_S)
    during = os.getcwd()
    may_leave.set()
    await host.backend.stop(PATIENCE_S)

    assert during == before


async def test_the_script_sees_its_own_world() -> None:
    """Folder and variables, in init() and in every run()."""
    async with thread("describes_itself") as host:
        seen = [
            (await host.asks(fact)).body for fact in ("cwd_is_folder", "app_root_is_folder", "app_root_is_last_in_path")
        ]

    assert seen == [b"true", b"true", b"true"]


async def test_requests_are_answered_one_after_another() -> None:
    """In the order in which they came, as by one worker."""
    async with thread("counts_calls") as host:
        responses = await asyncio.gather(*(host.asks("x") for _ in range(5)))

    assert [response.body for response in responses] == [b'{"inits": 1, "runs": %d}' % n for n in range(1, 6)]


async def test_prints_come_as_events_before_the_answer() -> None:
    """With the logger's name and this process's pid."""
    async with thread("talks") as host:
        await host.asks("print")
        spoken = [event for event in host.events if isinstance(event, Spoke) and event.text == "printed 1 [2]"]

    assert [(event.stream, event.pid, event.logger, event.own) for event in spoken] == [
        ("log", os.getpid(), "azmlinfsrv.print", False)
    ]


async def test_the_boot_is_told() -> None:
    """Started, then ready with its style; what it logged itself is marked as its own."""
    async with thread("echo") as host:
        events = list(host.events)

    assert events[0] == WorkerStarted(os.getpid())
    assert [event.facts for event in events if isinstance(event, WorkerReady)] == [{"style": "text"}]
    assert all(event.own for event in events if isinstance(event, Spoke))


async def test_a_script_that_cannot_be_booted_says_why() -> None:
    """To who waits for it, to who asks whether it failed, and as an event; requests are refused."""
    host = Thread("fail_init_raises")
    await host.backend.start()
    with pytest.raises(BootFailed) as caught:
        await asyncio.wait_for(host.backend.ready(), PATIENCE_S)

    assert caught.value.where.startswith("fail_init_raises.py:")
    assert await host.backend.failed() is caught.value
    assert [type(event) for event in host.events if not isinstance(event, Spoke)] == [WorkerStarted, WorkerFailedToBoot]
    with pytest.raises(NotReady):
        await host.asks("x")

    await host.backend.stop(PATIENCE_S)


async def test_a_streamed_answer_comes_in_pieces() -> None:
    """The script's generator runs in the script's thread."""
    async with thread("returns_flask") as host:
        response = await host.asks("stream")
        pieces = [piece async for piece in response.body]  # type: ignore[union-attr]

    assert pieces == [b"one", b"two"]


async def test_a_stream_that_is_cut_raises_after_its_last_piece() -> None:
    """As from a worker; the thread lives on."""
    async with thread("returns_flask") as host:
        pieces = (await host.asks("stream_broken")).body.__aiter__()  # type: ignore[union-attr]
        first = await anext(pieces)
        with pytest.raises(WorkerCrashed, match="in the middle of the stream"):
            await anext(pieces)

        assert first == b"one"
        assert (await host.asks("default")).status == 200


async def test_a_script_that_wants_to_exit_is_survived() -> None:
    """SystemExit in run() is gunicorn's own 500 page."""
    async with thread("raises") as host:
        response = await host.asks("SystemExit")

        assert (response.status, response.phrase) == (500, "Internal Server Error")


async def test_a_stopped_thread_takes_no_requests() -> None:
    """Those before the stop are answered."""
    host = Thread("echo")
    await host.boots()
    before = [asyncio.ensure_future(host.asks("x")) for _ in range(3)]
    await asyncio.wait(before, timeout=0)
    await host.backend.stop(PATIENCE_S)

    assert [(await task).status for task in before] == [200, 200, 200]
    with pytest.raises(NotReady):
        await host.asks("x")


async def test_requests_that_outlast_the_grace_are_ended() -> None:
    """Every request ends: the one in hand and those behind it."""
    host = Thread("notes_entries", NOTES=os.devnull)
    await host.boots()
    pending = [asyncio.ensure_future(host.backend.handle(_request(b"x 0.5"))) for _ in range(2)]
    await asyncio.wait(pending, timeout=0)
    await host.backend.stop(0.05)

    try:
        done, _ = await asyncio.wait(pending, timeout=0.2)

        assert [type(task.exception()) for task in pending if task in done] == [NotReady, NotReady]
    finally:
        host.backend._thread.join(PATIENCE_S)


def _request(body: bytes) -> Request:
    return Request("POST", "/score", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))], body)


async def test_two_scripts_at_once_do_not_disturb_each_other() -> None:
    """A test may hold two deployments; each has its own state and variables."""
    async with thread("counts_calls") as one, thread("describes_itself", WORKER_COUNT="7") as other:
        counts = [(await one.asks("x")).body for _ in range(2)]
        variables = (await other.asks("variables")).body

    assert counts == [b'{"inits": 1, "runs": 1}', b'{"inits": 1, "runs": 2}']
    assert b'"WORKER_COUNT": "7"' in variables  # type: ignore[operator]


async def test_a_boot_that_fails_in_an_unforeseen_way_is_a_failure_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a worker, where any exception before the first request is a failure to boot."""
    from amlemu.scoring.app import ScoringApp

    def boot(app: ScoringApp) -> None:
        raise ZeroDivisionError("unforeseen")

    monkeypatch.setattr(ScoringApp, "boot", boot)
    host = Thread("echo")
    await host.backend.start()

    with pytest.raises(BootFailed, match="unforeseen"):
        await asyncio.wait_for(host.backend.ready(), PATIENCE_S)

    await host.backend.stop(PATIENCE_S)
