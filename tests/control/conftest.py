"""What tests of the control port share: a server that is none, and its control port in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from amlemu.control import note
from amlemu.control.models import ReloadOutcome, Status
from amlemu.control.port import ControlPort
from amlemu.transcript import Transcript

PATIENCE_S = 10.0


class FakeServer:
    """What the control port asks; the tests say what it answers."""

    def __init__(self, script: Path) -> None:
        self.transcript = Transcript()
        self.done = []
        self.may_reload, self.is_ready = asyncio.Event(), asyncio.Event()
        self.outcome: ReloadOutcome | Exception = ReloadOutcome(generation=2, ok=True, took_ms=180.5, boot_ms=150.25)
        self.told = Status(
            state="ready",
            script=str(script),
            profile="managed",
            url="http://127.0.0.1:5001",
            pid=4711,
            version="0.1.0",
            started_at=1000.0,
            uptime_s=65.0,
            generation=1,
            reloads=0,
            requests=0,
            reload_mode="auto",
        )

    def status(self):
        return self.told

    def exchanges(self):
        return self.done

    async def reload(self):
        await self.may_reload.wait()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    async def wait_ready(self, wait_s):
        try:
            await asyncio.wait_for(self.is_ready.wait(), wait_s)
        except asyncio.TimeoutError:
            return False
        return True


class Running:
    """A control port that is open, its loop in a thread."""

    def __init__(self, server: FakeServer, folder: Path, wanted_port: int) -> None:
        self.server, self.folder = server, folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.door = ControlPort(server, folder, wanted_port, look_every_s=0.02)

    def start(self) -> Running:
        self.door.open()
        self.run(self.door.start())
        self.url = self.door.url
        return self

    @property
    def note(self) -> note.Note:
        return note.read(self.folder)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    def call(self, work: Callable[[], Any]) -> None:
        """Do something in the loop's thread, soon."""
        self._loop.call_soon_threadsafe(work)

    def client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.note.token}"}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=PATIENCE_S)

    def stop(self) -> None:
        if not self._loop.is_closed():
            self.run(self.door.stop())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(PATIENCE_S)
            self._loop.close()


@pytest.fixture
def server(tmp_path: Path) -> FakeServer:
    return FakeServer(tmp_path / "score.py")


@pytest.fixture
def make(server: FakeServer, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Open control ports: of the fake server, beside its script, unless the test says otherwise."""
    made: list[Running] = []

    def make(
        folder: Path | None = None,
        wanted_port: int = 0,
        script: Path | None = None,
        scoring: int = 5001,
        deployment: str = "blue",
    ):
        asked = server if script is None else FakeServer(script)
        asked.told.url, asked.told.deployment = f"http://127.0.0.1:{scoring}", deployment
        home = Path(asked.told.script).parent / ".amlemu" / str(scoring) if folder is None else folder
        made.append(Running(asked, home, wanted_port))
        return made[-1].start()

    yield make
    for running in made:
        running.stop()


@pytest.fixture
def running(make: Callable[..., Running]) -> Running:
    return make()


@pytest.fixture
def ask(running: Running) -> Iterator[httpx.Client]:
    """Ask with the token."""
    with running.client() as client:
        yield client
