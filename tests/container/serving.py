"""What tests of `amlemu serve --container` share: names of their own, the variables that a build needs, a code folder to be read."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import textwrap
import time
from pathlib import Path

from amlemu_harness.engine import Engine

from ..conftest import Command, Finished
from .conftest import NETWORK

PATIENCE_S = 90.0
"""A container needs two seconds to start; a dozen of them at once, on a machine with two processors, a multiple."""

_LOOK_AGAIN_S = 0.02
_OF_BUILDS = re.compile(r"(?i).*(?:_proxy|CA_BUNDLE|CERT(?:_FILE)?)|DOCKER_HOST")


def endpoint(name: str) -> str:
    """Call an endpoint so that no other test process has it: az's rule is that an endpoint has one container."""
    return f"amlemu-tests-{name}-{os.getpid()}"


def said(command: Command, pattern: str) -> re.Match[str]:
    """Wait until a command has said something, and return it."""
    deadline = time.monotonic() + PATIENCE_S
    while (found := re.search(pattern, command.out + command.err)) is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            command.process.wait(_LOOK_AGAIN_S)
            raise AssertionError(f"ended before it said {pattern}\n{command.out}\n{command.err}")
        assert time.monotonic() < deadline, f"never said {pattern}\n{command.out}\n{command.err}"
    return found


def port(command: Command) -> int:
    """Wait for the start block, and return the port in it."""
    return int(said(command, r"score    http://127\.0\.0\.1:(\d+)")[1])


def ended(command: Command) -> Finished:
    """Wait for the end of a command."""
    command.process.wait(PATIENCE_S)
    return command.finish()


def forget(engine: Engine, endpoint: str) -> None:
    """Remove the image of an endpoint's deployment; its layers stay for the next one."""
    import docker.errors

    with contextlib.suppress(docker.errors.ImageNotFound):
        engine.client.images.remove(f"{endpoint}:blue", force=True)


def building() -> dict[str, str]:
    """Return the variables of a command that builds: this machine's proxies and certificates, and the image that needs no registry."""
    found = {name: value for name, value in os.environ.items() if _OF_BUILDS.fullmatch(name)}
    return {**found, "AMLEMU_REFERENCE": "1", "AMLEMU_NETWORK": NETWORK}


def code_folder(folder: Path, script: str) -> Path:
    """Write `code/score.py` below a folder, all of it for everybody to read; return the folder."""
    (folder / "code").mkdir()
    (folder / "code" / "score.py").write_text(textwrap.dedent(script).lstrip("\n"), encoding="utf-8")
    for one in (folder, *folder.rglob("*")):
        one.chmod(0o755)
    return folder
