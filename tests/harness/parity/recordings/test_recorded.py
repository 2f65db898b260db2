"""Values as plain data, there and back."""

from __future__ import annotations

import json

import pytest
from amlemu_harness.parity.case import Case, post
from amlemu_harness.parity.record import Seen, Take
from amlemu_harness.parity.recordings import recorded
from amlemu_harness.parity.recordings.kept import chunked
from amlemu_harness.parity.wire import Received
from hypothesis import example, given
from hypothesis import strategies as some


@given(some.binary())
@example(b"")
@example(b"a\nb\n")
@example(b"\n\n")
@example(b"\r\n")
@example("\u2028\x85\ufeff".encode())
def test_any_bytes(content):
    told = recorded.octets(content)

    assert recorded.octets_of(json.loads(json.dumps(told))) == content


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"a": 1}', '{"a": 1}'),
        (b"a\r\nb\n", ["a\r\n", "b\n"]),
        ("é".encode(), "é"),
        (b"\x1b[2J", {"base64": ["G1sySg=="]}),
        (b"\xff" * 58, {"base64": ["/" * 76, "/w=="]}),
    ],
)
def test_text_where_a_person_can_read_it(content, told):
    assert recorded.octets(content) == told


def test_a_body_of_line_ends_alone_does_not_make_a_million_lines():
    assert set(recorded.octets(b"\n" * 1_000_000)) == {"base64"}


def test_what_is_as_always_is_left_out():
    """An answer's bytes are there once, though a record has them three times."""
    pieces = (b"a", b"b")
    told = recorded.take(
        Take({"x": Seen((Received("HTTP/1.1 200 OK", (), chunked(pieces), b"ab", pieces, (), is_complete=True),))})
    )

    assert told == {
        "seen": [
            {
                "case": "x",
                "answers": [
                    {"status": "HTTP/1.1 200 OK", "headers": [], "pieces": ["a", "b"], "complete": True, "closed": True}
                ],
            }
        ]
    }
    assert recorded.case(Case("n", "s", (post(b"1", ()),))) == {
        "name": "n",
        "source": "s",
        "requests": [
            {"raw": ["POST /score HTTP/1.1\r\n", "Host: localhost\r\n", "Content-Length: 1\r\n", "\r\n", "1"]}
        ],
    }


@pytest.mark.parametrize("told", [1, {}, {"base64": "no base64!"}, {"base64": [1]}, [1], None])
def test_what_is_no_bytes(told):
    with pytest.raises((ValueError, KeyError)):
        recorded.octets_of(told)
