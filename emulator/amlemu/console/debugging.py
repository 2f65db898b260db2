"""
Debugging in a person's words: where to attach, who has come, where the script stands still.

A step is not told: whoever steps looks at the editor. How long a request stood still is told with the request.
"""

from __future__ import annotations

from collections.abc import Callable

from amlemu.debugging import launch_entry
from amlemu.events import DebuggerAttached, DebuggerLeft, DebuggerListening, Event, WorkerPaused
from amlemu.worker.debugger import WAITING
from amlemu.worker.terminal import WHY as PDB


class Debugging:
    """Says what a debugger does to the workers."""

    def __init__(self, say: Callable[[str, str], None], name: Callable[[str], str]) -> None:
        """
        Args:
            say: gets a colour and a line.
            name: of a file as a person knows it, given the script's name for it.
        """
        self._say = say
        self._name = name
        self._address = ""
        self._waits_s: float | None = None
        self._has_told_clocks = False
        self.stops_clocks = True

    def event(self, event: Event) -> None:
        """Tell what happened."""
        if isinstance(event, DebuggerListening):
            self._address, self._waits_s = event.address, event.waits_s
            if event.is_dialled:
                self._say("cyan", f"debugger: workers join {event.address}")
        elif isinstance(event, DebuggerAttached):
            self._say("cyan", "a debugger is attached; it stays so over reloads and crashes")
        elif isinstance(event, DebuggerLeft):
            self._say("cyan", "the debugger has left; what stood still goes on")
        elif isinstance(event, WorkerPaused) and event.why == WAITING:
            limit = "" if self._waits_s in (None, float("inf")) else f" for {self._waits_s:g} s"
            self._say(
                "cyan",
                f"the script waits{limit} for a debugger at {self._address}: attach with {launch_entry(self._address)}",
            )
        elif isinstance(event, WorkerPaused) and event.why not in ("step", PDB):
            self._stopped(event)

    def _stopped(self, event: WorkerPaused) -> None:
        clocks = "; timeouts stand still until it goes on" if self.stops_clocks and not self._has_told_clocks else ""
        self._has_told_clocks = True
        request = f" with request {event.request}" if event.request else ""
        self._say(
            "cyan",
            f"stopped at {self._name(event.file)}:{event.line} in {event.function}{request} ({event.why}){clocks}",
        )
