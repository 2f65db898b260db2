"""
The aids of one server as a whole, in the order of its life: the control port is bound, then both start, then both stop.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any

from amlemu import ports
from amlemu.backends import Backend
from amlemu.backends.generation import Outcome
from amlemu.backends.generations import Generations
from amlemu.errors import UsageError
from amlemu.journal import Journal
from amlemu.layout import OWN_FOLDER, Layout
from amlemu.readiness import Readiness
from amlemu.stand import Plan
from amlemu.transcript import Transcript
from amlemu.watch.rules import Rules, Watched

if TYPE_CHECKING:
    from amlemu.aids.overseer import Overseer
    from amlemu.aids.reloader import Reloader
    from amlemu.control.port import ControlPort


class Aids:
    """Control port and reloader, each where the plan wants it. Used from one event loop: open, start, stop."""

    def __init__(
        self,
        plan: Plan,
        port: int,
        layout: Layout,
        *,
        name: str,
        journal: Journal,
        readiness: Readiness,
        transcript: Transcript,
    ) -> None:
        """`port` is the scoring port, `name` that of the folder for the note; nothing is opened yet."""
        self._plan = plan
        self._name = name
        self._port = port
        self._layout = layout
        self._journal = journal
        self._readiness = readiness
        self._transcript = transcript
        self._overseer: Overseer | None = None
        self._control: ControlPort | None = None
        self._reloader: Reloader | None = None

    @property
    def watching(self) -> str:
        """What is looked at for changes, in words; empty: nothing."""
        return self._reloader.told if self._reloader else ""

    @property
    def control(self) -> str:
        """Address of the control port; empty without one."""
        return self._control.url if self._control else ""

    def tell_debugger(self, address: Callable[[], str]) -> None:
        """Say where editors attach, whenever somebody asks."""
        if self._overseer is not None:
            self._overseer.debugger = address

    def open(self) -> None:
        """Bind the control port. Raises UsageError when it is taken, or when a pattern for files is none."""
        plan = self._plan
        if plan.reload.is_on:
            Rules(watched_of(plan))
        if plan.control_port is None:
            return
        from amlemu.aids.overseer import Overseer
        from amlemu.control.port import ControlPort

        self._overseer = Overseer(
            plan,
            ports.url_of(plan.host, self._port),
            readiness=self._readiness,
            journal=self._journal,
            transcript=self._transcript,
        )
        self._overseer.to_host = self._layout.to_host
        folder = plan.deployment.script.parent / OWN_FOLDER / self._name
        self._control = ControlPort(self._overseer, folder, plan.control_port)
        self._control.open()

    async def start(self, backend: Backend) -> None:
        """Watch the files, and answer on the control port."""
        if self._plan.reload.is_on and isinstance(backend, Generations):
            await self._watch(backend)
        if self._overseer is not None and self._control is not None:
            self._overseer.oversee(backend, lambda: self.reload(backend))
            self._overseer.watching = self.watching
            await self._control.start()

    async def _watch(self, backend: Generations) -> None:
        from amlemu.aids.reloader import Reloader

        self._reloader = Reloader(
            watched_of(self._plan),
            backend,
            self._plan.on_event,
            lambda changed, since: self.reload(backend, changed, since),
            requests=lambda: self._journal.total,
            to_host=self._layout.to_host,
        )
        await self._reloader.start()

    async def stop(self) -> None:
        """Reload no more, tell no more."""
        if self._overseer is not None:
            self._overseer.is_stopping = True
        if self._reloader is not None:
            await self._reloader.stop()
        if self._control is not None:
            await self._control.stop()

    def reload(
        self, backend: Backend, changed: Iterable[str] = (), since: float | None = None
    ) -> Coroutine[Any, Any, Outcome]:
        """Let another generation serve; see `Generations.reload`. Raises UsageError where there is none."""
        if not isinstance(backend, Generations):
            raise UsageError(f"the backend {self._plan.backend} cannot load a script again", hint="Restart amlemu.")
        return backend.reload(changed, self._plan.reload.mode, since)


def watched_of(plan: Plan) -> Watched:
    """Return what is watched for a plan."""
    deployment = plan.deployment
    return Watched(
        script=deployment.script,
        code=deployment.code,
        models=tuple(model.path for model in deployment.models),
        data=deployment.files,
        rules=plan.reload,
    )
