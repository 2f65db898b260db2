"""
The words of the benchmark: a figure, a target, a row that compares two servers, and the result of its rounds.

Values only. `bench.py` holds the rows and fills the results, `report.py` writes them.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

from .contenders import Contender


@dataclass(frozen=True)
class Figure:
    """One measured value, in the unit of its row, and a remark for the reader."""

    value: float
    remark: str = ""


@dataclass(frozen=True)
class Target:
    """What the ratio amlemu / real server must reach; `goal` is what we would like, and decides nothing."""

    at_least: float | None = None
    at_most: float | None = None
    goal: float | None = None

    def is_met_by(self, ratio: float) -> bool:
        return (self.at_least is None or ratio >= self.at_least) and (self.at_most is None or ratio <= self.at_most)

    def __str__(self) -> str:
        text = f">= {self.at_least}" if self.at_least is not None else f"<= {self.at_most}"
        return text if self.goal is None else f"{text}, goal {self.goal:g}"


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
        return [ours.value / real.value for ours, real in zip(self.ours, self.real, strict=False)]

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)

    @property
    def is_met(self) -> bool:
        return not self.failure and self.row.target.is_met_by(self.ratio)
