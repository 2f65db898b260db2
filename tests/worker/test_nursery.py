"""Where workers come from: fresh ones, forks, and what ends the forking. Fakes for the rules, processes for the main path."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from amlemu.errors import BootFailed, UsageError, WorkerCrashed
from amlemu.events import Event, Noticed, Spoke
from amlemu.worker import nursery as nurseries
from amlemu.worker.handle import Worker
from amlemu.worker.launch import LaunchPlan
from amlemu.worker.nursery import Nursery

from .bare_child import plan_of
from .descriptors import descriptors
from .test_handle import Hosted

pytestmark = pytest.mark.anyio
PATIENCE_S = 20.0
NO_MORE = "a fork of this script does not start, a fresh interpreter does: no more forks, reloads take longer"


IMPORTS: dict[str, Any] = {"modules": [], "asked": [], "is_cut": False, "path": [], "ahead": 0}


class FakeLaunch:
    """How a worker came into being."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.is_fork = False


class FakeZygote:
    """A zygote as a nursery sees it; it is ready, spoiled, retired or dead when the test says so."""

    def __init__(self, plan: Any, owner: Any, listener: Any, ahead: dict[str, Any]) -> None:
        self.owner, self.listener, self.ahead = owner, listener, ahead
        self.spoiled = ""
        self.is_alive = self.is_retired = self.is_deaf = False

    async def start(self) -> None:
        self.is_alive = True
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def launch(self, plan: LaunchPlan) -> FakeLaunch:
        assert self.is_alive
        assert not self.is_retired, "a zygote that was dismissed is asked for a fork"
        if self.is_deaf:
            raise UsageError("no worker can be forked")
        return FakeLaunch("fork")

    def imports_all(self, spoiled: str = "") -> None:
        self.spoiled = spoiled
        self.owner.zygote_ready()

    def dies(self) -> None:
        self.owner.zygote_ended(BootFailed({"what": "it died"}, -9))
        self.ends()

    async def retire(self) -> None:
        self.is_retired = True

    async def stop(self, grace_s: float) -> None:
        self.ends()

    def ends(self) -> None:
        self.is_alive = False
        if not self.ended.done():
            self.ended.set_result(None)


class World:
    """A nursery of fakes."""

    def __init__(self, plan: LaunchPlan) -> None:
        self.plan = plan
        self.zygotes: list[FakeZygote] = []
        self.events: list[Event] = []
        make: Any = self._make
        self.nursery = Nursery(plan, self.events.append, make)

    def _make(self, *words: Any) -> FakeZygote:
        self.zygotes.append(FakeZygote(*words))
        return self.zygotes[-1]

    async def learns(self, *modules: str, path: tuple[str, ...] = (), ahead: int = 0) -> FakeZygote:
        """Tell what a worker has imported on top of what was imported ahead; returns the newest zygote."""
        self.nursery.learn({**IMPORTS, "modules": list(modules), "path": list(path), "ahead": ahead})
        await _turn()
        return self.zygotes[-1]

    async def launches(self) -> str:
        """Say whether the next worker is a fork or a fresh interpreter."""
        launched: Any = await self.nursery.launch(self.plan)
        assert launched.is_fork == (launched.kind == "fork")
        return str(launched.kind)


async def _turn() -> None:
    for _ in range(5):
        turned = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(turned.set_result, None)
        await turned


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(nurseries, "launch_fresh", lambda plan: FakeLaunch("fresh"))
    (tmp_path / "python").touch()
    (tmp_path / "mounted").touch()
    return World(LaunchPlan(tmp_path / "python", tmp_path, {"A": "1"}, mounted=(tmp_path / "mounted",)))


async def test_workers_are_fresh_until_the_zygote_has_imported_all(world: World) -> None:
    """The first one, and those that are needed while it imports."""
    kinds = [await world.launches()]
    zygote = await world.learns("a", "b")
    kinds.append(await world.launches())
    zygote.imports_all()
    kinds.append(await world.launches())

    assert kinds == ["fresh", "fresh", "fork"]
    assert world.nursery.told == "fork of a process that has imported 2 modules"


async def test_the_same_modules_need_no_other_zygote(world: World) -> None:
    """Reload after reload one is enough, also while it is still importing."""
    (await world.learns("a", "b"), await world.learns("a", "b"))[0].imports_all()
    await world.learns(ahead=1)

    assert len(world.zygotes) == 1


async def test_a_fresh_boot_beside_a_ready_zygote_says_that_it_was_the_wrong_one(world: World) -> None:
    """Its fork has begun afresh: a package was edited, for instance; the names are the same."""
    (await world.learns("a", "b")).imports_all()
    await world.learns("a", "b")

    assert len(world.zygotes) == 2


async def test_more_modules_need_another_one(world: World) -> None:
    """The one before forks until that is ready, and goes with its last fork."""
    first = await world.learns("a")
    first.imports_all()
    second = await world.learns("a", "b")
    meanwhile = (await world.launches(), first.is_retired)
    second.imports_all()
    await _turn()

    assert meanwhile == ("fork", False)
    assert (first.is_retired, second.is_retired, await world.launches()) == (True, False, "fork")


async def test_what_a_fork_has_imported_comes_on_top(world: World) -> None:
    """It tells only what its zygote had not."""
    (await world.learns("a")).imports_all()
    second = await world.learns("b", ahead=1)
    second.imports_all()
    await world.learns(ahead=2)
    late = await world.learns("c", ahead=1)

    assert [zygote.ahead["modules"] for zygote in world.zygotes] == [["a"], ["a", "b"], ["a", "c"]]
    assert late is world.zygotes[2]


async def test_a_fork_whose_zygote_is_gone_teaches_nothing(world: World) -> None:
    """Nobody knows any more what it had to begin with."""
    first = await world.learns("a")
    first.imports_all()
    first.dies()
    await _turn()
    await world.learns("b", ahead=1)

    assert len(world.zygotes) == 1


async def test_a_zygote_that_is_overtaken_while_it_imports_goes(world: World) -> None:
    first = await world.learns("a")
    second = await world.learns("a", "b")
    first.imports_all()
    second.imports_all()
    await _turn()

    assert (first.is_retired, second.is_retired) == (True, False)


async def test_a_zygote_that_is_spoiled_is_begun_again_without(world: World) -> None:
    """The module that has started a thread, and what comes after it."""
    spoiled = await world.learns("a", "b", "thread", "c")
    spoiled.imports_all("thread")
    await _turn()
    world.zygotes[-1].imports_all()

    assert (spoiled.is_retired, world.zygotes[-1].ahead["modules"]) == (True, ["a", "b"])
    assert await world.launches() == "fork"


async def test_what_has_spoiled_a_zygote_is_not_tried_again(world: World) -> None:
    """Each fork tells that module anew."""
    (await world.learns("a", "thread")).imports_all("thread")
    await _turn()
    world.zygotes[-1].imports_all()
    before = len(world.zygotes)
    await world.learns("thread", ahead=before)

    assert len(world.zygotes) == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param("interpreter", "the interpreter changed: a fresh interpreter starts", id="interpreter"),
        pytest.param("packages", "installed packages changed: a fresh interpreter starts", id="packages"),
        pytest.param("variables", "the variables changed: a fresh interpreter starts", id="variables"),
        pytest.param("mounted", "{}/mounted changed: a fresh interpreter starts", id="mounted"),
    ],
)
async def test_what_a_zygote_cannot_follow_ends_it(world: World, tmp_path: Path, change: str, words: str) -> None:
    """Said once; what the fresh one imports is the next zygote's."""
    site = tmp_path / "site-packages"
    site.mkdir()
    os.utime(site, ns=(1, 1))
    zygote = await world.learns("a", path=(str(site),))
    zygote.imports_all()
    before = await world.launches()
    if change == "packages":
        (site / "new.py").touch()
    elif change == "variables":
        world.plan.environment["A"] = "2"  # type: ignore[index]
    else:
        (tmp_path / "draft").touch()
        (tmp_path / "draft").replace(tmp_path / {"interpreter": "python", "mounted": "mounted"}[change])
    after = [await world.launches(), await world.launches()]
    await _turn()

    assert (before, after, zygote.is_retired) == ("fork", ["fresh", "fresh"], True)
    assert world.events == [Noticed(words.format(tmp_path))]
    assert await world.learns("a", path=(str(site),)) is not zygote


async def test_what_is_away_has_not_changed(world: World, tmp_path: Path) -> None:
    """A folder that was moved may come back; until then a fork has what was mounted."""
    (await world.learns("a")).imports_all()
    (tmp_path / "mounted").unlink()

    assert (await world.launches(), world.events) == ("fork", [])


async def test_a_zygote_that_dies_is_followed_by_a_fresh_interpreter(world: World) -> None:
    """And that one's imports by another zygote."""
    zygote = await world.learns("a")
    zygote.imports_all()
    zygote.dies()
    await _turn()

    assert await world.launches() == "fresh"
    assert [type(event) for event in world.events] == [Noticed]
    assert await world.learns("a") is not zygote


async def test_a_zygote_that_does_not_fork_is_dismissed(world: World) -> None:
    """There was no room for a process; the worker is needed all the same."""
    zygote = await world.learns("a")
    zygote.imports_all()
    zygote.is_deaf = True
    kinds = [await world.launches(), await world.launches()]
    await _turn()

    assert (kinds, zygote.is_retired) == (["fresh", "fresh"], True)


async def test_a_fork_in_vain_is_followed_by_a_fresh_one(world: World) -> None:
    """And when that comes up, forks are to blame: there are no more."""
    zygote = await world.learns("a")
    zygote.imports_all()
    world.nursery.fork_failed()
    kinds = [await world.launches()]
    world.nursery.came_up(5.0, is_fork=False)
    await world.learns("a", "b")
    kinds.append(await world.launches())
    await _turn()

    assert (kinds, zygote.is_retired, len(world.zygotes)) == (["fresh", "fresh"], True, 1)
    assert world.events == [Noticed(NO_MORE)]


async def test_a_zygote_on_its_way_is_not_to_be_trusted_either(world: World) -> None:
    """The fork that failed has told its imports, more than before."""
    (await world.learns("a")).imports_all()
    world.nursery.fork_failed()
    coming = await world.learns("a", "b")
    world.nursery.came_up(5.0, is_fork=False)
    coming.imports_all()
    await _turn()

    assert (await world.launches(), coming.is_retired) == ("fresh", True)


async def test_a_fork_that_comes_up_is_trusted(world: World) -> None:
    (await world.learns("a")).imports_all()
    world.nursery.came_up(5.0, is_fork=True)
    world.nursery.came_up(5.0, is_fork=False)

    assert (await world.launches(), world.events) == ("fork", [])


async def test_patience_with_a_fork_grows_with_what_a_boot_has_taken(world: World) -> None:
    """A model of ten minutes is no hang; three times as long as the longest boot so far."""
    before = world.nursery.patience_s
    world.nursery.came_up(600_000.0, is_fork=False)
    world.nursery.came_up(5.0, is_fork=True)

    assert (before, world.nursery.patience_s) == (15.0, 1800.0)


async def test_packages_are_not_heard_a_second_time(world: World) -> None:
    """What they say while they are imported, the fresh worker has said."""
    zygote = await world.learns("a")
    zygote.listener(Spoke("stdout", "a deprecation", 1))
    zygote.listener(Noticed("something else"))

    assert world.events == [Noticed("something else")]


async def test_a_stop_ends_all_zygotes(world: World) -> None:
    """The one in use, the one on its way, and the one that has forks left; nothing is begun any more."""
    (await world.learns("a")).imports_all()
    (await world.learns("a", "b")).imports_all()
    await world.learns("a", "b", "c")
    await asyncio.wait_for(world.nursery.stop(), PATIENCE_S)
    await world.learns("d")

    assert [zygote.is_alive for zygote in world.zygotes] == [False] * 3


# Processes


class Nest:
    """A nursery of processes around one script, with packages to install, and its workers."""

    def __init__(self, folder: Path) -> None:
        self.script, self.site = folder / "code" / "score.py", folder / "env" / "site-packages"
        for path in (self.script.parent, self.site):
            path.mkdir(parents=True)
        (self.site / "__pycache__").mkdir()
        (self.site / "lib_a.py").write_text("import os\npid = os.getpid()")
        self.saves("import lib_a")
        self.events: list[Event] = []
        self.plan = replace(plan_of(self.script, {"PYTHONPATH": str(self.site)}), reloads=True)
        self.nursery = Nursery(self.plan, self.events.append)
        self.hosts: list[Hosted] = []

    def saves(self, head: str) -> None:
        tail = "\nimport os\ndef init(): ...\ndef run(data):\n    return eval(data)\n"
        self.script.write_text(textwrap.dedent(head) + tail, encoding="utf-8")

    async def hosts_one(self, *, boots: bool = True) -> Hosted:
        """Launch a worker and do with it what a pool does."""
        host = Hosted(self.plan)
        host.worker = Worker(self.plan, host.owner, host.owner.events.append, self.nursery.launch)
        self.hosts.append(host)
        await (host.boots() if boots else host.worker.start())
        if boots and host.worker.imports is not None:
            self.nursery.came_up(host.worker.boot_ms, is_fork=host.worker.is_fork)
            self.nursery.learn(host.worker.imports)
        return host

    async def is_settled(self) -> None:
        await _until(lambda: self.nursery.is_settled)

    async def value(self, host: Hosted, expression: str) -> Any:
        return (await host.answer(host.asks(expression.encode()))).body


async def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        await _turn()


@contextlib.asynccontextmanager
async def nesting(folder: Path) -> AsyncIterator[Nest]:
    """A nursery that has launched one worker, with a check that nothing of it is left."""
    before, tasks = descriptors(), asyncio.all_tasks()
    nest = Nest(folder)
    await nest.hosts_one()
    await nest.is_settled()
    try:
        yield nest
    finally:
        for host in nest.hosts:
            if not host.worker.ended.done():
                await host.worker.stop(0)
        await asyncio.wait_for(nest.nursery.stop(), PATIENCE_S)
        await _until(lambda: descriptors() == before)
    assert asyncio.all_tasks() == tasks


async def test_the_second_worker_is_a_fork_that_has_its_packages(tmp_path: Path) -> None:
    """Loaded in the zygote, which is neither of the workers."""
    async with nesting(tmp_path) as nest:
        fork = await nest.hosts_one()
        loaded_in = int(await nest.value(fork, "lib_a.pid"))

        assert [host.worker.is_fork for host in nest.hosts] == [False, True]
        assert loaded_in not in [host.worker.pid for host in nest.hosts]
        assert int(await nest.value(fork, "os.getppid()")) == loaded_in


async def test_a_fork_that_begins_afresh_is_none(tmp_path: Path) -> None:
    """For the pool it is a fresh interpreter; its pid is the fork's."""
    async with nesting(tmp_path) as nest:
        nest.saves("import os\nos.environ['X'] = '1'\nimport lib_a")
        host = await nest.hosts_one()

        assert host.worker.is_fork is False
        assert int(await nest.value(host, "lib_a.pid")) == host.worker.pid


async def test_a_dismissed_zygote_ends_with_its_last_fork(tmp_path: Path) -> None:
    """A request in hand of the generation before is finished."""
    async with nesting(tmp_path) as nest:
        fork = await nest.hosts_one()
        assert fork.worker.is_fork
        zygote = int(await nest.value(fork, "os.getppid()"))
        (nest.site / "lib_new.py").touch()
        fresh = await nest.hosts_one()
        still = int(await nest.value(fork, "os.getppid()"))
        await fork.worker.stop(PATIENCE_S)

        assert (fresh.worker.is_fork, still) == (False, zygote)
        assert (await fork.ends()).exit_code == 0
        await _until(lambda: not Path(f"/proc/{zygote}").exists())
        assert [event.text for event in nest.events if isinstance(event, Noticed)] == [
            "installed packages changed: a fresh interpreter starts"
        ]


async def test_a_zygote_that_is_killed_takes_its_forks_along(tmp_path: Path) -> None:
    """The request is lost as in any crash; the next worker is a fresh one."""
    async with nesting(tmp_path) as nest:
        fork = await nest.hosts_one()
        assert fork.worker.is_fork
        job = fork.asks(b"os.kill(os.getppid(), 9) or __import__('signal').pause()")
        with pytest.raises(WorkerCrashed):
            await fork.answer(job)
        after = await nest.hosts_one()

        assert ((await fork.ends()).exit_code, after.worker.is_fork) == (-signal.SIGKILL, False)


async def test_packages_that_are_compiled_are_no_other_ones(tmp_path: Path) -> None:
    """Some installers leave that to the first import, such as the zygote's own, which makes a folder beside them."""
    plan = plan_of(tmp_path / "score.py", {})
    os.utime(tmp_path, ns=(1, 1))
    before = nurseries.surroundings(plan, [str(tmp_path)])
    (tmp_path / "__pycache__").mkdir()

    assert nurseries.surroundings(plan, [str(tmp_path)]) == before


async def test_an_environment_that_is_made_anew_starts_a_fresh_interpreter(tmp_path: Path) -> None:
    """`python -m venv --clear`, or another version of Python in its place."""
    link = tmp_path / "bin" / "python"
    link.parent.mkdir()
    link.symlink_to(sys.executable)
    async with nesting(tmp_path) as nest:
        around = nurseries.surroundings(replace(nest.plan, python=link), [])
        link.unlink()
        link.symlink_to("/bin/true")

        assert nurseries.surroundings(replace(nest.plan, python=link), []) != around


async def test_a_stop_in_the_middle_of_an_import_leaves_nothing(tmp_path: Path) -> None:
    """The zygote is killed; a package may take its time."""
    before = descriptors()
    nest = Nest(tmp_path)
    (nest.site / "lib_a.py").write_text("import signal, sys\nif sys.argv[-1] == 'azmlinfsrv': signal.pause()")
    nest.nursery.learn({**IMPORTS, "modules": ["lib_a"]})
    await _turn()
    await asyncio.wait_for(nest.nursery.stop(), PATIENCE_S)

    await _until(lambda: descriptors() == before)
