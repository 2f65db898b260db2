"""
The composition root: puts front door and server before a `Stand`, and owns their start and stop.

`Emulator` is the asynchronous whole that the command line runs; `endpoint.py` wraps one in a thread for Python programs
and tests. Nothing below this file knows which backend or profile was chosen.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import posixpath
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from amlemu import ports, whereabouts
from amlemu.aids.aids import Aids
from amlemu.backends.generation import Outcome
from amlemu.backends.generations import Generations
from amlemu.credentials import KeyFile, Keyring, has_secrets, without_secrets
from amlemu.errors import NotReady, UsageError
from amlemu.exchange import Exchange
from amlemu.journal import Journal
from amlemu.layout import OWN_FOLDER, Layout
from amlemu.pauses import Pauses
from amlemu.readiness import Readiness
from amlemu.slots import at_first
from amlemu.stand import Plan, Stand
from amlemu.transcript import Transcript

if TYPE_CHECKING:
    import uvicorn

_BACKSTOP_S = 5  # uvicorn's own patience, for the case that ours fails


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
        self._transcript = transcript or Transcript()
        self._listeners: list[socket.socket] = []
        self.journal = Journal()
        self.readiness = Readiness()
        self.pauses = Pauses()
        self.slots = at_first(plan.profile.limits)

    def open(self) -> Opening:
        """
        Bind the ports, so that early clients wait, and say what the script is going to see; nothing runs yet.

        Raises:
            UsageError: a port is taken (the control port, too), the address is none, the layout is impossible here.
        """
        plan = self._plan
        self._doorkeeper = doorkeeper(plan)
        wanted = [port for port in (plan.health_port, plan.port) if port is not None]
        try:
            self._listeners += [ports.listen(plan.host, port) for port in wanted]
            self.port = int(self._listeners[-1].getsockname()[1])
            self._stand = Stand(plan, self.port)
            self._folders = _folders(self._stand.layout, plan)
            self._aids = Aids(
                plan,
                self.port,
                self._stand.layout,
                journal=self.journal,
                readiness=self.readiness,
                transcript=self._transcript,
            )
            self._aids.open()
            self._aids.tell_debugger(lambda: self._stand.debug_address)
        except BaseException:
            self._close()
            raise
        addresses = tuple(f"http://{plan.host}:{one.getsockname()[1]}" for one in self._listeners)
        self.opening = Opening(self.port, addresses, self._stand.layout, self._stand.environment)
        return self.opening

    async def start(self) -> None:
        """
        Begin to boot the script, and accept connections (they wait for init(), as in the cloud).

        Raises:
            UsageError: the interpreter cannot be started.
        """
        try:
            self.backend = self._stand.make_backend(self.readiness, self.pauses, self.slots)
            await self._stand.open_debugger(self._reload_soon)
            await self.backend.start()
        except BaseException:
            await self._stand.close_debugger()
            await self._stand.clear_quarters()
            self._close()
            raise
        # Nobody waits for these; but a save is seen before the script has been read.
        self._aiding = asyncio.get_running_loop().create_task(self._aids.start(self.backend))
        try:
            # It imports FastAPI while the worker boots; in a thread, for we must hear the worker meanwhile.
            self._server = await asyncio.to_thread(self._make_server)
        except BaseException:  # who has asked does not wait any more
            await self._aids.stop()
            await self.backend.stop(0)
            await self._stand.close_debugger()
            await self._stand.clear_quarters()
            self._close()
            raise
        self._serving = asyncio.get_running_loop().create_task(self._server.serve(sockets=self._listeners))

    async def ready(self) -> None:
        """Wait for init(). Raises BootFailed."""
        await self.backend.ready()
        if not self.readiness.why:
            self.readiness.serves()

    async def aided(self) -> None:
        """Wait until files are watched and the control port answers; `opening` then tells of both."""
        await asyncio.shield(self._aiding)
        self.opening = replace(self.opening, watching=self._aids.watching, control=self._aids.control)
        self.opening = replace(self.opening, debugger=self._stand.debug_address)

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
        await asyncio.wait({stopped, failed}, return_when=asyncio.FIRST_COMPLETED)
        reason = failed.result() if failed.done() else None
        for task in (stopped, failed):
            task.cancel()
        return reason

    def interrupt_prompt(self) -> bool:
        """Give a Ctrl-C to the pdb that asks in this terminal; returns whether there is one."""
        interrupt = getattr(getattr(self, "backend", None), "interrupt_prompt", None)
        return interrupt is not None and bool(interrupt())

    async def stop(self, grace_s: float = 10.0) -> None:
        """Accept nothing more, let requests in hand finish for `grace_s` seconds, leave nothing behind."""
        for server in getattr(self._server, "servers", ()):
            server.close()
        await self._aids.stop()
        await asyncio.wait({self._aiding})
        self._server.config.timeout_graceful_shutdown = _BACKSTOP_S + round(grace_s)
        self._server.should_exit = True
        await asyncio.wait({self._serving}, timeout=grace_s)
        # What outlasts the grace is ended from below: its worker is killed, and its exchange says so.
        await self.backend.stop(grace_s if self._serving.done() else 0)
        await self._serving
        await self._stand.close_debugger()
        await self._stand.clear_quarters()
        self._close()

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

    def _close(self) -> None:
        for listener in self._listeners:
            listener.close()
        if hasattr(self, "_stand"):
            self._stand.close()

    def _make_server(self) -> uvicorn.Server:
        import uvicorn

        from amlemu.gateway.app import FrontDoor, Witness, application
        from amlemu.gateway.connections import Connections
        from amlemu.gateway.stages import Served, stages
        from amlemu.gateway.wire import Sweeper, Wire

        class Server(uvicorn.Server):
            """Signals are the command line's business."""

            @contextlib.contextmanager
            def capture_signals(self) -> Iterator[None]:
                yield

        plan = self._plan
        served = Served(
            self.backend,
            plan.deployment.endpoint,
            plan.deployment.name,
            self.readiness,
            self._doorkeeper,
            plan.dev_errors,
            self.pauses,
            has_nginx=plan.quarters is not None and plan.quarters.has_nginx,
            slots=self.slots,
        )
        witness = Witness(self._record, plan.on_event, self._locate)
        front_door = FrontDoor(stages(plan.profile, served), witness, shadow=plan.is_shadow, pauses=self.pauses)
        wire: Any = functools.partial(
            Wire,
            rules=plan.profile.wire,
            sweeper=Sweeper(),
            connections=Connections(plan.profile),
            on_refusal=plan.on_event,
        )
        config = uvicorn.Config(
            application(front_door),
            http=wire,
            loop="none",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
        )
        return Server(config)


def _folders(layout: Layout, plan: Plan) -> list[str]:
    """Return the folders of the user's own code, as the script's file system has them."""
    return [layout.app_root, str(plan.deployment.code), posixpath.dirname(layout.script)]


def doorkeeper(plan: Plan) -> Keyring | None:
    """
    Return who guards the front door; None lets everybody in.

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
    keyring = Keyring(plan.auth, KeyFile(plan.deployment.script.parent / OWN_FOLDER), *plan.keys)
    keyring.prepare()
    return keyring


def run_loop(main: Any) -> Any:
    """Run a coroutine in a new event loop, uvloop's where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    return uvloop.run(main)
