"""
How many replicas azureml-fe wants: a pure function of time and counts. `backends/replicas.py` counts, asks it, and starts them.

Growing is decided at once, shrinking only when less would have done for a while. A lower target does not make that any quicker:
it is reached earlier.

Source: the pages of 2020 on 503 (azure-docs, how-to-troubleshoot-deployment), "Kubernetes inference router", 2024-02-05; contract
2.2. The rule itself is inferred there from what those pages say: `assumed`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ScaleRule:
    """
    What a deployment says of its scaling; `fixed` makes one that stays as it is.

    Attributes:
        minimum, maximum: replicas, 1 or more, inclusive.
        target_percent: of replicas that are busy, 1 to 100; above it there shall be more.
        refresh_s: seconds between two looks.
        shrink_after_s: seconds for which less must have been enough.
    """

    minimum: int
    maximum: int
    target_percent: int = 70
    refresh_s: float = 1.0
    shrink_after_s: float = 60.0

    @property
    def is_fixed(self) -> bool:
        """Whether there is nothing to decide."""
        return self.minimum == self.maximum


def fixed(replicas: int) -> ScaleRule:
    """Return the rule of a deployment that is not scaled."""
    return ScaleRule(replicas, replicas)


@dataclass(frozen=True)
class Scale:
    """
    How many there are to be, and how long fewer would have done.

    Attributes:
        replicas: wanted, those that start included.
        spare_since: since when fewer were enough, in the caller's seconds; None while they are not.
        most: that were needed since then.
    """

    replicas: int
    spare_since: float | None = None
    most: int = 0


def needed(rule: ScaleRule, busy: int, queued: int) -> int:
    """Return how many replicas bring the share of busy ones down to the target, within the rule's bounds."""
    enough = -(-(busy + queued) * 100 // rule.target_percent)  # rounded up, in whole numbers
    return min(max(enough, rule.minimum), rule.maximum)


def look(rule: ScaleRule, scale: Scale, now_s: float, busy: int, queued: int) -> Scale:
    """
    Decide, once every `rule.refresh_s` seconds.

    Args:
        now_s: of any clock that does not go back.
        busy: replicas that have a request in hand.
        queued: requests that wait in the front end for a free one.

    Returns:
        What holds until the next look; more replicas than before are to be started now, fewer to be let go.
    """
    enough = needed(rule, busy, queued)
    if enough >= scale.replicas:
        return Scale(enough)
    since = now_s if scale.spare_since is None else scale.spare_since
    most = max(enough, scale.most)
    if now_s - since < rule.shrink_after_s:
        return Scale(scale.replicas, since, most)
    return Scale(most)  # not fewer than were needed meanwhile: `assumed`, who waits for a minute wants no gap


def utilization_percent(replicas: int, busy: int, queued: int) -> float:
    """Return what the target is compared with: busy replicas and waiting requests, of all replicas."""
    return 100 * (busy + queued) / replicas if replicas else 100.0
