"""
What the Docker engine refuses, in words: one sentence for the cause and what to do; the SDK's own errors go no further.

`AmlemuError`s all, so that the command line tells them as it tells every other.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from amlemu.errors import AmlemuError


class EngineLost(AmlemuError):
    """It has answered before, and does not any more."""


class EngineRefused(AmlemuError):
    """It answers, and does not do what it was asked to."""


class NoSuchImage(EngineRefused):
    """An image is neither on this machine nor in its registry."""


class RegistryUnreachable(EngineRefused):
    """The registry that an image would come from cannot be reached from here."""


@dataclass(frozen=True)
class _Sign:
    pattern: str
    what: str
    hint: str = ""
    kind: type[AmlemuError] = EngineRefused


# Texts of the engine, dockerd 20.10 and 28 (those of a missing image, an unreachable registry, a port and a name observed).
_SIGNS = (
    _Sign(
        r"no space left on device",
        "the disk is full",
        "Make room: docker system df says what takes it, amlemu image prune removes what amlemu made.",
    ),
    _Sign(
        r"x509: |certificate signed by unknown authority|certificate verify failed",
        "the engine does not trust the certificate of the registry",
        "Behind a proxy that reads along, its certificate belongs to /etc/docker/certs.d or to the machine's own.",
        RegistryUnreachable,
    ),
    _Sign(
        r"no such host|server misbehaving|network is unreachable|Temporary failure in name resolution"
        r"|dial tcp.*(?:refused|timeout)|i/o timeout|TLS handshake timeout|Client\.Timeout exceeded|proxyconnect",
        "the registry cannot be reached from here",
        kind=RegistryUnreachable,
    ),
    _Sign(
        r"no matching manifest for (\S+)",
        "the image is not made for {0}",
        "--platform linux/amd64 runs it slowly, where the engine can.",
    ),
    _Sign(
        r"manifest unknown|not found: manifest|repository does not exist|pull access denied|name unknown|No such image",
        "there is no such image, on this machine or in its registry",
        kind=NoSuchImage,
    ),
    _Sign(r"unauthorized|authentication required|denied: ", "the registry wants a login", "docker login REGISTRY"),
    _Sign(
        r"Bind for \S+?:(\d+) failed: port is already allocated|listen tcp\S* \S+?:(\d+): bind: address already in use"
        r"|exposing port TCP \S+?:(\d+) -> ",
        "port {0} is taken",
        "Name another one with -p.",
    ),
    _Sign(
        r'container name "/?(\S+?)" is already in use',
        "a container of the name {0} is there",
        "amlemu container remove {0}",
    ),
    _Sign(r"No such container: (\S+)", "there is no container {0} any more"),
    _Sign(
        r"Invalid container name \(([^)]*)\)",
        "{0!r} is no name of a container",
        "Letters, digits, and _.- after the first.",
    ),
    _Sign(
        r"wanted (\S+), actual: (\S+)",
        "the image is made for {1}, and {0} was asked for",
        "--platform says which, --pull fetches it.",
    ),
    _Sign(
        r"does not match the (?:specified|detected) (?:host )?platform|exec format error",
        "the image is made for another platform",
        "--platform says which, --pull fetches it.",
    ),
    _Sign(
        r"could not select device driver|nvidia-container|unknown or invalid runtime name: nvidia",
        "this engine has no GPU to give",
        "Leave out --gpus, or install the NVIDIA Container Toolkit.",
    ),
    _Sign(r"invalid reference format", "this is no name of an image", "Expected NAME:TAG, in small letters."),
    _Sign(r"requested access to the resource is denied", "the registry does not give it", "docker login REGISTRY"),
    _Sign(r"permission denied", "the engine may not do that"),
)
_LOST = (
    "Connection refused",
    "Connection aborted",
    "Connection broken",
    "RemoteDisconnected",
    "FileNotFoundError",
    "Connection reset",
    "IncompleteRead",
)


@contextlib.contextmanager
def in_words(where: str = "") -> Iterator[None]:
    """Turn what Docker's SDK raises in here into `AmlemuError`s; `where` says about what: an image, a container."""
    import docker.errors
    import requests.exceptions
    import urllib3.exceptions

    try:
        yield
    except (docker.errors.APIError, docker.errors.DockerException) as error:
        raise told(str(getattr(error, "explanation", None) or error), where) from error
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, ConnectionError) as error:
        raise _lost(str(error), where) from error


def told(text: str, where: str = "") -> AmlemuError:
    """Return the error for a text of the engine's."""
    for sign in _SIGNS:
        found = re.search(sign.pattern, text, re.IGNORECASE)
        if found is not None:
            groups = [group for group in found.groups() if group]
            return sign.kind(sign.what.format(*groups), where=where, hint=sign.hint.format(*groups))
    return EngineRefused(f"the Docker engine says: {text.strip()}", where=where)


def _lost(text: str, where: str) -> AmlemuError:
    if any(sign in text for sign in _LOST):
        return EngineLost("the Docker engine has gone away", where=where, hint="Start it again, and try again.")
    if "Read timed out" in text:
        return EngineLost("the Docker engine does not answer any more", where=where)
    return EngineLost(f"the Docker engine cannot be asked: {text}", where=where)
