"""
The host's side of debugging: owns the anchor that editors attach to, and tells workers how to join.

There is one anchor at a time (`anchorage.py`). It begins with the server where the user has asked for it, else when a script first
wants to listen, and another one takes its place when debugpy's adapter ends. `debugging.py` says what was asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from amlemu import ports
from amlemu.debugging import DebugRules
from amlemu.errors import BootFailed, UsageError
from amlemu.events import DebuggerListening, Listener, Noticed
from amlemu.worker import session
from amlemu.worker.anchorage import LOOPBACK, Anchor
from amlemu.worker.launch import LaunchPlan

# An editor that debugpy does not refuse at once is not to wait 15 s for a process of its own.
_VARIABLES = {"DEBUGPY_PROCESS_SPAWN_TIMEOUT": "2", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
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
        self._anchor: Anchor | None = None
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
        if self._renewing is not None:  # that one is joined
            await asyncio.wait({self._renewing})
        async with self._opening:
            if self._session is None:
                if not ports.is_loopback(host):
                    self._tell(Noticed(f"the script listens for a debugger on {host}; here it is {LOOPBACK} alone"))
                try:
                    await self._listen(LOOPBACK, port, None)
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
        place = [self._anchor.host, self._anchor.port] if self._anchor else [LOOPBACK, port]
        return {"session": self._session, "address": place, "attached": self.is_attached}

    async def close(self) -> None:
        """Let the editor go; nothing listens any more."""
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.wait({self._renewing})
        if self._anchor is not None:
            await self._anchor.stop()

    async def _listen(self, host: str, port: int, wait_s: float | None) -> None:
        # A port that debugpy has picked itself could not be listened on a second time.
        picked = ports.check(host, port, "--debug")
        try:
            await self._begin({"host": host, "port": picked, "connect": None}, wait_s)
        except (UsageError, BootFailed):
            if port or not _is_taken(host, picked):
                raise
            # Somebody has taken it since we looked: that is no fault of who wanted any port.
            picked = ports.check(host, 0, "--debug")
            await self._begin({"host": host, "port": picked, "connect": None}, wait_s)

    async def _begin(self, order: dict[str, Any], wait_s: float | None) -> None:
        anchor = Anchor(self._plan, order, self._tell, self._lost)
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

    def _lost(self, anchor: Anchor) -> None:
        """The anchor has ended by itself: whoever is debugged goes on without, and another one listens."""
        self._anchor = self._session = None
        if anchor.is_dialled:
            self._tell(Noticed(f"the editor at {anchor.address} has ended: the script goes on without"))
        else:
            self._renewing = asyncio.get_running_loop().create_task(self._renew(anchor))

    async def _renew(self, anchor: Anchor) -> None:
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


def _is_taken(host: str, port: int) -> bool:
    try:
        ports.check(host, port, "--debug")
    except ports.PortTaken:
        return True
    return False


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
