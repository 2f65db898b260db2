"""What Azure takes for a name; contract 1.5 and 5.1, `^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$`, 3 to 32 characters."""

from __future__ import annotations

import pytest
from amlemu.azure.names import illegal_name


@pytest.mark.parametrize("word", ["blue", "a-1", "Credit-API", "x" * 32, "abc"])
def test_it_is_a_name(word: str) -> None:
    assert not illegal_name(word, "the name")


@pytest.mark.parametrize("word", ["1st", "-abc", "abc-", "a_b", "a--b", "ä-b", "a b", "abc\n", ""])
def test_letters_digits_and_single_dashes(word: str) -> None:
    assert illegal_name(word, "the endpoint's name") == (
        f"the endpoint's name {word!r} cannot be a name: letters, digits and single dashes, a letter first, no dash at the end"
    )


@pytest.mark.parametrize("word", ["ab", "x" * 33])
def test_three_to_thirty_two_of_them(word: str) -> None:
    assert illegal_name(word, "the name") == f"the name {word!r} has {len(word)} characters, and a name has 3 to 32"
