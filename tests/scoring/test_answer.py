"""The few words of flask's Response, without flask: checked against werkzeug itself."""

from __future__ import annotations

import pytest
from amlemu.scoring.answer import HTML, Answer, HeaderList, error_answer, json_answer, status_line
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response as WerkzeugResponse

NAMES = st.sampled_from(["X-One", "x-one", "X-ONE", "Content-Type", "content-type", "B"])
CHANGES = st.lists(st.tuples(st.sampled_from(["add", "set"]), NAMES, st.text("ab1 ", max_size=3)), max_size=8)


@given(CHANGES)
@settings(max_examples=300, deadline=None)
def test_headers_change_as_werkzeugs_do(changes):
    """add, set and contains, in any order and spelling."""
    ours, theirs = (
        HeaderList([("X-One", "1"), ("B", "2"), ("x-one", "3")]),
        Headers([("X-One", "1"), ("B", "2"), ("x-one", "3")]),
    )
    for change, name, value in changes:
        for headers in (ours, theirs):
            headers.add(name, value) if change == "add" else headers.__setitem__(name, value)
        assert (name in ours) is (name in theirs) is True

    assert list(ours) == list(theirs)


@pytest.mark.parametrize("status", [200, 400, 404, 405, 413, 415, 418, 431, 500, 299, 999])
def test_status_lines_are_werkzeugs(status):
    """Those that the server itself sends: in capitals, UNKNOWN where there is no phrase."""
    assert status_line(status) == WerkzeugResponse(status=status).status


@pytest.mark.parametrize(
    ("message", "body"),
    [
        ({"a": 1, "b": [1.5, None]}, b'{"a": 1, "b": [1.5, null]}'),
        ("é", b'"\\u00e9"'),
        (None, b"{}"),
        (float("nan"), b"NaN"),
        ({None: 1}, b'{"null": 1}'),
        ((1, 2), b"[1, 2]"),
        ("", b'""'),
        (0, b"0"),
        ([], b"[]"),
    ],
)
def test_json_is_pythons(message, body):
    """ASCII, one space after colon and comma, no newline; None is {} (contract 4.7)."""
    answer = json_answer(message)

    assert answer.body == body
    assert answer.all_headers() == [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("x-ms-run-function-failed", "False"),
    ]


def test_what_json_refuses_is_raised():
    with pytest.raises(TypeError):
        json_answer({1, 2})


def test_errors_have_the_servers_shape():
    """Contract 4.1: one space after the colon, no newline; the flag is a capitalised word."""
    answer = error_answer(500, "no", failed=True)

    assert (answer.status_code, answer.body) == (500, b'{"message": "no"}')
    assert ("x-ms-run-function-failed", "True") in list(answer.headers)


def test_the_length_comes_last_where_flask_decides_it_late():
    """OPTIONS /: headers that were added meanwhile stand before it (contract 4.3)."""
    answer = Answer(200, HTML, None)
    answer.headers.add("Allow", "GET")

    assert answer.all_headers() == [("Content-Type", HTML), ("Allow", "GET"), ("Content-Length", "0")]
    assert answer.calculate_content_length() == 0
