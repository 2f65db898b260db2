"""Requests taken apart and written again, byte for byte; what is not complete is followed by the end of our side."""

from __future__ import annotations

from dataclasses import replace

import pytest
from amlemu_harness.parity.case import post, request
from amlemu_harness.parity.walking.draft import Draft, Framing, taken_apart
from amlemu_harness.parity.wire import Sent

DRAFT = Draft("POST", "/score", lines=("Host: localhost",), body=b"abcdef")
HEAD = b"POST /score HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(post(b'{"a": 1}'), id="with-a-body"),
        pytest.param(post(b""), id="with-an-empty-body"),
        pytest.param(request("GET", "/score?a=1", [("X-A", "\xe4")]), id="without-a-body"),
        pytest.param(request("DELETE", "/score", [], b"x"), id="a-body-that-need-not-be"),
    ],
)
def test_a_request_taken_apart_is_written_as_it_was(sent: Sent) -> None:
    """Nothing is lost or added."""
    draft = taken_apart(sent)

    assert draft is not None
    assert draft.written() == sent


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(Sent(b"GET / HTTP/1.1\r\n"), id="no-whole-head"),
        pytest.param(Sent(b"GET /\r\n\r\n"), id="no-version"),
        pytest.param(replace(post(b"x"), half_close=True), id="half-closed"),
        pytest.param(replace(post(b"x"), rest=b"y", pause_s=1.0), id="slow"),
        pytest.param(replace(post(b"x"), leaves=True), id="left-alone"),
    ],
)
def test_what_is_no_simple_request_is_not_taken_apart(sent: Sent) -> None:
    """It is asked as it is."""
    assert taken_apart(sent) is None


@pytest.mark.parametrize(
    ("draft", "expected"),
    [
        pytest.param(
            replace(DRAFT, framing=Framing("chunked", borders=(1, 2))),
            Sent(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n"),
            id="chunks",
        ),
        pytest.param(
            replace(DRAFT, framing=Framing("chunked", extension=";x")),
            Sent(HEAD + b"Transfer-Encoding: chunked\r\n\r\n6;x\r\nabcdef\r\n0\r\n\r\n", half_close=True),
            id="chunks-with-an-extension",
        ),
        pytest.param(
            replace(DRAFT, framing=Framing("chunked", end=b"")),
            Sent(HEAD + b"Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n", half_close=True),
            id="chunks-without-an-end",
        ),
        pytest.param(replace(DRAFT, framing=Framing("none")), Sent(HEAD + b"\r\nabcdef"), id="no-length"),
        pytest.param(
            replace(DRAFT, framing=Framing(off=-2)),
            Sent(HEAD + b"Content-Length: 4\r\n\r\nabcdef"),
            id="too-short-a-length",
        ),
        pytest.param(
            replace(DRAFT, framing=Framing(off=2)),
            Sent(HEAD + b"Content-Length: 8\r\n\r\nabcdef", half_close=True),
            id="too-long-a-length",
        ),
        pytest.param(
            replace(DRAFT, lines=("content_length: 9",)),
            Sent(b"POST /score HTTP/1.1\r\ncontent_length: 9\r\nContent-Length: 6\r\n\r\nabcdef", half_close=True),
            id="framed-twice",
        ),
        pytest.param(
            replace(DRAFT, expect="100-Continue"),
            Sent(HEAD + b"Expect: 100-Continue\r\nContent-Length: 6\r\n\r\n", after_continue=b"abcdef"),
            id="expectation",
        ),
        pytest.param(
            replace(DRAFT, expect="100-continue", version="HTTP/1.0"),
            Sent(b"POST /score HTTP/1.0\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\nabcdef"),
            id="expectation-that-nobody-answers",
        ),
        pytest.param(
            replace(DRAFT, behind=b"GET"), Sent(HEAD + b"Content-Length: 6\r\n\r\nabcdefGET"), id="more-behind"
        ),
        pytest.param(
            replace(DRAFT, flips=((0, 0),)),
            Sent(b"Q" + HEAD[1:] + b"Content-Length: 6\r\n\r\nabcdef", half_close=True),
            id="a-bit-of-the-head",
        ),
        pytest.param(
            replace(DRAFT, half_close=True),
            Sent(HEAD + b"Content-Length: 6\r\n\r\nabcdef", half_close=True),
            id="half-closed",
        ),
    ],
)
def test_a_draft_is_written_as_it_says(draft: Draft, expected: Sent) -> None:
    """What a careful server would wait for more of is half closed; all else is not, unless it says so."""
    assert draft.written() == expected
