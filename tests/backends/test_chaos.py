"""The real thing: thousands of requests while worker processes are killed, and what a client may rely on all the same."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import os
import random
import resource
import select
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import amlemu
import pytest
from amlemu.emulator import run_loop
from amlemu.errors import WorkerCrashed
from amlemu.events import Spoke, WorkerEnded, WorkerReady, WorkerStarted
from amlemu.worker import lifeline

from .crowd import End, ask_all

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "notes_entries.py"
REQUESTS = 2000
PATIENCE_S = 10.0


@pytest.fixture(autouse=True)
def room_for_connections() -> Iterator[None]:
    """Two descriptors for each request: clients and server live in one process here."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * REQUESTS + 500
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"only {hard} open files are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(autouse=True, scope="module")
def used_loop() -> None:
    """The first loop of a process opens a pipe for all that follow; have it open before we count."""
    run_loop(_nothing())


async def _nothing() -> None:
    pass


@pytest.fixture
def seed() -> int:
    """Printed with every failure; put it here to see the same kills again."""
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed = {seed}")
    return seed


class Notes:
    """The file in which the script notes each entry of run()."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()

    def count(self) -> collections.Counter[str]:
        return collections.Counter(self.path.read_text().split())


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(tmp_path / "notes")


class Killer:
    """Sends SIGKILL to any worker, idle, busy or booting, now and then; counts answers instead of seconds."""

    def __init__(self, endpoint: amlemu.Endpoint, seed: int, least: int, most: int) -> None:
        self._endpoint = endpoint
        self._random = random.Random(seed)
        self._pause = (least, most)
        self._left = self._random.randint(least, most)
        self.kills = 0

    def __call__(self, end: End) -> None:
        self._left -= 1
        if self._left > 0:
            return
        if pids := alive(self._endpoint):  # else with the next answer
            self._left = self._random.randint(*self._pause)
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._random.choice(pids), signal.SIGKILL)
                self.kills += 1


def alive(endpoint: amlemu.Endpoint) -> list[int]:
    """Return the pids of the workers that have been started and have not been seen to end, oldest first."""
    ended = {event.pid for event in endpoint.events if isinstance(event, WorkerEnded)}
    return [event.pid for event in endpoint.events if isinstance(event, WorkerStarted) and event.pid not in ended]


def wait_until_whole(endpoint: amlemu.Endpoint, workers: int) -> None:
    """Look after each turn of the server's loop until all workers are ready."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        ready = {event.pid for event in endpoint.events if isinstance(event, WorkerReady)} & set(alive(endpoint))
        if len(ready) == workers:
            return
        assert time.monotonic() < deadline, f"{len(ready)} of {workers} workers are ready: {endpoint.events[-5:]}"
        asyncio.run_coroutine_threadsafe(_nothing(), endpoint._loop).result(PATIENCE_S)


def descriptors() -> collections.Counter[str]:
    """Count what this process has open, by kind; libuv opens /dev/null for itself once, when it feels like it."""
    lifeline.rope(os.getpid())  # opened with the first worker, and for good
    found: collections.Counter[str] = collections.Counter()
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # the one that lists the folder
            found[os.readlink(f"/proc/self/fd/{name}").partition(":")[0].partition("#")[0]] += 1
    return found - collections.Counter({"/dev/null": found["/dev/null"]})


def wait_until_open(expected: collections.Counter[str]) -> None:
    """The server hears of its last clients' leaving a moment after they have left."""
    deadline = time.monotonic() + PATIENCE_S
    while (found := descriptors()) != expected:
        assert time.monotonic() < deadline, f"open are {found}, not {expected}"


def exists(pid: int) -> bool:
    """Tell whether a process still runs; one whose parent has died before it may wait for init to ask for its end."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@contextlib.contextmanager
def served(notes: Notes, workers: int, grace_s: float = 5.0, *, preload: bool = False) -> Iterator[amlemu.Endpoint]:
    """Serve the script; afterwards nothing of it is left, the process that workers are forked from included."""
    before = descriptors()
    variables = {"NOTES": str(notes.path), "WORKER_PRELOAD": str(preload)}
    with amlemu.serve(SCRIPT, profile="bare", env=variables, workers=workers, grace_s=grace_s) as endpoint:
        yield endpoint
    started = {event.pid for event in endpoint.events if isinstance(event, WorkerStarted | Spoke)}
    assert [pid for pid in started if exists(pid)] == []
    wait_until_open(before)


def inits(endpoint: amlemu.Endpoint) -> list[int]:
    """Return the pids of the processes that have called init()."""
    words = "Invoking user's init function"
    return [event.pid for event in endpoint.events if isinstance(event, Spoke) and event.text == words]


@pytest.mark.parametrize("preload", [False, True], ids=["fresh", "forked"])
@pytest.mark.parametrize(
    ("workers", "least", "most"), [pytest.param(4, 20, 120, id="four-workers"), pytest.param(1, 50, 250, id="one")]
)
def test_each_request_ends_once_and_enters_run_at_most_once_while_workers_are_killed(
    notes: Notes, seed: int, workers: int, least: int, most: int, *, preload: bool
) -> None:
    """Answered with its own answer, or closed without one; and a kill costs one request at most."""
    with served(notes, workers, preload=preload) as endpoint:
        wait_until_whole(endpoint, workers)
        at_rest = descriptors()
        killer = Killer(endpoint, seed, least, most)
        texts = [(f"r{number}", f"r{number}") for number in range(REQUESTS)]
        ends = ask_all(endpoint.port, texts, killer, at_once=300)  # all of them might be answered before a kill is felt

        wait_until_whole(endpoint, workers)
        afterwards = ask_all(endpoint.port, [(f"after{number}", f"after{number}") for number in range(20)])

        assert [end.body for end in afterwards] == [f'"{end.name}"'.encode() for end in afterwards]
        wait_until_open(at_rest)

    entries = notes.count()
    closed = [end for end in ends if end.body is None]
    print(f"{killer.kills} kills, {len(closed)} requests closed")
    assert killer.kills >= 3
    assert len(inits(endpoint)) == 1 or not preload
    assert [end.broken for end in ends if end.broken] == []
    assert [end for end in ends if end.body not in (None, f'"{end.name}"'.encode())] == []
    assert [name for name, count in entries.items() if count > 1] == []
    assert [end.name for end in ends if end.body is not None and not entries[end.name]] == []
    assert len(closed) <= killer.kills


def test_each_request_leaves_one_exchange_while_workers_are_killed(notes: Notes, seed: int) -> None:
    """With the answer, or with the crash; numbered from 1 without gaps."""
    with served(notes, 2) as endpoint:
        ends = ask_all(endpoint.port, [(f"r{n}", f"r{n}") for n in range(300)], Killer(endpoint, seed, 10, 60))

    exchanges = endpoint.exchanges
    answered = {exchange.request.body.decode() for exchange in exchanges if exchange.response is not None}
    failed = {exchange.request.body.decode() for exchange in exchanges if isinstance(exchange.failure, WorkerCrashed)}
    assert len(exchanges) == 300
    assert answered == {end.name for end in ends if end.body is not None}
    assert failed == {end.name for end in ends if end.body is None}
    assert sorted(exchange.number for exchange in exchanges) == list(range(1, 301))


@pytest.mark.parametrize("workers", [4, 1])
def test_a_stop_in_the_middle_leaves_no_request_without_an_end(notes: Notes, workers: int) -> None:
    """What runs is answered, what waits is closed, nothing is left; and all that within the grace."""
    with served(notes, workers, grace_s=1) as endpoint:
        stop_after = iter([False] * 10 + [True])

        def stop(end: End) -> None:
            if next(stop_after, False):
                endpoint._loop.call_soon_threadsafe(endpoint._stop.set)

        started = time.monotonic()
        ends = ask_all(endpoint.port, [(f"r{number}", f"r{number} 0.1") for number in range(200)], stop)
        took_s = time.monotonic() - started

    assert [end.broken for end in ends if end.broken] == []
    assert 10 < len([end for end in ends if end.body is not None]) < 200
    assert max(notes.count()[f"r{number}"] for number in range(200)) == 1
    assert took_s < PATIENCE_S


def test_a_master_that_dies_ends_the_server_whole(notes: Notes) -> None:
    """As under gunicorn: what is in hand is closed, what comes later is not answered, no process is left."""
    with served(notes, 2, preload=True) as endpoint:
        [master] = inits(endpoint)

        def kill(end: End) -> None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(master, signal.SIGKILL)

        ends = ask_all(
            endpoint.port, [("first", "first"), *((f"r{number}", f"r{number} 1") for number in range(9))], kill
        )

    assert [end.body for end in ends] == [b'"first"', *[None] * 9]
    assert max(notes.count().values()) == 1


@pytest.mark.parametrize("preload", [False, True], ids=["fresh", "forked"])
def test_nothing_outlives_an_amlemu_that_is_killed(start: Callable[..., Any], notes: Notes, *, preload: bool) -> None:
    """Nobody has told the processes anything; they find their lines closed."""
    variables = {"NOTES": str(notes.path), "WORKER_PRELOAD": str(preload)}
    command = start("serve", str(SCRIPT), "--port", "0", "--workers", "2", "--layout", "none", **variables)
    assert command.port
    command.until(lambda: len(command.left_behind()) == 3 + preload, "whole")
    watches = [os.pidfd_open(int(line.removeprefix("pid "))) for line in command.left_behind()]
    command.send(signal.SIGKILL)

    ended = [bool(select.select([watch], [], [], PATIENCE_S)[0]) for watch in watches]

    assert ended == [True] * len(watches)
    assert command.left_behind() == []

    for watch in watches:
        os.close(watch)


def test_a_worker_that_dies_while_idle_costs_nobody_anything(notes: Notes) -> None:
    """Not even those who ask before the death has been noticed."""
    with served(notes, 1) as endpoint:
        for round_number in range(10):
            os.kill(alive(endpoint)[-1], signal.SIGKILL)
            ends = ask_all(endpoint.port, [(f"{round_number}-{n}", f"{round_number}-{n}") for n in range(5)])

            assert [end.body for end in ends] == [f'"{end.name}"'.encode() for end in ends]
