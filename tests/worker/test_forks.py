"""The host's view of a zygote: what it makes of every way to boot, to fork, to be silent and to die."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from amlemu.errors import BootFailed, UsageError, WorkerCrashed
from amlemu.events import Event, Spoke, WorkerFailedToBoot
from amlemu.exchange import Frame
from amlemu.worker.forks import ForkedProcess, Zygote
from amlemu.worker.handle import Worker
from amlemu.worker.launch import Launched, LaunchPlan

from .bare_child import ZOO, plan_of
from .descriptors import descriptors
from .fake_child import fake_child
from .test_handle import Hosted as HostedWorker
from .test_handle import Stuck, located

pytestmark = pytest.mark.anyio
PATIENCE_S = 20.0


class Hosted:
    """A zygote with its owner."""

    def __init__(self, plan: LaunchPlan) -> None:
        loop = asyncio.get_running_loop()
        self.plan = plan
        self.events: list[Event] = []
        self.ready: asyncio.Future[None] = loop.create_future()
        self.reason: asyncio.Future[BootFailed] = loop.create_future()
        self.zygote = Zygote(plan, self, self.events.append)

    def zygote_ready(self) -> None:
        self.ready.set_result(None)

    def zygote_ended(self, reason: BootFailed) -> None:
        self.reason.set_result(reason)

    async def boots(self) -> None:
        await asyncio.wait_for(asyncio.shield(self.ready), PATIENCE_S)

    async def forks(self) -> Launched:
        return await asyncio.wait_for(self.zygote.launch(self.plan), PATIENCE_S)

    async def ends(self) -> BootFailed:
        return await asyncio.wait_for(asyncio.shield(self.reason), PATIENCE_S)

    async def hosts(self) -> HostedWorker:
        """Fork a worker and wait until it is ready."""
        host = HostedWorker(self.plan)
        host.worker = Worker(self.plan, host.owner, host.owner.events.append, self.zygote.launch)
        await host.boots()
        return host


@contextlib.asynccontextmanager
async def hosted(plan: LaunchPlan) -> AsyncIterator[Hosted]:
    """Start a zygote, with a check that nothing of it is left."""
    before = descriptors()
    host = Hosted(plan)
    await host.zygote.start()
    try:
        yield host
    finally:
        await asyncio.wait_for(host.zygote.stop(0), PATIENCE_S)
        await asyncio.wait_for(_until(lambda: descriptors() == before), PATIENCE_S)


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        turned = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(turned.set_result, None)
        await turned


def close(launched: Launched) -> None:
    launched.endpoint.close()
    launched.mark.close()
    launched.stacks.close()
    os.close(launched.stdout)
    os.close(launched.stderr)


async def gone(process: Any) -> int:
    return await asyncio.wait_for(asyncio.to_thread(process.wait), PATIENCE_S)


async def test_a_zygote_is_ready_when_it_says_so(tmp_path: Path) -> None:
    """What it has said before is told before, under its pid; there is no event of a worker yet."""
    life = "channel.send(HELLO, {'version': VERSION}); channel.receive(); os.write(1, b'init'); channel.send(READY, {}); channel.receive()"
    async with hosted(fake_child(tmp_path, life)) as host:
        await host.boots()

        assert [(event.stream, event.text) for event in host.events if isinstance(event, Spoke)] == [("stdout", "init")]
        assert len(host.events) == 1


@pytest.mark.parametrize(
    ("death", "code", "what"),
    [
        ("os._exit(0)", 0, "ended with exit code 0"),
        ("os._exit(5)", 5, "ended with exit code 5"),
        ("die()", -signal.SIGKILL, "was killed by SIGKILL"),
    ],
)
async def test_a_silent_death_while_booting_is_the_servers_own(
    tmp_path: Path, death: str, code: int, what: str
) -> None:
    """Observed: with WORKER_PRELOAD the server ends with whatever code or signal ended init()."""
    async with hosted(fake_child(tmp_path, death)) as host:
        reason = await host.ends()

    assert reason.exit_code == code
    assert reason.what == f"the process that was loading the script {what}"


async def test_a_boot_that_fails_hands_over_its_fault(tmp_path: Path) -> None:
    """As the process described it, once as an event and once as the reason."""
    life = (
        "channel.send(HELLO, {'version': VERSION}); channel.receive(); channel.send(FAILED, {'what': 'w'}); os._exit(3)"
    )
    async with hosted(fake_child(tmp_path, life)) as host:
        reason = await host.ends()

    assert (reason.fault, reason.exit_code) == ({"what": "w"}, 3)
    assert [event.fault for event in host.events if isinstance(event, WorkerFailedToBoot)] == [{"what": "w"}]


@pytest.mark.parametrize("nonsense", ["end.sendall(bytes(13))", "channel.send(b'?', 0)", "channel.send(FORKED, {})"])
async def test_a_zygote_that_speaks_nonsense_is_got_rid_of(tmp_path: Path, nonsense: str) -> None:
    """Nobody can tell whose children it speaks of."""
    async with hosted(fake_child(tmp_path, f"boot(); {nonsense}; signal.pause()")) as host:
        assert (await host.ends()).exit_code == -signal.SIGKILL


async def test_a_forked_process_ends_when_that_is_told(tmp_path: Path) -> None:
    """With the exit code that its parent has seen; its pid is not signalled any more."""
    async with hosted(
        fake_child(tmp_path, "boot(); pid = forks(); channel.send(ENDED, [pid, 7]); channel.receive()")
    ) as host:
        launched = await host.forks()

        assert await gone(launched.process) == 7

        launched.kill(signal.SIGKILL)
        os.kill(launched.process.pid, 0)  # it is there all the same: the test's zygote has lied
        os.kill(launched.process.pid, signal.SIGKILL)
        close(launched)


async def test_a_zygote_that_dies_takes_its_forks_with_it(tmp_path: Path) -> None:
    """Nobody else could tell how they end."""
    async with hosted(fake_child(tmp_path, "boot(); forks(); end.recv(1); die()")) as host:
        launched = await host.forks()
        watch = os.pidfd_open(launched.process.pid)
        host.zygote._socket.send(b"x")
        reason = await host.ends()

        assert reason.exit_code == -signal.SIGKILL
        assert reason.what == "the process that workers are forked from was killed by SIGKILL"
        assert await gone(launched.process) == -signal.SIGKILL

        read = asyncio.Event()
        asyncio.get_running_loop().add_reader(watch, read.set)
        await asyncio.wait_for(read.wait(), PATIENCE_S)
        asyncio.get_running_loop().remove_reader(watch)
        os.close(watch)
        close(launched)


async def test_who_waits_for_a_fork_hears_that_the_zygote_has_died(tmp_path: Path) -> None:
    """The reason is the same that the owner is told."""
    async with hosted(fake_child(tmp_path, "boot(); channel.receive(); die()")) as host:
        with pytest.raises(BootFailed) as caught:
            await host.forks()

        assert caught.value is await host.ends()


async def test_a_fork_asked_of_a_zygote_that_has_just_died_fails_too(tmp_path: Path) -> None:
    """Its end has not been told yet."""
    async with hosted(fake_child(tmp_path, "boot(); end.shutdown(socket.SHUT_RDWR); signal.pause()")) as host:
        await host.boots()
        forking = asyncio.ensure_future(host.zygote.launch(host.plan))
        host.zygote._process.kill(signal.SIGKILL)

        with pytest.raises(BootFailed):
            await asyncio.wait_for(forking, PATIENCE_S)


async def test_a_fork_that_is_refused_says_why(tmp_path: Path) -> None:
    """No room for another process, for example; the zygote lives on."""
    life = "boot(); channel.receive(); channel.send(FORKED, {'error': 'no room'}); channel.receive()"
    async with hosted(fake_child(tmp_path, life)) as host:
        with pytest.raises(UsageError, match="no worker can be forked: no room"):
            await host.forks()

        assert not host.reason.done()


async def test_a_fork_that_cannot_be_asked_for_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel has no room for descriptors on their way."""

    def send_fds(*_: Any) -> None:
        raise OSError(109, "Too many references")

    async with hosted(fake_child(tmp_path, "boot(); channel.receive()")) as host:
        await host.boots()
        monkeypatch.setattr(socket, "send_fds", send_fds)
        with pytest.raises(UsageError, match="Too many references"):
            await host.forks()


async def test_a_fork_that_nobody_waits_for_any_more_is_let_go(tmp_path: Path) -> None:
    """It finds its socket closed; the next answer finds its own asker."""
    life = "boot(); channel.receive(); channel.receive(); channel.send(FORKED, {'error': 'x'}); channel.send(FORKED, {'error': 'y'}); channel.receive()"
    async with hosted(fake_child(tmp_path, life)) as host:
        await host.boots()
        given_up = asyncio.ensure_future(host.zygote.launch(host.plan))
        await asyncio.wait({given_up}, timeout=0)
        given_up.cancel()

        with pytest.raises(UsageError, match="forked: y"):
            await host.forks()


async def test_a_zygote_that_is_booting_is_killed_at_once(tmp_path: Path) -> None:
    """init() of a big model may take minutes; nobody is told a reason, for it was asked to go."""
    async with hosted(fake_child(tmp_path, "signal.pause()")) as host:
        await asyncio.wait_for(host.zygote.stop(60), PATIENCE_S)

        assert not host.reason.done()


async def test_a_zygote_that_is_stopped_may_finish(tmp_path: Path) -> None:
    """What the script has registered for its end is heard."""
    life = "boot(); channel.receive(); os.write(1, b'the end'); os._exit(0)"
    async with hosted(fake_child(tmp_path, life)) as host:
        await host.boots()
        await host.zygote.stop(PATIENCE_S)

        assert [event.text for event in host.events if isinstance(event, Spoke)] == ["the end"]


async def test_a_zygote_that_does_not_go_is_killed(tmp_path: Path) -> None:
    """After the grace."""
    async with hosted(fake_child(tmp_path, "boot(); signal.pause()")) as host:
        await host.boots()
        await asyncio.wait_for(host.zygote.stop(0.1), PATIENCE_S)

        assert not host.reason.done()


async def test_a_process_of_init_that_holds_the_socket_does_not_hide_the_death(tmp_path: Path) -> None:
    """A fork that the script has made itself has the same descriptors."""
    async with hosted(fake_child(tmp_path, "if os.fork() == 0: signal.pause()\nboot(); die()")) as host:
        assert (await host.ends()).exit_code == -signal.SIGKILL


async def test_an_interpreter_that_does_not_start_is_named(tmp_path: Path) -> None:
    """As for a worker."""
    with pytest.raises(UsageError, match="cannot be started"):
        await Hosted(LaunchPlan(tmp_path / "python", tmp_path, {})).zygote.start()


async def test_a_platform_without_fork_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows."""
    monkeypatch.delattr(os, "fork")

    with pytest.raises(UsageError, match="WORKER_PRELOAD needs fork"):
        await Hosted(LaunchPlan(tmp_path / "python", tmp_path, {})).zygote.start()


def test_signals_to_a_fork_that_is_gone_are_no_errors() -> None:
    """Its end is known: the pid may be another process's."""
    process = ForkedProcess(os.getpid())
    process.has_ended(0)

    process.send_signal(signal.SIGKILL)

    assert process.wait(0) == 0


async def test_a_worker_does_not_care_who_has_made_its_process(tmp_path: Path) -> None:
    """Two of them, of a real script: they answer, one dies by a signal, the other one is stopped."""
    async with hosted(plan_of(ZOO / "kills_itself.py", {})) as host:
        await host.boots()
        one, other = await host.hosts(), await host.hosts()
        crash, answer = one.asks(b"kill"), other.asks(b"last")
        with pytest.raises(WorkerCrashed, match="was killed by SIGKILL"):
            await one.answer(crash)
        response = await other.answer(answer)
        await other.worker.stop(PATIENCE_S)

        assert (response.body, response.account["pid"]) == (b"{}", other.worker.pid)
        ends = [await one.ends(), await other.ends()]
        assert [(end.exit_code, end.planned) for end in ends] == [(-signal.SIGKILL, False), (0, True)]


async def test_a_worker_that_does_not_go_is_killed_with_what_it_has_started(tmp_path: Path) -> None:
    """The grace ends in the middle of run()."""
    async with hosted(plan_of(ZOO / "slow.py", {})) as host:
        await host.boots()
        worker = await host.hosts()
        job = worker.asks(b'["sleep", 60]')
        await worker.worker.stop(0.1)

        assert (await worker.ends()).exit_code == -signal.SIGKILL
        with pytest.raises(WorkerCrashed):
            await worker.answer(job)


async def test_a_fork_that_dies_before_it_can_speak_is_reported(tmp_path: Path) -> None:
    """Its end may be told in the same breath as its birth."""
    script = tmp_path / "score.py"
    script.write_text(
        "import os\ndef init():\n    os.register_at_fork(after_in_child=lambda: os._exit(7))\ndef run(data):\n    pass\n"
    )
    async with hosted(plan_of(script, {})) as host:
        await host.boots()
        worker = HostedWorker(host.plan)
        worker.worker = Worker(host.plan, worker.owner, worker.owner.events.append, host.zygote.launch)
        await worker.worker.start()
        end = await worker.ends()

        assert (end.exit_code, end.was_booting) == (7, True)


@pytest.mark.parametrize(("place", "answer"), [("in_python", b"{}"), ("in_sleep", b"true"), ("in_c", b"{}")])
async def test_a_fork_is_found_where_it_is_without_being_stopped(tmp_path: Path, place: str, answer: bytes) -> None:
    """As any worker is; its sibling is not disturbed."""
    stuck = Stuck(tmp_path)
    async with hosted(stuck.plan) as host:
        await host.boots()
        one, other = await host.hosts(), await host.hosts()
        job = one.asks(place.encode())
        stack = await located(one.worker, place)
        elsewhere = await other.worker.locate()
        stuck.lets_go()
        response = await one.answer(job)
        for worker in (one, other):
            await worker.worker.stop(PATIENCE_S)

        assert stack[-2:] == [Frame(str(stuck.script), 20, "run"), Frame(str(stuck.script), stuck.LINES[place], place)]
        assert (response.status, response.body) == (200, answer)
        assert "run" not in [frame.function for frame in elsewhere]
        assert (await other.ends()).exit_code == 0


async def test_a_fork_that_crashes_leaves_its_stack(tmp_path: Path) -> None:
    async with hosted(plan_of(ZOO / "kills_itself.py", {})) as host:
        await host.boots()
        worker = await host.hosts()
        with pytest.raises(WorkerCrashed, match="was killed by SIGSEGV") as caught:
            await worker.answer(worker.asks(b"segfault"))

        assert caught.value.stack[-1] == Frame(str(ZOO / "kills_itself.py"), 23, "<lambda>")


AHEAD = {"modules": ["sched"], "asked": ["sched"], "is_cut": False, "path": []}


SAYS = "channel.send(HELLO, {{'version': VERSION}}); order = channel.receive().head; os.write(1, str({}).encode()); channel.send(READY, {{}}); channel.receive()"


async def said_by_zygote(plan: LaunchPlan, ahead: dict[str, Any] | None) -> str:
    """Start a zygote and return what it has said when it is ready."""
    host = Hosted(plan)
    host.zygote = Zygote(plan, host, host.events.append, ahead)
    await host.zygote.start()
    await host.boots()
    await asyncio.wait_for(host.zygote.stop(0), PATIENCE_S)
    return "".join(event.text for event in host.events if isinstance(event, Spoke))


@pytest.mark.parametrize("ahead", [AHEAD, None], ids=["imports", "boots-the-script"])
async def test_a_zygote_is_told_what_to_import(tmp_path: Path, ahead: dict[str, Any] | None) -> None:
    """One that boots the script hears no such words."""
    assert await said_by_zygote(fake_child(tmp_path, SAYS.format("order.get('ahead')")), ahead) == str(ahead)


async def test_an_order_longer_than_the_sockets_buffer_arrives_whole(tmp_path: Path) -> None:
    """The names of some hundred thousand modules; the loop goes on while the process reads."""
    plan = fake_child(tmp_path, SAYS.format("len(order['ahead']['modules'])"))

    assert await said_by_zygote(plan, {**AHEAD, "modules": ["a.module.of.many"] * 300_000}) == "300000"


async def test_a_zygote_that_dies_in_the_middle_of_a_long_order_leaves_nothing(tmp_path: Path) -> None:
    """Its socket takes no more; the loop does not look at it any longer."""
    before = descriptors()
    plan = fake_child(tmp_path, "die()")
    host = Hosted(plan)
    host.zygote = Zygote(plan, host, host.events.append, {**AHEAD, "modules": ["a.module.of.many"] * 300_000})
    await host.zygote.start()
    reason = await host.ends()

    assert reason.exit_code == -signal.SIGKILL
    await asyncio.wait_for(_until(lambda: descriptors() == before), PATIENCE_S)


async def test_a_module_that_no_fork_survives_is_passed_on(tmp_path: Path) -> None:
    life = "channel.send(HELLO, {'version': VERSION}); channel.receive(); channel.send(READY, {'spoiled': 'cupy'}); channel.receive()"
    async with hosted(fake_child(tmp_path, life)) as host:
        await host.boots()

        assert host.zygote.spoiled == "cupy"


async def test_a_zygote_that_retires_waits_for_its_forks(tmp_path: Path) -> None:
    """They have requests in hand; nobody else could tell how they end."""
    async with hosted(plan_of(ZOO / "kills_itself.py", {})) as host:
        await host.boots()
        one, other = await host.hosts(), await host.hosts()
        retiring = asyncio.ensure_future(host.zygote.retire())
        await one.worker.stop(PATIENCE_S)
        done, _ = await asyncio.wait([retiring], timeout=0.05)
        await other.worker.stop(PATIENCE_S)
        await asyncio.wait_for(retiring, PATIENCE_S)

        assert done == set()
        assert [(await host.ends()).exit_code for host in (one, other)] == [0, 0]
        assert (host.zygote.ended.done(), host.reason.done()) == (True, False)


async def test_a_zygote_without_forks_retires_at_once(tmp_path: Path) -> None:
    async with hosted(fake_child(tmp_path, "boot(); channel.receive()")) as host:
        await host.boots()
        await asyncio.wait_for(host.zygote.retire(), PATIENCE_S)

        assert host.zygote.ended.done()


async def test_a_zygote_that_dies_while_it_retires_is_retired(tmp_path: Path) -> None:
    async with hosted(fake_child(tmp_path, "boot(); forks(); end.recv(1); die()")) as host:
        await host.boots()
        launched = await host.forks()
        retiring = asyncio.ensure_future(host.zygote.retire())
        await asyncio.wait([retiring], timeout=0)
        host.zygote._socket.send(b"x")
        await asyncio.wait_for(retiring, PATIENCE_S)

        assert await gone(launched.process) == -signal.SIGKILL
        close(launched)


async def test_a_zygote_that_is_stopped_while_it_retires_does_not_wait(tmp_path: Path) -> None:
    """The server stops; the fork has a request in hand."""
    async with hosted(plan_of(ZOO / "slow.py", {})) as host:
        await host.boots()
        worker = await host.hosts()
        worker.asks(b'["sleep", 60]')
        retiring = asyncio.ensure_future(host.zygote.retire())
        await asyncio.wait([retiring], timeout=0)
        await asyncio.wait_for(host.zygote.stop(0), PATIENCE_S)
        await asyncio.wait_for(retiring, PATIENCE_S)

        assert (await worker.ends()).exit_code == -signal.SIGKILL
