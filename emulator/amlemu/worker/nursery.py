"""
Where workers come from when a script is loaded again and again: forked from a process that has imported its packages already.

The first boot is a fresh interpreter's; it tells what was imported (`imports.py`). From then on a zygote stands ready (`forks.py`).
Whenever that would not do, the launch is a fresh one: the zygote is not ready yet, the interpreter, its packages, the
variables or a mounted file are others than before, or a fork did not come up where a fresh interpreter did.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import os
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from amlemu.errors import AmlemuError, BootFailed
from amlemu.events import Event, Listener, Noticed, Spoke
from amlemu.worker.forks import Zygote
from amlemu.worker.launch import Launched, LaunchPlan, launch_fresh

_FORK_PATIENCE_S = 5.0  # for the fork itself, which takes milliseconds
# For a fork to boot: it has less to do than a fresh interpreter, and one that hangs would hang for ever.
_LEAST_PATIENCE_S, _TIMES_AS_LONG = 15.0, 3


class Nursery:
    """Launches workers of one plan. Used from one event loop; `stop` it last."""

    def __init__(self, plan: LaunchPlan, listener: Listener, make_zygote: Callable[..., Zygote] = Zygote) -> None:
        """Remember what to launch; nothing is started yet."""
        self._plan = plan
        self._tell = listener
        self._make_zygote = make_zygote
        self._resident: _Resident | None = None  # the zygote that forks are made from
        self._coming: _Resident | None = None  # the one that is importing
        self._number = 0  # of the newest zygote
        self._spoilers: set[str] = set()  # modules whose import no fork survives
        self._forked_in_vain = False
        self._is_distrusted = False
        self._living: set[_Resident] = set()  # those that are dismissed and have forks left, too
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_stopping = False
        self.patience_s = _LEAST_PATIENCE_S  # for a fork to come up

    @property
    def told(self) -> str:
        """How the next worker comes into being, in words."""
        if self._resident is None:
            return "fresh interpreter"
        return f"fork of a process that has imported {len(self._resident.ahead['modules'])} modules"

    @property
    def is_settled(self) -> bool:
        """Whether nothing is being imported ahead of time just now."""
        return self._coming is None

    async def launch(self, plan: LaunchPlan) -> Launched:
        """Launch a worker, see `launch.Launcher`. Raises UsageError when no interpreter can be started."""
        resident = None if self._forked_in_vain else self._resident
        if resident is not None and (what := self.outdated()):
            self._tell(Noticed(f"{what} changed: a fresh interpreter starts"))
            self._dismiss(resident)
            resident = None
        if resident is None:
            return launch_fresh(plan)
        try:
            launched = await asyncio.wait_for(resident.zygote.launch(plan), _FORK_PATIENCE_S)
        except (AmlemuError, asyncio.TimeoutError):
            self._dismiss(resident)
            return launch_fresh(plan)
        launched.is_fork = True
        return launched

    def learn(self, imports: dict[str, Any]) -> None:
        """
        A worker has booted, or failed to, and tells what it has imported: let the next one be a fork that has that.

        Args:
            imports: see `imports.Imports.as_data`.
        """
        before = self._imported_by(imports.get("ahead", 0))
        if self._is_distrusted or self._is_stopping or before is None:
            return
        modules = list(itertools.takewhile(lambda name: name not in self._spoilers, before + imports["modules"]))
        latest = self._coming or self._resident
        is_wrong = self._coming is None and not imports.get("ahead")  # else there would have been a fork
        if latest is None or is_wrong or set(latest.ahead["modules"]) != set(modules):
            self._begin({**imports, "modules": modules})

    def _imported_by(self, number: int) -> list[str] | None:
        """Return what the zygote of this number has imported; None when it is gone. Number 0 is a fresh interpreter."""
        found = [one.ahead["modules"] for one in self._living if one.ahead["number"] == number]
        return found[0] if found else None if number else []

    def came_up(self, boot_ms: float, *, is_fork: bool) -> None:
        """A worker is ready; where a fork was not, forks are not to be trusted."""
        if self._forked_in_vain and not is_fork:
            self._distrust()
        self._forked_in_vain = False
        self.patience_s = max(self.patience_s, boot_ms / 1000 * _TIMES_AS_LONG)

    def fork_failed(self) -> None:
        """A fork did not come up: let the next worker be a fresh one, and see what that does."""
        self._forked_in_vain = True

    def fresh_failed(self) -> None:
        """The fresh one did not come up either, or was not waited for: nothing is known about forks."""
        self._forked_in_vain = False

    def outdated(self) -> str:
        """Name what has changed since the zygote began, which it cannot follow; empty when nothing has."""
        resident = self._resident
        if resident is None:
            return ""
        now = surroundings(self._plan, resident.ahead["path"])
        changed = (name for name, was in resident.surroundings.items() if now[name] != was)
        return next((name for name in changed if now[name] is not None), "")  # what is gone may come back

    async def stop(self) -> None:
        """End the zygotes, and with them what was forked from them."""
        self._is_stopping = True
        self._resident = self._coming = None
        await asyncio.gather(*(resident.zygote.stop(0) for resident in self._living))
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _begin(self, ahead: dict[str, Any]) -> None:
        self._dismiss(self._coming)
        self._number += 1
        ahead = {**ahead, "number": self._number}
        resident = _Resident(self, ahead, surroundings(self._plan, ahead["path"]))
        resident.zygote = self._make_zygote(self._plan, resident, _without_words(self._tell), ahead)
        self._coming = resident
        self._spawn(self._keep(resident))

    async def _keep(self, resident: _Resident) -> None:
        """Let a zygote live; one that cannot be started is none."""
        try:
            await resident.zygote.start()
        except AmlemuError:
            self.left(resident)
            return
        self._living.add(resident)
        if resident is not self._coming:
            self._dismiss(resident)
        await resident.zygote.ended
        self._living.discard(resident)

    def arrived(self, resident: _Resident) -> None:
        """It has imported everything; where an import was one that no fork survives, begin again without that."""
        if resident is not self._coming:
            return
        if resident.zygote.spoiled:
            self._spoilers.add(resident.zygote.spoiled)
            modules = itertools.takewhile(lambda name: name not in self._spoilers, resident.ahead["modules"])
            self._begin({**resident.ahead, "modules": list(modules)})
            return
        before, self._resident, self._coming = self._resident, resident, None
        self._dismiss(before)

    def lost(self, resident: _Resident, reason: BootFailed) -> None:
        """It has ended by itself, and its forks with it: nobody could tell us how they end."""
        if resident is not self._coming:
            self._tell(Noticed(f"{reason}; its workers end with it"))
        self.left(resident)

    def left(self, resident: _Resident) -> None:
        """It is not to be asked for forks any more."""
        self._resident = None if resident is self._resident else self._resident
        self._coming = None if resident is self._coming else self._coming

    def _distrust(self) -> None:
        self._is_distrusted = True
        for resident in (self._resident, self._coming):
            self._dismiss(resident)
        self._tell(
            Noticed(
                "a fork of this script does not start, a fresh interpreter does: no more forks, reloads take longer"
            )
        )

    def _dismiss(self, resident: _Resident | None) -> None:
        """End a zygote when the last of its forks has ended."""
        if resident is not None:
            self.left(resident)
            if resident in self._living:
                self._spawn(resident.zygote.retire())

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Resident:
    """One zygote, what it imports, and what was around it when it began; its `forks.Owner`."""

    zygote: Zygote

    def __init__(self, nursery: Nursery, ahead: dict[str, Any], around: Mapping[str, Any]) -> None:
        self._nursery = nursery
        self.ahead = ahead
        self.surroundings = around

    def zygote_ready(self) -> None:
        """See `forks.Owner`."""
        self._nursery.arrived(self)

    def zygote_ended(self, reason: BootFailed) -> None:
        """See `forks.Owner`."""
        self._nursery.lost(self, reason)


def surroundings(plan: LaunchPlan, path: list[str]) -> dict[str, Any]:
    """
    Return what a zygote cannot follow when it changes, by what it is called.

    Args:
        plan: what it is started with.
        path: where its interpreter looks for packages.

    A mounted file that another one takes the place of is not seen by who has it mounted; None when there is none.
    """
    return {
        "the interpreter": [_identity(Path(os.path.realpath(plan.python))), plan.python, plan.prefix],
        "the variables": dict(plan.environment),
        "installed packages": {folder: _installed(folder) for folder in path},
        **{str(source): _identity(source) for source in plan.mounted},
    }


def _identity(path: Path) -> tuple[int, int] | None:
    with contextlib.suppress(OSError):
        found = path.stat()
        return found.st_dev, found.st_ino
    return None


@functools.lru_cache(maxsize=64)
def _packages(folder: str, time: int) -> tuple[tuple[str, int], ...]:
    """Return what is installed in a folder that was changed last at `time`; installing a version again is a change, too."""
    entries = sorted(entry for entry in os.listdir(folder) if entry != "__pycache__")
    return tuple((entry, _time(os.path.join(folder, entry)) if entry.endswith("-info") else 0) for entry in entries)


def _time(path: str) -> int:
    with contextlib.suppress(OSError):
        return os.stat(path).st_mtime_ns
    return 0


def _installed(folder: str) -> tuple[tuple[str, int], ...]:
    with contextlib.suppress(OSError):
        return _packages(folder, _time(folder))
    return ()


def _without_words(tell: Listener) -> Listener:
    """What packages say while they are imported was said by the fresh worker already."""

    def heard(event: Event) -> None:
        if not isinstance(event, Spoke):
            tell(event)

    return heard
