"""The host's view of a worker: what it makes of every way to speak, to be silent and to die."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, ClassVar

import pytest
from amlemu.errors import WorkerCrashed
from amlemu.events import (
    Event,
    Noticed,
    Spoke,
    WorkerEnded,
    WorkerFailedToBoot,
    WorkerPaused,
    WorkerReady,
    WorkerResumed,
    WorkerStarted,
)
from amlemu.exchange import Frame, Request, Response
from amlemu.worker.handle import Job, Worker
from amlemu.worker.launch import LaunchPlan

from .bare_child import ZOO, plan_of
from .descriptors import descriptors
from .fake_child import fake_child

pytestmark = pytest.mark.anyio
PATIENCE_S = 20.0


class Owner:
    """What a pool would be told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.rooms = 0
        self.pauses: list[bool] = []
        self.ends: list[tuple[WorkerEnded, list[Job], dict[str, Any] | None]] = []

    def worker_ready(self, worker: Worker) -> None:
        self.ready.set_result(None)

    def worker_has_room(self, worker: Worker) -> None:
        self.rooms += 1

    def worker_paused(self, worker: Worker) -> None:
        self.pauses.append(worker.is_paused)

    def worker_ended(self, worker: Worker, end: WorkerEnded, untaken: list[Job], fault: dict[str, Any] | None) -> None:
        self.ends.append((end, untaken, fault))


class Hosted:
    """A worker with its owner."""

    def __init__(self, plan: LaunchPlan) -> None:
        self.owner = Owner()
        self.worker = Worker(plan, self.owner, self.owner.events.append)

    async def boots(self) -> None:
        await self.worker.start()
        await asyncio.wait_for(self.owner.ready, PATIENCE_S)

    def asks(self, body: bytes = b"x", number: int = 1) -> Job:
        job = Job(Request("POST", "/score", [], body, number=number), asyncio.get_running_loop().create_future())
        self.worker.submit(job)
        return job

    async def answer(self, job: Job) -> Response:
        return await asyncio.wait_for(job.answer, PATIENCE_S)

    async def ends(self) -> WorkerEnded:
        return await asyncio.wait_for(asyncio.shield(self.worker.ended), PATIENCE_S)


def hosted(folder: Path, life: str, *, boots: bool = True) -> AbstractAsyncContextManager[Hosted]:
    """A fake child."""
    return hosting(fake_child(folder, life), boots=boots)


@contextlib.asynccontextmanager
async def hosting(plan: LaunchPlan, *, boots: bool = True) -> AsyncIterator[Hosted]:
    """A worker, with a check that nothing of it is left."""
    before = descriptors()
    host = Hosted(plan)
    await (host.boots() if boots else host.worker.start())
    try:
        yield host
    finally:
        if not host.worker.ended.done():
            await host.worker.stop(0)
        await _next_turn()  # transports close in the turn after `close`
    assert descriptors() == before
    assert len(host.owner.ends) == 1


async def _next_turn() -> None:
    loop = asyncio.get_running_loop()
    for _ in range(3):
        turned = loop.create_future()
        loop.call_soon(turned.set_result, None)
        await turned


def _is_free(line: IO[str]) -> bool:
    try:
        fcntl.flock(line, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _until(condition: Callable[[], bool]) -> None:
    """Look again whenever the loop has turned."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        await _next_turn()


async def _collect(response: Response, pieces: list[bytes]) -> None:
    body: AsyncIterator[bytes] = response.body.__aiter__()  # type: ignore[union-attr]
    with contextlib.suppress(StopAsyncIteration):
        while True:
            pieces.append(await asyncio.wait_for(body.__anext__(), PATIENCE_S))


async def test_a_worker_is_started_then_ready(tmp_path: Path) -> None:
    """Two events; it takes requests after the second."""
    async with hosted(tmp_path, "boot(); channel.receive()") as host:
        assert host.owner.events == [
            WorkerStarted(host.worker.pid),
            WorkerReady(host.worker.pid, 1.0, {"boot_ms": 1.0}),
        ]
        assert host.worker.is_ready


async def test_an_answer_reaches_who_has_asked(tmp_path: Path) -> None:
    """With the worker's pid in its account; afterwards there is room again."""
    async with hosted(tmp_path, "boot(); answer(str(take())); channel.receive()") as host:
        response = await host.answer(host.asks())

        assert (response.status, response.body, response.account) == (200, b"1", {"pid": host.worker.pid})
        assert (host.owner.rooms, host.worker.load, host.worker.busy_since) == (1, 0, None)


async def test_a_request_sent_to_a_busy_worker_is_answered_next(tmp_path: Path) -> None:
    """Each answer finds its own request, also when the worker sends two at once."""
    life = (
        "boot(); n = [take(), take()]; end.sendall(pack(ANSWER, OK, b'1') + pack(ANSWER, OK, b'2')); channel.receive()"
    )
    async with hosted(tmp_path, life) as host:
        jobs = [host.asks(number=7), host.asks(number=8)]
        load = host.worker.load
        bodies = [(await host.answer(job)).body for job in jobs]

        assert (load, bodies, host.owner.rooms) == (2, [b"1", b"2"], 2)


async def test_a_large_body_reaches_the_worker_whole(tmp_path: Path) -> None:
    """More than the socket's buffer takes at once."""
    async with hosted(tmp_path, "boot(); answer(str(len(channel.receive().body))); channel.receive()") as host:
        assert (await host.answer(host.asks(b"x" * 5_000_000))).body == b"5000000"


async def test_a_worker_that_dies_while_idle_is_reported(tmp_path: Path) -> None:
    """Unplanned, with its signal."""
    async with hosted(tmp_path, "boot(); die()") as host:
        end = await host.ends()

    assert (end.exit_code, end.planned, end.was_booting, end.busy_s) == (-signal.SIGKILL, False, False, None)


async def test_a_request_that_was_not_taken_comes_back(tmp_path: Path) -> None:
    """It may go to another worker: run() has not been entered."""
    async with hosted(tmp_path, "boot(); channel.receive(); die()") as host:
        job = host.asks()
        await host.ends()

        assert host.owner.ends[0][1] == [job]
        assert not job.answer.done()


async def test_a_request_that_was_taken_fails(tmp_path: Path) -> None:
    """It must not go to another worker; the message says how this one ended."""
    async with hosted(tmp_path, "boot(); take(); channel.receive(); die()") as host:
        taken, untaken = host.asks(), host.asks()
        with pytest.raises(WorkerCrashed, match="was killed by SIGKILL before it had answered") as caught:
            await host.answer(taken)

        assert (caught.value.pid, caught.value.exit_code) == (host.worker.pid, -signal.SIGKILL)
        assert host.owner.ends[0][1] == [untaken]
        assert host.owner.ends[0][0].busy_s is not None


async def test_half_an_answer_is_no_answer(tmp_path: Path) -> None:
    """Death in the middle of a frame."""
    life = "boot(); take(); end.sendall(pack(ANSWER, OK, b'x' * 100)[:-1]); os._exit(5)"
    async with hosted(tmp_path, life) as host:
        with pytest.raises(WorkerCrashed, match="ended with exit code 5"):
            await host.answer(host.asks())


async def test_an_answer_just_before_death_is_delivered(tmp_path: Path) -> None:
    """Last words are heard before the end is told; ten megabytes of them."""
    async with hosted(tmp_path, "boot(); take(); answer('x' * 10_000_000); die()") as host:
        response = await host.answer(host.asks())
        await host.ends()

        assert len(response.body) == 10_000_000  # type: ignore[arg-type]


async def test_a_stream_gives_its_pieces_in_order(tmp_path: Path) -> None:
    """More of them than may wait unread: the worker is held back and let go on, and none is lost."""
    life = """
boot(); take(); channel.send(STREAM, OK)
for number in range(1000): channel.send(CHUNK, 0, b"%d " % number * 500)
channel.send(END, 0); channel.receive()
"""
    async with hosted(tmp_path, life) as host:
        response = await host.answer(host.asks())
        pieces: list[bytes] = []
        await _collect(response, pieces)

        assert [int(piece.split()[0]) for piece in pieces] == list(range(1000))
        assert host.owner.rooms == 1


async def test_a_reader_who_waits_gets_pieces_as_they_come(tmp_path: Path) -> None:
    """The second piece is made only after the first one has been read."""
    life = """
boot(); take(); channel.send(STREAM, OK); channel.send(CHUNK, 0, b"one")
channel.receive(); channel.send(CHUNK, 0, b"two"); channel.send(END, 0); channel.receive()
"""
    async with hosted(tmp_path, life) as host:
        pieces = (await host.answer(host.asks())).body.__aiter__()  # type: ignore[union-attr]
        first = await anext(pieces)
        host.asks()
        second = await asyncio.wait_for(anext(pieces), PATIENCE_S)

        assert [first, second] == [b"one", b"two"]


@pytest.mark.parametrize("count", [1, 200], ids=["caught-up", "held-back"])
async def test_death_while_streaming_is_told_after_the_last_piece(tmp_path: Path, count: int) -> None:
    """What the script yielded before is not lost, even if nobody had read it yet."""
    life = f"""
boot(); take(); channel.send(STREAM, OK)
for number in range({count}): channel.send(CHUNK, 0, b"piece")
die()
"""
    async with hosted(tmp_path, life) as host:
        response = await host.answer(host.asks())
        await host.ends()
        pieces: list[bytes] = []
        with pytest.raises(WorkerCrashed, match="SIGKILL"):
            await _collect(response, pieces)

        assert pieces == [b"piece"] * count


async def test_what_was_sent_before_death_is_heard_though_the_worker_was_held_back(tmp_path: Path) -> None:
    """Nobody has read yet, so the host has stopped listening: the rest is in the socket."""
    life = """
boot(); take(); channel.send(STREAM, OK); log = open("sent", "ab", 0)
while True: channel.send(CHUNK, 0, b"x" * 2000); log.write(b".")
"""
    async with hosted(tmp_path, life) as host:
        response = await host.answer(host.asks())
        log, sizes = tmp_path / "sent", [-1, 0]
        while sizes[-1] == 0 or sizes[-2] != sizes[-1]:  # until it is stuck
            await asyncio.wait({host.worker.ended}, timeout=0.1)
            sizes.append(log.stat().st_size if log.exists() else 0)
        host.worker.kill(signal.SIGKILL)
        await host.ends()
        pieces: list[bytes] = []
        with pytest.raises(WorkerCrashed):
            await _collect(response, pieces)

        sent = log.stat().st_size
        assert sent > 64
        assert len(pieces) - sent in (0, 1)  # it may die between sending a piece and noting it


async def test_a_stream_that_is_cut_says_why(tmp_path: Path) -> None:
    """The generator raised; the worker lives on."""
    life = "boot(); take(); channel.send(STREAM, OK); channel.send(CUT, {'what': 'ValueError: x'}); channel.receive()"
    async with hosted(tmp_path, life) as host:
        response = await host.answer(host.asks())
        with pytest.raises(WorkerCrashed, match="the stream was cut: ValueError: x"):
            await anext(response.body)  # type: ignore[arg-type]

        assert host.owner.rooms == 1


async def test_a_grandchild_that_holds_the_socket_open_does_not_hide_the_death(tmp_path: Path) -> None:
    """Nor does it live on: everything that the worker has started goes with it."""
    (tmp_path / "line").touch()
    life = """
boot(); take(); is_held, says_so = os.pipe()
if os.fork() == 0: line = open("line"); fcntl.flock(line, fcntl.LOCK_EX); os.write(says_so, b"x"); signal.pause()
os.read(is_held, 1); die()
"""
    async with hosted(tmp_path, life) as host:
        with pytest.raises(WorkerCrashed):
            await host.answer(host.asks())

    with (tmp_path / "line").open() as line:
        await _until(lambda: _is_free(line))


async def test_a_request_to_a_worker_that_has_hung_up_comes_back(tmp_path: Path) -> None:
    """Its socket is closed already, its end not yet told; uvloop's transports raise then."""
    async with hosted(tmp_path, "boot(); end.close(); signal.pause()") as host:
        await asyncio.wait_for(host.worker._closed.wait(), PATIENCE_S)
        job = host.asks()
        host.worker.kill(signal.SIGKILL)
        await host.ends()

        assert host.owner.ends[0][1] == [job]


@pytest.mark.parametrize(
    "nonsense",
    [
        pytest.param("end.sendall(bytes(13))", id="no-frame"),
        pytest.param("answer('nobody asked')", id="answer-without-request"),
        pytest.param("channel.send(b'?', 0)", id="unknown-kind"),
        pytest.param("channel.send(HELLO, {'version': 99})", id="another-version"),
    ],
)
async def test_a_worker_that_speaks_nonsense_is_got_rid_of(tmp_path: Path, nonsense: str) -> None:
    """Such as a fork of the script that returns from run(), too: nobody can tell any more who answers what."""
    async with hosted(tmp_path, f"boot(); {nonsense}; channel.receive()") as host:
        end = await host.ends()

    assert not end.planned


async def test_output_carries_the_number_of_the_exchange(tmp_path: Path) -> None:
    """What the script writes belongs to the request it is busy with."""
    life = "boot(); take(); os.write(1, b'out\\n'); os.write(2, b'err\\n'); answer(''); channel.receive()"
    async with hosted(tmp_path, life) as host:
        await host.answer(host.asks(number=42))
        await host.worker.stop(PATIENCE_S)

        spoken = {(event.stream, event.text, event.request) for event in host.owner.events if isinstance(event, Spoke)}
        assert spoken == {("stdout", "out\n", 42), ("stderr", "err\n", 42)}


async def test_a_record_keeps_its_fields(tmp_path: Path) -> None:
    """Logger, level, time, whose it is, which process; on the way through stdout."""
    life = """
boot(); take(); print(pack_record(order["marker"], "azmlinfsrv", "WARNING", 5.5, True, 99, "text"), end="", flush=True)
answer(""); channel.receive()
"""
    async with hosted(tmp_path, life) as host:
        await host.answer(host.asks(number=3))
        await host.worker.stop(PATIENCE_S)

        assert Spoke("log", "text", 99, "azmlinfsrv", "WARNING", 5.5, own=True, request=3) in host.owner.events


async def test_the_last_line_of_stderr_is_part_of_the_report(tmp_path: Path) -> None:
    """Written just before the death, without a newline."""
    async with hosted(tmp_path, "boot(); os.write(2, b'one\\nout of memory'); die()") as host:
        assert (await host.ends()).last_line == "out of memory"


async def test_death_in_the_middle_of_a_print_is_reported(tmp_path: Path) -> None:
    """Half a record is what is left of it."""
    half = "pack_record(order['marker'], 'logger', 'INFO', 1, False, 1, 'text').encode()[:-9]"
    host = Hosted(fake_child(tmp_path, f"boot(); take(); os.write(1, {half}); die()"))
    await host.boots()
    job = host.asks()

    await asyncio.wait({job.answer}, timeout=1)

    assert job.answer.done()


async def test_a_boot_that_fails_hands_over_its_fault(tmp_path: Path) -> None:
    """As the worker described it."""
    life = (
        "channel.send(HELLO, {'version': VERSION}); channel.receive(); channel.send(FAILED, {'what': 'w'}); sys.exit(3)"
    )
    async with hosted(tmp_path, life, boots=False) as host:
        end = await host.ends()

        assert host.owner.ends[0][2] == {"what": "w"}
        assert end.was_booting
        assert WorkerFailedToBoot(host.worker.pid, {"what": "w"}) in host.owner.events


@pytest.mark.parametrize(("code", "is_fault"), [(3, True), (4, True), (0, False), (1, False)])
async def test_exit_codes_3_and_4_are_failures_to_boot_whoever_chose_them(
    tmp_path: Path, code: int, is_fault: bool
) -> None:
    """gunicorn's master cannot tell the script's os._exit(3) from its own (contract 3.4)."""
    async with hosted(tmp_path, f"os._exit({code})", boots=False) as host:
        await host.ends()

    assert (host.owner.ends[0][2] is not None) == is_fault


async def test_a_worker_that_is_stopped_ends_as_planned(tmp_path: Path) -> None:
    """It is asked by closing the line, and goes by itself."""
    async with hosted(tmp_path, "boot(); channel.receive(); sys.exit(0)") as host:
        await host.worker.stop(PATIENCE_S)

        end = await host.ends()
        assert (end.exit_code, end.planned) == (0, True)


async def test_a_worker_that_is_stopped_answers_first(tmp_path: Path) -> None:
    """What it has been sent is still answered within the grace."""
    async with hosted(tmp_path, "boot(); take(); take(); answer('1'); answer('2'); channel.receive()") as host:
        jobs = [host.asks(), host.asks()]
        await host.worker.stop(PATIENCE_S)

        assert [(await host.answer(job)).body for job in jobs] == [b"1", b"2"]


async def test_a_worker_that_does_not_go_is_killed(tmp_path: Path) -> None:
    """After the grace, whatever it is doing and whatever it ignores."""
    life = "boot(); signal.signal(signal.SIGTERM, signal.SIG_IGN); take(); threading.Event().wait()"
    async with hosted(tmp_path, life) as host:
        job = host.asks()
        await host.worker.stop(0.1)

        end = await host.ends()
        assert (end.exit_code, end.planned) == (-signal.SIGKILL, True)
        with pytest.raises(WorkerCrashed):
            await host.answer(job)


async def test_a_worker_that_is_booting_is_killed_at_once(tmp_path: Path) -> None:
    """init() of a big model may take minutes; there is nothing in it to lose."""
    async with hosted(tmp_path, "signal.pause()", boots=False) as host:
        await asyncio.wait_for(host.worker.stop(60), PATIENCE_S)

        assert (await host.ends()).exit_code == -signal.SIGKILL


async def test_nobody_who_has_left_is_answered(tmp_path: Path) -> None:
    """The gateway gave the request up; the worker's answer is dropped and the next one finds its own."""
    async with hosted(tmp_path, "boot(); take(); answer('1'); take(); answer('2'); channel.receive()") as host:
        given_up = host.asks()
        given_up.answer.cancel()

        assert (await host.answer(host.asks())).body == b"2"


# where the script is


class Stuck:
    """A script that stays where its input says until it is let go."""

    SCRIPT = """
        import itertools, mmap, operator, time

        def init():
            global page
            with open("gate", "r+b") as gate:
                page = mmap.mmap(gate.fileno(), 1)

        def in_python():
            while not page[0]: pass

        def in_sleep():
            began = time.monotonic()
            time.sleep(0.5)
            return time.monotonic() - began >= 0.5

        def in_c():  # no bytecode runs, and the interpreter's lock is held
            any(map(operator.truth, map(page.__getitem__, itertools.repeat(0))))

        def run(data):
            return globals()[data]()
    """
    LINES: ClassVar = {"in_python": 9, "in_sleep": 13, "in_c": 17}

    def __init__(self, folder: Path) -> None:
        self._gate, self.script = folder / "gate", folder / "score.py"
        self._gate.write_bytes(b"\0")
        self.script.write_text(textwrap.dedent(self.SCRIPT).lstrip("\n"), encoding="utf-8")

    @property
    def plan(self) -> LaunchPlan:
        return plan_of(self.script, {})

    def lets_go(self) -> None:
        with self._gate.open("r+b") as gate:  # not made anew: its page is mapped
            gate.write(b"\1")


async def located(worker: Worker, function: str) -> list[Frame]:
    """Ask where a worker is until it is there."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        stack = await worker.locate()
        if stack and stack[-1].function == function:
            return stack
        assert time.monotonic() < deadline, stack


@pytest.mark.parametrize(("place", "answer"), [("in_python", b"{}"), ("in_sleep", b"true"), ("in_c", b"{}")])
async def test_a_script_is_found_where_it_is_without_being_stopped(tmp_path: Path, place: str, answer: bytes) -> None:
    """Outermost frame first, run() and what it has called last; its answer comes as if nobody had asked."""
    stuck = Stuck(tmp_path)
    async with hosting(stuck.plan) as host:
        job = host.asks(place.encode())
        stack = await located(host.worker, place)
        stuck.lets_go()
        response = await host.answer(job)

        assert stack[-2:] == [Frame(str(stuck.script), 20, "run"), Frame(str(stuck.script), stuck.LINES[place], place)]
        assert (response.status, response.body) == (200, answer)


async def test_a_script_is_found_as_often_as_it_is_looked_for(tmp_path: Path) -> None:
    """Each time where it is then, not where it was before."""
    stuck = Stuck(tmp_path)
    async with hosting(stuck.plan) as host:
        first = host.asks(b"in_sleep")
        await located(host.worker, "in_sleep")
        await host.answer(first)
        second = host.asks(b"in_python")
        await located(host.worker, "in_python")
        stack = await host.worker.locate()
        stuck.lets_go()
        await host.answer(second)

        assert stack[-1] == Frame(str(stuck.script), 9, "in_python")
        assert [frame.function for frame in stack].count("run") == 1


async def test_a_worker_that_cannot_say_where_it_is_is_not_waited_for(tmp_path: Path) -> None:
    """The kernel has stopped it: no stack, within a moment."""
    async with hosted(tmp_path, "boot(); take(); answer(''); channel.receive()") as host:
        host.worker.kill(signal.SIGSTOP)
        began = time.monotonic()
        stack = await host.worker.locate()
        took_s = time.monotonic() - began
        host.worker.kill(signal.SIGCONT)
        await host.answer(host.asks())

        assert stack == []
        assert took_s < 2


async def test_a_worker_that_is_booting_is_not_asked(tmp_path: Path) -> None:
    """The signal might find nobody who takes it, and end the process."""
    async with hosted(tmp_path, "signal.pause()", boots=False) as host:
        assert await host.worker.locate() == []
        assert not host.worker.ended.done()


async def test_a_worker_that_is_gone_is_nowhere(tmp_path: Path) -> None:
    async with hosted(tmp_path, "boot(); die()") as host:
        await host.ends()

        assert await host.worker.locate() == []


async def test_a_worker_that_crashes_leaves_its_stack(tmp_path: Path) -> None:
    """The interpreter has written it on stderr; the innermost frame is the script's."""
    async with hosting(plan_of(ZOO / "kills_itself.py", {})) as host:
        with pytest.raises(WorkerCrashed, match="was killed by SIGSEGV") as caught:
            await host.answer(host.asks(b"segfault"))

        assert caught.value.stack[-2:] == [
            Frame(str(ZOO / "kills_itself.py"), 32, "run"),
            Frame(str(ZOO / "kills_itself.py"), 23, "<lambda>"),
        ]


async def test_a_worker_that_is_killed_after_the_grace_leaves_its_stack(tmp_path: Path) -> None:
    """Where run() was at that moment."""
    stuck = Stuck(tmp_path)
    async with hosting(stuck.plan) as host:
        job = host.asks(b"in_python")
        await located(host.worker, "in_python")
        await host.worker.stop(0.05)
        with pytest.raises(WorkerCrashed, match="was killed by SIGKILL") as caught:
            await host.answer(job)

        assert caught.value.stack[-1] == Frame(str(stuck.script), 9, "in_python")


async def test_a_signal_without_a_name_ends_a_worker_like_any_other(tmp_path: Path) -> None:
    """A real-time signal, of which Python knows the number only."""
    async with hosted(tmp_path, "boot(); take(); os.kill(os.getpid(), signal.SIGRTMIN + 5)") as host:
        with pytest.raises(WorkerCrashed, match=f"was killed by signal {signal.SIGRTMIN + 5} before it had answered"):
            await host.answer(host.asks())


async def test_a_crash_is_not_put_where_an_earlier_request_was(tmp_path: Path) -> None:
    """Somebody had looked then; of the one that was killed nothing is known."""
    stuck = Stuck(tmp_path)
    async with hosting(stuck.plan) as host:
        first = host.asks(b"in_python")
        await located(host.worker, "in_python")
        stuck.lets_go()
        await host.answer(first)
        second = host.asks(b"in_sleep")
        await _until(lambda: host.worker._launched.mark.taken == 2)
        host.worker.kill(signal.SIGKILL)
        with pytest.raises(WorkerCrashed) as caught:
            await host.answer(second)

        assert caught.value.stack == []


async def test_a_stack_that_the_script_has_written_is_not_that_of_its_death(tmp_path: Path) -> None:
    """faulthandler writes when it is asked, too; a crash begins with other words."""
    dump = b'Current thread 0x1 (most recent call first):\n  File "score.py", line 1 in run\n'
    async with hosted(tmp_path, f"boot(); take(); os.write(2, {dump!r}); die()") as host:
        with pytest.raises(WorkerCrashed) as caught:
            await host.answer(host.asks())

        assert caught.value.stack == []


async def test_an_answer_of_an_interrupted_run_says_where_that_was(tmp_path: Path) -> None:
    """WORKER_TIMEOUT makes run() raise SystemExit, and the server still answers."""
    async with hosting(plan_of(ZOO / "slow.py", {})) as host:
        job = host.asks(b'["sleep", 60]')
        host.worker.aborted_at = time.monotonic()
        stack = await located(host.worker, "_sleep")
        host.worker.kill(signal.SIGABRT)
        response = await host.answer(job)

        assert response.account["stack"] == stack


async def test_a_fork_that_begins_afresh_is_told_what_to_do_once_more(tmp_path: Path) -> None:
    """It greets a second time, with a new interpreter that knows nothing yet; and then it is no fork."""
    life = "channel.send(HELLO, {'version': VERSION}); first = channel.receive().head; boot(); take(); answer(str(order == first)); channel.receive()"
    async with hosted(tmp_path, life) as host:
        host.worker._launched.is_fork = True
        response = await host.answer(host.asks())

        assert response.body == b"True"
        assert host.worker.is_fork is False


async def test_a_fork_is_known_as_such(tmp_path: Path) -> None:
    async with hosted(tmp_path, "boot(); channel.receive()") as host:
        before = host.worker.is_fork
        host.worker._launched.is_fork = True

        assert (before, host.worker.is_fork, host.worker.boot_ms) == (False, True, 1.0)


async def test_what_a_boot_has_imported_is_kept_for_the_owner(tmp_path: Path) -> None:
    """It is told before the worker is ready."""
    life = "channel.send(HELLO, {'version': VERSION}); channel.receive(); channel.send(IMPORTED, {'modules': ['a']}); channel.send(READY, {'boot_ms': 1.0}); channel.receive()"
    async with hosted(tmp_path, life) as host:
        assert host.worker.imports == {"modules": ["a"]}


async def test_a_worker_may_be_given_all_the_time_it_needs(tmp_path: Path) -> None:
    """A generation that drains: the request in hand is answered, whoever has asked for the end, and how often."""
    os.mkfifo(tmp_path / "gate")
    life = f"boot(); take(); open({str(tmp_path / 'gate')!r}).read(); answer('late'); channel.receive()"
    async with hosted(tmp_path, life) as host:
        job = host.asks()
        stopping = [asyncio.ensure_future(host.worker.stop(None)) for _ in range(2)]
        done, _ = await asyncio.wait(stopping, timeout=0.05)
        (tmp_path / "gate").write_text("")
        response = await host.answer(job)
        await asyncio.wait_for(asyncio.gather(*stopping), PATIENCE_S)

        assert (done, response.body) == (set(), b"late")
        assert (await host.ends()).planned


async def test_a_worker_that_is_given_time_is_killed_when_that_is_over_after_all(tmp_path: Path) -> None:
    """The server stops while a generation drains."""
    async with hosted(tmp_path, "boot(); take(); signal.pause()") as host:
        job = host.asks()
        draining = asyncio.ensure_future(host.worker.stop(None))
        await asyncio.wait([draining], timeout=0)
        await asyncio.wait_for(host.worker.stop(0.05), PATIENCE_S)
        await asyncio.wait_for(draining, PATIENCE_S)

        with pytest.raises(WorkerCrashed):
            await host.answer(job)


async def test_a_request_on_its_way_does_not_make_a_worker_busy(tmp_path: Path) -> None:
    """It had not been taken when the worker died: nobody can say how long run() took."""
    async with hosted(tmp_path, "boot(); channel.receive(); die()") as host:
        host.asks()
        await host.ends()

        assert host.owner.ends[0][0].busy_s is None


# debugging


class Told:
    """What workers are told of debuggers, and what they have asked for."""

    def __init__(self) -> None:
        self.joined: list[tuple[str, int]] = []
        self.waited: list[float] = []

    def for_worker(self) -> dict[str, Any]:
        return {"session": None}

    async def join(self, host: str, port: int) -> dict[str, Any]:
        self.joined.append((host, port))
        return {"address": ["127.0.0.1", port]}

    async def wait(self, seconds: float) -> dict[str, Any]:
        self.waited.append(seconds)
        return {"attached": True}


def events_of(host: Hosted) -> list[Event]:
    """Return what has been told since the worker was ready."""
    return host.owner.events[2:]


STOP = "channel.send(PAUSED, ['breakpoint', '/app/score.py', 7, 'run', os.getpid()])"
GO_ON = "channel.send(RESUMED, os.getpid())"


async def test_a_worker_that_is_stopped_in_run_says_where(tmp_path: Path) -> None:
    """With the request that stands still; the owner is told, and told again when it goes on."""
    life = f"boot(); take(); {STOP}; channel.receive(); {GO_ON}; answer(''); channel.receive()"
    async with hosted(tmp_path, life) as host:
        job = host.asks(number=7)
        await _until(lambda: host.worker.is_paused)
        numbers, is_at_prompt = host.worker.numbers, host.worker.is_at_prompt
        host.asks(number=8)
        await host.answer(job)

    paused, resumed = events_of(host)[:2]
    assert paused == WorkerPaused(host.worker.pid, "breakpoint", "/app/score.py", 7, "run", 7)
    assert isinstance(resumed, WorkerResumed)
    assert (resumed.pid, resumed.why) == (host.worker.pid, "breakpoint")
    assert 0 < resumed.paused_s < PATIENCE_S
    assert (numbers, is_at_prompt) == ([7], False)
    assert host.owner.pauses == [True, False]


async def test_a_worker_that_is_stopped_in_init_has_no_request(tmp_path: Path) -> None:
    async with hosted(tmp_path, f"channel.receive(); {STOP}; channel.receive()", boots=False) as host:
        await _until(lambda: host.worker.is_paused)

        assert host.worker.numbers == []
        assert host.owner.events[-1] == WorkerPaused(
            host.worker.pid, "breakpoint", "/app/score.py", 7, "run", request=None
        )


async def test_a_worker_whose_pdb_asks_is_at_its_prompt(tmp_path: Path) -> None:
    """Ctrl-C is its own then."""
    async with hosted(tmp_path, f"boot(); {STOP.replace('breakpoint', 'pdb')}; channel.receive()") as host:
        await _until(lambda: host.worker.is_paused)

        assert host.worker.is_at_prompt


async def test_a_worker_that_goes_on_unasked_is_told_to_nobody(tmp_path: Path) -> None:
    """It had not said that it stood still."""
    async with hosted(tmp_path, f"boot(); {GO_ON}; answer_to = take(); answer(''); channel.receive()") as host:
        await host.answer(host.asks())

        assert host.owner.pauses == []


async def test_the_time_in_a_debugger_is_left_out_of_how_long_a_worker_is_busy(tmp_path: Path) -> None:
    """While it is stopped, and afterwards; of an earlier request nothing counts."""
    life = f"boot(); take(); {STOP}; channel.receive(); {GO_ON}; channel.receive(); answer(''); channel.receive()"
    async with hosted(tmp_path, life) as host:
        first = host.asks()
        await _until(lambda: host.worker.is_paused)
        since = time.monotonic()
        await _until(lambda: time.monotonic() - since > 0.1)
        stopped_s = host.worker.busy_s() - host.worker.busy_s(without_pauses=True)
        host.asks()
        await _until(lambda: not host.worker.is_paused)
        gone_on_s = host.worker.busy_s() - host.worker.busy_s(without_pauses=True)
        host.asks()
        await host.answer(first)
        next_s = host.worker.busy_s() - host.worker.busy_s(without_pauses=True)

    assert stopped_s > 0.09  # of two looks, one after the other
    assert gone_on_s > 0.09  # of two looks, one after the other
    assert abs(next_s) < 0.05


async def test_a_stop_before_a_request_is_no_part_of_it(tmp_path: Path) -> None:
    """A thread of the script is stopped, and then somebody asks."""
    async with hosted(tmp_path, f"boot(); {STOP}; channel.receive(); channel.receive()") as host:
        await _until(lambda: host.worker.is_paused)
        since = time.monotonic()
        await _until(lambda: time.monotonic() - since > 0.1)
        idle_s = host.worker.busy_s(without_pauses=True)
        host.asks()

        assert idle_s == 0
        assert 0 <= host.worker.busy_s(without_pauses=True) < 0.1


async def test_a_worker_s_remark_is_for_a_person(tmp_path: Path) -> None:
    async with hosted(tmp_path, "boot(); channel.send(NOTICED, 'it is so'); channel.receive()") as host:
        await _until(lambda: bool(events_of(host)))

        assert events_of(host) == [Noticed("it is so")]


async def test_a_worker_is_told_what_to_do_about_debuggers(tmp_path: Path) -> None:
    """In its order; where no debugger is wanted there is no word of it."""
    plan = fake_child(tmp_path, "boot(); take(); answer(str(order.get('debugging'))); channel.receive()")
    said = []
    for debugging in (Told(), None):
        async with hosting(replace(plan, debugging=debugging)) as host:
            said.append((await host.answer(host.asks())).body)

    assert said == [b"{'session': None}", b"None"]


async def test_a_script_that_wants_to_listen_is_answered_by_whoever_listens(tmp_path: Path) -> None:
    """And one that waits for an editor, too; a request that comes meanwhile is taken afterwards."""
    life = """
boot()
place = channel.ask(LISTEN, ['0.0.0.0', 5678], SESSION).head
there = channel.ask(WAIT, 0.5, SESSION).head
take(); answer(str([place, there])); channel.receive()
"""
    told = Told()
    async with hosting(replace(fake_child(tmp_path, life), debugging=told)) as host:
        body = (await host.answer(host.asks())).body

    assert body == b"[{'address': ['127.0.0.1', 5678]}, {'attached': True}]"
    assert (told.joined, told.waited) == ([("0.0.0.0", 5678)], [0.5])


async def test_a_script_that_has_ended_before_it_is_answered_is_no_fault(tmp_path: Path) -> None:
    """Its socket is closed by then."""
    let_go = asyncio.Event()

    class Slow(Told):
        async def join(self, host: str, port: int) -> dict[str, Any]:
            self.joined.append((host, port))
            await let_go.wait()
            return {}

    told = Slow()
    life = "boot(); channel.send(LISTEN, ['127.0.0.1', 5678]); channel.receive()"
    async with hosting(replace(fake_child(tmp_path, life), debugging=told)) as host:
        await _until(lambda: bool(told.joined))
        host.worker.kill(signal.SIGKILL)
        await host.ends()
        let_go.set()
        await _next_turn()
