"""
A `Backend` hosts, or reaches, one inference server: a `Request` goes in, what the server said comes out.

Three of them: `pool` (worker processes, the default), `inprocess` (a thread; fast tests), `upstream` (any URL). The
gateway knows this protocol and none of the three.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from amlemu.exchange import Request, Response


@dataclass(frozen=True)
class Capabilities:
    """What a backend can do; tests skip by these names, and the start block says what is missing."""

    survives_crashes: bool  # os._exit or a signal in run() costs one request
    keeps_scoring_timeout: bool  # SCORING_TIMEOUT_MS and WORKER_TIMEOUT are kept
    streams: bool


class Backend(Protocol):
    """Who answers. Used from one event loop."""

    capabilities: Capabilities

    async def start(self) -> None:
        """Begin to boot; returns when the boot is under way. Raises UsageError when it cannot begin."""

    async def ready(self) -> None:
        """Wait until requests are answered. Raises BootFailed when that will never be."""

    async def failed(self) -> Exception:
        """Wait until the backend gives up for good, and return why (BootFailed ...)."""

    async def handle(self, request: Request) -> Response:
        """
        Answer one request, waiting for a free worker as long as it takes.

        Returns:
            The server's own answer, its 4xx and 5xx included; the body may be an async iterator of pieces.

        Raises:
            BackendFailure: the server said nothing (NotReady, WorkerCrashed, BackendTimeout, Unreachable).
        """

    async def stop(self, grace_s: float) -> None:
        """End; requests in hand get `grace_s` seconds, then nothing is left behind."""
