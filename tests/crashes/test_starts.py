"""A worker that dies at every start: never healthy, waits that grow, and what callers get meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import io
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from amlemu import deployment as deployments
from amlemu import profile_file as profiles
from amlemu.console import PersonConsole
from amlemu.emulator import Emulator
from amlemu.events import Event, WorkerEnded, WorkerReady
from amlemu.stand import Plan

from .kinds import PROFILES, UNHEALTHY
from .places import PATIENCE_S, ZOO, asked, read

pytestmark = pytest.mark.anyio
DEATHS = {
    "fail_import_os_exit_1.py": "exit code 1; the script, or a library, probably called os._exit(1).",
    "fail_init_killed.py": "SIGKILL; it may have run out of memory.",
    "fail_init_segfault.py": "SIGSEGV; C code in a library crashed; it was at score.py:7 init.",
}


class Starting:
    """A deployment that is being started, and what is heard of it."""

    def __init__(self, folder: Path, script: str, profile: str) -> None:
        shutil.copy(ZOO / script, folder / "score.py")
        settings = {"limits.boot_wait_ms": "0"} if profile in ("managed", "kubernetes") else {}
        self._heard: asyncio.Queue[Event] = asyncio.Queue()
        self.events: list[Event] = []
        plan = Plan(
            deployment=deployments.from_script(folder / "score.py"),
            profile=profiles.load(profile, settings),
            port=0,
            layout="none",
            on_event=self._heard.put_nowait,
            on_exchange=lambda _: None,
        )
        self.emulator = Emulator(plan)
        self.opening = self.emulator.open()

    async def ends(self, count: int) -> list[WorkerEnded]:
        """Wait until so many workers have ended."""
        while True:
            found = [event for event in self.events if isinstance(event, WorkerEnded)]
            if len(found) >= count:
                return found
            self.events.append(await asyncio.wait_for(self._heard.get(), PATIENCE_S))

    def told(self) -> list[str]:
        """Return what a person reads of our own words."""
        person = PersonConsole(io.StringIO(), err := io.StringIO())
        person.surroundings(self.opening.layout)
        for event in self.events:
            person.event(event)
        person.flush()
        return [line for line in err.getvalue().splitlines() if line.startswith("amlemu: ")]


@contextlib.asynccontextmanager
async def starting(folder: Path, script: str, profile: str) -> AsyncIterator[Starting]:
    """Start, and stop at the end, whatever has become of it."""
    place = Starting(folder, script, profile)
    await place.emulator.start()
    try:
        yield place
    finally:
        await place.emulator.stop(0)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("script", DEATHS)
async def test_meanwhile_callers_get_what_an_unhealthy_deployment_answers(
    tmp_path: Path, script: str, profile: str
) -> None:
    """Nothing at all where the server is alone, for it has bound its port; `kinds` names the row. 3.4: never healthy."""
    async with starting(tmp_path, script, profile) as place:
        reader, writer = await asyncio.open_connection("127.0.0.1", place.opening.port)
        writer.write(asked("answer"))
        answering = asyncio.ensure_future(reader.read())
        if UNHEALTHY[profile] is not None:
            await asyncio.wait_for(asyncio.shield(answering), PATIENCE_S)
        ends = await place.ends(2)
        answer = read(answering.result()) if answering.done() else None
        writer.close()
        answering.cancel()

    assert answer == UNHEALTHY[profile]
    assert [(end.was_booting, end.restart_in_s) for end in ends] == [(True, 0.25), (True, 0.5)]
    assert not any(isinstance(event, WorkerReady) for event in place.events)


@pytest.mark.parametrize("script", DEATHS)
async def test_a_person_reads_why_and_when_the_next_one_starts(tmp_path: Path, script: str) -> None:
    """Each time; at the third that Azure's server, too, would go on for ever."""
    async with starting(tmp_path, script, "bare") as place:
        ends = await place.ends(3)

    assert [end.restart_in_s for end in ends] == [0.25, 0.5, 1.0]
    lines = place.told()
    assert len(lines) == 4
    for line, end, wait in zip(lines, ends, ("0.25", "0.5", "1"), strict=False):
        assert line.startswith(f"amlemu: worker {end.pid} ended while the script was loading with {DEATHS[script]}")
        assert f" A new one starts in {wait} s." in line
    assert lines[3].startswith("amlemu: Azure's server, too, would start workers for ever")
