"""
What concerns this machine only: whether a Docker engine answers. Information, never a finding against the deployment.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from amlemu.finding import Finding

_SOCKETS = ("/var/run/docker.sock", "~/.docker/run/docker.sock", "~/.colima/default/docker.sock", "~/.rd/docker.sock")
_PATIENCE_S = 0.1


def look_at_machine() -> Iterator[Finding]:
    """Yield what a person may want to know of this machine."""
    if not has_docker():
        cause = "no Docker engine answers on this machine; amlemu serve needs none, a look at the real image would"
        yield Finding("information", "no-docker", cause, fix="Start Docker, or set DOCKER_HOST, where you want one.")


def has_docker() -> bool:
    """Ask whether an engine answers, where docker's own command would look for it, too."""
    host = os.environ.get("DOCKER_HOST", "")
    if host and not host.startswith("unix://"):
        address = urlsplit(host)
        return _answers((address.hostname or "localhost", address.port or 2375))
    places = [host.removeprefix("unix://")] if host else [os.path.expanduser(place) for place in _SOCKETS]
    return any(_answers(place) for place in places)


def _answers(address: str | tuple[str, int]) -> bool:
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    try:
        if isinstance(address, tuple):
            with socket.create_connection(address, _PATIENCE_S):
                return True
        with socket.socket(family) as one:
            one.settimeout(_PATIENCE_S)
            one.connect(address)
            return True
    except OSError:
        return False
