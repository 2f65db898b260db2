"""
What it means that a container has ended with a code: a sentence with its source, from the table of `amlemu explain`.

A container says little by its own code: 111 is "the server inside has ended", and which code that had stands in the log. What the log
says besides is not told here, see `readiness.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from amlemu.explain.entries import Entry, Meaning
from amlemu.explain.find import named

from amlemu_harness.troubles import EngineRefused

# runit's words for a service that has ended: its code (-1 for a signal), then the signal's number. Source: contract 3.4; runsv(8).
_FINISH = re.compile(rb"(?P<service>gunicorn|nginx)/finish (?P<code>-?\d+)(?: (?P<signal>\d+))?")
_KILLED = 137
_SERVER_ENDED = 111
# What the table says of a process inside means something else of the whole container; all three observed, dockerd 20.10.
_OF_THE_CONTAINER = {
    0: "The image's command came to its end, or the container was stopped: it is no failure, and no server either.",
    1: "The image's own command failed; it is not the server that left with it (that would be 111).",
    127: "The image's command, or a program that it starts, is not in the image.",
}
_FROM_OUTSIDE = (
    "Killed from outside (docker kill, docker rm -f, a stop by force); the engine reports no lack of memory."
)
_OUT_OF_MEMORY = "Killed by the kernel: the container used more memory than it may."


class NoServer(EngineRefused):
    """The image has no inference server: its command is not there, ends at once, or listens on another port."""


@dataclass(frozen=True)
class End:
    """
    How a container came to its end.

    Attributes:
        code: of the container.
        text: what that means, a sentence or two.
        source: row of the contract; or how it was observed.
        server_code: of the server inside, as far as the log says it; negative for a signal.
    """

    code: int
    text: str
    source: str
    server_code: int | None = None

    def __str__(self) -> str:
        return f"exit code {self.code}: {self.text} ({self.source})"


def explained(exit_code: int, *, was_out_of_memory: bool = False, log: bytes = b"") -> End:
    """
    Say what a container's exit code means.

    Args:
        was_out_of_memory: the engine says so; the kernel has killed a process of the container.
        log: of the container; for 111 it has the server's own code.
    """
    if was_out_of_memory and exit_code in (_KILLED, _SERVER_ENDED):
        return End(exit_code, _OUT_OF_MEMORY, "the engine's own word, OOMKilled", -9)
    if exit_code == _KILLED:
        return End(exit_code, _FROM_OUTSIDE, "the engine's own word, not OOMKilled")
    if exit_code == _SERVER_ENDED:
        return _of_server(log)
    if exit_code in _OF_THE_CONTAINER:
        return End(exit_code, _OF_THE_CONTAINER[exit_code], "observed, dockerd 20.10")
    meaning = _meaning(named(f"exit {exit_code}"))
    return End(exit_code, meaning.text, meaning.source)


def has_server(log: bytes) -> bool:
    """Tell whether the log is that of an image with the services of Azure's images."""
    return b"gunicorn/run" in log or b"azmlinfsrv" in log or _FINISH.search(log) is not None


def _of_server(log: bytes) -> End:
    """Say what ended inside of the container, the first of it: the other service is stopped then, too."""
    own = _meaning(named(f"exit {_SERVER_ENDED}"))
    found = _FINISH.search(log)
    if found is None:
        return End(_SERVER_ENDED, own.text, own.source)
    service, code, number = found["service"].decode(), int(found["code"]), int(found["signal"] or 0)
    what = "the server" if service == "gunicorn" else service
    if code < 0:
        word, code = f"ended by signal {number}", -number
        inner = _meaning(named(f"signal {number}"))
    else:
        word = f"ended with {code}"
        inner = _meaning(named(f"exit {code}"))
    if service == "nginx":
        return End(_SERVER_ENDED, f"nginx {word}; the container ends with it.", own.source, code)
    return End(_SERVER_ENDED, f"{what} inside {word}. {inner.text}", inner.source, code)


def _meaning(entries: list[Entry]) -> Meaning:
    """Return the first of them: the table begins with the server's."""
    return entries[0].meanings[0]
