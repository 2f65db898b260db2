"""Generated ids: which texts are one, and which numbers they get."""

from __future__ import annotations

import pytest
from amlemu_harness.parity.judging.ids import ids_of, numbered, with_numbers

from ..answered import ID, OTHER_ID, THIRD_ID

PLAIN = ID.replace("-", "")


@pytest.mark.parametrize(
    ("spelled", "word"),
    [
        pytest.param(ID, "<id 1>", id="usual"),
        pytest.param(ID.upper(), "<ID 1>", id="capitals"),
        pytest.param(PLAIN, "<id without dashes 1>", id="without-dashes"),
        pytest.param(f"{{{ID}}}", "{<id 1>}", id="braces"),
        pytest.param(f"urn:uuid:{ID}", "urn:uuid:<id 1>", id="urn"),
    ],
)
def test_one_id_has_one_number_in_each_spelling(spelled: str, word: str) -> None:
    """And how it is spelled is still seen."""
    numbers = numbered([{"header": ID, "body": spelled}], frozenset())[0]

    assert with_numbers(spelled, numbers) == word


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("00000000-0000-0000-0000-000000000000", id="nil"),
        pytest.param("d41d8cd98f00b204e9800998ecf8427e", id="md5"),
        pytest.param("12345678901242348234567890123456", id="number"),
        pytest.param(f"{PLAIN}{PLAIN}", id="sha256"),
    ],
)
def test_what_only_looks_like_an_id_stays(text: str) -> None:
    assert list(ids_of(text)) == []


def test_ids_follow_the_other_side_by_their_places() -> None:
    """One more before them, or another order, does not change their numbers."""
    theirs = {"a": ID, "b": OTHER_ID}
    ours = {"new": PLAIN.replace("7f1c", "0000"), "b": THIRD_ID, "a": ID.replace("7f1c", "1111")}

    numbers = numbered([theirs, ours], frozenset())[1]

    assert [with_numbers(text, numbers) for text in ours.values()] == ["<id without dashes 3>", "<id 2>", "<id 1>"]


def test_a_number_is_given_once() -> None:
    """Where one id of theirs is two of ours, the second one is another."""
    numbers = numbered([{"a": ID, "b": ID}, {"a": OTHER_ID, "b": THIRD_ID}], frozenset())[1]

    assert (with_numbers(OTHER_ID, numbers), with_numbers(THIRD_ID, numbers)) == ("<id 1>", "<id 2>")
