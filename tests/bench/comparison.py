"""
The words of the benchmark: a figure, a target, a row that compares two servers, and the result of its rounds.

Values only. `bench.py` holds the rows and fills the results, `report.py` writes them.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

from .contenders import Contender


@dataclass(frozen=True)
class Figure:
    """
    One measured value, in the unit of its row, and a remark for the reader.

    `allowance` is the part of it that is not the server's doing, see `Target.allowance`.
    """

    value: float
    remark: str = ""
    allowance: float = 0.0


@dataclass(frozen=True)
class Target:
    """
    What must be reached.

    Attributes:
        at_least: by the ratio amlemu / real server.
        at_most: likewise.
        ours_at_most: by our own figure without its allowance, in the unit of the row, whatever the ratio is.
        allowance: what is taken off our figure before, in words.
        goal: what we would like the ratio to be; decides nothing.
    """

    at_least: float | None = None
    at_most: float | None = None
    ours_at_most: float | None = None
    allowance: str = ""
    goal: float | None = None

    def is_met_by(self, ratio: float, ours: float) -> bool:
        """Judge a ratio and our own figure without its allowance."""
        return (
            (self.at_least is None or ratio >= self.at_least)
            and (self.at_most is None or ratio <= self.at_most)
            and (self.ours_at_most is None or ours <= self.ours_at_most)
        )

    def told(self, unit: str) -> str:
        """Return it in words; our own figure is in `unit`."""
        bounds = [
            f"{sign} {bound}" for sign, bound in ((">=", self.at_least), ("<=", self.at_most)) if bound is not None
        ]
        if self.ours_at_most is not None:
            ours = f"ours <= {self.ours_at_most:g} {unit}"
            bounds.append(f"{ours} + {self.allowance}" if self.allowance else ours)
        if self.goal is not None:
            bounds.append(f"goal {self.goal:g}")
        return ", ".join(bounds)


@dataclass(frozen=True)
class Row:
    """One comparison; `measure(contender, flags, seconds)` gives a figure in `unit`, `flags` go to amlemu only."""

    name: str
    title: str
    unit: str
    digits: int
    target: Target
    measure: Callable[[Contender, tuple[str, ...], int], Figure]
    flags: tuple[str, ...] = ()
    needs_wrk: bool = True


@dataclass
class Result:
    """The rounds of a row, in order, and the failure that ended them early, if one did."""

    row: Row
    ours: list[Figure] = field(default_factory=list)
    real: list[Figure] = field(default_factory=list)
    failure: str = ""

    @property
    def ratios(self) -> list[float]:
        return [_ratio(ours.value, real.value) for ours, real in zip(self.ours, self.real, strict=False)]

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)

    @property
    def is_met(self) -> bool:
        return not self.failure and self.row.target.is_met_by(self.ratio, self.ours_without_allowance)

    @property
    def ours_without_allowance(self) -> float:
        return statistics.median(figure.value - figure.allowance for figure in self.ours)


def _ratio(ours: float, real: float) -> float:
    """Divide; beside a server that needs nothing, ours is infinitely worse, unless it needs nothing, too."""
    if real:
        return ours / real
    return math.inf if ours else 1.0
