"""
How many connections there are, and how many came in the last second: what no ASGI application can see.

The wire asks for each new connection; the stage Rate refuses the requests of those that are too many.
"""

from __future__ import annotations

from amlemu.gateway.bucket import Bucket
from amlemu.profile import Profile


class Connections:
    """Counts the connections of one server. A limit of 0 is none."""

    def __init__(self, profile: Profile) -> None:
        limits = profile.limits
        self._open = 0
        self._most = limits.open_connections
        self._bucket = Bucket(limits.new_connections_per_second) if limits.new_connections_per_second else None
        self._too_many = f"more than {self._most} open connections{profile.note('limits.open_connections')}"
        self._too_fast = (
            f"more than {limits.new_connections_per_second} new connections a second"
            f"{profile.note('limits.new_connections_per_second')}"
        )

    def opened(self, now: float) -> str:
        """Count a new one; returns why its requests are refused, empty when they are not."""
        self._open += 1
        if self._most and self._open > self._most:
            return self._too_many
        if self._bucket is not None and not self._bucket.take(now):
            return self._too_fast
        return ""

    def closed(self) -> None:
        """Count one less."""
        self._open -= 1
