"""
The host's side of debugging: owns the anchor that editors attach to, and tells workers how to join.

There is at most one anchor in a server's life. It begins with the server where the user has asked for it, else when a script first wants to
listen. `anchor.py` is the other side; `debugging.py` says what was asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from amlemu import ports
from amlemu.debugging import DebugRules
from amlemu.errors import BootFailed, UsageError
from amlemu.events import DebuggerAttached, DebuggerLeft, DebuggerListening, Event, Listener, Noticed
from amlemu.worker import protocol, session
from amlemu.worker.launch import LaunchPlan, launch_anchor
from amlemu.worker.process import GuestProcess, silent_fault, told_end

_LOOPBACK = "127.0.0.1"
# An editor that debugpy does not refuse at once is not to wait 15 s for a process of its own.
_VARIABLES = {"DEBUGPY_PROCESS_SPAWN_TIMEOUT": "2", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
_LAST_WORDS_S = 0.5
_OPENING_S = 5.0  # killed before it has its adapter in hand, it would leave that behind
_CHUNK_BYTES = 1 << 16
_FREE_S, _LOOK_AGAIN_S = 10.0, 0.05  # for a port that was ours to be free again


class DebugPort:
    """Where an editor attaches, once for all workers. Used from one event loop."""

    def __init__(
        self, plan: LaunchPlan, rules: DebugRules, paths: Sequence[tuple[str, str]], listener: Listener
    ) -> None:
        """
        Remember what was asked for; nothing listens yet.

        Args:
            plan: what workers are started with: the anchor needs the same interpreter.
            rules: what was asked for.
            paths: the host's name and the script's name of each folder or file of the deployment.
            listener: told when it listens, who comes and goes.

        `renewed` may be set: it is called when debugpy's adapter has ended and another one listens, which workers that run
        cannot join.
        """
        self.renewed: Callable[[], None] = lambda: None
        self._renewing: asyncio.Task[None] | None = None
        self._plan = dataclasses.replace(
            plan, prefix=(), folder=Path("/"), environment={**plan.environment, **_VARIABLES}, debugging=None
        )
        self._rules = rules
        self._paths = [list(pair) for pair in paths]
        self._tell = listener
        self._anchor: _Anchor | None = None
        self._opening = asyncio.Lock()
        self._is_first = True
        self._session: session.Session | None = None

    async def open(self) -> None:
        """
        Listen or dial, if that was asked for: before any script is loaded.

        Raises:
            UsageError: the port is taken, or debugpy is not installed for the script's interpreter.
            BootFailed: nobody listens at the port that was to be dialled; the real server ends then, too.
        """
        rules = self._rules
        if rules.port is not None:
            await self._listen(rules.host, rules.port, rules.wait_s)
        elif rules.connect is not None:
            await self._begin({"connect": rules.connect}, rules.wait_s)
        elif rules.inherits:
            self._take_ours()

    @property
    def address(self) -> str:
        """Where editors come in, `host:port`; empty where nobody listens."""
        return self._anchor.address if self._anchor else ""

    @property
    def is_attached(self) -> bool:
        """Whether an editor is there."""
        if self._anchor is None:
            return self._session is not None and session.is_attached()
        return self._anchor.attached.is_set()

    def for_worker(self) -> dict[str, Any]:
        """Return what a worker that starts now is to do, see `debugger.Debugger`. The first one may have to wait."""
        rules, is_first = self._rules, self._is_first
        self._is_first = False
        return {
            "session": self._session,
            "attached": self.is_attached,
            "wait_s": rules.wait_s if is_first else None,
            "paths": self._paths,
            "stops_clocks": rules.stops_clocks,
            "on_error": rules.on_error,
            "terminal": rules.terminal,
        }

    async def join(self, host: str, port: int) -> dict[str, Any]:
        """Let a script that wants to listen join what is there, or what begins now; returns the head of a `SESSION` frame."""
        async with self._opening:
            if self._session is None:
                if not ports.is_loopback(host):
                    self._tell(Noticed(f"the script listens for a debugger on {host}; here it is {_LOOPBACK} alone"))
                try:
                    await self._listen(_LOOPBACK, port, None)
                except (UsageError, BootFailed) as error:
                    return {"error": str(error)}
            elif self._anchor is not None and port not in (0, self._anchor.port):
                self._tell(Noticed(f"the script listens for a debugger on port {port}: it joins {self.address}"))
        return self._state(port)

    async def wait(self, seconds: float) -> dict[str, Any]:
        """Wait for an editor, so many seconds at most; returns the head of a `SESSION` frame."""
        if self._anchor is not None and seconds:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._anchor.attached.wait(), seconds)
        return self._state(0)

    def renew(self) -> None:
        """Let another anchor listen: the adapter of this one serves nobody any more, though an editor is connected."""
        anchor = self._anchor
        if anchor is None or anchor.is_dialled or (self._renewing is not None and not self._renewing.done()):
            return

        async def replace() -> None:
            await anchor.stop()
            self._anchor = self._session = None
            await self._renew(anchor)

        self._renewing = asyncio.get_running_loop().create_task(replace())

    def _state(self, port: int) -> dict[str, Any]:
        place = [self._anchor.host, self._anchor.port] if self._anchor else [_LOOPBACK, port]
        return {"session": self._session, "address": place, "attached": self.is_attached}

    async def close(self) -> None:
        """Let the editor go; nothing listens any more."""
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.wait({self._renewing})
        if self._anchor is not None:
            await self._anchor.stop()

    async def _listen(self, host: str, port: int, wait_s: float | None) -> None:
        port = ports.check(
            host, port, "--debug"
        )  # debugpy could not listen a second time on one that it has picked itself
        await self._begin({"host": host, "port": port, "connect": None}, wait_s)

    async def _begin(self, order: dict[str, Any], wait_s: float | None) -> None:
        anchor = _Anchor(self._plan, order, self._tell, self._lost)
        self._session = await anchor.start()
        self._anchor = anchor
        self._tell(DebuggerListening(anchor.address, order["connect"] is not None, wait_s))

    def _take_ours(self) -> None:
        """amlemu itself was started by a debugger: workers are children of ours for the editor, too."""
        try:
            self._session = session.opened()
        except LookupError:
            return
        self._tell(DebuggerListening("the session that started amlemu", is_dialled=True))

    def _lost(self, anchor: _Anchor) -> None:
        """The anchor has ended by itself: whoever is debugged goes on without, and another one listens."""
        self._anchor = self._session = None
        if anchor.is_dialled:
            self._tell(Noticed(f"the editor at {anchor.address} has ended: the script goes on without"))
        else:
            self._renewing = asyncio.get_running_loop().create_task(self._renew(anchor))

    async def _renew(self, anchor: _Anchor) -> None:
        what = f"debugpy's adapter at {anchor.address} has ended"
        try:
            async with self._opening:  # a script may want to listen meanwhile
                await _until_free(anchor.host, anchor.port)
                await self._listen(anchor.host, anchor.port, None)
        except (UsageError, BootFailed) as error:
            self._tell(Noticed(f"{what}, and no other one can listen there: {error}"))
            return
        self._tell(Noticed(f"{what}; another one listens there, attach again"))
        self.renewed()


class _Anchor:
    """One anchor process. Its methods belong to the event loop's thread."""

    def __init__(
        self, plan: LaunchPlan, order: dict[str, Any], listener: Listener, lost: Callable[[_Anchor], None]
    ) -> None:
        self._plan = plan
        self._order = {"host": _LOOPBACK, "port": 0, **order}
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


async def _until_free(host: str, port: int) -> None:
    """Wait until the editor, too, has closed what connected it with the one before. Raises what `ports.check` raises."""
    deadline = time.monotonic() + _FREE_S
    while True:
        try:
            ports.check(host, port, "--debug")
        except ports.PortTaken:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(_LOOK_AGAIN_S)
        else:
            return


def _unheard(event: Event) -> None:
    """What debugpy says of itself is nobody's business, unless it fails."""
