"""Documents of JSON that are unusual; the usual ones are in test_judge.py."""

from __future__ import annotations

import time

import pytest
from amlemu_harness.parity.judging.documents import document_differences


def places(theirs: str, ours: str, *passed: str) -> list[str] | None:
    found = document_differences("body", theirs, ours, lambda *_: False, passed)
    return None if found is None else sorted(one.path for one in found)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        pytest.param("{", "{}", id="broken"),
        pytest.param("\ufeff{}", "{}", id="bom"),
        pytest.param("[" * 50_000 + "]" * 50_000, "[]", id="nested-too-deep"),
    ],
)
def test_what_python_does_not_read_is_no_document(theirs: str, ours: str) -> None:
    assert places(theirs, ours) is None


@pytest.mark.parametrize(
    ("theirs", "ours", "expected"),
    [
        pytest.param("1", "2", ["body"], id="only-a-number"),
        pytest.param("1" * 9000, "1" * 8999 + "2", ["body"], id="number-of-9000-digits"),
        pytest.param('{"a": {"b": 1}}', '{"a": [1]}', ["body.a"], id="object-and-list"),
        pytest.param('{"": 1}', '{"": 2}', ['body[""]'], id="empty-key"),
        pytest.param('{"a": 1, "a": 2}', '{"a": 2}', ["body.a", "body.a#2"], id="python-would-say-equal"),
        pytest.param('{"a": 1.0}', '{"a": 1.00}', ["body"], id="digits"),
        pytest.param('{"\\u0061": 1}', '{"a": 1}', ["body"], id="escaped-key"),
        pytest.param("[1]", "[1]\n", ["body"], id="line-end"),
        pytest.param('{"a": "{\\"b\\":1}"}', '{"a": "{\\"b\\": 1}"}', ["body.a"], id="json-in-json-written-otherwise"),
        pytest.param("[Infinity, NaN]", "[-Infinity, NaN]", ["body[0]"], id="infinity"),
    ],
)
def test_unusual_places(theirs: str, ours: str, expected: list[str]) -> None:
    assert places(theirs, ours) == expected


def test_half_a_character_is_shown_escaped() -> None:
    """Whoever shows it could not write it."""
    found = document_differences("body", '["\\ud800"]', '["é"]', lambda *_: False, ())

    assert found is not None
    assert [(one.theirs, one.ours) for one in found] == [('"\\ud800"', '"é"')]


def test_a_path_that_is_passed_takes_all_below_it() -> None:
    """How the rest is written is still seen where both have the same shape."""
    theirs, ours = '{"a": {"b": 1}, "c": 1}', '{"a": {"x": [2]}, "c": 2}'

    assert places(theirs, ours, "body.a") == ["body.c"]
    assert places('{"a": 1, "c": 1}', '{"a": 2,"c": 1}', "body.a") == ["body"]
    assert places('{"a": 1, "c": 1}', '{"a": 2,"c": 1}', "body.a", "body (as written)") == []


def test_a_document_of_many_numbers_is_compared_in_seconds() -> None:
    """In which every number differs."""
    rows = ["[" + ", ".join(str(number + add) for number in range(20_000)) + "]" for add in (0, 1)]
    began = time.monotonic()

    found = places(*rows)

    assert found is not None
    assert (len(found), time.monotonic() - began < 5) == (20_000, True)


@pytest.mark.parametrize(
    ("theirs", "ours", "passed", "expected"),
    [
        pytest.param('{"t": 1.5}', '{"t": 2}', "body.t", [], id="numbers-are-of-one-kind"),
        pytest.param('{"t": 1.5}', '{"t": null}', "body.t", ["body.t (kind)"], id="null"),
        pytest.param('{"t": 1.5}', '{"t": null}', "body.t (kind)", [], id="the-reference-says-null-now-and-then"),
        pytest.param('{"t": 1.5, "a": 1}', '{"a": 1}', "body.t", ["body.t (kind)"], id="not-there-at-all"),
        pytest.param('{"t": [1, 2]}', '{"t": [3]}', "body.t", [], id="lists-of-any-length"),
        pytest.param('{"t": [1, 2]}', '{"t": {"a": 1}}', "body.t", ["body.t (kind)"], id="list-and-object"),
    ],
)
def test_what_varies_is_passed_as_long_as_it_is_of_one_kind(
    theirs: str, ours: str, passed: str, expected: list[str]
) -> None:
    """A time that is null on the other side is no other time."""
    assert places(theirs, ours, passed) == expected
