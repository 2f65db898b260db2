"""
The Docker engine of this machine: found where its users have it, and asked by Docker's own SDK.

`troubles.py` puts what it refuses into words. Nothing here starts an engine.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amlemu.errors import EngineMissing

if TYPE_CHECKING:
    import docker

_PATIENCE_S = 60
_HELLO_S = 5
_INSTALL = "https://docs.docker.com/engine/install/"
_USUAL = "npipe:////./pipe/docker_engine" if sys.platform == "win32" else "unix:///var/run/docker.sock"
# Where engines listen that are not at Docker's own place, and that `docker context` may not know of.
_OTHERS = (
    "~/.docker/run/docker.sock",
    "~/.docker/desktop/docker.sock",
    "~/.colima/default/docker.sock",
    "~/.rd/docker.sock",
    "~/.orbstack/run/docker.sock",
)


@dataclass(frozen=True)
class Engine:
    """
    An engine that answers.

    Attributes:
        client: Docker's SDK, with the API version that both understand.
        address: as DOCKER_HOST has it.
        version: of the engine.
        architecture: of what it runs by itself, `amd64` or `arm64`.
    """

    client: docker.DockerClient
    address: str
    version: str
    architecture: str

    def close(self) -> None:
        """Let the connections go."""
        self.client.close()


def connect() -> Engine:
    """
    Return the engine: DOCKER_HOST's, else that of the current docker context, else the first that listens at a usual place.

    Raises:
        EngineMissing: none answers; it names each place that was tried, and why not there.
    """
    refusals = []
    for address, origin in _places():
        try:
            return _open(address)
        except Exception as error:  # requests, urllib3, ssl, docker and pywin32 have kinds of their own
            refusals.append(f"{address} ({origin}): {_why(error, address)}")
            if origin == "DOCKER_HOST":
                break  # who names one means it
    what = "no Docker engine answers"
    tried = f"Tried {'; '.join(refusals)}."
    raise EngineMissing(what, expected=tried, hint=_advice(refusals))


def _open(address: str) -> Engine:
    import docker

    tls = _tls() if address.startswith("tcp://") else None
    given: dict[str, Any] = {"tls": tls} if tls is not None else {}
    socket = address.removeprefix("unix://")
    if address.startswith("unix://") and not os.path.exists(socket):
        raise FileNotFoundError(socket)
    # The first question is a short one; builds and pulls may be silent for a while.
    client = docker.DockerClient(base_url=address, version="auto", timeout=_HELLO_S, **given)
    try:
        told = client.version()
    except BaseException:
        client.close()
        raise
    client.api.timeout = _PATIENCE_S
    return Engine(client, address, str(told.get("Version", "")), str(told.get("Arch", "")))


def _tls() -> Any:
    """As the docker command has it: DOCKER_TLS_VERIFY and DOCKER_CERT_PATH."""
    import docker
    from docker.utils import kwargs_from_env

    found = kwargs_from_env().get("tls")
    return found if isinstance(found, docker.tls.TLSConfig) else None


def _places() -> Iterator[tuple[str, str]]:
    """Yield addresses, each with who says so, the most wanted one first."""
    named = os.environ.get("DOCKER_HOST")
    if named:
        yield named, "DOCKER_HOST"
        return
    context, address = _context()
    seen = set()
    if address:
        seen.add(address)
        yield address, f"docker context {context}"
    others = [] if sys.platform == "win32" else [f"unix://{Path(path).expanduser()}" for path in _OTHERS]
    if hasattr(os, "getuid"):
        others.append(f"unix:///run/user/{os.getuid()}/docker.sock")
    for number, address in enumerate([_USUAL, *others]):
        if address not in seen and (number == 0 or Path(address.removeprefix("unix://")).exists()):
            yield address, "the usual place" if number == 0 else "a usual place"


def _context() -> tuple[str, str]:
    """
    Return name and address of the current docker context; empty where it is the default one, or cannot be read.

    Raises:
        EngineMissing: DOCKER_CONTEXT names one that is not there.
    """
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    wanted = os.environ.get("DOCKER_CONTEXT", "")
    try:
        name = wanted or json.loads((folder / "config.json").read_bytes())["currentContext"]
        if name == "default":
            return "", ""
        for file in (folder / "contexts" / "meta").glob("*/meta.json"):
            meta = json.loads(file.read_bytes())
            if meta["Name"] == name:
                return name, str(meta["Endpoints"]["docker"]["Host"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not ours to mend: the usual places are left
    if wanted:
        raise EngineMissing(f"there is no docker context {wanted}", where="DOCKER_CONTEXT", hint="docker context ls")
    return "", ""


def _why(error: Exception, address: str) -> str:
    text = str(error)
    if isinstance(error, FileNotFoundError) or "No such file" in text or "FileNotFoundError" in text:
        return "no such socket"
    if "Permission denied" in text or "PermissionError" in text:
        return "permission denied"
    if "Connection refused" in text or "ConnectionRefusedError" in text:
        return "nobody listens"
    if "timed out" in text.lower() or "Timeout" in type(error).__name__:
        return f"no answer within {_HELLO_S} s"
    return text.splitlines()[0] if text else type(error).__name__


def _advice(refusals: list[str]) -> str:
    if any("permission denied" in one for one in refusals):
        return "Join the group docker (sudo usermod -aG docker $USER, then log in again), or run as root."
    return f"Start it (Docker Desktop, or sudo systemctl start docker), or install one: {_INSTALL}"
