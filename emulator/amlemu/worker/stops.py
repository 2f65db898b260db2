"""
Tells the host when this process stands still in a debugger, and stops the script's own clock meanwhile.

pydevd has no events for this; all threads that it stops pass through one method. Part of the guest half: standard library only, Python 3.9
syntax.

Source: debugpy 1.8.22, pydevd.py, PyDB.do_wait_suspend (read 2026-11).
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import threading
from typing import Any, Iterator

from amlemu.worker import protocol
from amlemu.worker.protocol import Channel


class Stops:
    """
    The stops of this process; the first thread that stops begins one, the last one that goes on ends it. Its forks tell of their
    own over the same line.
    """

    def __init__(self, channel: Channel, *, stops_clocks: bool) -> None:
        """`stops_clocks` is False where timeouts go on."""
        self._channel = channel
        self._stops_clocks = stops_clocks
        self._count = 0
        self._lock = threading.Lock()

    def watch(self) -> None:
        """Be told by pydevd."""
        from pydevd import PyDB

        if hasattr(PyDB.do_wait_suspend, "__wrapped__"):
            return
        wait = PyDB.do_wait_suspend

        @functools.wraps(wait)
        def wait_and_tell(debugger: Any, thread: Any, frame: Any, *rest: Any, **more: Any) -> Any:
            with self.standing(_why(thread), frame):
                return wait(debugger, thread, frame, *rest, **more)

        PyDB.do_wait_suspend = wait_and_tell

    @contextlib.contextmanager
    def standing(self, why: str, frame: Any = None) -> Iterator[None]:
        """Stand still in here; `frame` is where."""
        place = [frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name] if frame is not None else ["", 0, ""]
        with self._lock:
            self._count += 1
            is_first = self._count == 1
            if is_first:
                self._stop_clock()
                self._channel.send(protocol.PAUSED, [why, *place, os.getpid()])
        try:
            yield
        finally:
            with self._lock:
                self._count -= 1
                if not self._count:
                    self._channel.send(protocol.RESUMED, os.getpid())
                    self._start_clock()

    def _stop_clock(self) -> None:
        """SCORING_TIMEOUT_MS is kept by a timer of the process."""
        self._left_s = 0.0
        if self._stops_clocks and hasattr(signal, "setitimer"):
            self._left_s = signal.setitimer(signal.ITIMER_REAL, 0)[0]

    def _start_clock(self) -> None:
        if self._left_s:
            signal.setitimer(signal.ITIMER_REAL, self._left_s)


def _why(thread: Any) -> str:
    """Say why pydevd stops a thread, in the words of the Debug Adapter Protocol."""
    from _pydevd_bundle import pydevd_comm_constants as reasons

    told = {
        reasons.CMD_ADD_EXCEPTION_BREAK: "exception",
        reasons.CMD_STEP_CAUGHT_EXCEPTION: "exception",
        reasons.CMD_SET_BREAK: "breakpoint",
        reasons.CMD_THREAD_SUSPEND: "pause",
    }
    return told.get(getattr(thread, "stop_reason", None), "step")
