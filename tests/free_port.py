"""A port to listen on later: nobody listens there, and nobody gets it by chance meanwhile."""

from __future__ import annotations

import random
import socket

_FROM, _TO = 10_000, 32_000
"""Below what Linux gives to clients and to whoever asks for port 0: several suites may run on one machine at once."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listened on a moment ago."""
    while True:
        port = random.SystemRandom().randrange(_FROM, _TO)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
