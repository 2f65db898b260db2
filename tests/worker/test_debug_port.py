"""The host's side of debugging, with a real anchor: what it opens and refuses, what workers are told, and what is left of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from amlemu.debugging import DebugRules
from amlemu.errors import BootFailed, UsageError
from amlemu.events import DebuggerListening, Event, Noticed
from amlemu.ports import PortTaken
from amlemu.worker import debug_port
from amlemu.worker.debug_port import DebugPort
from amlemu.worker.launch import LaunchPlan
from amlemu.worker.session import Session

from ..free_port import free_port
from .bare_child import ZOO, plan_of
from .descriptors import descriptors

pytestmark = pytest.mark.anyio
PATIENCE_S = 20.0
MARK = "OF_THIS_TEST"
PATHS = [("/host/code", "/guest/code")]


def of_this_test(word: str) -> list[int]:
    """Return the pids of all processes that were started for it, the adapter included, which has no parent of ours."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and f"{MARK}={word}".encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
    return found


async def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


class Hosted:
    """A debug port, and what it has told."""

    def __init__(self, plan: LaunchPlan, rules: DebugRules) -> None:
        self.events: list[Event] = []
        self.port = DebugPort(plan, rules, PATHS, self.events.append)

    @property
    def anchor(self) -> int:
        """The pid of its process."""
        anchor: Any = self.port._anchor
        return int(anchor._process.pid)


@pytest.fixture
def plan(tmp_path: Path) -> LaunchPlan:
    """What workers are started with."""
    return plan_of(ZOO / "echo.py", {MARK: str(tmp_path)})


@contextlib.asynccontextmanager
async def hosted(plan: LaunchPlan, **rules: Any) -> AsyncIterator[Hosted]:
    """A debug port, with a check that nothing of it is left."""
    before = descriptors()
    host = Hosted(plan, DebugRules(**rules))
    try:
        yield host
    finally:
        await host.port.close()
    await _until(lambda: of_this_test(plan.environment[MARK]) == [])
    await _until(lambda: descriptors() == before)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def test_it_listens_where_it_was_told_to(plan: LaunchPlan, port: int) -> None:
    """An editor may come from then on; when it has closed, somebody else may listen there."""
    async with hosted(plan, port=port, wait_s=3) as host:
        await host.port.open()
        socket.create_connection(("127.0.0.1", port), PATIENCE_S).close()

        assert host.port.address == f"127.0.0.1:{port}"
        assert host.events == [DebuggerListening(f"127.0.0.1:{port}", is_dialled=False, waits_s=3)]
        assert not host.port.is_attached

    socket.create_server(("127.0.0.1", port)).close()


async def test_a_free_port_is_found_where_any_will_do(plan: LaunchPlan) -> None:
    """0 is any."""
    async with hosted(plan, port=0) as host:
        await host.port.open()
        host_name, _, port = host.port.address.rpartition(":")

        assert host_name == "127.0.0.1"
        assert int(port) > 1023


async def test_nothing_listens_where_nobody_asks(plan: LaunchPlan) -> None:
    """No process is started for that; what workers are told is still something: their script may want to listen."""
    async with hosted(plan) as host:
        await host.port.open()

        assert (host.port.address, host.port.is_attached, host.events) == ("", False, [])
        assert host.port.for_worker()["session"] is None
        assert of_this_test(plan.environment[MARK]) == []


async def test_workers_are_told_how_to_join(plan: LaunchPlan) -> None:
    """The first one of a server may have to wait for the editor, the others do not."""
    async with hosted(plan, port=0, wait_s=30, on_error=True, stops_clocks=False) as host:
        await host.port.open()
        first, second = host.port.for_worker(), host.port.for_worker()
        session = first["session"]

        assert isinstance(session, Session)
        assert (session.host, session.pid) == ("127.0.0.1", host.anchor)
        assert first == {
            "session": session,
            "attached": False,
            "wait_s": 30,
            "paths": [["/host/code", "/guest/code"]],
            "stops_clocks": False,
            "on_error": True,
            "terminal": None,
        }
        assert second == {**first, "wait_s": None}


async def test_pdb_needs_no_port(plan: LaunchPlan) -> None:
    """Workers are told of the terminal, and of nothing else."""
    async with hosted(plan, terminal="/dev/pts/7") as host:
        await host.port.open()
        told = host.port.for_worker()

        assert (told["terminal"], told["session"], host.port.address) == ("/dev/pts/7", None, "")


async def test_a_port_that_is_taken_names_its_holder(plan: LaunchPlan, taken_port: int) -> None:
    """And the flag for another one; no process was started for it."""
    async with hosted(plan, port=taken_port) as host:
        with pytest.raises(PortTaken) as caught:
            await host.port.open()

        assert f"port {taken_port}: taken by pid {os.getpid()}" in str(caught.value)
        assert "Use --debug " in str(caught.value)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has nothing installed."""
    folder = tmp_path_factory.mktemp("empty")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder / "bin" / "python"


async def test_debugpy_that_is_missing_is_asked_for(plan: LaunchPlan, empty: Path) -> None:
    """In the script's environment, which may be another one than ours."""
    async with hosted(replace(plan, python=empty), port=0) as host:
        with pytest.raises(UsageError) as caught:
            await host.port.open()

        assert str(caught.value) == f"debugpy is not installed for {empty}: {empty} -m pip install debugpy"


async def test_an_editor_that_does_not_listen_is_a_failure_to_boot(plan: LaunchPlan, port: int) -> None:
    """Exit code 3, as the real server has it (contract 3.7, AZUREML_DEBUG_PORT)."""
    async with hosted(plan, connect=port) as host:
        with pytest.raises(BootFailed) as caught:
            await host.port.open()

        assert caught.value.exit_code == 3
        assert f"no debugger listens at 127.0.0.1:{port}: " in str(caught.value)
        assert "Start the editor's entry that listens before amlemu." in str(caught.value)
        assert caught.value.fault["phase"] == "debugger"


async def test_debugpy_that_is_missing_is_no_failure_to_boot(plan: LaunchPlan, empty: Path, taken_port: int) -> None:
    """Also where an editor was to be dialled: the script is not at fault."""
    async with hosted(replace(plan, python=empty), connect=taken_port) as host:
        with pytest.raises(UsageError, match="debugpy is not installed"):
            await host.port.open()


async def test_an_interpreter_that_is_none_is_told(plan: LaunchPlan, tmp_path: Path) -> None:
    """It ends without a word of ours."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no such thing >&2\nexit 9\n")
    python.chmod(0o755)
    async with hosted(replace(plan, python=python), port=0) as host:
        with pytest.raises(UsageError, match="the process that holds it ended with exit code 9: no such thing"):
            await host.port.open()


# scripts that listen by themselves


async def test_a_script_that_listens_begins_what_all_join(plan: LaunchPlan, port: int) -> None:
    """The second worker, or the next generation, gets the same; and so do those that start later."""
    async with hosted(plan) as host:
        first = await host.port.join("127.0.0.1", port)
        second = await host.port.join("127.0.0.1", port)

        assert first["address"] == ["127.0.0.1", port]
        assert not first["attached"]
        assert first == second
        assert host.port.for_worker()["session"] == first["session"]
        assert host.events == [DebuggerListening(f"127.0.0.1:{port}")]


async def test_two_that_listen_at_once_join_one(plan: LaunchPlan, port: int) -> None:
    """Several workers boot side by side."""
    async with hosted(plan) as host:
        first, second = await asyncio.gather(*(host.port.join("127.0.0.1", port) for _ in range(2)))

        assert first == second
        assert len([event for event in host.events if isinstance(event, DebuggerListening)]) == 1


async def test_a_script_that_listens_for_everybody_listens_for_this_machine(plan: LaunchPlan, port: int) -> None:
    """The lines of 2020 have 0.0.0.0, for a container: whoever reaches the port can run any code."""
    async with hosted(plan) as host:
        found = await host.port.join("0.0.0.0", port)

        assert found["address"] == ["127.0.0.1", port]
        assert host.events[0] == Noticed("the script listens for a debugger on 0.0.0.0; here it is 127.0.0.1 alone")


async def test_a_script_that_listens_elsewhere_joins_what_is_there(plan: LaunchPlan) -> None:
    """One attach lasts; a person is told. Any port, and the same one, are no news."""
    async with hosted(plan, port=0) as host:
        await host.port.open()
        port = int(host.port.address.rpartition(":")[2])
        places = [(await host.port.join("127.0.0.1", wanted))["address"] for wanted in (0, port, 1)]

        assert places == [["127.0.0.1", port]] * 3
        assert host.events[1:] == [Noticed(f"the script listens for a debugger on port 1: it joins 127.0.0.1:{port}")]


async def test_a_script_whose_port_is_taken_is_told_by_whom(plan: LaunchPlan, taken_port: int) -> None:
    """It is the script's to handle; the next one may try again."""
    async with hosted(plan) as host:
        found = await host.port.join("127.0.0.1", taken_port)

        assert list(found) == ["error"]
        assert f"port {taken_port}: taken by pid {os.getpid()}" in found["error"]
        assert (await host.port.join("127.0.0.1", 0))["session"] is not None


async def test_a_free_port_that_is_taken_before_debugpy_listens_is_another_one(
    plan: LaunchPlan, taken_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the listening some tenths of a second go by, and other programs look for ports, too."""
    picks = [taken_port]
    check = debug_port.ports.check
    monkeypatch.setattr(
        debug_port.ports,
        "check",
        lambda host, port, flag: check(host, port, flag) if port or not picks else picks.pop(),
    )
    async with hosted(plan) as host:
        found = await host.port.join("127.0.0.1", 0)

        assert found["session"] is not None
        assert found["address"][1] != taken_port


async def test_a_wait_ends_without_an_editor_when_its_time_is_over(plan: LaunchPlan) -> None:
    """Whoever waits is told the state of things; where nobody listens, at once."""
    async with hosted(plan, port=0) as host:
        early = await host.port.wait(60)
        await host.port.open()
        late = await host.port.wait(0.05)

        assert (early["session"], early["attached"]) == (None, False)
        assert late == await host.port.join("127.0.0.1", 0)


# its end


def adapter_of(host: Hosted) -> int:
    """The pid of debugpy's adapter: the anchor adopts it."""
    children = Path(f"/proc/{host.anchor}/task/{host.anchor}/children").read_text().split()
    return int(children[-1])


@pytest.mark.parametrize("whose", [lambda host: host.anchor, adapter_of], ids=["the-anchor", "the-adapter"])
async def test_a_session_that_is_killed_is_followed_by_another_one(
    plan: LaunchPlan, whose: Callable[[Hosted], int]
) -> None:
    """At the same port; until then nobody joins, and afterwards somebody has to see to the workers that run."""
    async with hosted(plan, port=0) as host:
        renewed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        host.port.renewed = lambda: renewed.set_result(None)
        await host.port.open()
        address, first = host.port.address, host.port.for_worker()["session"]
        os.kill(whose(host), signal.SIGKILL)
        await _until(lambda: host.port.address == "")
        between = host.port.for_worker()["session"]
        await asyncio.wait_for(renewed, PATIENCE_S)
        second = host.port.for_worker()["session"]

        assert (between, host.port.address) == (None, address)
        assert second is not None
        assert second != first
        assert host.events[1:] == [
            DebuggerListening(address),
            Noticed(f"debugpy's adapter at {address} has ended; another one listens there, attach again"),
        ]


async def test_a_script_that_listens_meanwhile_does_not_begin_a_third_one(
    plan: LaunchPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The port is being opened again, however slowly: that one is joined."""
    renew = DebugPort._renew

    async def renew_late(port: DebugPort, anchor: Any) -> None:
        await asyncio.sleep(0.05)
        await renew(port, anchor)

    monkeypatch.setattr(DebugPort, "_renew", renew_late)
    async with hosted(plan, port=0) as host:
        await host.port.open()
        port = int(host.port.address.rpartition(":")[2])
        os.kill(host.anchor, signal.SIGKILL)
        await _until(lambda: host.port.address == "")
        joined = await host.port.join("127.0.0.1", port)
        await _until(lambda: host.port._renewing is not None and host.port._renewing.done())

        assert joined["session"] == host.port.for_worker()["session"]
        assert len([event for event in host.events if isinstance(event, DebuggerListening)]) == 2


async def test_a_port_that_somebody_has_taken_meanwhile_is_told(
    plan: LaunchPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is debugged goes on without."""

    async def is_taken(host: str, port: int) -> None:
        raise UsageError("taken by pid 812 (python)", where="port 5678")

    monkeypatch.setattr(debug_port, "_until_free", is_taken)
    async with hosted(plan, port=0) as host:
        await host.port.open()
        address = host.port.address
        os.kill(host.anchor, signal.SIGKILL)
        await _until(lambda: len(host.events) > 1)
        what = f"debugpy's adapter at {address} has ended, and no other one can listen there: "

        assert host.events[1:] == [Noticed(f"{what}port 5678: taken by pid 812 (python)")]
        assert host.port.for_worker()["session"] is None


async def test_it_may_be_closed_while_it_is_opened_again(plan: LaunchPlan) -> None:
    """Then nothing listens."""
    async with hosted(plan, port=0) as host:
        await host.port.open()
        os.kill(host.anchor, signal.SIGKILL)
        await _until(lambda: host.port.address == "")
        await host.port.close()

        assert host.port.address == ""


async def test_it_may_be_closed_twice(plan: LaunchPlan) -> None:
    async with hosted(plan, port=0) as host:
        await host.port.open()
        await host.port.close()


async def test_a_start_that_is_given_up_leaves_nothing(plan: LaunchPlan) -> None:
    """Ctrl-C in the half second that it takes."""
    async with hosted(plan, port=0) as host:
        opening = asyncio.ensure_future(host.port.open())
        await _until(lambda: of_this_test(plan.environment[MARK]) != [])
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening

        assert host.port.address == ""


# a session of ours


async def test_a_program_that_is_debugged_hands_its_session_on(
    plan: LaunchPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """amlemu was started by an editor; nothing listens."""
    ours = Session("127.0.0.1", 4711, "a", "b", os.getpid())
    monkeypatch.setattr(debug_port.session, "opened", lambda: ours)
    monkeypatch.setattr(debug_port.session, "is_attached", lambda: True)
    async with hosted(plan, inherits=True) as host:
        await host.port.open()
        joined = await host.port.join("127.0.0.1", 5678)

        assert host.port.for_worker()["session"] == ours
        assert host.port.is_attached
        assert joined == {"session": ours, "address": ["127.0.0.1", 5678], "attached": True}
        assert host.events == [DebuggerListening("the session that started amlemu", is_dialled=True)]


async def test_a_program_that_nobody_debugs_has_none(plan: LaunchPlan) -> None:
    """It was imported by somebody, and that was all."""
    async with hosted(plan, inherits=True) as host:
        await host.port.open()

        assert (host.port.for_worker()["session"], host.port.is_attached, host.events) == (None, False, [])
