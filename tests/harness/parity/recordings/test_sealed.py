"""JSON under seal."""

from __future__ import annotations

import json

import pytest
from amlemu.errors import UsageError
from amlemu_harness.parity.recordings.sealed import parsed, sealed, unsealed
from hypothesis import given
from hypothesis import strategies as some

PLAIN = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False, allow_infinity=False) | some.text(),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(), inner, max_size=4),
    max_leaves=20,
)


@given(some.dictionaries(some.text().filter(lambda name: name != "seal"), PLAIN, max_size=5))
def test_any_content_is_read_as_it_was_written(content):
    """And nothing in the text hides from an editor."""
    text, seal = sealed(content)

    assert json.loads(text.encode()) == {**content, "seal": seal}
    assert unsealed(json.loads(text), "here") == (content, seal)
    assert not set(text) & set("\u200b\u202e\ufeff\x85\u2028")


def test_the_layout():
    """A line for each thing that may differ by itself."""
    text, seal = sealed({"a": [["Server", "x"], ["B", "1"]], "lines": ["a\n", "b\n"], "e": [], "o": {}, "t": "é\u202e"})

    assert text.split("\n")[:-3] == [
        "{",
        ' "a": [',
        '  ["Server", "x"],',
        '  ["B", "1"]',
        " ],",
        ' "lines": [',
        r'  "a\n",',
        r'  "b\n"',
        " ],",
        ' "e": [],',
        ' "o": {},',
        r' "t": "é\u202e",',
    ]
    assert text.endswith(f' "seal": "{seal}"\n}}\n')


def test_another_layout_is_the_same_content(tmp_path):
    """Indented anew, keys sorted, with a byte order mark and other line ends."""
    path = tmp_path / "r.json"
    text, seal = sealed({"b": 1, "a": [1.5, "x\n"]})
    told = json.dumps(json.loads(text), indent=4, sort_keys=True).replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + told.encode())

    assert unsealed(parsed(path), path)[1] == seal


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "r.json:1: it is no JSON"),
        (b'{\n"a": 1,\n<<<<<<< HEAD\n', "r.json:3: it is no JSON"),
        (b"\xff\xfe{", "it is no text"),
        (b"[1]", "it is no recording"),
        (b'{"a": 1, "a": 2}', "a name stands twice"),
        (b'{"a": NaN}', "NaN is no number"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "it is no recording"),
        (b"[" * 200_000, "it is no recording"),
    ],
)
def test_what_is_no_such_file(tmp_path, content, words):
    path = tmp_path / "r.json"
    path.write_bytes(content)

    with pytest.raises(UsageError, match=words):
        parsed(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="it cannot be read: No such file"):
        parsed(tmp_path / "r.json")
