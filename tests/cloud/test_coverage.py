"""The tables against the list of rows, and the number of what is only assumed: it changes knowingly, or not at all."""

from __future__ import annotations

from collections import Counter

from ..rows_held import RowsHeld, scenarios
from . import test_cloud
from .case import Assumed
from .cases import CASES
from .rows import NOT_HELD, ROWS

KNOWN = 628
ASSUMED = {
    "1.2 401 (I)": 1,
    "1.2 standard phrases (I)": 86,
    "2.1 v1 other codes (I)": 4,
    "413's body": 4,
    "8 #1": 59,
    "8 #10": 4,
    "8 #11": 2,
    "8 #12": 6,
    "8 #14": 13,
    "8 #24": 14,
    "8 #3": 10,
    "8 #4": 36,
    "8 #5": 9,
    "8 #7": 601,
    "8 #8": 87,
    "ACI's text on AKS": 1,
    "an end for a body that a 204 or 304 has not": 2,
    "bodies of 2021": 21,
    "chunks, for the sake of trailers": 3,
    "the answer above 100 MB": 3,
    "the body of a 502": 6,
    "the front end's answer to other methods": 8,
    "the head of the gateway's own answers": 50,
    "the second 424's body": 1,
    "the table's words as phrases (I)": 6,
}
"""Items of answers that the contract does not know, by open point of its section 8, or by what they are inferred from."""


class TestRows(RowsHeld):
    rows, not_held, cases, scenarios = ROWS, NOT_HELD, CASES, scenarios(test_cloud)


def test_what_is_assumed_is_counted() -> None:
    """An answer that knows more, or less, than before says so here."""
    items = [item for case in CASES for item in case.said.items()]
    assumed = Counter(item.why for item in items if isinstance(item, Assumed))

    assert dict(assumed) == ASSUMED
    assert sum(assumed.values()) == 1037
    assert len(items) - sum(assumed.values()) == KNOWN
