"""
What the platform asks a container again and again, and what it makes of the answers: numbers and counts. `backends/prober.py` asks.

A probe is a request like any other: it waits where they wait, and a worker that is busy misses it. While the script boots all of
them are missed; when that has lasted for `allows_s` seconds the platform ends the container and starts it again.

Source: contract 1.7, 2.2, 3.6; the sum, initial delay and so many periods: contract 6.4. Kubernetes' own look may come up to a
period earlier; the later bound is the one that is documented.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count


@dataclass(frozen=True)
class ProbeRules:
    """
    A probe's numbers. A period of 0 is no probe.

    Attributes:
        success_threshold, failure_threshold: so many in a row.
    """

    initial_delay_s: float
    period_s: float
    timeout_s: float
    success_threshold: int
    failure_threshold: int

    @property
    def is_on(self) -> bool:
        """Whether anybody asks."""
        return self.period_s > 0

    @property
    def allows_s(self) -> float:
        """How long after its start a container may answer for the first time."""
        return self.initial_delay_s + self.failure_threshold * self.period_s

    @property
    def gives_up_s(self) -> float:
        """For how long a container that has answered may miss it."""
        return self.failure_threshold * self.period_s

    def moments(self) -> Iterator[float]:
        """Yield when it asks, in seconds after the container's start."""
        return (self.initial_delay_s + number * self.period_s for number in count())


@dataclass(frozen=True)
class Streak:
    """Answers or misses in a row; `answered` is None before the first."""

    answered: bool | None = None
    length: int = 0

    def and_then(self, *, answered: bool) -> Streak:
        """Return the streak after one more."""
        return Streak(answered, self.length + 1 if answered == self.answered else 1)

    def has_failed(self, rules: ProbeRules) -> bool:
        """Tell whether the platform has seen enough misses."""
        return self.answered is False and self.length >= rules.failure_threshold

    def has_succeeded(self, rules: ProbeRules) -> bool:
        """Tell whether it has seen enough answers."""
        return self.answered is True and self.length >= rules.success_threshold
