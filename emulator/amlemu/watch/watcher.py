"""
One thread that sees changes and an event loop that is called back: `eyes` see, `rules` choose, `burst` waits for the end of
saving, `contents` leaves out what has not changed after all. What follows is the caller's.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

from amlemu.events import Listener, Noticed
from amlemu.watch.absences import shown
from amlemu.watch.burst import Burst
from amlemu.watch.by_looking import ByLooking
from amlemu.watch.contents import Contents
from amlemu.watch.eyes import Choose, Eyes, choose
from amlemu.watch.inotify import is_limit
from amlemu.watch.rules import Rules, Watched

SUPERVISED_EVERY_S = 1.0
_PATIENCE_S = 2.0  # for a thread that hangs in a network file system
_LIMIT = (
    "the system watches no more folders for us ({trouble}); we look at them again and again instead. "
    "sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512 would help"
)
_LIMIT_SHORT = "the system's limit is reached"
_FAILED_SHORT = "events failed"
_FAILED = "the system's events failed us ({trouble}); we look at the folders again and again instead"


class Watcher:
    """
    Calls `on_change` in the event loop with all paths that have changed since the call before.

    `start` and `stop` once each, in the same event loop. A path may be that of a folder, when one was moved away.
    """

    def __init__(
        self,
        watched: Watched,
        on_change: Callable[[frozenset[str]], None],
        tell: Listener,
        choose_eyes: Choose = choose,
        supervised_every_s: float = SUPERVISED_EVERY_S,
    ) -> None:
        self._watched = watched
        self._on_change = on_change
        self._tell = tell
        self._choose = choose_eyes
        self._supervised_every_s = supervised_every_s
        self._is_over = threading.Event()
        self._burst = Burst(watched.rules.delay_s)
        self._contents = Contents()
        self._rules: Rules
        self._eyes: Eyes
        self._loop: asyncio.AbstractEventLoop
        self._thread: threading.Thread | None = None
        self._down: asyncio.Future[None]
        self._is_open = self._was_open = False
        self._supervised_at = 0.0
        self._said_last = ""

    @property
    def told(self) -> str:
        """What is watched, and how, for the start block; after `start`."""
        return f"{', '.join(shown(tree) for tree in self._rules.trees)} ({self._eyes.manner})"

    async def start(self) -> None:
        """
        Return when a save would be seen.

        Raises:
            UsageError: a pattern of `--reload-include` or `--reload-exclude` is none.
        """
        self._loop = asyncio.get_running_loop()
        self._rules = Rules.load(self._watched)
        self._say_not_understood()
        self._eyes = self._choose(self._rules, self._say)
        up, self._down = self._loop.create_future(), self._loop.create_future()
        self._thread = threading.Thread(target=self._run, args=(up,), name="watch", daemon=True)
        self._thread.start()
        await up

    async def stop(self) -> None:
        """Return when thread and descriptors are gone; nobody is called any more."""
        self._is_over.set()
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._eyes.wake()
        await asyncio.wait([self._down], timeout=_PATIENCE_S)
        if self._down.done():
            thread.join()

    def _run(self, up: asyncio.Future[None]) -> None:
        while not (self._is_open or self._is_over.is_set()):
            self._guarded(self._open)
        self._post(_resolve, up)
        while not self._is_over.is_set():
            self._guarded(self._turn if self._is_open else self._open)
        self._eyes.close()
        self._post(_resolve, self._down)

    def _open(self) -> None:
        found = self._eyes.open()
        if self._was_open:  # with other eyes, and nobody knows what they missed
            self._burst.add(found - self._rules.ignore_files, time.monotonic())
        else:
            self._contents.remember(found)
        self._is_open = self._was_open = True
        self._supervised_at = time.monotonic()

    def _turn(self) -> None:
        next_at = min(self._burst.due_at, self._supervised_at + self._supervised_every_s)
        seen = self._eyes.wait(next_at - time.monotonic())
        now = time.monotonic()
        if now >= self._supervised_at + self._supervised_every_s:
            self._supervised_at = now
            seen |= self._eyes.supervise()
        if seen & self._rules.ignore_files:
            self._rules = Rules.load(self._watched)
            seen |= self._eyes.renew(self._rules)
            self._say_not_understood()
        self._burst.add(seen - self._rules.ignore_files, now)
        if now >= self._burst.due_at:
            self._hand_over(self._burst.take())

    def _hand_over(self, paths: frozenset[str]) -> None:
        changed = frozenset(path for path in paths if self._contents.has_changed(path))
        if changed:
            self._post(self._on_change, changed)

    def _say_not_understood(self) -> None:
        for line in self._rules.not_understood:
            self._say(
                f'"{line}" in the ignore file of {shown(str(self._watched.code))} is no pattern; it is passed over'
            )

    def _guarded(self, do: Callable[[], None]) -> None:
        """One of the three borders: whatever goes wrong while watching, the server lives."""
        try:
            do()
        except Exception as trouble:
            self._look_instead(trouble)

    def _look_instead(self, trouble: Exception) -> None:
        if isinstance(self._eyes, ByLooking):
            self._say_once(f"looking for changes failed and is tried again ({_told(trouble)})")
            self._is_over.wait(self._supervised_every_s)
            return
        self._eyes.close()
        self._is_open = False
        self._eyes = ByLooking(self._rules, self._say, _LIMIT_SHORT if is_limit(trouble) else _FAILED_SHORT)
        self._say((_LIMIT if is_limit(trouble) else _FAILED).format(trouble=_told(trouble)))

    def _say(self, text: str) -> None:
        self._post(self._tell, Noticed(text))

    def _say_once(self, text: str) -> None:
        if text != self._said_last:
            self._said_last = text
            self._say(text)

    def _post(self, do: Callable[..., Any], *values: Any) -> None:
        """Call something in the event loop, in the order of posting."""
        try:
            self._loop.call_soon_threadsafe(self._deliver, do, *values)
        except RuntimeError:
            self._is_over.set()  # the loop is closed, and nobody has stopped us

    def _deliver(self, do: Callable[..., Any], *values: Any) -> None:
        if not self._is_over.is_set() or do is _resolve:
            do(*values)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _told(trouble: Exception) -> str:
    if isinstance(trouble, OSError) and trouble.strerror:
        return trouble.strerror
    return f"{type(trouble).__name__}: {trouble}"
