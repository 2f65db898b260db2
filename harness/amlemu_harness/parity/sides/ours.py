"""
Our side: `amlemu serve FILE` with the profile that fits the other side, as a person would start it, with the real server's log.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from amlemu import __version__, ports

from amlemu_harness.parity.sides.lives import Lives
from amlemu_harness.parity.sides.process import Command, ServerProcess
from amlemu_harness.parity.sides.served import Served
from amlemu_harness.parity.wire import Headers

_HOST = "127.0.0.1"


class Ours:
    """The emulator."""

    is_shared = False

    def __init__(
        self,
        served: Served,
        profile: str,
        patience_s: float,
        lives: Lives,
        *,
        key: str = "",
        headers: Headers = (),
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """
        Args:
            profile: name, or path of a file.
            patience_s: how long init() may take.
            key: asked of every request, as `--auth key` does; empty asks nobody.
            headers: of every request.
            variables: on top of this process's own, as the other side has them.
        """
        self._served = served
        self._profile = profile
        self._patience_s = patience_s
        self._lives = lives
        self._key = key
        self._headers = headers
        self._variables = variables

    @property
    def name(self) -> str:
        """Who answers, and as what."""
        return f"amlemu, profile {self._profile}"

    def start(self, probe: Path | None = None) -> ServerProcess:
        """Start the command; see `Side.start`."""
        served, belongings = self._served.with_probe(probe) if probe is not None else (self._served, None)
        process = ServerProcess(self._command(served), self._lives, [belongings] if belongings is not None else [])
        process.address = replace(process.address, headers=self._headers)
        return process.until_ready(self._patience_s)

    def facts(self) -> Mapping[str, str]:
        """Return version and interpreter."""
        return {"amlemu": __version__, "python": str(self._served.deployment.python)}

    def _command(self, served: Served) -> Command:
        port = ports.check(_HOST, 0, "--port")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AMLEMU_")}
        auth = "--auth=key" if self._key else "--auth=off"
        secret = {"AMLEMU_PRIMARY_KEY": self._key} if self._key else {}  # a variable: command lines are seen by others
        own = ("--no-reload", "--no-control", "--log-format=azmlinfsrv", f"--host={_HOST}", f"--port={port}")
        forks_ahead = _variable(served, "WORKER_PRELOAD").lower() == "true"
        return Command(
            side=self.name,
            words=(
                sys.executable,
                "-m",
                "amlemu",
                "serve",
                str(served.file),
                *served.words,
                f"--layout={served.layout}",
                f"--profile={self._profile}",
                *own,
                auth,
            ),
            environment={**environment, **self._variables, **secret},
            folder=Path.cwd(),
            port=port,
            workers=served.deployment.workers,
            generations=2 if forks_ahead else 1,
        )


def _variable(served: Served, name: str) -> str:
    return served.deployment.environment.get(name) or os.environ.get(name, "")
