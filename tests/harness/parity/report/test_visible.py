"""Texts of strangers: visible, cut, marked."""

from __future__ import annotations

import pytest
from amlemu_harness.parity.report.visible import cells, common_end, common_start, head, marked, tail, text_of, visible
from hypothesis import given
from hypothesis import strategies as some


@given(some.text(), some.integers(0, 30))
def test_nothing_unprintable_remains_and_all_fits(text, width):
    """Whatever the text is."""
    for shown in (head(text, width), tail(text, width)):
        assert shown.isprintable()
        assert cells(shown) <= width
    assert visible(text).isprintable()


@given(some.text(), some.text(), some.text(), some.text(), some.integers(12, 60))
def test_marked_texts_fit_and_are_whole_where_they_can_be(before, left, right, after, width):
    theirs, ours = before + left + after, before + right + after
    for one, text in zip(marked(theirs, ours, width), (theirs, ours), strict=True):
        assert cells(one.text) <= width
        if max(cells(visible(theirs)), cells(visible(ours))) <= width:
            assert one.text == visible(text)


@given(some.binary(), some.binary(), some.binary())
def test_what_is_common(common, one, other):
    """Both counts are the longest."""
    start = common_start(common + one, common + other)
    end = common_end(one + common, other + common)

    assert start >= len(common)
    assert (common + one)[: start + 1] != (common + other)[: start + 1] or start in (
        len(common + one),
        len(common + other),
    )
    assert end >= len(common)
    assert (one + common)[-end - 1 :] != (other + common)[-end - 1 :] or end in (len(one + common), len(other + common))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31m\n\t", r"a\x1b[31m\n\t"),
        ("\u202e\u200b", r"\u202e\u200b"),
        (text_of(b"\xff\xc3\xa9"), r"\xff\u00e9"[:4] + "é"),
    ],
)
def test_what_is_seen_of_odd_signs(text, shown):
    assert visible(text) == shown


def test_wide_signs_take_two_columns():
    assert cells("日本a") == 5
    assert head("日本語", 5) == "日..."


def test_the_part_that_differs_is_marked():
    theirs, ours = marked("text/html; charset=utf-8", "text/plain; charset=utf-8", 80)

    assert (theirs.before, theirs.middle, theirs.after) == ("text/", "html", "; charset=utf-8")
    assert ours.middle == "plain"
