"""
What to serve and how, and the ground that a backend stands on: the tree on this host, the script's variables.

`emulator.py` puts a front door before it, `once.py` asks it one thing. Nothing above this file knows which backend was
chosen.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from amlemu.backends import Backend
from amlemu.deployment import Deployment
from amlemu.environment import script_environment
from amlemu.errors import UsageError
from amlemu.events import Listener
from amlemu.exchange import Exchange
from amlemu.profile import Profile
from amlemu.worker.tree import Tree, choose

_DEFAULT_WORKER_TIMEOUT_S = 300.0  # contract 3.7, WORKER_TIMEOUT


@dataclass(frozen=True)
class Plan:
    """
    What to serve, how, and who is told.

    With `health_port` the same routes are served there, too. `auth` is None or one of `credentials.MODES`, `keys` are the
    primary and secondary one where they are given; an address that others can reach needs `auth`, or `is_insecure`. `environment` is all that the script sees, `folder` its
    working folder; None takes them from deployment and layout.
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
    on_event: Listener = print
    on_exchange: Callable[[Exchange], None] = print


class Stand:
    """The ground that a backend stands on: the tree on this host, the variables. Close it when the backend has stopped."""

    def __init__(self, plan: Plan, port: int) -> None:
        """Make the tree. Raises UsageError for a choice that is impossible here."""
        self._plan = plan
        self._port = port
        self._tree = _choose_tree(plan, port)
        self.layout = self._tree.layout
        self.environment = plan.environment or script_environment(plan.deployment, self.layout, port)
        self._folder = plan.folder or Path(self.layout.app_root)
        self._tree.make()

    def close(self) -> None:
        """Remove what was made."""
        self._tree.remove()

    def make_backend(self) -> Backend:
        """Return the backend that the plan asks for, not started. Raises UsageError for an impossible choice."""
        plan = self._plan
        if plan.backend == "upstream":
            from amlemu.backends.upstream import Upstream

            if not plan.upstream:
                raise UsageError("--backend upstream needs --upstream http://HOST:PORT")
            return Upstream(plan.upstream)
        if plan.backend == "inprocess":
            from amlemu.backends.inprocess import InProcess

            return InProcess(self._folder, self.environment, plan.on_event, self.layout.models_folder)
        from amlemu.worker.launch import LaunchPlan

        launch = LaunchPlan(
            plan.deployment.python, self._folder, self.environment, self._tree.prefix, self.layout.models_folder
        )
        if plan.backend == "engine":
            from amlemu.backends.engine import Engine

            return Engine(launch, plan.on_event, self._port)
        from amlemu.backends.pool import Pool

        return Pool(
            launch,
            plan.deployment.workers,
            plan.on_event,
            _worker_timeout_s(self.environment),
            preload=self.environment.get("WORKER_PRELOAD", "").lower() == "true",
        )


def choose_backend(backend: str, upstream: str | None, engine: str) -> str:
    """Return the backend that these three wishes ask for; an address asks for `upstream`. Raises UsageError."""
    if engine == "azmlinfsrv":
        if upstream or backend != "worker":
            raise UsageError(
                "it runs a server of its own", where="--engine azmlinfsrv", hint="Leave out --backend and --upstream."
            )
        return "engine"
    return "upstream" if upstream else backend


def _choose_tree(plan: Plan, port: int) -> Tree:
    """A server elsewhere has its own tree; a scoring port, unlike none, names the folder of links."""
    wish = "none" if plan.backend == "upstream" else plan.layout
    name = str(port) if port else f"invoke-{os.getpid()}"
    return choose(plan.deployment, wish, name, has_processes=plan.backend != "inprocess")


def _worker_timeout_s(environment: Mapping[str, str]) -> float:
    word = environment.get("WORKER_TIMEOUT", str(_DEFAULT_WORKER_TIMEOUT_S))
    try:
        return float(word)
    except ValueError:
        raise UsageError(f"{word!r} is no number of seconds", where="WORKER_TIMEOUT") from None
