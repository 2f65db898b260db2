"""What there is, printed as `az` prints it."""

from __future__ import annotations

import json

import pytest
import yaml
from amlemu.console.output import as_text
from amlemu.errors import UsageError
from hypothesis import given, settings
from hypothesis import strategies as st

ROWS = [
    {
        "name": "blue",
        "scoring_uri": "http://127.0.0.1:5001/score",
        "traffic": {"blue": 100},
        "is_up": True,
        "why": None,
    },
    {"name": "green-long", "scoring_uri": "x", "traffic": {}, "is_up": False, "why": "gone"},
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_json_keeps_order_and_letters():
    assert as_text({"b": 1, "a": "caf\u00e9"}, "json") == '{\n  "b": 1,\n  "a": "caf\u00e9"\n}'


def test_a_table_has_plain_values_alone_under_titles_of_az():
    """`scoring_uri` is ScoringUri; what is a value of several parts has no place."""
    assert as_text(ROWS, "table").splitlines() == [
        "Name        ScoringUri                   IsUp   Why",
        "----------  ---------------------------  -----  ----",
        "blue        http://127.0.0.1:5001/score  true",
        "green-long  x                            false  gone",
    ]


def test_a_table_of_words_has_one_column():
    assert as_text(["a", "b"], "table").splitlines() == ["Result", "------", "a", "b"]


def test_tsv_is_for_programs():
    """One line for each, a tab between values; nothing is null."""
    assert as_text(ROWS, "tsv", "[].[name, is_up, why]") == "blue\ttrue\t\ngreen-long\tfalse\tgone"
    assert as_text(ROWS, "tsv", "[0].name") == "blue"


@pytest.mark.parametrize("form", ["json", "yaml", "tsv", "table", "none"])
def test_what_a_query_does_not_find_prints_nothing(form):
    """As az does."""
    assert as_text({"name": "blue"}, form, "colour") == ""


@pytest.mark.parametrize("form", ["table", "tsv"])
def test_nothing_prints_nothing(form):
    assert as_text([], form) == ""


def test_none_prints_nothing():
    assert as_text(ROWS, "none") == ""


@pytest.mark.parametrize("query", ["[[", "name)", "'", "", "\x00", "foo(", "nosuch(@)", "sort(name)"], ids=repr)
def test_a_broken_query_is_a_usage_error_of_one_line(query):
    with pytest.raises(UsageError) as caught:
        as_text({"name": 7}, "json", query)

    assert caught.value.where == f"--query {query}"
    assert "\n" not in str(caught.value).replace(query, "")


@settings(deadline=None)  # the machine has more to do
@given(VALUES)
def test_json_and_yaml_say_the_same(content):
    """Whatever there is, it can be read again."""
    assert json.loads(as_text(content, "json")) == content
    if "\x85" not in repr(content) and "\\" not in repr(content):  # letters that YAML has no plain form for
        assert yaml.safe_load(as_text(content, "yaml")) == content


@settings(deadline=None)  # the machine has more to do
@given(VALUES, st.sampled_from(["table", "tsv"]))
def test_nothing_that_json_has_breaks_a_table(content, form):
    assert isinstance(as_text(content, form), str)


def test_yaml_keeps_letters():
    assert as_text({"name": "caf\u00e9"}, "yaml") == "name: caf\u00e9"
