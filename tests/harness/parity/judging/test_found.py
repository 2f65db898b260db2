"""One place where two texts differ: how much, and what is kept of long ones."""

from __future__ import annotations

import pytest
from amlemu_harness.parity.judging.found import CUT, found, size


@pytest.mark.parametrize(
    ("theirs", "ours", "expected"),
    [("abcd", "abXd", 1), ("ab", "aXYZb", 3), ("aa", "aaa", 1), ("", "abc", 3), (b"\x00\x01", b"\x00\x02", 1)],
)
def test_the_size_is_what_lies_between_the_common_ends(theirs: str, ours: str, expected: int) -> None:
    assert size(theirs, ours) == expected


def test_a_long_text_is_cut_around_the_first_difference() -> None:
    """Both at the same place, and the size is that of the whole."""
    one = found("body", "x" * 5000 + "A" + "y" * 5000, "x" * 5000 + "BB" + "y" * 5000)

    assert (one.theirs[:82], one.ours[:83]) == (f"{CUT}{'x' * 80}A", f"{CUT}{'x' * 80}BB")
    assert (one.theirs[-1], len(one.theirs), one.size) == (CUT, 602, 2)
