"""
A `Backend` hosts, or reaches, one inference server: a `Request` goes in, what the server said comes out.

Four of them: `pool` (worker processes, the default), `inprocess` (a thread; fast tests), `upstream` (any URL), `engine`
(the real server, as a process of ours). The gateway knows this protocol and none of the four.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from amlemu.exchange import Frame, Request, Response


@dataclass(frozen=True)
class Capabilities:
    """What a backend can do; tests skip by these names, and the start block says what is missing."""

    survives_crashes: bool  # os._exit or a signal in run() costs one request
    keeps_scoring_timeout: bool  # SCORING_TIMEOUT_MS and WORKER_TIMEOUT are kept
    streams: bool
    forwards_exactly: bool = True  # HTTP version, place of Host, bytes behind the body, chunks that are broken
    is_duplex: bool = True  # an answer may come before the body has been sent
    tells_output: bool = True  # what the script says reaches us
    attributes_output: bool = True  # ... with the number of the request it was busy with
    tells_faults: bool = True  # the exchange has the traceback of a run() that raised

    def missing(self) -> list[str]:
        """Say in plain words, one entry each, what this backend cannot do."""
        return [words for name, words in MISSING.items() if not getattr(self, name)]


MISSING = {
    "survives_crashes": "outlive a script that ends its process",
    "keeps_scoring_timeout": "keep SCORING_TIMEOUT_MS and WORKER_TIMEOUT",
    "streams": "pass on pieces as run() yields them",
    "forwards_exactly": "pass on a request's HTTP version, the place of its Host header, or broken chunks",
    "is_duplex": "hear an answer that comes before the body has been sent",
    "tells_output": "show what the script says",
    "attributes_output": "tell which request the script's words belong to",
    "tells_faults": "put a failed run()'s traceback beside its request",
}
"""What a person reads after "it cannot: ", by the capability that is False."""


class Server(Protocol):
    """Whatever answers a request: a backend, or a container around one."""

    async def handle(self, request: Request) -> Response:
        """
        Answer one request, waiting for a free worker as long as it takes.

        Returns:
            The server's own answer, its 4xx and 5xx included; the body may be an async iterator of pieces.

        Raises:
            BackendFailure: the server said nothing (NotReady, WorkerCrashed, BackendTimeout, Unreachable).
        """


class Backend(Server, Protocol):
    """Who answers. Used from one event loop."""

    capabilities: Capabilities

    async def start(self) -> None:
        """Begin to boot; returns when the boot is under way. Raises UsageError when it cannot begin."""

    async def ready(self) -> None:
        """Wait until requests are answered. Raises BootFailed when that will never be."""

    async def failed(self) -> Exception:
        """Wait until the backend gives up for good, and return why (BootFailed ...)."""

    async def locate(self, number: int) -> list[Frame] | None:
        """
        Look where the script is with the request of exchange `number`, without stopping it.

        Returns:
            Its main thread's stack, outermost frame first, empty when that cannot be seen; None while the request waits.
        """

    async def stop(self, grace_s: float) -> None:
        """End; requests in hand get `grace_s` seconds, then nothing is left behind."""
