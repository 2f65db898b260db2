"""Each case of the tables, from a real socket: the cause, then status, phrase, headers, body; and what is on record."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from amlemu import profile_file as profiles

from .caller import Ask, Caller, Received, get, post
from .case import Case, Said, at, plain
from .cases import CASES
from .causes import alone, until
from .places import Place, Places

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
TICK_S = 0.001  # timers count whole milliseconds, and may be one early
SORTED = sorted(CASES, key=lambda case: repr(case.at))  # neighbours share a deployment


def normalised(received: Received) -> Said:
    """Put words in the place of what differs by nature: <date>, <ms>, <delay>, and <guid> where it is the same everywhere."""
    own = next((line.split(": ", 1)[1] for line in received.headers if line.lower().startswith("x-request-id: ")), "")
    guid = own if GUID.fullmatch(own) else ""
    headers = tuple(_normalised(line, guid) for line in received.headers)
    trailers = tuple(re.sub(r"(-delay-ms: )[1-9]\d*$", r"\1<delay>", line) for line in received.trailers)
    return Said(received.status, received.phrase, headers, received.body, trailers)


def _normalised(line: str, guid: str) -> str:
    name, _, value = line.partition(": ")
    if name == "Date":
        parsedate_to_datetime(value)
        return "Date: <date>"
    if name == "X-Ms-Request-Id" and GUID.fullmatch(value):
        return f"{name}: <guid>"
    if guid and value == guid:
        return f"{name}: <guid>"
    return re.sub(r"^(x-ms-run-fn-exec-ms: )\d+\.\d{3}$", r"\1<ms>", line)


def expected(said: Said) -> Said:
    """Return an answer without the marks of what is assumed."""
    headers, trailers = (tuple(plain(line) for line in lines) for lines in (said.headers, said.trailers))
    return Said(plain(said.status), plain(said.phrase), headers, plain(said.body), trailers)


def filled_in(ask: Ask, place: Place) -> Ask:
    """Put tokens of the endpoint into the headers."""
    if not any("token}" in line for line in ask.headers):
        return ask
    words = {"{token}": place.token(5), "{expired token}": place.token(-5)}
    headers = ask.headers
    for word, token in words.items():
        headers = tuple(line.replace(word, token) for line in headers)
    return replace(ask, headers=headers)


def produce(places: Places, case: Case) -> tuple[Received, Place]:
    """Bring about what the case is about; afterwards init() has returned in any case."""
    place = places(case.at)
    try:
        return (case.cause or alone)(place, filled_in(case.ask, place)), place
    finally:
        place.start()


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in SORTED])
def test_each_case_gets_its_answer(places: Places, case: Case) -> None:
    """Status, phrase, headers in order and body are those of the table, and the exchange says what the front door did."""
    received, place = produce(places, case)

    assert normalised(received) == expected(case.said)
    assert case.takes_s[0] - TICK_S <= received.seconds <= case.takes_s[1]
    if received.status == 100:
        return  # there is no request yet, and no exchange
    exchange = place.exchange(received)
    assert case.why in exchange.why
    assert bool(exchange.why) == bool(case.why)
    if not case.is_forwarded:
        assert exchange.model is None
        assert "forward" not in [step.stage for step in exchange.steps]


def test_a_refusal_never_reaches_the_worker(places: Places) -> None:
    """After a refusal of each kind run() has been called by the one request that was let in."""
    place = places(at("managed", auth="key", only_for="refusals"))
    key = "Authorization: Bearer primary-key-for-tests"
    asks = (
        post(b"{}"),
        post(b"{}", key, "azureml-model-deployment: green"),
        post(b"x" * 1_572_865, key),
        post(b"x" * 1_572_865, key, is_chunked=True),
        post(b"{}", key),
    )
    statuses = [alone(place, ask).status for ask in asks]

    assert statuses == [401, 404, 413, 413, 200]
    assert place.calls("called") == 1


@pytest.mark.rows("1.2 429 pending")
def test_eight_slow_calls_wake_the_worker_twice(places: Places) -> None:
    """The six that are refused are not run later, either."""
    case = next(case for case in CASES if case.id == "pending")
    place = places(replace(case.at, only_for="refusals in a crowd"))
    assert case.cause is not None
    case.cause(place, case.ask)

    assert alone(place, post()).status == 200
    assert place.calls("called") == 3


@pytest.mark.rows("1.2 499")
def test_a_client_that_leaves_gets_nothing_and_run_goes_on(places: Places) -> None:
    """The container finishes anyway; the exchange knows that nobody was there."""
    place = places(at("managed", only_for="leaving"))
    with place.gate_shut():
        with Caller(place.port) as caller:
            caller.send(post(b'{"waits": 1}'))
            until(lambda: place.calls("called") == 1, "called")
        assert place.calls("finished") == 0
    until(lambda: place.calls("finished") == 1, "finished")
    exchange = place.exchange(Received(port=caller.port, number=1))

    assert exchange.client_left
    assert exchange.model is not None
    assert alone(place, post()).status == 200


@pytest.mark.rows("1.3 x-request-id")
def test_each_request_has_another_guid(places: Places) -> None:
    """It is the exchange's own, and what the container was asked with."""
    place = places(at("managed"))
    received = [alone(place, post(b"{}", "x-request-id: mine")) for _ in range(2)]
    ids = [line for one in received for line in one.headers if line.startswith("x-request-id: ")]
    exchanges = [place.exchange(one) for one in received]

    assert len(set(ids)) == 2
    assert ids == [f"x-request-id: {one.request_id}" for one in exchanges]
    assert [one.request.header("x-request-id") for one in exchanges] == ["mine", "mine"]
    assert ids == [f"x-request-id: {one.model.header('x-request-id')}" for one in exchanges if one.model]


@pytest.mark.rows("1.1 scoring address")
def test_the_openapi_document_is_on_the_same_host(places: Places) -> None:
    """The container's own, passed on."""
    received = alone(places(at("managed")), get("/swagger.json"))

    assert received.status == 200
    assert "Content-Type: application/json" in received.headers
    assert json.loads(received.body)["swagger"] == "2.0"


@pytest.mark.rows("1.3 bandwidth trailers")
def test_the_delay_that_is_told_is_the_delay_that_was(places: Places) -> None:
    """260 000 bytes at 200 000 a second, one second's worth in hand: 60 000 bytes are owed, 300 ms."""
    place = places(at("managed-current", bandwidth_bytes_per_second=200_000, only_for="delays"))
    received = alone(place, post(b"x" * 260_000))
    told = {name: int(ms) for name, _, ms in (line.partition(": ") for line in received.trailers)}

    assert list(told) == ["ms-azureml-bandwidth-request-delay-ms"]
    assert 290 <= told["ms-azureml-bandwidth-request-delay-ms"] <= 300


DEFAULTS = (
    ("1.2 408", "managed", "request_timeout_ms", 5000),
    ("1.2 408", "managed-current", "request_timeout_ms", 5000),
    ("1.2 408", "managed-2021", "request_timeout_ms", 5000),
    ("1.2 429 rate", "managed-current", "requests_per_second", 500),
    ("1.2 429 rate", "managed-current", "new_connections_per_second", 500),
    ("1.2 429 rate", "managed-current", "open_connections", 500),
    ("1.3 bandwidth trailers", "managed-current", "bandwidth_bytes_per_second", 5_000_000),
    ("2.1 Kubernetes 504", "kubernetes", "request_timeout_ms", 5000),
    ("2.1 v1 504", "aks", "request_timeout_ms", 60_000),
    ("2.1 v1 504", "aci", "request_timeout_ms", 60_000),
    ("2.1 v1 503 overloaded", "aks", "max_queue_wait_ms", 500),
)
"""What the cases above have compressed: the value without their setting."""


@pytest.mark.rows(*(row for row, *_ in DEFAULTS))
@pytest.mark.parametrize(
    ("profile", "limit", "value"),
    [pytest.param(profile, limit, value, id=f"{profile}-{limit}") for _, profile, limit, value in DEFAULTS],
)
def test_what_was_compressed_has_its_value(profile: str, limit: str, value: Any) -> None:
    """Cases that lower a limit stand for the one that holds without them."""
    assert getattr(profiles.load(profile).limits, limit) == value


@pytest.mark.rows("1.2 408")
def test_sixty_four_callers_are_answered_at_the_deadline(places: Places) -> None:
    """Within 20 ms of it, by the front door's clock; one of them is in run() meanwhile, the others wait, which counts."""
    limits = {"request_timeout_ms": 2000, "max_concurrent_requests_per_instance": 64}
    place = places(at("managed", only_for="a crowd at its deadline", **limits))
    with ExitStack() as stack, place.gate_shut():
        callers = [stack.enter_context(Caller(place.port)) for _ in range(64)]
        for caller in callers:
            caller.send(post(b'{"waits": 1}'))
        received = [caller.receive() for caller in callers]
    exchanges = [place.exchange(one) for one in received]
    late_ms = sorted(exchange.elapsed_ms - 2000 for exchange in exchanges)

    assert {one.status for one in received} == {408}
    assert {bool(exchange.stack) for exchange in exchanges} == {True, False}
    assert late_ms[0] > -2
    assert late_ms[len(late_ms) // 2] < 20, late_ms  # the last ones may meet whatever else this machine does
