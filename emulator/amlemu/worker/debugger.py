"""
A worker's side of debugging: it joins the session before the script is loaded, tells its host of every stop, and looks where run() raised.

`session.py` talks to pydevd, `stops.py` tells of stops, `own_listen.py` serves scripts that open a port by themselves, `terminal.py` has
pdb. Part of the guest half: standard library only, Python 3.9 syntax.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Dict, List, Optional, Tuple

from amlemu.scoring import faults
from amlemu.scoring.logs import flush_streams
from amlemu.worker import own_listen, protocol, session, terminal
from amlemu.worker.imports import is_users
from amlemu.worker.paths import for_children, map_paths
from amlemu.worker.protocol import Channel
from amlemu.worker.redirects import Redirects
from amlemu.worker.stops import Stops

_NO_TERMINAL = "pdb asks in a terminal, and here is none: use breakpoint(), which stops in the editor."
WAITING = "waiting for a debugger"
_SLICE_S = 0.1  # of a wait that another thread may cancel
_FOLLOW_S = 5.0  # for an editor that is there to follow us and set its breakpoints; it takes half a second


class Debugger:
    """What this process does about debuggers."""

    def __init__(self, channel: Channel, wishes: Dict[str, Any]) -> None:
        """
        Take the wishes of the host.

        Args:
            channel: to the host.
            wishes: plain JSON. `session`, see `session.Session`, None where nobody listens; `attached`, whether an editor is
                there; `wait_s`, how long to wait for one, None does not; `paths`, see `paths.map_paths`; `stops_clocks`;
                `on_error`, stop where the script raised; `terminal`, where pdb asks, or None.
        """
        self._channel = channel
        self._wishes = wishes
        self.stops = Stops(channel, stops_clocks=wishes["stops_clocks"])
        self._redirects = Redirects()
        self.has_joined = False
        self._pid = os.getpid()

    def begin(self) -> None:
        """Be ready for whatever the script is going to do."""
        if self._wishes["terminal"]:
            faults.no_debugger = ""  # somebody was asked, and has quit
            terminal.hand_over(self._wishes["terminal"], self.stops, self._settle)
        if self._wishes["session"]:
            faults.no_debugger = _NO_TERMINAL
            for_children(self._wishes["paths"])
            self._join(self._wishes["session"])
            if self._wishes["wait_s"] is not None:
                self.wait(self._wishes["wait_s"], threading.Event())
            elif self._wishes["attached"]:
                self._be_followed()
        own_listen.serve(self)

    def _be_followed(self) -> None:
        """Wait until the editor that is there has set its breakpoints here; it takes a quarter of a second."""
        session.wait(_FOLLOW_S, threading.Event())
        if not session.is_attached():
            self._channel.send(protocol.UNFOLLOWED, None)

    def _settle(self) -> None:
        """Let the host hear what we have told, before anything else happens."""
        flush_streams()
        if self._hears_the_host:
            self._channel.ask(protocol.WAIT, 0, protocol.SESSION)

    @property
    def _hears_the_host(self) -> bool:
        """Whether answers of the host come to us: not in a fork, nor in another thread."""
        return os.getpid() == self._pid and threading.current_thread() is threading.main_thread()

    def ask_to_listen(self, host: str, port: int, *, redirects: bool) -> Tuple[str, int]:
        """
        Let the host listen in our place, and join; returns where editors come in.

        Args:
            host: where the script wants to listen.
            port: likewise.
            redirects: the editor is to have what the script says.

        Raises:
            RuntimeError: as debugpy does when it cannot listen.
        """
        frame = self._channel.ask(protocol.LISTEN, [host, port], protocol.SESSION)
        if frame is None:
            sys.exit(0)  # the host is gone
        if "error" in frame.head:
            raise RuntimeError(frame.head["error"])
        if not self.has_joined:
            self._join(frame.head["session"])
            if frame.head["attached"]:
                self._be_followed()
        if redirects:
            self._redirects.ask()
        host, port = frame.head["address"]
        return host, port

    def notice(self, text: str) -> None:
        """Tell a person something; a clause."""
        self._channel.send(protocol.NOTICED, text)

    def look_at(self, error: BaseException) -> None:
        """Stop where the script raised, if that is wanted and somebody is there to look."""
        trace = error.__traceback__
        if not self._wishes["on_error"] or trace is None or not isinstance(error, Exception):
            return
        frame = _where_it_raised(trace)
        if frame is None:
            return
        if self._wishes["terminal"]:
            terminal.look_at(error)
        elif self._is_attached():
            session.stop_at(error, frame)

    def prepare(self) -> None:
        """Be ready to be debugged by whom it may concern. Raises ImportError without debugpy."""
        session.import_debugpy()
        map_paths(self._wishes["paths"])  # before an editor that is there already sets its breakpoints
        self.stops.watch()
        self._redirects.watch()
        handler = signal.getsignal(signal.SIGTERM)
        os.register_at_fork(after_in_child=lambda: _end_as_others(handler))

    def _join(self, data: Any) -> None:
        """Be debugged, and tell of stops."""
        self.prepare()
        session.join(session.Session(*data))
        sys.breakpointhook = self._stop_or_notice
        self.has_joined = True

    def _is_attached(self) -> bool:
        """Tell whether an editor is there and follows us; the adapter itself looks like one for a moment when we have joined."""
        if not session.is_attached() or not self._hears_the_host:
            return session.is_attached()
        frame = self._channel.ask(protocol.WAIT, 0, protocol.SESSION)
        return frame is not None and bool(frame.head["attached"])

    def _stop_or_notice(self, *arguments: Any, **options: Any) -> Any:
        """Be `breakpoint()`: without an editor debugpy's own passes in silence."""
        if os.environ.get("PYTHONBREAKPOINT"):  # somebody has other plans
            return sys.__breakpointhook__(*arguments, **options)  # noqa: T100
        if self._is_attached():
            return session.import_debugpy().breakpoint()
        caller = sys._getframe(1)  # noqa: SLF001
        place = f"{caller.f_code.co_filename}:{caller.f_lineno}"
        self.notice(f"{place}: breakpoint() is passed, for no editor is attached")
        return None

    def wait(self, seconds: float, over: threading.Event) -> None:
        """
        Wait until an editor is there, follows this process and has set its breakpoints.

        The host waits for it, not pydevd: debugpy's adapter lets processes go that begin to wait before anybody is there.

        Args:
            seconds: at most.
            over: ends the wait as well.
        """
        with self.stops.standing(WAITING):
            if not (self.has_joined and self._hears_the_host):
                session.wait(seconds, over)
                return
            deadline, is_there = time.monotonic() + seconds, False
            while not (is_there or over.is_set()) and time.monotonic() < deadline:
                slice_s = max(0.0, min(_SLICE_S, deadline - time.monotonic()))
                frame = self._channel.ask(protocol.WAIT, slice_s, protocol.SESSION)
                if frame is None:
                    sys.exit(0)  # the host is gone
                is_there = frame.head["attached"]
            if is_there:
                session.wait(_FOLLOW_S, over)


def _where_it_raised(trace: TracebackType) -> Optional[FrameType]:
    """
    Return the innermost frame of the user's own code, else the innermost one; None where Python itself has raised, as for a script
    that is none.
    """
    frames: List[FrameType] = []
    step: Optional[TracebackType] = trace
    while step is not None:
        frames.append(step.tb_frame)
        step = step.tb_next
    others = [one for one in frames if not session.is_ours(one) and not one.f_code.co_filename.startswith("<frozen")]
    own = [frame for frame in others if is_users(frame.f_globals)]
    return next(reversed(own or others), None)


def _end_as_others(handler: Any) -> None:
    """
    Let a fork of the script's end at SIGTERM, as `multiprocessing.Pool` ends its processes: ours only takes note of it, and in
    a debugged one nobody looks at that in time.
    """
    if signal.getsignal(signal.SIGTERM) == handler:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
