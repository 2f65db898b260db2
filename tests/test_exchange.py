"""Requests, responses and exchanges: HTTP as it is on the wire."""

from __future__ import annotations

from amlemu.exchange import Exchange, Request, Response, Step

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


def test_responses_do_not_share_their_trailers():
    Response(200, "OK", []).trailers.append(("X-One", "1"))

    assert Response(200, "OK", []).trailers == []


def test_the_account_of_an_exchange_is_the_model_s():
    """The caller's lane may be another answer, or none; without a model there is nothing to know."""
    request, model = Request("GET", "/", []), Response(500, "No", [], account={"run_ms": 1})

    assert Exchange(request, model=model, response=Response(424, "Failed Dependency", [])).account == {"run_ms": 1}
    assert Exchange(request).account == {}


def test_an_exchange_tells_what_each_stage_decided():
    """In the order that they were asked."""
    exchange = Exchange(Request("GET", "/", []))
    exchange.passed += [("size", "", 0.1), ("forward", "the model said 200", 12.0)]

    assert exchange.steps == [Step("size", "", 0.1), Step("forward", "the model said 200", 12.0)]
    assert exchange.steps[1].decision == "the model said 200"


def test_exchanges_do_not_share_their_steps():
    Exchange(Request("GET", "/", [])).passed.append(("size", "", 0.1))

    assert Exchange(Request("GET", "/", [])).steps == []
