"""
A process of the guest half as its host hears it, whatever it is for: its words become events, its end is noticed.

`handle.py` (a worker) and `forks.py` (a zygote) speak with it over its socket; how it came into being is `launch.py`'s.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from amlemu.events import Listener, Spoke
from amlemu.worker import protocol
from amlemu.worker.launch import Launched, LaunchPlan
from amlemu.worker.output import Output

_HEARD = 300  # pieces of stderr: more than a stack has lines
_LAST_LINES = 5
# The lines of a stack that faulthandler writes, but for its first, "Fatal Python error: ...", which says what it is. A
# traceback's are other ones: they have a comma after the number.
_OF_DUMP = re.compile(
    r"(?:Current thread|Thread|Stack|Current thread's C stack trace).*\(most recent call first\):$"
    r'|  File ".*", line (?:\d+|\?\?\?) in |  (?:<.*>|\.\.\.)$|  Binary file |Extension modules: '
)
FATAL = "Fatal Python error: "  # begins what faulthandler writes in a crash; a script may have it write at other times
BOOT_ERRORS = (3, 4)  # exit codes that gunicorn's master takes for a failure to boot, whoever chose them


class GuestProcess:
    """Output and end of one process. All methods belong to the event loop's thread."""

    def __init__(self, launched: Launched, listener: Listener, exchange: Callable[[], int | None]) -> None:
        """`exchange` says which one the script is busy with, or was busy with last."""
        self._launched = launched
        self._tell = listener
        self._exchange = exchange
        self._marker = protocol.new_marker()
        self._heard: deque[str] = deque(maxlen=_HEARD)  # on stderr
        self.pid = launched.process.pid

    def start(self, ended: Callable[[int], None]) -> None:
        """Listen; `ended(exit_code)` is called in the loop when the process is gone."""
        loop = asyncio.get_running_loop()
        self._outputs = [
            Output(self._launched.stdout, self._marker, lambda text: self._spoke("stdout", text), self._logged),
            Output(self._launched.stderr, self._marker, lambda text: self._spoke("stderr", text), self._logged),
        ]
        for output in self._outputs:
            output.start(loop)
        _watch_for_end(self._launched, loop, ended)

    def order(self, plan: LaunchPlan, **more: Any) -> bytes:
        """Return the first frame that it is sent; `more` is for its head."""
        order = {
            "version": protocol.VERSION,
            "folder": str(plan.folder),
            "models_folder": plan.models_folder,
            "reloads": plan.reloads,
            "dials_debugger": plan.dials_debugger,
            "measures": plan.measures,
            "processors": plan.processors,
        }
        return protocol.pack(protocol.ORDER, {**order, "marker": self._marker, **more})

    def read_outputs(self) -> None:
        """Hand on what it has said so far, unfinished lines too."""
        for output in self._outputs:
            output.read()
            output.flush()

    @property
    def last_line(self) -> str:
        """The last line of its stderr that has words."""
        return self._outputs[1].last_line

    @property
    def last_lines(self) -> tuple[str, ...]:
        """The last few lines of its stderr that have words, oldest first, without the stacks that faulthandler wrote."""
        return tuple(with_words(self.last_words)[-_LAST_LINES:])

    @property
    def last_words(self) -> str:
        """The end of its stderr, with whatever the interpreter wrote when it crashed."""
        return "".join(self._heard)

    def kill(self, number: int) -> None:
        """Send a signal to it alone."""
        self._launched.kill(number)

    async def stop(self, ended: asyncio.Future[Any], grace_s: float) -> None:
        """Wait at most `grace_s` seconds for `ended`, then kill it and wait on."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.shield(ended), grace_s)
        if not ended.done():
            self.kill(signal.SIGKILL)
            await ended

    def bury(self) -> None:
        """It has ended: end what it has started, hear its last words, close the pipes."""
        self._launched.kill_group()
        for output in self._outputs:
            output.read()
            output.close()

    def _spoke(self, stream: str, text: str) -> None:
        if stream == "stderr":
            self._heard.append(text)
        self._tell(Spoke(stream, text, self.pid, at=time.time(), request=self._exchange()))

    def _logged(self, record: list[Any]) -> None:
        logger, level, at, own, pid, text = record
        self._tell(Spoke("log", text, pid, logger, level, at, own, self._exchange()))


def with_words(text: str) -> list[str]:
    """Return the lines that say something to a person: none that are empty, no stack of faulthandler's."""
    return [line for line in text.splitlines() if line.strip() and not _OF_DUMP.match(line)]


def told_end(exit_code: int) -> str:
    """Say in words how a process ended; negative codes are signals."""
    if exit_code < 0:
        return f"was killed by {signal_name(-exit_code)}"
    return f"ended with exit code {exit_code}"


def signal_name(number: int) -> str:
    """Return what a signal is called, as gunicorn 27.0.1 has it (arbiter.py)."""
    try:
        return signal.Signals(number).name
    except ValueError:  # Python has no names for most real-time signals
        return f"signal {number}"


def silent_fault(what: str, hint: str = "") -> dict[str, Any]:
    """Return the fault of a process that could not say itself why it ended."""
    return {"phase": "import", "kind": "Exit", "what": what, "where": "", "hint": hint, "traceback": ""}


def _watch_for_end(launched: Launched, loop: asyncio.AbstractEventLoop, ended: Callable[[int], None]) -> None:
    """A thread waits, for that works everywhere."""

    def wait() -> None:
        code = launched.process.wait()
        with contextlib.suppress(RuntimeError):  # the loop is gone already
            loop.call_soon_threadsafe(ended, code)

    threading.Thread(target=wait, name=f"wait-{launched.process.pid}", daemon=True).start()
