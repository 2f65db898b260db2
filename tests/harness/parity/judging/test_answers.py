"""How answers came over the wire; what they say is in test_judge.py."""

from __future__ import annotations

from dataclasses import replace

import pytest
from amlemu_harness.parity.judging.answers import answer_differences
from amlemu_harness.parity.wire import Received

from ..answered import SERVED, answer, streamed


def told(theirs: Received, ours: Received) -> list[tuple[str, str, str]]:
    found = answer_differences(theirs, ours, lambda *_: False, ())
    return [(one.path, one.theirs, one.ours) for one in found]


def open_ended(*arrivals: tuple[float, int]) -> Received:
    return Received("HTTP/1.0 200 OK", SERVED, b"abc", b"abc", is_complete=True, arrivals=arrivals)


def test_an_answer_without_a_length_arrives_in_bytes() -> None:
    """It has no pieces; what came together is told by how much was there."""
    parted, whole = open_ended((0.0, 1), (0.2, 3)), open_ended((0.2, 3))

    assert told(parted, whole) == [("arrival", "bytes 1 | 3", "bytes 1 3")]


def test_the_end_of_a_stream_arrives_too() -> None:
    """A last piece that is held back until the end is a piece later."""
    early = replace(streamed(b"a"), arrivals=((0.0, 6), (0.3, 11)))
    late = replace(streamed(b"a"), arrivals=((0.3, 11),))

    assert told(early, late) == [("arrival", "pieces 1 | end", "pieces 1 end")]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        pytest.param(
            replace(answer(), arrivals=((0.0, 1), (0.9, 8))), replace(answer(), arrivals=((0.0, 8),)), id="length"
        ),
        pytest.param(
            streamed(b"a", b"b", at_s=(0.0, 0.5)), replace(streamed(b"a", b"b"), arrivals=()), id="not-recorded"
        ),
        pytest.param(streamed(b"a", b"b", at_s=(0.0, 0.5)), streamed(b"a", b"b", at_s=(0.0, 0.03)), id="between"),
        pytest.param(streamed(b"a", b"b", at_s=(3.0, 3.5)), streamed(b"a", b"b", at_s=(0.0, 0.2)), id="later"),
    ],
)
def test_moments_that_say_nothing(theirs: Received, ours: Received) -> None:
    """A whole answer with a length, a pause that may be chance, how long all took."""
    assert told(theirs, ours) == []


def test_pieces_of_bodies_that_differ_are_not_told_twice() -> None:
    """Unless there are more of them."""
    assert [path for path, _, _ in told(streamed(b"a", b"b"), streamed(b"a", b"cc"))] == ["body"]
    assert [path for path, _, _ in told(streamed(b"a", b"b"), streamed(b"a"))] == ["body", "pieces"]


def test_a_length_that_a_cut_body_does_not_have_is_the_same_length() -> None:
    whole = replace(answer(b"12345678"), headers=(("Content-Length", "<length>"),))
    cut = replace(answer(b"1234"), headers=(("Content-Length", "8"),), is_complete=False)

    assert sorted(path for path, _, _ in told(whole, cut)) == ["body", "complete"]


def test_headers_that_are_gone_and_new_are_told_without_the_rest() -> None:
    theirs, ours = replace(answer(), headers=(("A", "1"), *SERVED)), replace(answer(), headers=(*SERVED, ("B", "1")))

    assert told(theirs, ours) == [("headers", "A", "B")]


def test_headers_in_another_order_are_told_from_the_first_to_the_last_of_them() -> None:
    theirs = replace(answer(), headers=(("A", ""), ("B", ""), ("C", ""), ("D", "")))
    ours = replace(answer(), headers=(("A", ""), ("C", ""), ("B", ""), ("D", "")))

    assert told(theirs, ours) == [("headers", "B, C", "C, B")]
