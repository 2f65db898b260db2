"""
The ends of workers that nobody asked for, in a person's words: when, how, the likely reason, the last words, what is next.

What was heard of a worker before its end helps to tell the reason: the dump of its crash, its WORKER_TIMEOUT, the
kernel's count of processes that it killed for want of memory.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence

from amlemu import whereabouts
from amlemu.events import Event, Spoke, WorkerEnded, WorkerStarted, WorkerTimedOut
from amlemu.worker.ends import likely_reason, told_code
from amlemu.worker.oom_kills import oom_kills
from amlemu.worker.process import FATAL, with_words

_DUMP_CHARACTERS = 1 << 16  # of it, at most; a stack of 100 frames, and as many threads
_LINE_CHARACTERS = 200
_PATIENCE = 3  # workers that die at start before we explain it


class Ends:
    """Says why workers end, and remembers what was heard of them before."""

    def __init__(
        self,
        say: Callable[[str, str], None],
        *,
        restarts: bool = True,
        count: Callable[[], int | None] = oom_kills,
    ) -> None:
        """
        Args:
            say: gets a colour and a line.
            restarts: False where a worker that ended is not replaced, whatever its event says.
            count: the kernel's.
        """
        self.folders: Sequence[str] = ()  # of the user's own code, in the words of the script's file system
        self._say = say
        self._restarts = restarts
        self._count = count
        self._killed: int | None = None  # the count when the first worker started
        self._timed_out: set[int] = set()
        self._dumps: dict[int, str] = {}
        self._failed_boots = 0

    def event(self, event: Event) -> None:
        """Hear what helps to understand an end, and tell those that nobody asked for."""
        if isinstance(event, Spoke):
            self._hear(event)
        elif isinstance(event, WorkerStarted) and self._killed is None:
            self._killed = self._count()
        elif isinstance(event, WorkerTimedOut):
            self._timed_out.add(event.pid)
        elif isinstance(event, WorkerEnded):
            if not event.planned and not _is_last(event):
                self._tell(event)
            self._timed_out.discard(event.pid)
            self._dumps.pop(event.pid, None)

    def _hear(self, event: Spoke) -> None:
        """Keep the dump of a crash, which comes in pieces."""
        if event.stream != "stderr":
            return
        _, fatal, dump = event.text.rpartition(FATAL)
        known = self._dumps.get(event.pid)
        if fatal:
            self._dumps[event.pid] = dump
        elif known is not None and len(known) < _DUMP_CHARACTERS:
            self._dumps[event.pid] = known + event.text

    def _tell(self, event: WorkerEnded) -> None:
        how = f"worker {event.pid} ended {self._when(event)} with {told_code(event.exit_code)}"
        one, more = _last_words(event)
        self._say("red", f"{how}; {self._reason(event)}{self._place(event)}.{one}{self._next(event)}{more}")
        if event.memory is not None and event.memory.rules.is_whole:
            return  # the platform starts it again, not the server
        self._failed_boots += event.was_booting
        if event.was_booting and self._failed_boots == _PATIENCE:
            self._say("yellow", "Azure's server, too, would start workers for ever; only the platform's probe ends it.")

    def _when(self, event: WorkerEnded) -> str:
        if event.busy_s is not None:
            return f"while run() had been busy for {event.busy_s:.1f} s"
        if event.pid in self._timed_out:
            return "after run() was interrupted"
        return "while the script was loading" if event.was_booting else "while idle"

    def _reason(self, event: WorkerEnded) -> str:
        if event.pid in self._timed_out:
            return "it had outlasted WORKER_TIMEOUT"
        if event.memory is not None:
            return f"memory ran out: {event.memory.told}"
        if event.exit_code == -signal.SIGKILL and self._has_run_out_of_memory():
            return "the kernel killed it, for memory had run out"
        return likely_reason(event.exit_code)

    def _has_run_out_of_memory(self) -> bool:
        """Tell whether the kernel has killed somebody since we looked last."""
        before, self._killed = self._killed, self._count()
        return before is not None and self._killed is not None and self._killed > before

    def _place(self, event: WorkerEnded) -> str:
        stack = whereabouts.read_dump(self._dumps.get(event.pid, ""))
        place = whereabouts.told(whereabouts.of_user(stack, self.folders), self.folders)
        return f"; it was at {place}" if place else ""

    def _next(self, event: WorkerEnded) -> str:
        if event.restart_in_s is None or not self._restarts:
            return ""
        if event.memory is not None and event.memory.rules.is_whole:
            # Some of the wait is over by now; it is told as what it was.
            when = f"in {round(event.restart_in_s, 1) or event.restart_in_s:.3g} s" if event.restart_in_s else "at once"
            return f" The container starts again {when} (CrashLoopBackOff, PodOutOfMemory)."
        return f" A new one starts in {event.restart_in_s:g} s." if event.restart_in_s else " A new one starts."


def _last_words(event: WorkerEnded) -> tuple[str, str]:
    """Return what stands in the sentence, a single line, and what stands below it, several."""
    lines = [line[:_LINE_CHARACTERS] for line in event.last_lines or with_words(event.last_line)]
    if len(lines) == 1:
        return f' Last line of its stderr: "{lines[0]}".', ""
    below = "".join(f"\n          {line}" for line in lines)
    return "", f"\n        Last lines of its stderr:{below}" if lines else ""


def _is_last(event: WorkerEnded) -> bool:
    """Tell whether somebody else is going to say why: the script does not start, and nothing is started again."""
    return event.was_booting and event.restart_in_s is None
