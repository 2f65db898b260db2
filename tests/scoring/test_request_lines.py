"""The two lines of a request, literally; who says them is seen in test_logging_file.py and in the contract's logs."""

from __future__ import annotations

import re

import pytest
from amlemu.exchange import Request, Response
from amlemu.scoring import request_lines
from amlemu.scoring.logs import access_log

ACCOUNT = {"api_name": "/score", "duration_ms": 12.34567, "length": 3}
FROM_GUNICORN = [("Server", "gunicorn")]


def request(method="POST", target="/score", **headers):
    return Request(method, target, [(name.replace("_", "-"), value) for name, value in headers.items()])


def access(asked, response=None, sent_bytes=3):
    line = request_lines.access_line(asked, response or Response(200, "OK", FROM_GUNICORN), sent_bytes, 1795190400.25)
    return re.sub(r"\[20/Nov/2026:\d\d:00:00 [+-]\d{4}\]", "[<date>]", line)


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("/score", "/score"),
        ("/score?a=%20&b", "/score?a=%20&b"),
        ("/sc%6Fre?", "/score"),
        ("http://host/score?z#f", "/score?z"),
    ],
)
def test_the_servers_line_names_the_path_decoded_and_the_query_as_sent(target, shown):
    assert request_lines.server_line(request(target=target), 200, ACCOUNT) == f"POST {shown} 200 12.346ms 3"


def test_the_access_line_is_gunicorns():
    assert access(request(target="/sc%6Fre?a")) == '127.0.0.1 - - [<date>] "POST /sc%6Fre?a HTTP/1.1" 200 3 "-" "-"'


def test_a_header_that_is_there_and_empty_is_empty():
    assert access(request(Referer="", User_Agent='my "agent"')).endswith(' 200 3 "" "my \\"agent\\""')


@pytest.mark.parametrize(
    ("authorization", "user"),
    [
        ("Basic Ym9iOnB3", "bob"),
        ("basic Ym9i", "bob"),
        ("Basic", "-"),
        ("Basic !", "-"),
        ("Basic /w==", "-"),
        ("Bearer k", "-"),
    ],
)
def test_the_access_line_names_the_user_of_basic_authentication(authorization, user):
    assert access(request(Authorization=authorization)).startswith(f"127.0.0.1 - {user} [")


def test_gunicorn_does_not_count_its_own_page():
    assert ' 500 0 "-"' in access(request(), Response(500, "Internal Server Error", []), 141)


def test_a_stream_has_its_line_when_it_has_ended_or_was_cut(caplog):
    """With the bytes that went out."""
    caplog.set_level("INFO", access_log.name)

    def pieces():
        yield b"ab"
        raise ValueError("cut")

    response = Response(200, "OK", FROM_GUNICORN, pieces())
    request_lines.say_answered(request(), response)
    assert response.account == {"logged": True}
    assert next(response.body) == b"ab"
    assert caplog.messages == []

    with pytest.raises(ValueError, match="cut"):
        next(response.body)
    assert ' 200 2 "-"' in caplog.messages[0]
