"""
The composition root of one server: puts a scoring port before a `Resident`, and owns their start and stop.

`Emulator` is the asynchronous whole that the command line runs; `endpoint.py` wraps one in a thread for Python programs
and tests. Nothing below this file knows which backend or profile was chosen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amlemu import ports
from amlemu.backends import Backend
from amlemu.backends.generation import Outcome
from amlemu.credentials import KeyFile, Keyring
from amlemu.errors import UsageError
from amlemu.gateway.gate import Gate
from amlemu.layout import OWN_FOLDER, Layout
from amlemu.resident import Resident
from amlemu.stand import Plan
from amlemu.transcript import Transcript

if TYPE_CHECKING:
    from amlemu.gateway.app import FrontDoor


@dataclass(frozen=True)
class Opening:
    """What is known once the ports are bound: where clients come in, and what the script is going to see."""

    port: int
    addresses: tuple[str, ...]
    layout: Layout
    environment: Mapping[str, str]
    watching: str = ""  # what is looked at for changes, in words; empty: nothing
    control: str = ""  # address of the control port, empty without one
    debugger: str = ""  # where editors attach, `host:port`; empty where they cannot


class Emulator:
    """A deployment being served. Use from one event loop: open, start, ready, wait, stop."""

    def __init__(self, plan: Plan, transcript: Transcript | None = None) -> None:
        """Remember the plan, and where to read what the console writes; nothing is opened yet."""
        self._plan = plan
        self._gate = Gate(plan.host)
        self._resident = Resident(plan, transcript)
        self.journal, self.readiness = self._resident.journal, self._resident.readiness
        self.pauses, self.slots = self._resident.pauses, self._resident.slots

    @property
    def port(self) -> int:
        """Where requests come in; known once it is open."""
        return self._gate.port

    @property
    def backend(self) -> Backend:
        """Who answers; there is one from `start` on."""
        return self._resident.backend

    def open(self) -> Opening:
        """
        Bind the ports, so that early clients wait, and say what the script is going to see; nothing runs yet.

        Raises:
            UsageError: a port is taken (the control port, too), the address is none, the layout is impossible here.
        """
        plan = self._plan
        self._doorkeeper = doorkeeper(plan)
        self._gate.open(*(port for port in (plan.health_port, plan.port) if port is not None))
        try:
            self._resident.open(self.port)
        except BaseException:
            self._gate.close()
            self._resident.abandon()
            raise
        resident = self._resident
        self.opening = Opening(self.port, self._gate.addresses, resident.layout, resident.environment)
        return self.opening

    async def start(self) -> None:
        """
        Begin to boot the script, and accept connections (they wait for init(), as in the cloud).

        Raises:
            UsageError: the interpreter cannot be started.
        """
        try:
            await self._resident.start()
        except BaseException:
            self._gate.close()
            raise
        try:
            await self._gate.serve(self._make_front_door, self._plan.profile, self._plan.on_event)
        except BaseException:  # who has asked does not wait any more
            await self._resident.leave_aids()
            await self._resident.stop(0)
            await self._resident.close()
            self._gate.close()
            raise

    def _make_front_door(self) -> FrontDoor:
        return self._resident.make_front_door(self._doorkeeper)

    async def ready(self) -> None:
        """Wait for init(). Raises BootFailed."""
        await self._resident.ready()

    async def aided(self) -> None:
        """Wait until files are watched and the control port answers; `opening` then tells of both."""
        one = self._resident
        await one.aided()
        self.opening = replace(self.opening, watching=one.watching, control=one.control, debugger=one.debugger)

    async def reload(self, changed: Iterable[str] = (), since: float | None = None) -> Outcome:
        """Let another generation of the script serve; see `Generations.reload`. Raises UsageError where there is none."""
        return await self._resident.reload(changed, since)

    async def wait(self, stop: asyncio.Event) -> Exception | None:
        """Wait until `stop` is set, or until the backend gives up for good; returns why it did."""
        return await self._resident.wait(stop)

    def interrupt_prompt(self) -> bool:
        """Give a Ctrl-C to the pdb that asks in this terminal; returns whether there is one."""
        return self._resident.interrupt_prompt()

    async def stop(self, grace_s: float = 10.0) -> None:
        """Accept nothing more, let requests in hand finish for `grace_s` seconds, leave nothing behind."""
        self._gate.shut()
        await self._resident.leave_aids()
        is_drained = await self._gate.drain(grace_s)
        # What outlasts the grace is ended from below: its worker is killed, and its exchange says so.
        await self._resident.stop(grace_s if is_drained else 0)
        await self._gate.drained()
        await self._resident.close()
        self._gate.close()


def doorkeeper(plan: Plan, folder: Path | None = None) -> Keyring | None:
    """
    Return who guards the front door; None lets everybody in.

    Args:
        folder: where the keys are kept; None is `.amlemu` beside the script.

    Raises:
        UsageError: others could come in and nobody guards it, or this cloud has no such way of authentication.
    """
    if plan.auth is None:
        if not plan.is_insecure and not ports.is_loopback(plan.host):
            raise UsageError(
                "others can reach this address, and nobody is asked for a key",
                where=f"--host {plan.host or repr(plan.host)}",
                hint="Add --auth key, or --insecure if that is what you want.",
            )
        return None
    modes = plan.profile.auth.modes
    if plan.auth not in modes:
        source = plan.profile.facts["auth.modes"].source
        raise UsageError(
            f"profile {plan.profile.name} has no such way",
            where=f"--auth {plan.auth}",
            expected=f"It has {', '.join(modes)} ({source}).",
        )
    keyring = Keyring(plan.auth, KeyFile(folder or plan.deployment.script.parent / OWN_FOLDER), *plan.keys)
    keyring.prepare()
    return keyring


def run_loop(main: Any) -> Any:
    """Run a coroutine in a new event loop, uvloop's where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    return uvloop.run(main)
