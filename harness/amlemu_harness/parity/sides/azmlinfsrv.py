"""
The real server as the other side: the command `azmlinfsrv` of an environment, in the very tree that our worker has, with the
variables that a person would have to set for it.

Nothing of ours is in its process: what makes the tree has become the command by then (`amlemu.worker.mounts`).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from amlemu import ports
from amlemu.deployment import Deployment
from amlemu.environment import script_variables
from amlemu.errors import UsageError
from amlemu.layout import Layout
from amlemu.worker import tree

from amlemu_harness.parity.sides.lives import Lives
from amlemu_harness.parity.sides.process import Command, ServerProcess
from amlemu_harness.parity.sides.served import Served

PACKAGE = "azureml-inference-server-http"
VARIABLES = {"PYTHONUNBUFFERED": "1"}
"""What it has besides what the script has: its log shall come in order, though nobody reads it at a terminal."""
_COMMAND = "azmlinfsrv"
_HOST = "127.0.0.1"
_VERSIONS_S = 30.0
_VERSIONS = (
    "import importlib.metadata as m, json, sys\n"
    "print(json.dumps({'python': sys.version.split()[0], **{d.metadata['Name']: d.version for d in m.distributions()}}))"
)
_TOLD = (PACKAGE, "gunicorn", "flask", "werkzeug", "inference-schema", "python")


class Azmlinfsrv:
    """The server that is in Azure's images, without the image."""

    is_shared = False

    def __init__(self, served: Served, environment: Path | None, patience_s: float, lives: Lives) -> None:
        """
        Args:
            environment: a folder whose `bin` has the command; None is the script's own environment.
            patience_s: how long init() may take.

        Raises:
            UsageError: the command is not there.
        """
        self._served = served
        self._patience_s = patience_s
        self._lives = lives
        self._program = _program(environment, served.deployment)

    @property
    def name(self) -> str:
        """The command and its version."""
        return f"{_COMMAND} {self._versions.get(PACKAGE, '(unknown version)')}"

    @property
    def packages(self) -> Mapping[str, str]:
        """What is installed beside it, versions by name."""
        return {name: version for name, version in self._versions.items() if name != "python"}

    def start(self, probe: Path | None = None) -> ServerProcess:
        """Start the command; see `Side.start`."""
        served, mirror = self._served.with_probe(probe) if probe is not None else (self._served, None)
        port = ports.check(_HOST, 0, "--port")
        made = tree.choose(served.deployment, served.layout, f"parity-{port}")
        made.make()
        belongings = [Path(made.layout.base).parents[1]] if made.layout.kind == "links" else []
        try:
            belongings += [mirror] if mirror is not None else []
            process = ServerProcess(self._command(served, made, port), self._lives, belongings)
        except BaseException:
            for folder in belongings:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        return process.until_ready(self._patience_s)

    def facts(self) -> Mapping[str, str]:
        """Return the versions that decide on its answers."""
        found = {name.lower(): version for name, version in self._versions.items()}
        return {name: found[name] for name in _TOLD if name in found}

    def _command(self, served: Served, made: tree.Tree, port: int) -> Command:
        variables = _variables(served.deployment, made.layout, port)
        options = ("--entry_script", made.layout.script, "--port", str(port))
        return Command(
            side=self.name,
            words=(*made.prefix, str(self._program), *options),
            environment={**variables, **VARIABLES},
            folder=Path("/") if made.prefix else Path(made.layout.app_root),  # the tree's program goes there itself
            port=port,
            workers=served.deployment.workers,
        )

    @property
    def _versions(self) -> Mapping[str, str]:
        return _installed(self._program.parent / "python")


@cache
def _installed(python: Path) -> Mapping[str, str]:
    """Return the versions of what an interpreter has, and its own; nothing where it does not say. Asked once."""
    try:
        told = subprocess.run(
            [python, "-I", "-c", _VERSIONS], capture_output=True, text=True, timeout=_VERSIONS_S, check=True
        )
        return dict(json.loads(told.stdout))
    except (OSError, ValueError, subprocess.SubprocessError):
        return {}


def _program(environment: Path | None, deployment: Deployment) -> Path:
    """Return the command. Raises UsageError."""
    folder = deployment.python.parent if environment is None else environment / "bin"
    found = folder / _COMMAND
    if found.exists():
        return Path(os.path.abspath(found))
    if environment is not None and not environment.is_dir():
        raise UsageError(
            "there is no such folder", where=f"--server {environment}", expected="Expected an environment."
        )
    where = str(environment or deployment.python)
    python = deployment.python if environment is None else folder / "python"
    hint = f"{python} -m pip install {PACKAGE}"
    if environment is None:
        hint += ", or name an environment that has it and all that the script imports: --python FOLDER"
    raise UsageError(f"{PACKAGE} is not installed there", where=where, hint=f"{hint}.")


def _variables(deployment: Deployment, layout: Layout, port: int) -> dict[str, str]:
    """Return what a person sets for the command: what the server sets by itself is its own business, and part of the comparison."""
    given = {**os.environ, **deployment.environment}
    kept = {}
    for one in script_variables(deployment, layout, port):
        if one.origin != "server":
            kept[one.name] = one.value
        elif one.name in given:
            kept[one.name] = given[one.name]
    if deployment.workers > 1:
        kept["WORKER_COUNT"] = str(deployment.workers)
    return kept
