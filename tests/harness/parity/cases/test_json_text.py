"""Where in a JSON text its members stand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from amlemu.errors import UsageError
from amlemu_harness.parity.cases.json_text import items, line_of, members, parsed, start_of, value_of
from hypothesis import given
from hypothesis import strategies as st

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=3), VALUES, max_size=4), st.sampled_from([None, 0, 2]))
def test_members_are_those_of_the_object(value, indent):
    text = json.dumps(value, indent=indent)

    assert {key: json.loads(text[start:end]) for key, start, end in members(text)} == value


@given(st.lists(VALUES, max_size=4), st.sampled_from([None, 0, 2]))
def test_items_are_those_of_the_array(value, indent):
    text = json.dumps(value, indent=indent)

    assert [one for one, _ in items(text)] == value


def test_a_place_is_found_by_its_keys():
    text = '{\n "a": [1],\n "b": {\n  "c": {"d": 1}}}'

    assert line_of(text, start_of(text, "b", "c")) == 4
    assert start_of(text, "b", "x") == 0


def test_a_mistake_has_its_line():
    with pytest.raises(UsageError) as failure:
        value_of(Path("/x/a.json"), '{"a": 1,\n "b": }', 3)

    assert failure.value.where == "/x/a.json:4"
    assert failure.value.what == "no JSON: Expecting value in column 7"


@pytest.mark.parametrize(
    "text", ["", "{", "1 2", "[" * 100_000, "1" * 5000], ids=["empty", "open", "two", "deep", "long"]
)
def test_what_python_cannot_read_is_no_json(text):
    with pytest.raises(UsageError):
        value_of(Path("a.json"), text)

    assert parsed(text) == (False, None)
