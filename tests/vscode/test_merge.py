"""Our entries in other people's launch files: theirs stay to the last character, and the whole stays what it was: JSON."""

from __future__ import annotations

import json
import re

import pytest
from amlemu.vscode.jsonc import NotJsonc
from amlemu.vscode.merge import merge
from hypothesis import given, settings
from hypothesis import strategies as st

A, B = {"name": "a", "port": 1}, {"name": "b"}

# https://docs.microsoft.com/azure/machine-learning/how-to-troubleshoot-deployment as of 2020-07-02: "find the line that
# contains "configurations": [ and insert the following text after it"
OF_2020 = """\
    {
        "name": "Azure Machine Learning: Docker Debug",
        "type": "python",
        "request": "attach",
        "port": 5678,
        "host": "localhost",
        "pathMappings": [
            {
                "localRoot": "${workspaceFolder}",
                "remoteRoot": "/var/azureml-app"
            }
        ]
    }
"""
OF_VS_CODE = """\
{
    // Use IntelliSense to learn about possible attributes.
    // For more information, visit: https://go.microsoft.com/fwlink/?linkid=830387
    "version": "0.2.0",
    "configurations": [
%s    ]
}
"""


STRING = r'("(?:[^"\\]|\\.)*")'


def cut_out(pattern, text):
    """Remove what matches, outside of strings."""
    return re.sub(f"{STRING}|{pattern}", lambda found: found[1] or "", text, flags=re.DOTALL)


def strict(text):
    """Return what a JSONC text says that has no comma too many."""
    return json.loads(cut_out(r"//[^\r\n]*|/\*.*?\*/", text.removeprefix("\ufeff")))


def plain(text):
    """Return what a JSONC text says."""
    text = cut_out(r"//[^\r\n]*|/\*.*?\*/", text.removeprefix("\ufeff"))
    return json.loads(cut_out(r",(?=\s*[\]}])", text))


def is_pasted_into(text, original):
    """Tell whether a text is another one with a single piece more in it."""
    alike = next((n for n, (one, other) in enumerate(zip(text, original, strict=False)) if one != other), len(original))
    return any(text.endswith(original[cut:]) for cut in range(alike + 1))


# where the entries go, and how they look


@pytest.mark.parametrize(
    ("text", "merged"),
    [
        pytest.param(
            '{\n  "configurations": [\n    {"name": "x"}\n  ]\n}\n',
            '{\n  "configurations": [\n    {\n      "name": "b"\n    },\n    {"name": "x"}\n  ]\n}\n',
            id="two-blanks",
        ),
        pytest.param(
            '{\n\t"configurations": [\n\t]\n}',
            '{\n\t"configurations": [\n\t\t{\n\t\t\t"name": "b"\n\t\t}\n\t]\n}',
            id="tabs-and-an-empty-array",
        ),
        pytest.param(
            '{\r\n "configurations": []\r\n}\r\n',
            '{\r\n "configurations": [\r\n  {\r\n   "name": "b"\r\n  }\r\n ]\r\n}\r\n',
            id="crlf",
        ),
        pytest.param(
            '{"configurations":[{"name": "x"}]}',
            '{"configurations":[\n    {\n        "name": "b"\n    },\n    {"name": "x"}]}',
            id="all-on-one-line",
        ),
        pytest.param(
            '{\n"configurations": [\n{"name": "x"},\n]\n}\n',
            '{\n"configurations": [\n{\n    "name": "b"\n},\n{"name": "x"},\n]\n}\n',
            id="no-indentation-and-a-trailing-comma",
        ),
        pytest.param(
            '{\n  "configurations": [ // ours\n    {"name": "x"}\n  ]\n}\n',
            '{\n  "configurations": [ // ours\n    {\n      "name": "b"\n    },\n    {"name": "x"}\n  ]\n}\n',
            id="comment-about-the-array",
        ),
        pytest.param(
            '{\n  "configurations": [ /* x */ {"name": "x"}]\n}\n',
            '{\n  "configurations": [ \n    {\n      "name": "b"\n    },\n    /* x */ {"name": "x"}]\n}\n',
            id="comment-about-the-entry",
        ),
        pytest.param(
            '{\n  "configurations": [ /* x */ 1, /* y */\n    2]\n}\n',
            '{\n  "configurations": [ \n    {\n      "name": "b"\n    },\n    /* x */ 1, /* y */\n    2]\n}\n',
            id="comments-on-both-sides",
        ),
        pytest.param(
            '{\n  "configurations": [\t\n    1]\n}\n',
            '{\n  "configurations": [\t\n    {\n      "name": "b"\n    },\n    1]\n}\n',
            id="blanks-after-the-bracket",
        ),
        pytest.param(
            '{\n  "configurations": [\n    // put yours here\n  ]\n}\n',
            '{\n  "configurations": [\n    {\n      "name": "b"\n    }\n    // put yours here\n  ]\n}\n',
            id="comments-alone",
        ),
        pytest.param(
            '{\n  "version": "0.2.0" // of 2015\n}\n',
            '{\n  "configurations": [\n    {\n      "name": "b"\n    }\n  ],\n  "version": "0.2.0" // of 2015\n}\n',
            id="no-configurations",
        ),
        pytest.param(
            "{}",
            '{\n    "version": "0.2.0",\n    "configurations": [\n        {\n            "name": "b"\n        }\n    ]\n}',
            id="nothing-in-it",
        ),
        pytest.param(
            '{"tasks": {"configurations": [1]}, "configurations": [2], "configurations": [3]}',
            '{"tasks": {"configurations": [1]}, "configurations": [2], "configurations": [\n    {\n        "name": "b"\n'
            "    },\n    3]}",
            id="the-array-that-counts",
        ),
    ],
)
def test_an_entry_goes_first_in_the_files_own_hand(text, merged):
    """Below the bracket, with the margin of what is there, its unit, its line ends; a comma only where one is due."""
    assert merge(text, [B]).text == merged


@pytest.mark.parametrize("comments", ["", "\n", "// mine\n", "/* mine */", "// mine\r\n// too"])
def test_a_file_without_a_value_becomes_a_document(comments):
    """Its comments stay at its head."""
    merged = merge(comments, [A, B])

    assert merged.text.startswith(comments)
    assert strict(merged.text) == {"version": "0.2.0", "configurations": [A, B]}


def test_the_mark_of_byte_order_stays_first():
    """Some editors on Windows write one."""
    assert merge("\ufeff{}", [A]).text == "\ufeff" + merge("{}", [A]).text
    assert merge("\ufeff", [A]).text == "\ufeff" + merge("", [A]).text


# what is there


def test_an_entry_of_the_same_name_stays_as_it_is():
    """And it is told which are not as ours; the other ones are added."""
    text = '{"configurations": [{"name": "a", "port": 2}, {"name": "\\u0062"}]}'
    merged = merge(text, [A, B, {"name": "c"}])

    assert (merged.added, merged.kept, merged.differing) == (("c",), ("a", "b"), ("a",))
    assert plain(merged.text)["configurations"] == [{"name": "c"}, {"name": "a", "port": 2}, B]
    assert merge(text, [A, B]).text == text


def test_an_entry_that_is_commented_out_is_not_there():
    text = '{"configurations": [\n    // {"name": "a"},\n    {"name": "x"}\n]}'

    assert merge(text, [A]).added == ("a",)


def test_entries_of_any_kind_are_left_alone():
    """Those that are no objects, or have no name that is one."""
    merged = merge('{"configurations": [1, null, {"name": 7}, {"type": "x"}, ["a"]]}', [A])

    assert plain(merged.text)["configurations"] == [A, 1, None, {"name": 7}, {"type": "x"}, ["a"]]


def test_the_entry_of_2020_stays_word_for_word():
    """Pasted as the page says into the file that VS Code makes; ours come before it, with the comma that it needs."""
    text = OF_VS_CODE % OF_2020
    merged = merge(text, [A, B])

    assert OF_2020 in merged.text
    assert is_pasted_into(merged.text, text)
    assert strict(merged.text)["configurations"] == [A, B, json.loads(OF_2020)]


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        pytest.param(
            "[]", '1:1: not what a launch file is. Expected an object, {"configurations": [...]}.', id="array"
        ),
        pytest.param(
            '{\n  "configurations": {}\n}', "2:21: no list of configurations. Expected an array, [...].", id="object"
        ),
        pytest.param(
            '\ufeff{"configurations": null}', "1:20: no list of configurations. Expected an array, [...].", id="null"
        ),
        pytest.param(
            "{'configurations': []}", '1:2: "\'" is not right here. Expected a key in "..." or }.', id="quotes"
        ),
    ],
)
def test_what_is_no_launch_file_is_refused(text, refusal):
    with pytest.raises(NotJsonc) as caught:
        merge(text, [A])

    assert str(caught.value) == refusal


# any launch file

NAMES = st.sampled_from(["a", "b", "x", "//", "/* [", 'a\\"', "}, ]", "名"])
LEAVES = NAMES | st.integers(0, 9) | st.none() | st.booleans()
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)
ENTRIES = st.lists(st.fixed_dictionaries({"name": NAMES}, optional={"port": VALUES}) | VALUES, max_size=3)
DOCUMENTS = st.fixed_dictionaries(
    {}, optional={"version": st.just("0.2.0"), "tasks": VALUES, "configurations": ENTRIES, "inputs": VALUES}
)
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])
GAPS = st.sampled_from(["", "", " ", "\t", "END", "END  ", "END\t", '// , ] } "END', "/* { [ // */", '/*END" */'])


@st.composite
def launch_files(draw):
    """Write a document with blanks, comments, line ends and commas at the end wherever they may be."""
    end, trails = draw(LINE_ENDS), draw(st.booleans())
    words = []

    def put(word):
        words.extend((draw(GAPS).replace("END", end), word))

    def put_items(items, opening, closing):
        put(opening)
        for number, (key, item) in enumerate(items):
            if number:
                put(",")
            if key is not None:
                put(json.dumps(key))
                put(":")
            put_value(item)
        if items and trails and draw(st.booleans()):
            put(",")
        put(closing)

    def put_value(value):
        if isinstance(value, dict):
            put_items(list(value.items()), "{", "}")
        elif isinstance(value, list):
            put_items([(None, item) for item in value], "[", "]")
        else:
            put(json.dumps(value))

    document = draw(DOCUMENTS)
    put_value(document)
    return document, "".join([draw(st.sampled_from(["", "\ufeff"])), *words, draw(GAPS).replace("END", end)]), trails


@settings(deadline=None)  # the machine has more to do
@given(launch_files())
def test_any_launch_file_keeps_every_character_and_gains_our_entries(written):
    """The text is the old one with one piece more; it says the same and ours; done again, nothing changes."""
    document, text, trails = written
    theirs = document.get("configurations", [])
    names = [entry["name"] for entry in theirs if isinstance(entry, dict) and isinstance(entry.get("name"), str)]
    ours = [entry for entry in (A, B) if entry["name"] not in names]
    merged = merge(text, [A, B])

    assert plain(text) == document
    assert merged.added == tuple(entry["name"] for entry in ours)
    assert is_pasted_into(merged.text, text)
    version = {} if "configurations" in document else {"version": "0.2.0"}
    assert plain(merged.text) == ({**document, **version, "configurations": ours + theirs} if ours else document)
    assert trails or strict(merged.text) == plain(merged.text)
    assert merge(merged.text, [A, B]).text == merged.text
    assert merge(merged.text, [A, B]).added == ()


@settings(deadline=None)  # the machine has more to do
@given(launch_files())
def test_any_launch_file_keeps_its_line_ends(written):
    """What is pasted in ends its lines as the file does."""
    _, text, _ = written
    before = set(re.findall(r"\r\n|\r|\n", text)) or {"\n"}

    assert set(re.findall(r"\r\n|\r|\n", merge(text, [A, B]).text)) <= before
