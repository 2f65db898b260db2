"""What a container's processes have together: real ones, that take memory, fork, share, and end."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from amlemu.backends.guard import Guard

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody tells what a process has")

MB = 1 << 20
PATIENCE_S = 20.0
EATER = """
import os, sys
kept, lines = [], iter(sys.stdin.readline, "")
for line in lines:
    word, _, size = line.strip().partition(" ")
    pid = os.getpid()
    if word == "eat":
        kept.append(b"x" * (int(size) << 20))
    elif word == "fork":  # a child that takes as much for itself, and waits for its parent's end
        near, far = os.pipe()
        up, down = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(far)
            kept.append(b"x" * (int(size) << 20))
            os.write(down, b"x")
            os.read(near, 1)
            os._exit(0)
        os.read(up, 1)
    elif word == "forget":
        kept.clear()
    print(pid, flush=True)
"""


class Eater:
    """A process that does what it is told; `does` returns the pid of who has done it."""

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([sys.executable, "-c", EATER], stdin=pipe, stdout=pipe, text=True)
        self.pid = self.process.pid

    def does(self, what: str) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@pytest.fixture
def start() -> Iterator[Callable[..., Eater]]:
    """Start processes that have so many megabytes."""
    with contextlib.ExitStack() as stack:

        def start(size: int = 0) -> Eater:
            eater = Eater()
            stack.enter_context(eater.process)
            stack.callback(eater.process.kill)
            eater.does(f"eat {size}")
            return eater

        yield start


def looked(limit_mb: int, *pids: int) -> tuple[int, list[tuple[int, int]]]:
    """Return the megabytes that are seen, and what is told: who, and so many megabytes."""
    told: list[tuple[int, int]] = []
    guard = Guard(limit_mb * MB, lambda: pids, lambda pid, used: told.append((pid, used // MB)))
    return guard.look() // MB, told


def test_processes_are_added_up_and_the_largest_is_named(start: Callable[..., Eater]) -> None:
    """No single one of them has too much."""
    small, large = start(30), start(60)
    used, told = looked(80, small.pid, large.pid)

    assert 90 <= used <= 130
    assert told == [(large.pid, used)]


def test_what_stays_within_the_limit_is_not_told(start: Callable[..., Eater]) -> None:
    eater = start(30)

    assert looked(80, eater.pid)[1] == []


def test_what_a_worker_has_started_counts_as_its_own(start: Callable[..., Eater]) -> None:
    """It has little itself; its child eats."""
    eater = start(0)
    eater.does("fork 100")
    used, told = looked(80, eater.pid)

    assert used >= 100
    assert told == [(eater.pid, used)]


def test_what_processes_share_counts_once(start: Callable[..., Eater]) -> None:
    """Two children of one that has 60 MB have these as well, and nothing else: that is no 180 MB."""
    eater = start(60)
    for _ in range(2):
        eater.does("fork 0")
    used, told = looked(120, eater.pid)

    assert told == []
    assert 60 <= used <= 110


def test_a_worker_that_was_forked_from_another_one_has_a_family_of_its_own(start: Callable[..., Eater]) -> None:
    """It is the largest by itself, and does not count for its parent, too."""
    eater = start(0)
    fork = eater.does("fork 100")
    used, told = looked(80, eater.pid, fork)

    assert 100 <= used < 190
    assert told == [(fork, used)]


def test_a_process_that_has_gone_has_nothing(start: Callable[..., Eater]) -> None:
    """It ended between two looks, and nobody has heard of it yet."""
    eater = start(100)
    eater.process.kill()
    eater.process.wait(PATIENCE_S)

    assert looked(10, eater.pid) == (0, [])


def test_it_looks_again_and_again(start: Callable[..., Eater]) -> None:
    """What is eaten later is seen, and told again as long as it is too much."""
    eater = start(0)

    async def watch() -> list[tuple[int, int]]:
        told: list[tuple[int, int]] = []
        enough = asyncio.Event()

        def exceeded(pid: int, used: int) -> None:
            told.append((pid, used))
            if len(told) == 2:
                enough.set()

        watching = asyncio.create_task(Guard(100 * MB, lambda: [eater.pid], exceeded).watch())
        await asyncio.to_thread(eater.does, "eat 120")
        await asyncio.wait_for(enough.wait(), PATIENCE_S)
        watching.cancel()
        return told

    told = asyncio.run(watch())

    assert {pid for pid, _ in told} == {eater.pid}
    assert all(used > 100 * MB for _, used in told)


def test_the_less_is_left_the_more_often_it_looks(start: Callable[..., Eater]) -> None:
    """A process may fill 8 GB a second: where more than 4 are left it looks twice a second, and never more often than each 5 ms."""
    eater = start(30)

    async def looks(limit_mb: int) -> int:
        count = 0

        def processes() -> list[int]:
            nonlocal count
            count += 1
            return [eater.pid]

        watching = asyncio.create_task(Guard(limit_mb * MB, processes, lambda pid, used: None).watch())
        await asyncio.wait({watching}, timeout=0.7)
        watching.cancel()
        return count

    far, near = asyncio.run(looks(64 << 20)), asyncio.run(looks(45))

    assert far == 2
    assert 10 <= near <= 141
