"""
The memory that a deployment may use, and what happens to who uses more. `backends/guard.py` watches over it.

Source: contract 2.3, 3.4, 6.4; which processes the kernel ends is the profile's `restarts.whole`.
"""

from __future__ import annotations

from dataclasses import dataclass

GIBIBYTE = 1 << 30
_MEBIBYTE = 1 << 20
_MOST_DOUBLINGS = 60  # of a wait; far beyond the longest, and a float can hold it


@dataclass(frozen=True)
class MemoryRules:
    """
    A limit and its consequence.

    Attributes:
        limit_bytes: for all processes of a container together.
        giver: who says so, `--memory-gb`, `deploymentconfig.json:7`.
        is_whole: all processes of the container end together, and wait before they start again.
        first_s, longest_s: that wait; the first restart is at once.
    """

    limit_bytes: int
    giver: str
    is_whole: bool = False
    first_s: float = 10.0
    longest_s: float = 300.0

    def wait_s(self, restarts: int) -> float:
        """Return how long a container waits that has been started again so many times already."""
        return 0.0 if restarts == 0 else min(self.first_s * 2.0 ** min(restarts - 1, _MOST_DOUBLINGS), self.longest_s)


@dataclass(frozen=True)
class OutOfMemory:
    """What ended a process: `peak_bytes` is what was seen, it may have wanted more."""

    peak_bytes: int
    rules: MemoryRules

    @property
    def told(self) -> str:
        """A clause that names both, so finely that they differ."""
        peak, limit = self.peak_bytes, self.rules.limit_bytes
        writes = next((one for one in (gigabytes, _megabytes) if one(peak) != one(limit)), _bytes)
        return f"it had {writes(peak)}, and {self.rules.giver} allows {writes(limit)}"


def gigabytes(size: int) -> str:
    """Write a size as Azure's files do, where a GB has 2^30 bytes; smaller ones in MB."""
    if size < GIBIBYTE // 10:
        return _megabytes(size)
    number = size / GIBIBYTE
    return f"{number:.0f} GB" if number >= 100 else f"{number:.3g} GB"


def _megabytes(size: int) -> str:
    return f"{size / _MEBIBYTE:.0f} MB"


def _bytes(size: int) -> str:
    return f"{size} bytes"
