"""
Reloads in a person's words: what has changed, who serves now, and since when.

A reload beside the old generation is told when it is over; one that takes long is told before, too.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence

from amlemu.events import Event, ReloadBegan, Reloaded, ReloadFailed

_QUIET_S = 1.0  # a generation that takes longer to load is told before it serves
_NAMED = 2  # files; the others are counted


class Reloads:
    """Says that the script is loaded anew, and remembers who serves meanwhile."""

    def __init__(self, say: Callable[[str, str], None], *, quiet_s: float = _QUIET_S) -> None:
        """
        Args:
            say: gets a colour and a line.
            quiet_s: seconds that a generation may take to load before that is told.
        """
        self.folder = ""  # of the script, on this host; paths are told from there
        self._say = say
        self._quiet_s = quiet_s
        self._serving: int | None = 1
        self._timer: asyncio.TimerHandle | None = None

    def event(self, event: Event) -> None:
        """Tell a reload's beginning and its good end; `does_not_start` is for the bad one."""
        if isinstance(event, ReloadBegan):
            self._began(event)
        elif isinstance(event, Reloaded):
            self._calm()
            self._serving = event.generation
            self._say("green", self._done(event))
        elif isinstance(event, ReloadFailed):
            self._calm()
            self._serving = event.serving

    def _began(self, event: ReloadBegan) -> None:
        self._calm()
        what = told_changes(event.changed, self.folder) or "asked to reload"
        before = f"generation {self._serving}"
        if event.mode == "stop-first" and self._serving is not None:
            why = f"; {event.why}" if event.why else ""
            self._say("yellow", f"{what}: {before} ends before generation {event.generation} is loaded{why}")
            self._serving = None
            return
        rest = "" if self._serving is None else f", {before} goes on serving"
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # nobody waits, so nobody has to be told what for
        line = f"{what}: generation {event.generation} is loading{rest}"
        self._timer = loop.call_later(self._quiet_s, self._say, "cyan", line)

    def _done(self, event: Reloaded) -> str:
        what, since = told_changes(event.changed, self.folder), "after the save"
        if not what:
            what, since = "loaded anew", "later"
        times = f"{event.took_ms:.0f} ms {since} (init() and imports {event.boot_ms:.0f} ms)"
        return f"{what}: generation {event.generation} serves, {times}"

    def _calm(self) -> None:
        """Whatever was loading is over, or has been overtaken by another save."""
        if self._timer is not None:
            self._timer.cancel()


def told_changes(changed: Sequence[str], folder: str) -> str:
    """Say that files have changed: `score.py, config.yml and 2 more changed`; nothing for no file."""
    names = [short(path, folder) for path in changed[:_NAMED]]
    more = [f"{len(changed) - _NAMED} more"] if len(changed) > _NAMED else []
    shown = [*names, *more]
    if not shown:
        return ""
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]])) + " changed"


def does_not_start(event: ReloadFailed) -> str:
    """Begin the sentence about a generation whose fault follows."""
    return f"generation {event.generation} does not start"


def who_serves(event: ReloadFailed) -> str:
    """Say who answers now; a sentence."""
    if event.serving is None:
        return "Requests get what an unhealthy deployment answers until the next save."
    return f"Generation {event.serving} goes on serving (--keep-last-good)."


def short(path: str, folder: str) -> str:
    """Name a file from the script's folder, else from the current one, else as it is."""
    for base in filter(None, (folder, os.getcwd())):
        if path.startswith(base.rstrip(os.sep) + os.sep):
            return os.path.relpath(path, base)
    return path
