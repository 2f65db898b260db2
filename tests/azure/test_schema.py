"""The check of one file against a table: kinds of values as marshmallow takes them, bounds, words, unknown fields."""

from __future__ import annotations

from pathlib import Path

import pytest
from amlemu.azure import marked
from amlemu.azure.schema import Check, Field, Table

FILE = Path("deployment.yml")
PART = Table("a part", {"size": Field("whole"), "needed": Field("text", required=True)}, "here")
TABLE = Table(
    "a deployment",
    {
        "text": Field("text"),
        "whole": Field("whole", low=1, high=10, bound="contract 1.7"),
        "number": Field("number"),
        "switch": Field("switch"),
        "scalar": Field("scalar"),
        "list": Field("list"),
        "map": Field("map"),
        "mapping": Field("mapping"),
        "any": Field("any", "nothing is done with it"),
        "word": Field("text", words=("key", "aml_token")),
        "part": Field(PART, also="text"),
        "request_settings": Field("any"),
        "unlike": Field("text", may_be_empty=True),
    },
    "here",
)


def check(text, table=TABLE):
    made = Check(FILE)
    made.table(marked.parse(text, FILE), table)
    return made


def told(text, table=TABLE):
    return [
        f"{one.severity} {one.place.line}: {one.cause}" + (f". {one.fix}" if one.fix else "")
        for one in check(text, table).findings
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("text: '3'", id="text-in-quotes"),
        pytest.param("whole: '3'", id="whole-in-quotes"),
        pytest.param("whole: 3.0", id="whole-with-a-point"),
        pytest.param("number: 0.5", id="number"),
        pytest.param("number: '0.5'", id="number-in-quotes"),
        pytest.param("number: 1e3", id="number-that-YAML-takes-for-text"),
        pytest.param("switch: true", id="bool"),
        pytest.param("switch: 'yes'", id="yes"),
        pytest.param("switch: 'On'", id="On"),
        pytest.param("switch: 1", id="one"),
        pytest.param("scalar: 1.2", id="scalar-number"),
        pytest.param("scalar: x", id="scalar-text"),
        pytest.param("list: [1, {a: b}]", id="list"),
        pytest.param("map: {A: 1, B: true, C: , D: x}", id="map-of-scalars"),
        pytest.param("mapping: {A: [1]}", id="mapping-of-anything"),
        pytest.param("any: [1]", id="any"),
        pytest.param("word: Key", id="word-in-any-case"),
        pytest.param("word: AMLToken", id="word-in-camel-case"),
        pytest.param("word: AmlToken", id="word-in-another-camel-case"),
        pytest.param("word: AML_TOKEN", id="word-in-capitals"),
        pytest.param("part: {needed: x, size: 3}", id="part"),
        pytest.param("part: azureml:x:1", id="a-reference-in-place-of-a-part"),
        pytest.param("unlike:", id="empty-where-it-may-be"),
        pytest.param("$x: &a {needed: x}\npart: *a".replace("$x", "any"), id="alias"),
    ],
)
def test_what_azure_takes_is_taken(text):
    """Source: azure-ai-ml 1.35.2 with marshmallow: numbers also as text, never a number as text."""
    assert told(text) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("text: 3", 'error 1: text: 3 is no text. Write it in quotes: text: "3".', id="number-as-text"),
        pytest.param("text: yes", 'error 1: text: True is no text. Write it in quotes: text: "true".', id="bool-as-text"),
        pytest.param("text: [a]", "error 1: text: a list is no text", id="list-as-text"),
        pytest.param("whole: '3.5'", "error 1: whole: '3.5' is no whole number", id="fraction-in-quotes"),
        pytest.param(
            "whole: 3.5",
            "warning 1: whole: 3.5 is no whole number, and Azure takes 3 without a word",
            id="fraction",
        ),
        pytest.param("whole: true", "error 1: whole: True is no whole number", id="bool-as-number"),
        pytest.param("whole: .inf", "error 1: whole: inf is no whole number", id="infinity"),
        pytest.param("whole: .nan", "error 1: whole: nan is no whole number", id="not-a-number"),
        pytest.param("number: {a: b}", "error 1: number: a mapping is no number", id="mapping-as-number"),
        pytest.param("switch: nope", "error 1: switch: 'nope' is no switch (true, false)", id="no-switch"),
        pytest.param("scalar: [1]", "error 1: scalar: a list is no text or number", id="list-as-scalar"),
        pytest.param("list: x", "error 1: list: 'x' is no list", id="text-as-list"),
        pytest.param("mapping: x", "error 1: mapping: 'x' is no mapping", id="text-as-mapping"),
        pytest.param(
            "map:\n  A: [1]",
            "error 2: map.A: a variable is a text, not a list. Write it as one text, in quotes.",
            id="list-as-variable",
        ),
        pytest.param(
            "whole: 0", "error 1: whole: 0 is less than the least allowed, 1", id="less-than-the-least"
        ),
        pytest.param(
            "whole: '11'", "error 1: whole: 11 is more than the most allowed, 10", id="more-than-the-most"
        ),
        pytest.param("word: keys", "error 1: word: 'keys' is none of its words. Did you mean key?", id="near-word"),
        pytest.param("word: x", "error 1: word: 'x' is none of its words. There are: key, aml_token.", id="bad-word"),
        pytest.param("word: amltoken", "error 1: word: 'amltoken' is none of its words. Did you mean aml_token?", id="run-together"),
        pytest.param("txet: x", "error 1: txet is no field of a deployment; did you mean text?", id="near-field"),
        pytest.param("request: x", "error 1: request is no field of a deployment; did you mean request_settings?", id="part-of-a-field"),
        pytest.param("TEXT: x", "error 1: TEXT is no field of a deployment; did you mean text?", id="case-of-a-field"),
        pytest.param(
            "part:\n  needed: x\n  sized: 1",
            "error 3: part.sized is no field of a part; did you mean size?",
            id="near-field-below",
        ),
        pytest.param("part: {}", "error 1: part.needed is missing; a part needs it", id="missing-below"),
        pytest.param("part: [x]", "error 1: part is a part, so it is a mapping", id="list-as-part"),
        pytest.param(
            "any: x\ntext:",
            "error 2: text has no value, which Azure refuses (Field may not be null). Give it one, or leave text: out.",
            id="bare-key",
        ),
        pytest.param("- a", "error 1: this file is a deployment, so it is a mapping", id="no-mapping-at-all"),
        pytest.param(
            "text: <ENDPOINT>",
            "error 1: text: <ENDPOINT> was never filled in. A person or a pipeline was to put a value in its place.",
            id="placeholder",
        ),
    ],
)  # fmt: skip
def test_what_azure_refuses_is_told(text, message):
    assert told(text) == [message]


def test_a_field_that_resembles_nothing_gets_the_list():
    assert check("zzzzzzz: 1").findings[0].fix.startswith("There are: any, list, map, mapping, number, ")


def test_a_field_that_azure_ignores_is_a_warning():
    """As in files of v1, where nothing checked them."""
    table = Table("a v1 file", {"entryScript": Field("text")}, "here", unknown="warning")

    assert told("entryscript: x", table) == [
        "warning 1: entryscript is no field of a v1 file, and Azure ignores it; did you mean entryScript?"
    ]
    assert check("x: y", table).findings[0].cloud is None
    assert told("entryScript:", table) == []


def test_what_a_flag_can_say_is_only_a_warning():
    """`az ml online-deployment create --endpoint-name NAME -f FILE`, as Microsoft's own examples are deployed."""
    table = Table("a deployment", {"name": Field("text", required=True, flag="--name")}, "here")

    assert told("{}", table) == [
        "warning 1: name is missing, so --name has to say it when this file is given to az ml. Add name:"
    ]


def test_a_field_without_an_effect_is_noted_with_its_reason():
    noted = check("text: x\nany: 1").not_emulated

    assert [(one.field, one.place.line, one.reason) for one in noted] == [("any", 2, "nothing is done with it")]


def test_each_field_that_was_said_has_its_place():
    said = check("text: x\nmap:\n  A: 1\npart:\n  needed: y\nzzz: 1").said_at

    assert {name: place.line for name, place in said.items()} == {
        "text": 1, "map": 2, "map.A": 3, "part": 4, "part.needed": 5,
    }  # fmt: skip


def test_a_secret_is_no_placeholder():
    assert told("text: ${{azureml://connections/x/credentials/key}}") == []


def test_a_table_names_its_fields_and_those_below():
    assert list(Table("x", {"a": Field(PART), "b": Field("any")}, "here").names()) == ["a", "a.size", "a.needed", "b"]
