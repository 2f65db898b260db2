"""
What the options of `container run` say, as numbers: ports, memory, processors, patience.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from amlemu.errors import UsageError

_LEAST_MEMORY = 6 << 20  # of the engine; dockerd 20.10
_MOST_PORT = 65535


def published(words: Iterable[str]) -> dict[int, tuple[str, int]]:
    """
    Return container port -> host address and port of `[ADDRESS:]HOST:CONTAINER`, or `CONTAINER` alone for any free one.

    Unlike docker's, a port without an address is open to this machine alone: a debugger is no service.

    Raises:
        UsageError: a word says something else.
    """
    found: dict[int, tuple[str, int]] = {}
    for word in words:
        rest, _, inside = word.removesuffix("/tcp").rpartition(":")
        address, _, outside = rest.rpartition(":")
        address = _address(address.removeprefix("[").removesuffix("]"), word)
        numbers = (outside or "0", inside)
        if not all(number.isascii() and number.isdigit() and int(number) <= _MOST_PORT for number in numbers):
            expected = "Expected HOST:CONTAINER, ADDRESS:HOST:CONTAINER or CONTAINER, as in 8000:5001."
            raise UsageError(f"{word!r} names no ports", where="--publish", expected=expected)
        port = int(inside)
        if port == 0 or port in found:
            what = "a container has no port 0" if port == 0 else f"port {port} of the container is published twice"
            raise UsageError(what, where=f"--publish {word}")
        found[port] = (address, int(outside or 0))
    return found


def _address(text: str, word: str) -> str:
    """Return an address of this machine; an engine takes what is none for all of them (observed, dockerd 20.10)."""
    if text in ("", "localhost"):
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        expected = "Expected an address as in 127.0.0.1:8000:5001, or none."
        raise UsageError(f"{text!r} is no address", where=f"--publish {word}", expected=expected) from None


def memory_of(word: str | None) -> int:
    """Return bytes of `512m`, `2g`, `2Gi`, as docker counts them; 0 where nothing is said. Raises UsageError."""
    import docker.errors
    from docker.utils import parse_bytes

    if not word:
        return 0
    try:
        found = int(parse_bytes(word.strip().lower().removesuffix("b").removesuffix("i") or "-"))
    except (docker.errors.DockerException, ValueError, OverflowError):
        found = 0
    if found < _LEAST_MEMORY:
        expected = "Expected a number with a unit, 512m or 2g, and at least 6m."
        raise UsageError(f"{word!r} is no amount of memory", where="--memory", expected=expected)
    return found


def check_numbers(given: Mapping[str, Any]) -> None:
    """Refuse seconds and processors that cannot be meant. Raises UsageError."""
    for name in ("cpus", "wait"):
        number = given[name]
        if number is not None and not 0 < number < 1e6:  # not a number, either
            raise UsageError(f"{number:g} is no number that makes sense here", where=f"--{name}")
