"""The request that is right, and what is wrong with its parameters on purpose."""

from __future__ import annotations

import pytest
from amlemu_harness.parity.cases.good import good, parameters_gone_wrong

SERVICE_INPUT = {
    "type": "object",
    "properties": {"data": {"type": "array"}, "number": {"type": "integer"}, "name": {"type": "string"}},
    "example": {"data": [1, 2], "number": 1},
}
V2 = {"swagger": "2.0", "definitions": {"ServiceInput": SERVICE_INPUT}}
V3 = {"openapi": "3.0.3", "components": {"schemas": {"ServiceInput": SERVICE_INPUT}}}


@pytest.mark.parametrize("kind", ["plain", "schema", "raw"])
def test_a_sample_is_sent_byte_for_byte(kind):
    """Its blanks, its byte order mark and its type are somebody's choice."""
    right = good(kind, b'\xef\xbb\xbf{"data":  [1]}\n', "application/vnd.me+json", V3)

    assert (right.body, right.content_type) == (b'\xef\xbb\xbf{"data":  [1]}\n', "application/vnd.me+json")
    assert right.value == {"data": [1]}


@pytest.mark.parametrize(
    "sample", [b"\xff\xd8\xff", b"a;b\n1;2\n", b"", b"[" * 100_000], ids=["image", "csv", "empty", "deep"]
)
def test_a_sample_need_not_be_json(sample):
    right = good("raw", sample, "image/jpeg", None)

    assert (right.body, right.is_json, right.parameters) == (sample, False, {})


@pytest.mark.parametrize("openapi", [V2, V3], ids=["2.0", "3.0"])
def test_a_script_with_parameters_has_an_example(openapi):
    assert good("schema", None, "", openapi).body == b'{"data": [1, 2], "number": 1}'


@pytest.mark.parametrize(
    "openapi",
    [
        pytest.param(None, id="none"),
        pytest.param({"definitions": {"ServiceInput": {"type": "object", "example": {}}}}, id="empty-example"),
        pytest.param({"definitions": []}, id="somebody's-own"),
        pytest.param({"components": {"schemas": {"ServiceInput": "?"}}}, id="nonsense"),
    ],
)
def test_without_an_example_it_is_a_guess(openapi):
    right = good("schema", None, "", openapi)

    assert (right.body, right.content_type) == (b'{"data": [[1, 2, 3]]}', "application/json")


def test_the_example_is_of_no_use_to_a_plain_script():
    """It says what a document says of all scripts."""
    assert good("plain", None, "", V3).body == b'{"data": [[1, 2, 3]]}'


def test_each_parameter_is_left_out_is_null_and_is_of_another_type():
    right = good("schema", None, "", V3)

    assert dict(parameters_gone_wrong(right, V3)) == {
        "without data": {"number": 1},
        "data is null": {"data": None, "number": 1},
        "wrong type of data": {"data": "text", "number": 1},
        "without number": {"data": [1, 2]},
        "number is null": {"data": [1, 2], "number": None},
        "wrong type of number": {"data": [1, 2], "number": "text"},
        "name is null": {"data": [1, 2], "number": 1, "name": None},
        "wrong type of name": {"data": [1, 2], "number": 1, "name": [1]},
    }


def test_types_are_told_by_the_sample_where_there_is_no_document():
    right = good("schema", b'{"a": true, "b": {}, "c": null}', "", None)
    wrong = dict(parameters_gone_wrong(right, None))

    assert wrong["wrong type of a"]["a"] == "text"
    assert wrong["wrong type of b"]["b"] == 1
    assert wrong["wrong type of c"]["c"] == {"amlemu": []}


def test_a_sample_without_names_has_the_documents_parameters():
    wrong = dict(parameters_gone_wrong(good("schema", b"[1]", "", V3), V3))

    assert wrong["wrong type of data"] == {"data": "text"}
    assert "without data" not in wrong
