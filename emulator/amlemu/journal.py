"""
The last exchanges, kept for whoever looks at them later: bounded in number and in bytes.

`gateway/app.py` records, consoles show each exchange as it ends; this one remembers. Secrets never come here
(`credentials.without_secrets`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from amlemu.exchange import Exchange

EXCHANGES = 10_000
BYTES = 64 << 20
_OVERHEAD_BYTES = 2048  # of an exchange without its bodies, about


class Journal:
    """A ring of exchanges, oldest first. Written by one thread; any thread may read."""

    def __init__(self, exchanges: int = EXCHANGES, bytes_: int = BYTES) -> None:
        """Keep at most so many exchanges, and at most so many bytes of them."""
        self._kept: deque[tuple[Exchange, int]] = deque()
        self._most = exchanges
        self._most_bytes = bytes_
        self.bytes = 0  # about what is kept now
        self.total = 0  # how many there have been

    def add(self, exchange: Exchange) -> None:
        """Remember an exchange, and forget the oldest where there is no room; one that alone is too large goes without its bodies."""
        self.total += 1
        size = _OVERHEAD_BYTES + _body_bytes(exchange)
        if size > self._most_bytes:
            exchange, size = _without_bodies(exchange), _OVERHEAD_BYTES
        self._kept.append((exchange, size))
        self.bytes += size
        while len(self._kept) > self._most or (self.bytes > self._most_bytes and len(self._kept) > 1):
            self.bytes -= self._kept.popleft()[1]

    def __iter__(self) -> Iterator[Exchange]:
        return iter([exchange for exchange, _ in list(self._kept)])

    def __len__(self) -> int:
        return len(self._kept)


def _body_bytes(exchange: Exchange) -> int:
    model, response, cloud = exchange.model, exchange.response, exchange.cloud
    size = len(exchange.request.body)
    if model is not None and isinstance(model.body, bytes):
        size += len(model.body)
    for lane in (response, cloud):
        if lane is not None and isinstance(lane.body, bytes) and (model is None or lane.body is not model.body):
            size += len(lane.body)
    return size


def _without_bodies(exchange: Exchange) -> Exchange:
    lanes = {
        name: replace(lane, body=b"")
        for name in ("model", "response", "cloud")
        if (lane := getattr(exchange, name)) is not None
    }
    return replace(exchange, request=replace(exchange.request, body=b""), bodies_kept=False, **lanes)
