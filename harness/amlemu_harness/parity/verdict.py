"""
What the comparison says: of each case one verdict, of the run a result. Values; `compare.py` makes them, `report.py` shows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["same", "exempt", "different", "unsteady", "unasked"]
"""
`same`: equal but for what cannot be. `exempt`: different, and somebody has said why. `different`. `unsteady`: the reference differs from
itself in a way that leaves nothing to compare with (another status, other headers, an answer and none). `unasked`: a side could not be asked.
"""


@dataclass(frozen=True)
class Difference:
    """
    One place where two answers differ.

    Attributes:
        path: what differs, from the outside in: `status`, `headers`, `headers.Content-Type`, `body`, `body.predictions[0]`, `pieces`,
            `arrival`, `complete`, `connection`, `start.exit code`, `start.stderr`, `variables.PATH`. The second answer of a case
            with several requests is `2.status`.
        theirs, ours: the two sides, as text; `(none)` where there is nothing.
        size: how much differs, in characters; the smallest is shown first.
        reason: of the exemption that covers it; empty where none does.
    """

    path: str
    theirs: str
    ours: str
    size: int
    reason: str = ""


@dataclass(frozen=True)
class Verdict:
    """
    Of one case.

    Attributes:
        case: its name; `start`, `surroundings` and `packages` are about the server as a whole.
        differences: all of them, smallest first; those that are exempt, too.
        varies: paths that vary by themselves in the reference, and were passed by.
        why: for `unsteady` and `unasked`, in words.
    """

    case: str
    kind: Kind
    differences: tuple[Difference, ...] = ()
    varies: tuple[str, ...] = ()
    why: str = ""
    source: str = ""


@dataclass(frozen=True)
class Result:
    """
    Of a run.

    Attributes:
        theirs, ours: what the two sides are called.
        unneeded: exemptions that cover nothing any more, one line each; each is a failure.
        remarks: what a person should know besides: how many cases were not asked, packages drift.
        troubles: remarks because of which the run proves less than it should; each makes the exit code 2.
        facts: of the two sides, by `theirs.` and `ours.`.
        stale: why a recording no longer says what the server would say now.
    """

    theirs: str
    ours: str
    verdicts: tuple[Verdict, ...]
    unneeded: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    stale: tuple[str, ...] = ()

    def count(self, kind: Kind) -> int:
        """Return how many verdicts are of a kind."""
        return sum(verdict.kind == kind for verdict in self.verdicts)

    @property
    def exit_code(self) -> int:
        """0: all the same or exempt. 1: a difference, or an exemption that is not needed. 2: the reference could not be asked for all."""
        if self.troubles or self.count("unsteady") or self.count("unasked"):
            return 2
        return 1 if self.unneeded or self.count("different") else 0
