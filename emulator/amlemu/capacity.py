"""
How many replicas a load needs: the formula of the troubleshooting pages, exactly as they have it.

Source: azure-docs, how-to-troubleshoot-deployment (2020) and how-to-troubleshoot-online-endpoints (2025), 503; contract 2.2:
`concurrentRequests = targetRps * reqTime / targetUtilization`, `replicas = ceil(concurrentRequests / maxReqPerContainer)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, isfinite

from amlemu.errors import UsageError


@dataclass(frozen=True)
class Load:
    """
    What is asked of a deployment.

    Attributes:
        rps: requests a second, more than 0.
        latency_s: seconds that one takes in `run()`, more than 0.
        concurrency: requests that one replica takes at once, 1 or more.
        utilization: share of replicas that shall be busy, more than 0 and at most 1.
    """

    rps: float
    latency_s: float
    concurrency: int = 1
    utilization: float = 0.7

    @property
    def concurrent(self) -> Fraction:
        """Requests in work at the same time, with the room that the target leaves; in fractions, for 0.7 is none in binary."""
        return _exact(self.rps) * _exact(self.latency_s) / _exact(self.utilization)

    @property
    def replicas(self) -> int:
        """How many are needed."""
        return ceil(self.concurrent / self.concurrency)


def check(load: Load) -> Load:
    """Return the same. Raises UsageError for numbers that mean nothing."""
    for name, value in (("--rps", load.rps), ("--latency", load.latency_s)):
        if not (isfinite(value) and value > 0):
            raise UsageError(f"{value:g} is none", where=name, expected="Expected a number above 0.")
    if load.concurrency < 1:
        raise UsageError(
            f"{load.concurrency} is none", where="--concurrency", expected="Expected a whole number, 1 or more."
        )
    if not 0 < load.utilization <= 1:
        hint = f" {load.utilization:g} is {load.utilization / 100:g}." if 1 < load.utilization <= 100 else ""
        raise UsageError(
            f"{load.utilization:g} is no share",
            where="--utilization",
            expected=f"Expected more than 0, at most 1.{hint}",
        )
    return load


def _exact(number: float) -> Fraction:
    """Return the number that was typed, not the nearest one in binary."""
    return Fraction(repr(number))
