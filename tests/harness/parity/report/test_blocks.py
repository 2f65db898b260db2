"""Two texts beside each other."""

from __future__ import annotations

import pytest
from amlemu_harness.parity.report.blocks import Look, row_lines, value_lines
from amlemu_harness.parity.report.rows import Row
from amlemu_harness.parity.report.visible import cells
from hypothesis import given
from hypothesis import strategies as some

NARROW, WIDE = Look(40, colours=False), Look(100, colours=False)
TEXTS = some.none() | some.text(max_size=200)


def test_values_stand_beside_each_other_where_both_fit():
    assert value_lines("200 OK", "200 Ok", NARROW) == ["  - 200 OK           + 200 Ok", "         ~                  ~"]
    assert value_lines("a" * 30, "a" * 29 + "b", NARROW) == [
        "  - " + "a" * 30,
        "    " + " " * 29 + "~",
        "  + " + "a" * 29 + "b",
        "    " + " " * 29 + "~",
    ]


def test_wide_signs_do_not_move_the_column():
    lines = value_lines("日本", "日木", WIDE)

    assert cells(lines[0].partition("+")[0]) == 51


def test_two_long_lines_passed_by_are_cut_where_they_differ():
    row = Row("x" * 200 + "A", "x" * 200 + "B", "passed by")

    assert row_lines([row], NARROW) == ["  ~ " + "x" * 18 + "A", "  ~ " + "x" * 18 + "B"]


def test_lines_that_fit_in_no_column_stand_below_each_other():
    """Half of a log's line says nothing."""
    told = value_lines("one\n" + "a" * 60, "one\n" + "b" * 60, WIDE)

    assert told == ["    one", "  - " + "a" * 60, "  + " + "b" * 60]


@pytest.mark.parametrize("look", [NARROW, WIDE])
@given(theirs=TEXTS, ours=TEXTS, mark=some.sampled_from(["same", "differs", "passed by"]))
def test_no_line_is_too_long_or_unprintable(look, theirs, ours, mark):
    """Whatever stands in the rows."""
    row = Row(theirs, theirs, mark) if mark == "same" else Row(theirs, ours, mark)
    lines = row_lines([row], look) + value_lines(theirs or "", ours or "", look)

    assert all(line.isprintable() and cells(line) <= look.width for line in lines)
