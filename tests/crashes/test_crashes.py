"""A crash costs one request: what its caller gets, what others get, what a person reads; each kind under each profile."""

from __future__ import annotations

import re

import pytest

from .kinds import CASE_IDS, CASES, KINDS, PROFILES, SERVED, Kind
from .places import until
from .stories import Stories

each = pytest.mark.parametrize(("kind", "profile"), CASES, ids=CASE_IDS)


@each
def test_the_caller_gets_what_the_cloud_answers(stories: Stories, kind: Kind, profile: str) -> None:
    """Status line and body are those of the contract; `kinds` names the row."""
    assert stories(kind, profile).said == kind.said[profile]


@each
def test_the_next_one_is_answered(stories: Stories, kind: Kind, profile: str) -> None:
    """It waited while the worker crashed, and is answered by another worker; by the same one where that lives on."""
    story = stories(kind, profile)
    answered_by = story.records[1][0].account["pid"]

    assert story.then == SERVED
    assert [end.pid != answered_by for end in story.ends] == ([True] if kind.ends else [])


@each
def test_run_is_entered_once_for_each_request(stories: Stories, kind: Kind, profile: str) -> None:
    """What crashed is not tried again, what waited is not lost, and each has one exchange."""
    story = stories(kind, profile)

    assert story.entered == [kind.name, "answer"]
    assert [len(records) for records in story.records] == [1, 1]


@each
def test_a_person_reads_why(stories: Stories, kind: Kind, profile: str) -> None:
    """Pid, when, how, the likely reason, the last words, what is next; nothing where no worker ended."""
    story = stories(kind, profile)
    told = [text for text in story.text.split("amlemu: ") if " ended " in text]

    assert len(told) == bool(kind.ends)
    for text in told:
        assert re.match(rf"worker {story.ends[0].pid} ended {kind.ends}", text), text
        assert f"about to {kind.name}" in text.partition("of its stderr:")[2]
        assert " A new one starts." in text


@pytest.mark.parametrize("profile", PROFILES)
def test_the_dump_of_a_crash_is_shown_whole(stories: Stories, profile: str) -> None:
    """As faulthandler wrote it, without our own frames."""
    segfault = next(kind for kind in KINDS if kind.name == "segfault")
    lines = stories(segfault, profile).text.splitlines()

    assert "score | Fatal Python error: Segmentation fault" in lines
    assert any(re.fullmatch(r'score \|   File ".*/score\.py", line \d+ in segfault', line) for line in lines)
    assert not any(re.search(r"amlemu/worker/child\.py", line) for line in lines)


def test_bare_waits_for_a_hang_and_so_does_the_next_one(stories: Stories) -> None:
    """4.8: no limit but the script's own; a client that leaves is not told to run(), and others wait."""
    place = stories.place(KINDS[0], "bare")
    before = len(place.entries())
    with place.gate_shut():
        first = place.ask("hang")
        until(lambda: place.entries()[before:] == ["hang"], "in run()")
        first.leave()
        second = place.ask("answer")
        waits = second.hears_nothing(0.2)
    answer = second.receive()
    (left,) = place.exchanges(first.port)

    assert (waits, answer) == (True, SERVED)
    assert left.client_left
    assert place.entries()[before:] == ["hang", "answer"]
