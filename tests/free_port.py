"""A port to listen on later: nobody listens there, and nobody else in the tests is given it meanwhile."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

_FROM, _TO = 10_000, 32_000
"""Below what Linux gives to clients and to whoever asks for port 0."""
_LATEST = Path(tempfile.gettempdir(), f"amlemu-tests-{os.getuid()}-port")
"""Where all sessions on this machine count on from; with random numbers two of them sometimes had the same."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listened on a moment ago, and that comes again after thousands of others only."""
    while True:
        port = _next()
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def _next() -> int:
    with _LATEST.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        said = file.read()
        latest = int(said) if said.isdigit() else random.SystemRandom().randrange(_FROM, _TO)
        port = latest + 1 if _FROM <= latest < _TO - 1 else _FROM
        file.truncate(0)
        file.write(b"%d" % port)
        return port
