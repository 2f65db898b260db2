"""A watcher at work and what it has called and told; the three kinds of eyes, impatient ones."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from amlemu.events import Event, Noticed
from amlemu.reload import ReloadRules
from amlemu.watch.by_events import ByEvents
from amlemu.watch.by_looking import ByLooking
from amlemu.watch.by_watchdog import ByWatchdog
from amlemu.watch.eyes import Choose
from amlemu.watch.rules import Watched
from amlemu.watch.watcher import Watcher

PATIENCE_S = 10.0
SUPERVISED_EVERY_S = 0.05
_LOOK_AGAIN_S = 0.02

EYES: Mapping[str, Choose] = {
    "events": ByEvents,
    "looking": partial(ByLooking, shortest_s=0.02),
    "watchdog": ByWatchdog,
}


class Sight:
    """What came of watching: calls with the time of each, and words."""

    def __init__(self) -> None:
        self.watcher: Watcher
        self.calls: list[frozenset[str]] = []
        self.times: list[float] = []
        self.told: list[str] = []
        self._news = asyncio.Event()

    def changed(self, paths: frozenset[str]) -> None:
        self.calls.append(paths)
        self.times.append(time.monotonic())
        self._news.set()

    def tell(self, event: Event) -> None:
        assert isinstance(event, Noticed)
        self.told.append(event.text)
        self._news.set()

    @property
    def seen(self) -> set[str]:
        """All paths so far."""
        return {path for call in self.calls for path in call}

    async def until(self, is_so: Callable[[], Any], what: str) -> None:
        """Wait until something is so; look with each news, and now and then."""
        deadline = time.monotonic() + PATIENCE_S
        while not is_so():
            assert time.monotonic() < deadline, f"no {what}; called with {self.calls}, told {self.told}"
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), _LOOK_AGAIN_S)
            except asyncio.TimeoutError:
                pass

    async def until_seen(self, *paths: Path) -> None:
        await self.until(lambda: {str(path) for path in paths} <= self.seen, f"change of {paths}")

    async def until_told(self, words: str) -> None:
        await self.until(lambda: any(words in text for text in self.told), f"word of {words!r}")


@asynccontextmanager
async def watching(watched: Watched, eyes: Choose, **settings: Any) -> AsyncIterator[Sight]:
    sight = Sight()
    settings = {"supervised_every_s": SUPERVISED_EVERY_S, **settings}
    sight.watcher = Watcher(watched, sight.changed, sight.tell, eyes, **settings)
    await sight.watcher.start()
    try:
        yield sight
    finally:
        await sight.watcher.stop()


def deployment(folder: Path, models: tuple[Path, ...] = (), data: tuple[Path, ...] = (), **rules: Any) -> Watched:
    """Make a code folder with a script and a configuration, saved some time ago."""
    folder.mkdir(exist_ok=True)
    (folder / "score.py").write_text("1")
    (folder / "config.json").write_text("{}")
    return Watched(folder / "score.py", folder, models, data, ReloadRules(is_on=True, **rules))
