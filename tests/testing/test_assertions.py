"""`assert_scored` and `assert_cloud`: what they accept, what they return, and what a failing one says."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
import requests
from amlemu.errors import ScoringFailed
from amlemu.exchange import Exchange, Request, Response
from amlemu.testing import ScoringClient, assert_cloud, assert_scored
from amlemu.testing.choice import Choice
from amlemu.testing.warm import Warm

SCRIPT = """
    import json

    def init(): ...

    def run(data):
        print("dividing")
        return 1 / json.loads(data)["by"]
"""
TOLD = "ms-azureml-model-error-statuscode"


@pytest.fixture
def choice(write):
    return Choice(script=str(write("score.py", SCRIPT)), target="inprocess")


@pytest.fixture
def warm():
    warm = Warm()
    yield warm
    warm.close()


@pytest.fixture
def client(warm, choice):
    """A client of a script in this process."""
    with ScoringClient(warm.host(choice)) as client:
        yield client


@pytest.fixture
def keyed(warm, choice):
    """A client of the same behind a front door that wants a key."""
    with ScoringClient(warm.host(replace(choice, auth="key"))) as client:
        yield client


@pytest.fixture
def failed(client):
    """A response to a request in which run() has raised."""
    return client.post("/score", json={"by": 0})


def foreign(status, headers=(), content=b"", **request):
    """A response of a client that is not ours."""
    asked = httpx.Request("POST", "http://there/score", **(request or {"content": b"{}"}))
    return httpx.Response(status, headers=dict(headers), content=content, request=asked)


def why_not(check, *words, **options):
    with pytest.raises(AssertionError) as caught:
        check(*words, **options)
    return str(caught.value)


# scored


def test_what_was_scored_comes_decoded(client):
    """Text where it is not JSON; from any client."""
    assert assert_scored(client.post("/score", json={"by": 2})) == 0.5
    assert assert_scored(foreign(200, content=b"<p>")) == "<p>"


def test_what_was_not_scored_is_explained(client, failed):
    """The request, both lanes, the script's words, the end of its traceback."""
    text = why_not(assert_scored, failed)

    assert text.startswith("not scored: the caller got 424\nasked:  POST /score\n")
    for line in (
        '        {"by":0}',
        "caller: got 424 Failed Dependency (inprocess, profile managed)",
        "model:  said 500 INTERNAL SERVER ERROR",
        "why:    run() raised ZeroDivisionError: division by zero (score.py:7)",
        "          ZeroDivisionError: division by zero",
        "log of this request:",
        "        dividing",
    ):
        assert line in text.splitlines()


def test_each_response_tells_of_its_own_request(client, failed):
    """Not of the newest."""
    client.post("/score", json={"by": 4})

    assert '{"by":0}' in why_not(assert_scored, failed)


@pytest.mark.parametrize("status", [201, 204, 302])
def test_scored_is_200_only(status):
    """The cloud's endpoints answer nothing else for a score."""
    assert why_not(assert_scored, foreign(status)).startswith(f"not scored: the caller got {status}\n")


def test_a_closed_connection_is_not_scored():
    exchange = Exchange(Request("POST", "/score", []))

    assert why_not(assert_scored, exchange).splitlines()[:3] == [
        "not scored: the caller got no answer",
        "asked:  POST /score",
        "caller: the connection was closed without an answer (the endpoint)",
    ]


# the cloud's answer


def test_both_lanes_can_be_said(failed):
    """The response comes back, for more."""
    assert assert_cloud(failed, 424) is failed
    assert assert_cloud(failed, 424, model=500) is failed


def test_an_error_and_an_exchange_will_do(client):
    """What `score` raises, and what a client remembers."""
    with pytest.raises(ScoringFailed) as caught:
        client.score({"by": 0})

    assert assert_cloud(caught.value, 424, model=500)
    assert assert_cloud(client.last, 424, model=500) is client.last


@pytest.mark.parametrize(
    ("status", "options", "told"),
    [
        pytest.param(200, {}, "expected the caller to get 200, and it got 424", id="status"),
        pytest.param(0, {}, "expected the caller to get no answer, and it got 424", id="closed"),
        pytest.param(424, {"model": 404}, "expected the model to say 404, and it said 500", id="model"),
        pytest.param(424, {"model": None}, "expected the model to say nothing, and it said 500", id="model-silent"),
        pytest.param(
            424,
            {"why": "too large"},
            "expected the reason to contain 'too large', and it is 'run() raised ZeroDivisionError: division by zero (score.py:7)'",
            id="why",
        ),
    ],
)
def test_another_answer_is_explained(failed, status, options, told):
    text = why_not(assert_cloud, failed, status, **options)

    assert text.splitlines()[:2] == [told, "asked:  POST /score"]
    assert "why:    run() raised ZeroDivisionError: division by zero (score.py:7)" in text


def test_the_front_doors_own_answers_have_a_reason(keyed):
    """The model was not asked."""
    response = keyed.post("/score", json={"by": 2}, headers={"Authorization": ""})

    assert_cloud(response, 401, model=None, why="no Authorization header")
    assert why_not(assert_cloud, response, 401, model=404).startswith(
        "expected the model to say 404, and it said nothing\n"
    )


def test_a_closed_connection_is_status_0():
    exchange = Exchange(Request("POST", "/score", []), model=Response(200, "OK", []), why="cut")

    assert assert_cloud(exchange, 0, model=200, why="cut") is exchange
    assert why_not(assert_cloud, exchange, 502).startswith("expected the caller to get 502, and it got no answer\n")


# responses of other clients


def test_of_a_foreign_response_is_known_what_it_tells():
    """What its model said stands in a header of the cloud's."""
    response = foreign(424, {TOLD: "500", "content-type": "text/plain"}, b"look", json={"by": 0})

    assert assert_cloud(response, 424, model=500) is response
    assert why_not(assert_scored, response).splitlines() == [
        "not scored: the caller got 424",
        "asked:  POST http://there/score",
        "        content-type: application/json",
        '        {"by":0}',
        "caller: got 424 Failed Dependency (http://there/score)",
        f"        {TOLD}: 500",
        "        content-type: text/plain",
        "        look",
        "model:  said 500",
    ]


def test_a_response_of_requests_will_do():
    """It names some of its parts otherwise."""
    response = requests.Response()
    response.status_code, response.reason, response._content = 503, "Service Unavailable", b"later"
    response.request = requests.Request("POST", "http://there/score", data="text").prepare()
    lines = why_not(assert_scored, response).splitlines()

    assert lines[:2] == ["not scored: the caller got 503", "asked:  POST http://there/score"]
    assert "        text" in lines
    assert lines[-3:-1] == ["caller: got 503 Service Unavailable (http://there/score)", "        later"]


def test_a_body_that_was_sent_as_a_form_hides_nothing():
    """httpx does not keep what it sends in pieces; the answer is known all the same."""
    response = foreign(500, files={"image": b"\x89PNG"})

    assert why_not(assert_scored, response).startswith("not scored: the caller got 500\n")


def test_the_reason_is_the_one_that_a_failing_test_tells(failed):
    """Of the front door, or of the script."""
    assert assert_cloud(failed, 424, why="ZeroDivisionError") is failed


def test_an_answer_is_no_response(client):
    """The likeliest slip; it is told without a traceback of ours."""
    with pytest.raises(
        TypeError,
        match=r"expected a response, as of scoring_client\.post.*got a (int|float); score\(\) returns the answer itself",
    ):
        assert_cloud(client.score({"by": 2}), 200)


def test_what_an_endpoint_raises_will_do():
    """`amlemu.serve`'s client knows the answer only."""
    assert assert_cloud(ScoringFailed(424, "Failed Dependency", b"no"), 424).status == 424
