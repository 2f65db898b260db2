"""What is written above an answer's body, and how its end is told."""

from __future__ import annotations

from typing import cast

import pytest
from amlemu import profile_file as profiles
from amlemu.exchange import Headers, Request, Response
from amlemu.gateway.answer_head import AnswerHead, answer_head
from amlemu.gateway.turn import Connection, Turn

LENGTH, CHUNKED = ("Content-Length", "2"), ("Transfer-Encoding", "chunked")


def head(headers: Headers, *, status: int = 200, method: str = "GET", version: str = "1.1", keeps: bool = True, profile: str = "managed") -> AnswerHead:  # fmt: skip
    """Write the head of a two-byte answer on a connection that is to be kept, or not."""
    turn = Turn(Request(method, "/", [], version=version), cast(Connection, None))
    turn.keeps_alive = keeps
    return answer_head(Response(status, "Fine", headers, b"ok"), turn, profiles.load(profile).wire)


def test_names_keep_their_spelling_and_order_and_repeats_stay() -> None:
    """Nothing between the script and its caller may put headers into order."""
    written = head([("x-B", "1"), ("Content-Type", "a"), ("X-b", "2"), LENGTH])

    assert written.data == b"HTTP/1.1 200 Fine\r\nx-B: 1\r\nContent-Type: a\r\nX-b: 2\r\nContent-Length: 2\r\n\r\n"
    assert not written.closes


@pytest.mark.parametrize(
    ("headers", "closes"),
    [
        pytest.param([LENGTH], False, id="as-long-as-it-says"),
        pytest.param([("content-LENGTH", "2")], False, id="in-any-spelling"),
        pytest.param([("Content-Length", "3")], True, id="shorter-than-it-says"),
        pytest.param([], True, id="of-no-known-length"),
        pytest.param([CHUNKED], False, id="in-chunks"),
    ],
)
def test_a_body_whose_end_cannot_be_seen_closes_its_connection(headers: Headers, closes: bool) -> None:
    """RFC 9112, 6.3: the next answer would else be taken for its rest."""
    assert head(headers).closes is closes


@pytest.mark.parametrize(("status", "method"), [(204, "GET"), (304, "GET"), (200, "HEAD")])
def test_where_there_is_no_body_its_length_says_nothing(status: int, method: str) -> None:
    """RFC 9112, 6.3."""
    assert not head([], status=status, method=method).closes


def test_a_client_of_http_1_0_knows_no_chunks() -> None:
    """RFC 9112, 7.1.3: the header goes, and the end of the connection is the end of the body."""
    written = head([("transfer-encoding", "chunked"), ("X-A", "1")], version="1.0")

    assert b"chunked" not in written.data
    assert b"X-A: 1\r\n" in written.data
    assert (written.is_chunked, written.closes) == (False, True)


@pytest.mark.parametrize(
    ("profile", "keeps", "said"),
    [
        pytest.param("managed", True, [], id="a-kept-one-needs-no-word"),
        pytest.param("managed", False, [b"connection: close"], id="one-that-closes-says-so"),
        pytest.param("image", True, [b"connection: keep-alive"], id="nginx-always-says-it"),
        pytest.param("bare", False, [b"connection: close"], id="so-does-gunicorn"),
    ],
)
def test_connection_is_told_as_it_is_and_once(profile: str, keeps: bool, said: list[bytes]) -> None:
    """Whatever the backend says of its own connection, however often."""
    written = head([("connection", "upgrade"), LENGTH, ("Connection", "x")], keeps=keeps, profile=profile)

    assert [line for line in written.data.split(b"\r\n") if line.lower().startswith(b"connection")] == said
    assert b"Content-Length: 2" in written.data


@pytest.mark.parametrize(
    ("own", "profile", "said"),
    [
        pytest.param("keep-alive", "image", "keep-alive", id="nginx-has-promised"),
        pytest.param("close", "image", "close", id="nobody-has"),
        pytest.param("keep-alive", "managed", "close", id="another-gateway"),
    ],
)
def test_a_body_shorter_than_it_says_breaks_nginx_s_promise(own: str, profile: str, said: str) -> None:
    """Observed, nginx 1.22.1: its head goes out before the body has come, says keep-alive, and the connection ends."""
    written = head([("Connection", own), ("Content-Length", "3")], profile=profile)

    assert f"\r\nConnection: {said}\r\n".encode() in written.data
    assert written.closes


def test_a_connection_that_closes_says_so_also_where_the_answer_is_silent() -> None:
    """RFC 9112, 9.6; only gunicorn's own answers, in `bare`, are left as they are."""
    assert b"\r\nConnection: close\r\n" in head([LENGTH], keeps=False).data
    assert b"onnection" not in head([LENGTH], keeps=False, profile="bare").data
