"""What a failing comparison shows: the report that a person gets."""

from __future__ import annotations

from collections.abc import Sequence

from amlemu_harness.parity.case import Case
from amlemu_harness.parity.report.text import as_text
from amlemu_harness.parity.run import Outcome

_WIDTH = 140


def shown(outcome: Outcome, cases: Sequence[Case]) -> str:
    """Return the text of `amlemu parity`."""
    return as_text(outcome.result, cases, outcome.theirs, outcome.ours, width=_WIDTH, colours=False)
