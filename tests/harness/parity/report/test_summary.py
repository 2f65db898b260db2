"""What all reports tell."""

from __future__ import annotations

import pytest
from amlemu_harness.parity.report.summary import exempt, facts_of, groups, headline, listed, varied
from amlemu_harness.parity.verdict import Difference, Verdict

from ..told import different, result


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (result(Verdict("a", "same")), "the one case is the same: amlemu, profile bare = azmlinfsrv 1.5.1"),
        (result(Verdict("a", "same"), Verdict("b", "exempt")), "2 cases: 1 same, 1 exempt"),
        (result(Verdict("a", "same"), unneeded=("x", "y")), "1 case: 1 same; 2 exemptions no longer needed"),
        (result(Verdict("a", "same"), troubles=("it died",)), "1 case: 1 same; 1 trouble, see below"),
        (result(troubles=("it died",)), "no case was compared; 1 trouble, see below"),
        (
            result(Verdict("start", "same"), Verdict("packages", "same")),
            "neither side starts, and both fail in the same way: amlemu, profile bare = azmlinfsrv 1.5.1",
        ),
        (result(Verdict("start", "same"), troubles=("no time",)), "neither side starts; 1 trouble, see below"),
        (
            result(Verdict("start", "same", source="cases/start.json")),
            "the one case is the same: amlemu, profile bare = azmlinfsrv 1.5.1",
        ),
    ],
)
def test_the_verdict_in_a_sentence(told, sentence):
    """Only a run that proves all it should says that all is the same."""
    assert headline(told) == sentence


def test_groups_are_in_order_of_size_and_then_of_the_run():
    one, two, excused = Difference("b", "1", "2", 2), Difference("a", "1", "2", 2), Difference("c", "1", "2", 1, "why")
    small = Difference("z", "1", "2", 1)
    found = groups([different("x", one, excused), different("y", two, one, small), Verdict("z", "unsteady", (small,))])

    assert [(group.difference.path, [one.case for one in group.verdicts]) for group in found] == [
        ("z", ["y"]),
        ("b", ["x", "y"]),
        ("a", ["y"]),
    ]


def test_exempt_ones_and_varying_paths_are_told_once():
    excused = Difference("c", "1", "2", 1, "why")
    verdicts = [Verdict(name, "exempt", (excused, excused), ("headers.Date",)) for name in "ab"]

    assert exempt(verdicts) == [("c", "why", ["a", "b"])]
    assert varied(verdicts) == {"headers.Date": ["a", "b"]}


def test_names_in_a_line():
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(list("abcdefg"), 3) == "a, b, c and 4 more"
    assert listed(["a\n\x1b", ""]) == r'a\n\x1b and ""'


def test_facts_of_a_side():
    assert facts_of("ours", result(facts={"theirs.python": "3.9", "ours.python": "3.11", "ours.amlemu": "1"})) == (
        "python 3.11, amlemu 1"
    )
