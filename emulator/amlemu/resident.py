"""
A deployment that lives behind a scoring port: its ground, its backend, its front door, its aids, and what is on record of it.

`emulator.py` gives one of them a port of its own; an endpoint with a name has several behind one.
"""

from __future__ import annotations

import asyncio
import contextlib
import posixpath
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from amlemu import whereabouts
from amlemu.aids.aids import Aids
from amlemu.backends.generation import Outcome
from amlemu.backends.generations import Generations
from amlemu.credentials import Keyring, has_secrets, without_secrets
from amlemu.errors import NotReady
from amlemu.exchange import Exchange
from amlemu.journal import Journal
from amlemu.layout import Layout
from amlemu.pauses import Pauses
from amlemu.readiness import Readiness
from amlemu.slots import at_first
from amlemu.stand import Plan, Stand
from amlemu.transcript import Transcript

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amlemu.backends import Backend
    from amlemu.gateway.app import FrontDoor


class Resident:
    """Use from one event loop: open, start, make_front_door, ready, wait, then leave_aids, stop, close."""

    def __init__(self, plan: Plan, transcript: Transcript | None = None, name: str = "") -> None:
        """
        Remember the plan; nothing is opened yet.

        Args:
            transcript: where to read what the console writes.
            name: of the folder below `.amlemu` beside the script; empty is the port's number.
        """
        self._plan = plan
        self._transcript = transcript or Transcript()
        self._name = name
        self._aiding: asyncio.Task[None] | None = None
        self.journal = Journal()
        self.readiness = Readiness()
        self.pauses = Pauses()
        self.slots = at_first(plan.profile.limits)

    def open(self, port: int) -> None:
        """
        Make the tree and bind the control port; nothing runs yet.

        Args:
            port: where requests come in.

        Raises:
            UsageError: the control port is taken, the layout is impossible here.
        """
        name = self._name or str(port)
        self._stand = Stand(self._plan, port, name)
        self._folders = _folders(self._stand.layout, self._plan)
        self._aids = Aids(
            self._plan,
            port,
            self._stand.layout,
            name=name,
            journal=self.journal,
            readiness=self.readiness,
            transcript=self._transcript,
        )
        self._aids.open()
        self._aids.tell_debugger(lambda: self._stand.debug_address)

    @property
    def layout(self) -> Layout:
        """What the script is going to see."""
        return self._stand.layout

    @property
    def environment(self) -> Mapping[str, str]:
        """All variables of the script."""
        return self._stand.environment

    @property
    def watching(self) -> str:
        """What is looked at for changes, in words; empty: nothing."""
        return self._aids.watching

    @property
    def control(self) -> str:
        """Address of the control port; empty without one."""
        return self._aids.control

    @property
    def debugger(self) -> str:
        """Where editors attach, `host:port`; empty where they cannot."""
        return self._stand.debug_address

    async def start(self) -> None:
        """Begin to boot the script. Raises UsageError when the interpreter cannot be started; then all is closed."""
        try:
            self.backend = self._stand.make_backend(self.readiness, self.pauses, self.slots)
            await self._stand.open_debugger(self._reload_soon)
            await self._start_whole(self.backend)
        except BaseException:
            await self._clear()
            raise
        # Nobody waits for these; but a save is seen before the script has been read.
        self._aiding = asyncio.get_running_loop().create_task(self._aids.start(self.backend))

    async def _start_whole(self, backend: Backend) -> None:
        """Start it to the end, also when called off meanwhile, and stop it then: half a start would leave processes behind."""
        starting = asyncio.ensure_future(backend.start())
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            await asyncio.wait({starting})
            if not starting.cancelled() and starting.exception() is None:
                await backend.stop(0)
            raise

    def make_front_door(self, doorkeeper: Keyring | None) -> FrontDoor:
        """Return what leads requests to the backend, which has been made; this imports FastAPI."""
        from amlemu.gateway.app import FrontDoor, Witness
        from amlemu.gateway.stages import Served, stages

        plan = self._plan
        served = Served(
            self.backend,
            plan.deployment.endpoint,
            plan.deployment.name,
            self.readiness,
            doorkeeper,
            plan.dev_errors,
            self.pauses,
            has_nginx=plan.quarters is not None and plan.quarters.has_nginx,
            slots=self.slots,
        )
        witness = Witness(self._record, plan.on_event, self._locate)
        return FrontDoor(stages(plan.profile, served), witness, shadow=plan.is_shadow, pauses=self.pauses)

    async def ready(self) -> None:
        """Wait for init(). Raises BootFailed."""
        await self.backend.ready()
        if not self.readiness.why:
            self.readiness.serves()

    async def aided(self) -> None:
        """Wait until files are watched and the control port answers."""
        assert self._aiding is not None, "it was started"
        await asyncio.shield(self._aiding)

    async def reload(self, changed: Iterable[str] = (), since: float | None = None) -> Outcome:
        """Let another generation of the script serve; see `Generations.reload`. Raises UsageError where there is none."""
        return await self._aids.reload(self.backend, changed, since)

    def _reload_soon(self) -> None:
        """Have workers that can be debugged, where another generation can be had."""
        if isinstance(self.backend, Generations):
            self._reloading = asyncio.get_running_loop().create_task(self._reload_quietly())

    async def _reload_quietly(self) -> None:
        with contextlib.suppress(NotReady):  # the server is stopping
            await self.reload()

    async def wait(self, stop: asyncio.Event) -> Exception | None:
        """Wait until `stop` is set, or until the backend gives up for good; returns why it did."""
        loop = asyncio.get_running_loop()
        stopped, failed = loop.create_task(stop.wait()), loop.create_task(self.backend.failed())
        try:
            await asyncio.wait({stopped, failed}, return_when=asyncio.FIRST_COMPLETED)
            return failed.result() if failed.done() else None
        finally:
            for task in (stopped, failed):
                task.cancel()

    def interrupt_prompt(self) -> bool:
        """Give a Ctrl-C to the pdb that asks in this terminal; returns whether there is one."""
        interrupt = getattr(getattr(self, "backend", None), "interrupt_prompt", None)
        return interrupt is not None and bool(interrupt())

    async def leave_aids(self) -> None:
        """Reload no more, tell no more."""
        await self._aids.stop()
        if self._aiding is not None:
            await asyncio.wait({self._aiding})

    async def stop(self, grace_s: float) -> None:
        """End the script; its requests in hand may take `grace_s` seconds."""
        await self.backend.stop(grace_s)

    async def close(self) -> None:
        """Leave nothing behind, when the last request is over."""
        await self._clear()

    def abandon(self) -> None:
        """The same, before anything was started; `leave_aids` comes before."""
        if hasattr(self, "_stand"):
            self._stand.close()

    async def _clear(self) -> None:
        await self._stand.close_debugger()
        await self._stand.clear_quarters()
        self._stand.close()

    def _record(self, exchange: Exchange) -> None:
        """Keep an exchange and show it: with the script's own view of where it was, and without secrets."""
        if exchange.stack:
            exchange.stack = whereabouts.of_user(exchange.stack, self._folders)
            exchange.where = whereabouts.told(exchange.stack, self._folders)
        if has_secrets(exchange.request):
            exchange = replace(exchange, request=replace(exchange.request, headers=without_secrets(exchange.request)))
        self.journal.add(exchange)
        self._plan.on_exchange(exchange)

    async def _locate(self, exchange: Exchange) -> None:
        """Write on an exchange that is answered where the script is with it."""
        stack = await self.backend.locate(exchange.number)
        exchange.stack = stack or []
        exchange.where = "waiting for a worker" if stack is None else ""


def _folders(layout: Layout, plan: Plan) -> list[str]:
    """Return the folders of the user's own code, as the script's file system has them."""
    return [layout.app_root, str(plan.deployment.code), posixpath.dirname(layout.script)]
