"""
From saved files to another generation: decides whether a change is a person's, and a reason to reload.

`watch/` tells of changes, `backends/generations.py` does the reload. Beside files it looks at what generations cannot follow by
themselves: the interpreter and its packages.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from amlemu.backends.generations import Generations
from amlemu.events import Listener, Noticed
from amlemu.watch.own_writes import OwnWrites, own_hint
from amlemu.watch.rules import Rules, Watched
from amlemu.watch.watcher import Watcher

_LOOK_EVERY_S = 1.0  # at the interpreter's packages; pip is not done before they stay the same for so long
_LITTLE_S, _MUCH_S = 0.1, 0.5  # between a write and the word that a file has changed; and at the most
_UNASKED = 3  # reloads without a request between them, before we wonder


class Reloader:
    """Watches the files of a deployment and reloads it. Used from one event loop."""

    def __init__(
        self,
        watched: Watched,
        generations: Generations,
        listener: Listener,
        reload: Callable[[Iterable[str], float], Coroutine[Any, Any, Any]],
        *,
        requests: Callable[[], int],
        to_host: Callable[[str], str],
        look_every_s: float = _LOOK_EVERY_S,
    ) -> None:
        """
        Args:
            watched: its files, and the rules about them.
            generations: asked whether the script runs just now, and about the surroundings of its workers.
            listener: told what a person should know.
            reload: gets the changed paths, and time.monotonic() of the first change.
            requests: how many there have been so far.
            to_host: the host's name of a file, given the script's.
            look_every_s: for tests.
        """
        self._script = watched.script
        self._settings = frozenset(os.path.abspath(path) for path in watched.data)
        self._delay_s = watched.rules.delay_s
        self._generations = generations
        self._reload = reload
        self._requests = requests
        self._tell = listener
        self._look_every_s = look_every_s
        self._watcher = Watcher(watched, self._changed, self._tell)
        self._rules = Rules(watched)
        self._own_writes = OwnWrites(self._rules.includes)
        self._told_own: set[str] = set()
        self._to_host = to_host
        self._is_script_gone = self._is_stopping = False
        self._unasked: dict[str, int] = {}  # reloads in a row because of a file, without a request between them
        self._requests_before = 0
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def told(self) -> str:
        """What is watched, and how, for the start block."""
        return self._watcher.told

    async def start(self) -> None:
        """Return when a save would be seen."""
        await self._watcher.start()
        if not self._is_stopping:
            self._spawn(self._look_around())

    async def stop(self) -> None:
        """Reload no more; also in the middle of a start."""
        self._is_stopping = True
        for task in self._tasks:
            task.cancel()
        await self._watcher.stop()

    def _changed(self, paths: frozenset[str]) -> None:
        since = time.monotonic() - self._delay_s
        changed = self._by_user(self._tell_settings(paths), since - _MUCH_S)
        if changed and self._has_script():
            self._wonder(changed)
            self._spawn(self._reload(changed, since))

    def _tell_settings(self, paths: frozenset[str]) -> frozenset[str]:
        """Leave out the deployment's own files: what they say is read at the start, and a person should know."""
        for path in sorted(paths & self._settings):
            name = os.path.basename(path)
            self._tell(Noticed(f"{name} has changed; what it says counts when amlemu serve is started again"))
        return paths - self._settings

    def _by_user(self, paths: frozenset[str], since: float) -> frozenset[str]:
        """Leave out what the script has written itself: what it told us of, and what it seems to write in init()."""
        told = paths & {self._to_host(path) for path in self._generations.written_since(since)}
        told -= {path for path in told if self._rules.includes(path)}
        was_booting = self._generations.was_booting_since(since + _MUCH_S - _LITTLE_S)
        judged = self._own_writes.judge(paths - told, running=was_booting)
        for path in sorted((told | judged.now_own) - self._told_own):
            self._tell(Noticed(own_hint(path)))
        self._told_own |= told | judged.now_own
        return judged.by_user

    def _has_script(self) -> bool:
        """Without the script there is nothing to load: what serves goes on until it is back."""
        was_gone, self._is_script_gone = self._is_script_gone, not self._script.exists()
        if self._is_script_gone and not was_gone:
            serving = self._generations.serving.number
            self._tell(Noticed(f"{self._script.name} is gone; generation {serving} goes on until it is back"))
        return not self._is_script_gone

    def _wonder(self, paths: frozenset[str]) -> None:
        """Hint at a script that writes what is watched: it would be reloaded without end."""
        requests = self._requests()
        before = self._unasked if requests == self._requests_before else {}
        self._requests_before = requests
        self._unasked = {path: before.get(path, 0) + 1 for path in paths}
        often = [path for path, count in self._unasked.items() if count == _UNASKED]
        for path in sorted(path for path in often if path != str(self._script)):
            name = os.path.basename(path)
            what = f"{_UNASKED} reloads without a request, each because {name} changed"
            self._tell(Noticed(f"{what}; if it is not you who changes it: --reload-exclude {name}"))

    async def _look_around(self) -> None:
        """Reload when packages were installed, for a script may miss one; not in the middle of it."""
        last = ""
        while True:
            await asyncio.sleep(self._look_every_s)
            now = self._generations.surroundings if self._script.exists() else ""
            if now and now == last:
                await self._reload((now,), time.monotonic())
            last = now

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # NotReady: the server is stopping
