"""JSON with comments: what is read, where it stands, and how the rest is refused."""

from __future__ import annotations

import json

import pytest
from amlemu.vscode.jsonc import NotJsonc, read, skip
from hypothesis import given, settings
from hypothesis import strategies as st

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


def slices(text, node):
    return [text[item.start : item.end] for item in node.items]


@settings(deadline=None)  # the machine has more to do
@given(JSON, st.sampled_from([None, 2, "\t"]), st.booleans())
def test_every_json_document_is_read(value, indent, escapes):
    """To the same value; what stands between a node's ends is that value again, all the way down."""
    text = json.dumps(value, indent=indent, ensure_ascii=escapes)
    node = read(text)

    assert node.value == value
    assert (node.start, node.end) == (0, len(text))
    for item in node.items:
        assert json.loads(text[item.start : item.end]) == item.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("// [\n[1] // ]", [1], id="line-comment"),
        pytest.param("/* [ // */[1]/**/", [1], id="block-comment"),
        pytest.param("[1, /* 2, */ 3,\r\n]", [1, 3], id="trailing-comma-in-array"),
        pytest.param('{"a": 1, /* x */}', {"a": 1}, id="trailing-comma-in-object"),
        pytest.param('["//", "/* ]", "\\"]"]', ["//", "/* ]", '"]'], id="strings-that-look-otherwise"),
        pytest.param("[1] // the end\r", [1], id="carriage-return-ends-a-comment"),
        pytest.param(" /***/ 7", 7, id="stars"),
        pytest.param('{"a": 1, "a": 2}', {"a": 2}, id="twice-the-same-key"),
        pytest.param("9" * 5000, float("inf"), id="more-digits-than-python-takes"),
        pytest.param("[" * 100 + "]" * 100, json.loads("[" * 100 + "]" * 100), id="a-hundred-levels"),
    ],
)
def test_what_vs_code_takes_is_read(text, value):
    assert read(text).value == value


@pytest.mark.parametrize("text", ["", " \t\r\n", "// {}", "/* {}\n */ //"])
def test_blanks_and_comments_are_no_value(text):
    assert read(text) is None


def test_items_are_where_they_are():
    """Of an object those of the values; `get` takes the last of a key, as JavaScript does."""
    text = '{"a": [1 , "x"], // {\n "b":{}, "a": null }'
    node = read(text)

    assert node.keys == ("a", "b", "a")
    assert slices(text, node) == ['[1 , "x"]', "{}", "null"]
    assert slices(text, node.items[0]) == ["1", '"x"']
    assert node.get("a") is node.items[2]
    assert node.get("c") is None
    assert node.items[0].get("a") is None


def test_blanks_and_comments_are_skipped():
    assert skip("[ // a\n /* b */ 1", 1) == 16
    assert skip("[1", 1) == 1
    assert skip("[", 1) == 1


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        pytest.param("[1 2]", "1:4: '2' is not right here. Expected a comma or ].", id="no-comma"),
        pytest.param('{"a": 1 "b": 2}', "1:9: '\"' is not right here. Expected a comma or }.", id="no-comma-in-object"),
        pytest.param("[,]", "1:2: ',' is not right here. Expected a value.", id="comma-alone"),
        pytest.param("[1,,]", "1:4: ',' is not right here. Expected a value.", id="two-commas"),
        pytest.param("{,}", "1:2: ',' is not right here. Expected a key in \"...\" or }.", id="comma-in-object"),
        pytest.param("{a: 1}", "1:2: 'a' is not right here. Expected a key in \"...\" or }.", id="bare-key"),
        pytest.param('{"a" 1}', "1:6: '1' is not right here. Expected a colon.", id="no-colon"),
        pytest.param('{"a":}', "1:6: '}' is not right here. Expected a value.", id="no-value"),
        pytest.param("[\r\n  {\r\n", '3:1: the file ends here. Expected a key in "..." or }.', id="cut-off"),
        pytest.param("[1}", "1:3: '}' is not right here. Expected a comma or ].", id="the-other-bracket"),
        pytest.param("[1]\n\n]", "3:1: ']' is not right here. Expected the end of the file.", id="more-than-one"),
        pytest.param("[True]", "1:2: 'True' is not right here. Expected a value.", id="word-of-python"),
        pytest.param("[01]", "1:3: '1' is not right here. Expected a comma or ].", id="leading-zero"),
        pytest.param("['a']", '1:2: "\'" is not right here. Expected a value.', id="single-quotes"),
        pytest.param("[\r/* 1]", "2:1: a comment that does not end. Expected */.", id="open-comment"),
        pytest.param(
            '["a\n"]',
            '1:2: a text that does not end on its line, or has a wrong escape. Expected "...", with \\\\ for a backslash.',
            id="open-string",
        ),
        pytest.param(
            r'{"C:\me": 1}',
            '1:2: a text that does not end on its line, or has a wrong escape. Expected "...", with \\\\ for a backslash.',
            id="backslash",
        ),
        pytest.param("[" * 101, "1:101: too deep. Expected at most 100 levels.", id="too-deep"),
    ],
)
def test_what_is_something_else_is_refused_with_its_place(text, refusal):
    """Line and column from 1; lines end as in VS Code, also with a carriage return alone."""
    with pytest.raises(NotJsonc) as caught:
        read(text)

    assert str(caught.value) == refusal


@settings(deadline=None)  # the machine has more to do
@given(st.text(alphabet='[]{},:"\\/* \n\rtrue1-.ea'))
def test_any_text_is_read_or_refused(text):
    """Nothing else happens, and what Python's own reader takes is taken."""
    try:
        expected = json.loads(text)
    except ValueError:
        expected = Ellipsis
    try:
        node = read(text)
    except NotJsonc:
        assert expected is Ellipsis
    else:
        assert expected is Ellipsis or node.value == expected
