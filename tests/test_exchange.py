"""Requests, responses and exchanges: HTTP as it is on the wire."""

from __future__ import annotations

from amlemu.exchange import Exchange, Request, Response

HEADERS = [("X-One", "1"), ("x-ONE", "2"), ("Content-Type", "text/plain")]


def test_a_request_finds_headers_in_any_spelling():
    """Repeats are joined by a comma, as WSGI hands them to the server."""
    request = Request("GET", "/", HEADERS)

    assert request.header("x-one") == request.header("X-ONE") == "1,2"
    assert request.header("content-type") == "text/plain"
    assert request.header("accept") is None


def test_a_response_finds_the_first_header_in_any_spelling():
    response = Response(200, "OK", HEADERS)

    assert response.header("X-one") == "1"
    assert response.header("accept") is None


def test_headers_keep_spelling_order_and_repeats():
    assert Request("GET", "/", HEADERS).headers == HEADERS
    assert Response(200, "OK", HEADERS).headers == HEADERS


def test_looking_at_headers_changes_nothing():
    """Two requests with the same words stay equal when one has been asked for a header."""
    one, other = Request("GET", "/", list(HEADERS)), Request("GET", "/", list(HEADERS))
    one.header("x-one")

    assert one == other
    assert "_by_name" not in repr(one)


def test_responses_do_not_share_their_account():
    Response(200, "OK", []).account["run_ms"] = 1

    assert Response(200, "OK", []).account == {}


def test_an_exchange_has_the_number_of_its_request():
    assert Exchange(Request("GET", "/", [], number=7)).number == 7
