"""
The host's view of an anchor: starts it, hears whether an editor is there, and notices its end.

`anchor.py` is the other side. What an end means is for `debug_port.py` to decide.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any, ClassVar

from amlemu.errors import BootFailed, UsageError
from amlemu.events import DebuggerAttached, DebuggerLeft, Event, Listener
from amlemu.worker import protocol, session
from amlemu.worker.launch import LaunchPlan, launch_anchor
from amlemu.worker.process import GuestProcess, silent_fault, told_end

LOOPBACK = "127.0.0.1"
_LAST_WORDS_S = 0.5
_OPENING_S = 5.0  # killed before it has its adapter in hand, it would leave that behind
_CHUNK_BYTES = 1 << 16


class Anchor:
    """One anchor process. Its methods belong to the event loop's thread."""

    def __init__(
        self, plan: LaunchPlan, order: dict[str, Any], listener: Listener, lost: Callable[[Anchor], None]
    ) -> None:
        """
        Remember what to start; nothing is started yet.

        Args:
            plan: what workers are started with.
            order: `host` and `port` to listen on, or the port to `connect` to.
            listener: told who comes and goes.
            lost: called when it has ended by itself.
        """
        self._plan = plan
        self._order = {"host": LOOPBACK, "port": 0, **order}
        self._tell = listener
        self._lost = lost
        self._decoder = protocol.Decoder()
        self._is_stopping = False
        self.attached = asyncio.Event()  # an editor is there
        self.host, self.port = "", 0

    @property
    def is_dialled(self) -> bool:
        """Whether it has called an editor, and not the other way round."""
        return self._order["connect"] is not None

    @property
    def address(self) -> str:
        """Where editors come in."""
        return f"{self.host}:{self.port}"

    async def start(self) -> session.Session:
        """Start it and wait for its session. Raises UsageError or BootFailed, see `DebugPort.open`."""
        loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[dict[str, Any]] = loop.create_future()
        self._ended: asyncio.Future[None] = loop.create_future()
        self._launched = launch_anchor(self._plan)
        self._socket = self._launched.endpoint
        self._process = GuestProcess(self._launched, _unheard, lambda: None)
        self._process.start(self._process_ended)
        loop.add_reader(self._socket, self._read)
        with contextlib.suppress(OSError):  # it has ended already: that is told below
            self._socket.sendall(self._process.order(self._plan, **self._order))
        try:
            opened = await asyncio.shield(self._opened)
        except BaseException:
            await self.stop()
            raise
        self.host, self.port = opened["address"]
        return session.Session(*opened["session"])

    async def stop(self) -> None:
        """End it, and the adapter with it."""
        self._is_stopping = True
        with contextlib.suppress(OSError):  # closed already
            self._socket.shutdown(socket.SHUT_WR)
        await self._process.stop(self._ended, _LAST_WORDS_S if self._opened.done() else _OPENING_S)

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            if data := self._socket.recv(_CHUNK_BYTES):
                for frame in self._decoder.feed(data):
                    self._frames[frame.kind](self, frame)
                return
        asyncio.get_running_loop().remove_reader(self._socket)

    def _on_hello(self, frame: protocol.Frame) -> None:
        protocol.check_version(frame, protocol.HELLO)

    def _on_session(self, frame: protocol.Frame) -> None:
        if frame.head["attached"]:
            self.attached.set()
        self._opened.set_result(frame.head)

    def _on_failed(self, frame: protocol.Frame) -> None:
        self._refuse(frame.head["kind"], frame.head["what"])

    def _on_attached(self, frame: protocol.Frame) -> None:
        self.attached.set()
        self._tell(DebuggerAttached())

    def _on_left(self, frame: protocol.Frame) -> None:
        self.attached.clear()
        self._tell(DebuggerLeft())

    _frames: ClassVar = {
        protocol.HELLO: _on_hello,
        protocol.SESSION: _on_session,
        protocol.FAILED: _on_failed,
        protocol.ATTACHED: _on_attached,
        protocol.LEFT: _on_left,
    }

    def _refuse(self, kind: str, what: str) -> None:
        """Say why there is no session."""
        port, where = self._order["connect"], f"port {self._order['port']}"
        if self._opened.done():
            return
        if port is not None and kind != "ImportError":
            fault = silent_fault(
                f"no debugger listens at 127.0.0.1:{port}: {what}",
                "Start the editor's entry that listens before amlemu.",
            )
            self._opened.set_exception(BootFailed({**fault, "phase": "debugger"}))
        else:
            self._opened.set_exception(UsageError(what, where="" if kind == "ImportError" else where))

    def _process_ended(self, exit_code: int) -> None:
        self._read()
        asyncio.get_running_loop().remove_reader(self._socket)
        self._process.bury()
        self._socket.close()
        self._launched.mark.close()
        self._launched.stacks.close()
        self._refuse("", f"the process that holds it {told_end(exit_code)}: {self._process.last_line}")
        if self._opened.exception() is None and not self._is_stopping:  # asked in this order: nobody else may ask it
            if self.attached.is_set():
                self._tell(DebuggerLeft())
            self._lost(self)
        self._ended.set_result(None)


def _unheard(event: Event) -> None:
    """What debugpy says of itself is nobody's business, unless it fails."""
