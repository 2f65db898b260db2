"""
What to serve and how, and the ground that a backend stands on: the tree on this host, the script's variables.

`emulator.py` puts a front door before it, `once.py` asks it one thing. Nothing above this file knows which backend was
chosen.
"""

from __future__ import annotations

import difflib
import itertools
import os
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from amlemu.backends import Backend
from amlemu.cluster import Cluster, Node, Pod
from amlemu.debugging import DebugRules
from amlemu.deployment import Deployment
from amlemu.environment import script_environment
from amlemu.errors import UsageError
from amlemu.events import Listener, Noticed
from amlemu.exchange import Exchange
from amlemu.layout import Layout
from amlemu.memory import MemoryRules
from amlemu.pauses import Pauses
from amlemu.profile import Profile
from amlemu.readiness import Readiness
from amlemu.reload import ReloadRules
from amlemu.slots import Slots, at_first
from amlemu.worker.tree import Tree, choose

if TYPE_CHECKING:
    from amlemu.backends.engine import Engine
    from amlemu.backends.generation import Pool as AnyPool
    from amlemu.backends.generations import Generations
    from amlemu.backends.pool import Pool
    from amlemu.backends.quarters import Quarters
    from amlemu.backends.replicas import Replicas
    from amlemu.worker.debug_port import DebugPort
    from amlemu.worker.launch import LaunchPlan
    from amlemu.worker.nursery import Nursery

BACKENDS = ("worker", "inprocess", "container", "upstream")
"""What may be asked for by name; the real server of the script's environment is asked for as an engine."""
RELOADED = ("worker", "engine", "container")
"""Backends whose scripts can be loaded again."""

_DEFAULT_WORKER_TIMEOUT_S = 300.0  # contract 3.7, WORKER_TIMEOUT


@dataclass(frozen=True)
class Plan:
    """
    What to serve, how, and who is told.

    With `health_port` the same routes are served there, too. `auth` is None or one of `credentials.MODES`, `keys` are the
    primary and secondary one where they are given; an address that others can reach needs `auth`, or `is_insecure`. `environment` is all that the script sees, `folder` its
    working folder; None takes them from deployment and layout,. `control_port` None is no control port, 0 is 5050 or the
    next free one. With `dials_debugger` each worker connects to AZUREML_DEBUG_PORT by itself, as the real server's do. The backend
    `container` has `quarters`; `memory` and `cpus` are what each replica may use, None as much as there is; on `nodes` there is room for its
    `pod`s, None for as many as there are; with `is_single` there is one replica, whatever the profile says; with `measures` workers say
    how long each import takes; `alias` is the endpoint's name there, where it shall not take the place of its other ones on this machine.
    """

    deployment: Deployment
    profile: Profile
    backend: str = "worker"
    upstream: str | None = None
    host: str = "127.0.0.1"
    port: int = 5001
    health_port: int | None = None
    layout: str = "auto"
    environment: Mapping[str, str] | None = None
    folder: Path | None = None
    auth: str | None = None
    keys: tuple[str | None, str | None] = (None, None)
    is_insecure: bool = False
    is_shadow: bool = False
    dev_errors: bool = False
    reload: ReloadRules = field(default_factory=ReloadRules)
    control_port: int | None = None
    dials_debugger: bool = False
    debug: DebugRules = field(default_factory=DebugRules)
    memory: MemoryRules | None = None
    cpus: float | None = None
    nodes: tuple[Node, ...] | None = None
    pod: Pod = field(default_factory=Pod)
    is_single: bool = False
    measures: bool = False
    quarters: Quarters | None = None
    alias: str = ""
    on_event: Listener = print
    on_exchange: Callable[[Exchange], None] = print

    @property
    def can_reload(self) -> bool:
        """Whether somebody may ask for another generation: a server elsewhere, or in a thread of ours, has none."""
        return self.backend in RELOADED and (self.reload.is_on or self.control_port is not None)


class Stand:
    """The ground that a backend stands on: the tree on this host, the variables. Close it when the backend has stopped."""

    def __init__(self, plan: Plan, port: int, name: str = "") -> None:
        """
        Make the tree.

        Args:
            port: where requests come in; 0 where there is none.
            name: of the folder of links, where there has to be one; empty is the port's number, or this process's.

        Raises:
            UsageError: a choice that is impossible here.
        """
        self._plan = plan
        self._port = port
        self._tree = _choose_tree(plan, name or (str(port) if port else f"invoke-{os.getpid()}"))
        self.layout = self._tree.layout
        self.environment = plan.environment or script_environment(plan.deployment, self.layout, port)
        self._folder = plan.folder or Path(self.layout.app_root)
        self._tree.make()
        self._debug_port: DebugPort | None = None

    async def open_debugger(self, renewed: Callable[[], None]) -> None:
        """
        Let an editor attach, if the plan says so; between making the backend and starting it. Raises as `DebugPort.open`.

        Args:
            renewed: called when workers that run cannot be debugged any more, and others could.
        """
        if self._debug_port is not None:
            self._debug_port.renewed = renewed
            await self._debug_port.open()

    async def close_debugger(self) -> None:
        """Let it go; when the backend has stopped."""
        if self._debug_port is not None:
            await self._debug_port.close()

    async def clear_quarters(self) -> None:
        """Remove what pools have left there; when the backend has stopped."""
        if self._plan.quarters is not None:
            await self._plan.quarters.close()

    @property
    def debug_address(self) -> str:
        """Where editors attach, `host:port`; empty where they cannot."""
        if self._plan.quarters is not None:
            return self._plan.quarters.debugger()
        return self._debug_port.address if self._debug_port is not None else ""

    def close(self) -> None:
        """Remove what was made."""
        self._tree.remove()

    def make_backend(
        self, readiness: Readiness | None = None, pauses: Pauses | None = None, slots: Slots | None = None
    ) -> Backend:
        """
        Return the backend that the plan asks for, not started.

        Args:
            readiness: written by a backend that knows better than its caller whether requests are answered.
            pauses: written by a backend whose workers a debugger may hold.
            slots: written by a backend whose replicas come and go.

        Raises:
            UsageError: an impossible choice.
        """
        plan = self._plan
        self._slots = slots or at_first(plan.profile.limits)
        if plan.quarters is not None:
            return self._in_quarters(plan.quarters, readiness or Readiness())
        is_asked = plan.debug.is_on and not plan.debug.inherits  # who inherits has asked for nothing
        if is_asked and plan.backend != "worker":
            what = f"the backend {plan.backend} cannot be debugged this way"
            raise UsageError(what, where="--debug", hint="Leave out --backend and --engine.")
        if plan.backend == "upstream":
            from amlemu.backends.upstream import Upstream

            if not plan.upstream:
                raise UsageError("--backend upstream needs --upstream http://HOST:PORT")
            return Upstream(plan.upstream)
        if plan.backend == "inprocess":
            from amlemu.backends.inprocess import InProcess

            return InProcess(self._folder, self.environment, plan.on_event, self.layout.models_folder)
        from amlemu.worker import processors
        from amlemu.worker.debug_port import DebugPort
        from amlemu.worker.launch import LaunchPlan

        launch = LaunchPlan(
            plan.deployment.python,
            self._folder,
            self.environment,
            self._tree.prefix,
            self.layout.models_folder,
            self._tree.mounted,
            reloads=plan.reload.is_on,
            dials_debugger=plan.dials_debugger,
            measures=plan.measures,
            memory=plan.memory,
        )
        if plan.cpus is not None and (why := processors.shortcoming(plan.cpus)):
            plan.on_event(Noticed(why))
        if plan.backend == "worker" and not plan.dials_debugger:
            self._debug_port = DebugPort(launch, plan.debug, _paths(self.layout, plan), plan.on_event)
            launch = replace(launch, debugging=self._debug_port)
        self._pauses = pauses if plan.debug.stops_clocks else None
        if not plan.can_reload:
            return self._make_pool(launch, plan.on_event, None)
        return self._make_generations(launch, readiness or Readiness())

    def _make_pool(self, launch: LaunchPlan, listener: Listener, nursery: Nursery | None) -> Pool | Replicas | Engine:
        if self._plan.backend == "engine":
            from amlemu.backends.engine import Engine

            return Engine(launch, listener, self._port)
        from amlemu.backends.pool import Pool
        from amlemu.worker import processors

        is_debugged, cpus = self._plan.debug.is_on, self._plan.cpus
        turns = itertools.count()

        def make_one() -> Pool:
            return Pool(
                launch if cpus is None else replace(launch, processors=processors.choose(cpus, next(turns))),
                1 if is_debugged else self._plan.deployment.workers,
                listener,
                _worker_timeout_s(self.environment),
                preload=self._preloads,
                nursery=nursery,
                pauses=self._pauses,
                probes=self._plan.profile.probes,
                sends_ahead=not is_debugged,
            )

        if is_debugged or self._plan.is_single or not self._is_scaled:
            return make_one()
        return self._make_replicas(make_one, listener)

    @property
    def _is_scaled(self) -> bool:
        """Whether there are several replicas, or may be, or it takes room on a node to have one."""
        rule = self._plan.profile.scale_rule
        is_one = rule.is_fixed and rule.minimum == 1
        return self._plan.nodes is not None or (self._plan.profile.scale.router and not is_one)

    def _make_replicas(self, make_one: Callable[[], Pool], listener: Listener) -> Replicas:
        from amlemu.backends.pool import Pool
        from amlemu.backends.replicas import ReplicaRules, Replicas

        plan = self._plan
        cluster = None if plan.nodes is None else Cluster(plan.nodes)  # another generation takes the place of this one
        return Replicas(
            make_one,
            ReplicaRules(plan.profile.scale_rule, plan.profile.scale.start_ms / 1000),
            self._slots,
            listener,
            capabilities=Pool.capabilities,
            place=(lambda: cluster.place(plan.pod)) if cluster is not None else lambda: "",
            leave=(lambda: cluster.remove(plan.pod)) if cluster is not None else lambda: None,
        )

    @property
    def _preloads(self) -> bool:
        """Whether init() runs once for all; not where its one worker is debugged, which it would not belong to."""
        return self.environment.get("WORKER_PRELOAD", "").lower() == "true" and not self._plan.debug.is_on

    def _in_quarters(self, quarters: Quarters, readiness: Readiness) -> AnyPool | Generations:
        if not self._plan.can_reload:
            return quarters.make_pool(self._plan.on_event, readiness)
        from amlemu.backends.generations import Generations

        return Generations(
            lambda listener: quarters.make_pool(listener, readiness),
            readiness,
            self._plan.on_event,
            capabilities=quarters.capabilities,
            stays=self._plan.reload.is_on,
            restarts=self._plan.profile.probes.liveness.is_on,
        )

    def _make_generations(self, launch: LaunchPlan, readiness: Readiness) -> Generations:
        from amlemu.backends.engine import Engine
        from amlemu.backends.generations import Generations
        from amlemu.backends.pool import Pool
        from amlemu.worker.nursery import Nursery

        plan, rules = self._plan, self._plan.reload
        is_engine = plan.backend == "engine"
        forks = rules.is_on and hasattr(os, "fork") and not is_engine and not self._preloads
        nursery = Nursery(launch, plan.on_event) if forks else None
        return Generations(
            lambda listener: self._make_pool(launch, listener, nursery),
            readiness,
            plan.on_event,
            capabilities=Engine.capabilities if is_engine else Pool.capabilities,
            stays=rules.is_on,
            restarts=plan.profile.probes.liveness.is_on,  # who asks whether it lives starts what has ended again
            keeps_last_good=rules.keeps_last_good,
            nursery=nursery,
        )


def _paths(layout: Layout, plan: Plan) -> list[tuple[str, str]]:
    """Pair the host's name of each folder and file with the script's; one that the script sees as the host does is itself."""
    places = [(str(place.source), posixpath.join(layout.base, place.inside)) for place in layout.places]
    if layout.kind != "var":  # the script and what it imports come by either name
        code = str(plan.deployment.code)
        places = [(code, code), *places]
    resolved = [(os.path.realpath(host), guest) for host, guest in places]
    return [*places, *(pair for pair in resolved if pair not in places)]


def choose_backend(backend: str, upstream: str | None, engine: str, *, is_container: bool = False) -> str:
    """Return the backend that these wishes ask for; an address asks for `upstream`. Raises UsageError."""
    if is_container:
        if upstream or backend != "worker" or engine != "amlemu":
            hint = "Leave out --backend, --engine and --upstream."
            raise UsageError("it has a server of its own", where="--container", hint=hint)
        return "container"
    if engine == "azmlinfsrv":
        if upstream or backend != "worker":
            raise UsageError(
                "it runs a server of its own", where="--engine azmlinfsrv", hint="Leave out --backend and --upstream."
            )
        return "engine"
    if backend not in BACKENDS:
        near = difflib.get_close_matches(backend, BACKENDS, 1)
        question = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(f"{backend!r} is no backend{question}", expected=f"Expected one of {', '.join(BACKENDS)}.")
    return "upstream" if upstream else backend


def _choose_tree(plan: Plan, name: str) -> Tree:
    """A server elsewhere has its own tree."""
    if plan.quarters is not None:
        return Tree(plan.quarters.layout)
    wish = "none" if plan.backend == "upstream" else plan.layout
    return choose(plan.deployment, wish, name, has_processes=plan.backend != "inprocess")


def _worker_timeout_s(environment: Mapping[str, str]) -> float:
    word = environment.get("WORKER_TIMEOUT", str(_DEFAULT_WORKER_TIMEOUT_S))
    try:
        return float(word)
    except ValueError:
        raise UsageError(f"{word!r} is no number of seconds", where="WORKER_TIMEOUT") from None
