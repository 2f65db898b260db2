"""Two hundred reloads while clients keep asking: nothing is lost, nothing runs twice, nothing piles up."""

from __future__ import annotations

import asyncio
import collections
import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .editors import by_rename, in_place
from .server import Weight, weight_of

RELOADS, FIRST = 200, 10
CLIENTS = 3
JOURNAL = 10_000  # exchanges are remembered up to this number; before it is reached memory grows, and should
PATIENCE_S = 20.0
SCRIPT = """\
import json, os
VERSION = {version}
def init():
    pass
def run(data):
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(data + "\\n")
    return [VERSION, data]
"""


@dataclass
class Load:
    """Clients that ask, one after the other each, until they are told to stop."""

    port: int
    seen: int = 0  # the newest version that has answered anybody
    names: itertools.count[int] = field(default_factory=itertools.count)
    wrong: list[str] = field(default_factory=list)
    is_over: bool = False

    async def ask(self) -> None:
        """Send one request, and look at its answer: its own, and of no older version than was seen when it was sent."""
        name, seen = f"r{next(self.names)}", self.seen
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = f"POST /score HTTP/1.1\r\nHost: here\r\nContent-Type: text/plain\r\nContent-Length: {len(name)}\r\n\r\n"
        writer.write((head + name).encode())
        answer = await reader.read(-1)
        writer.close()
        top, _, body = answer.partition(b"\r\n\r\n")
        if not top.startswith(b"HTTP/1.1 200 OK\r\n"):
            self.wrong.append(f"{name}: {answer[:200]!r}")
            return
        version, echoed = json.loads(body)
        if echoed != name or version < seen:
            self.wrong.append(f"{name}: {body!r} although version {seen} had answered")
        self.seen = max(self.seen, version)

    async def client(self) -> None:
        while not self.is_over:
            await self.ask()

    async def until_seen(self, version: int) -> None:
        """Wait until this version answers."""
        deadline = time.monotonic() + PATIENCE_S
        while self.seen < version:
            assert time.monotonic() < deadline, f"version {version} does not answer, {self.seen} does; {self.wrong}"
            await asyncio.sleep(0)


def test_two_hundred_reloads_under_load_lose_nothing_and_leave_nothing(
    start: Callable[..., Any], tmp_path: Path
) -> None:
    """Saved in the ways of two editors, in turn; what is there after 200 is what was there after 10."""
    script, notes = tmp_path / "code" / "score.py", tmp_path / "notes"
    script.parent.mkdir()
    script.write_text(SCRIPT.format(version=0))
    notes.touch()
    words = ("serve", str(script), "-p", "0", "--profile", "bare", "--reload", "--no-control")
    command = start(*words, NOTES=str(notes))
    load = Load(command.port)
    first, last = asyncio.run(save_and_ask(load, script, lambda: at_rest(command)))

    entered = collections.Counter(notes.read_text().split())
    assert load.wrong == []
    assert set(entered) == {f"r{number}" for number in range(next(load.names))}
    assert max(entered.values()) == 1
    assert (last.processes, last.files) == (first.processes, first.files)
    assert abs(last.descriptors - first.descriptors) <= 0.05 * first.descriptors
    assert abs(last.memory_bytes - first.memory_bytes) <= 0.05 * first.memory_bytes, (first, last)


async def save_and_ask(load: Load, script: Path, weigh: Callable[[], Weight]) -> tuple[Weight, Weight]:
    """Reload under load; returns what the server weighed after the first few reloads, and after all."""
    await asyncio.gather(*(fill(load) for _ in range(CLIENTS)))
    await reload(load, script, range(1, FIRST + 1))
    first = await asyncio.to_thread(weigh)
    await reload(load, script, range(FIRST + 1, RELOADS + 1))
    return first, await asyncio.to_thread(weigh)


async def fill(load: Load) -> None:
    for _ in range(JOURNAL // CLIENTS + 1):
        await load.ask()


async def reload(load: Load, script: Path, versions: range) -> None:
    load.is_over = False
    clients = [asyncio.create_task(load.client()) for _ in range(CLIENTS)]
    for version in versions:
        (in_place if version % 2 else by_rename)(script, SCRIPT.format(version=version))
        await load.until_seen(version)
    load.is_over = True
    await asyncio.wait_for(asyncio.gather(*clients), PATIENCE_S)


def at_rest(command: Any) -> Weight:
    """Weigh the server when the old generations have gone: itself, the process that forks, one worker."""
    pid = command.process.pid
    command.until(lambda: weight_of(pid).processes == 3, "at rest")
    return weight_of(pid, command.temporary, command.folder / "code")
