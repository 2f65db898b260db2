"""What becomes of the model's answer, or of its silence: two lanes, the model's stays as it is."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from amlemu.errors import BackendFailure, BackendTimeout, Busy, WorkerCrashed
from amlemu.exchange import Headers, Request, Response
from amlemu.gateway.entry import Identify
from amlemu.gateway.outcome import DevErrors, FinishHeaders, Forward, MapStatus, ResponseSize
from amlemu.gateway.visit import Visit
from hypothesis import given
from hypothesis import strategies as st

from .front_door import FakeBackend, new_visit, profile_of, says_of, serving

GET = b"GET /score HTTP/1.1\r\nConnection: close\r\n\r\n"


def said(status: int, body: bytes = b"[1, 2]", phrase: str = "Said", headers: Headers | None = None) -> Response:
    return Response(status, phrase, [*(headers or []), ("Content-Length", str(len(body)))], body)


def visit_with(response: Response) -> Visit:
    """Return a visit whose model has just said `response`."""
    visit = new_visit()
    visit.exchange.model = visit.exchange.response = response
    return visit


# Forward


@pytest.mark.anyio
async def test_the_backend_is_asked_with_the_body() -> None:
    """What it says is the model's lane and, for the moment, the caller's."""
    asked: list[Request] = []

    async def answer(request: Request) -> Response:
        asked.append(request)
        return said(200)

    visit = new_visit("POST", "/api/v1/service/iris/score", body=b"[1]")
    visit.forward(target="/score")
    await Forward(FakeBackend(answer), profile_of("aks").wire).handle(visit)

    assert [(request.target, request.body) for request in asked] == [("/score", b"[1]")]
    assert visit.exchange.model is visit.exchange.response is not None
    assert visit.note == "the model said 200"


@pytest.mark.anyio
async def test_what_comes_after_the_decision_is_the_model_s_lane_alone() -> None:
    """The caller has been told 408 already."""
    answer, visit = said(200), new_visit()

    async def late(request: Request) -> Response:
        visit.fail(BackendTimeout("no answer within 5.0 s"))
        return answer

    await Forward(FakeBackend(late), profile_of("managed").wire).handle(visit)

    assert (visit.exchange.model, visit.exchange.response) == (answer, None)


async def _pieces() -> AsyncIterator[bytes]:
    for piece in (b"one", b"", b"two"):
        yield piece


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("profile_name", "headers"),
    [
        pytest.param("managed", [("X-A", "1"), ("Content-Length", "6"), ("X-B", "2")], id="whole"),
        pytest.param("bare", [("X-A", "1"), ("Transfer-Encoding", "chunked"), ("X-B", "2")], id="streamed"),
    ],
)
async def test_a_stream_is_passed_on_only_by_a_profile_that_streams(profile_name: str, headers: Headers) -> None:
    """Size and time limits need the whole answer: assumed."""

    async def stream(request: Request) -> Response:
        return Response(200, "OK", [("X-A", "1"), ("Transfer-Encoding", "chunked"), ("X-B", "2")], _pieces())

    visit = new_visit()
    await Forward(FakeBackend(stream), profile_of(profile_name).wire).handle(visit)

    response = visit.exchange.model
    assert response is not None
    assert response.headers == headers
    assert response.body == b"onetwo" or not isinstance(response.body, bytes)


# MapStatus


def mapped(profile_name: str, response: Response) -> Visit:
    profile, visit = profile_of(profile_name), visit_with(response)
    MapStatus(profile.statuses, says_of(profile)).handle(visit)
    return visit


@given(status=st.integers(200, 599).filter(lambda status: status != 200))
def test_managed_maps_everything_but_200(status: int) -> None:
    """Contract 1.2, 424 (model error): two headers, and the container's body is passed on."""
    answer = said(status, headers=[("Content-Type", "application/json"), ("x-ms-run-function-failed", "True")])
    visit = mapped("managed", answer)

    response = visit.exchange.response
    assert response is not None
    assert (response.status, response.phrase, response.body) == (424, "Failed Dependency", b"[1, 2]")
    assert response.headers == [
        ("Content-Type", "application/json"),
        ("x-ms-run-function-failed", "True"),
        ("Content-Length", "6"),
        ("ms-azureml-model-error-statuscode", str(status)),
        ("ms-azureml-model-error-reason", "model_error"),
    ]
    assert visit.exchange.model is answer
    assert answer.status == status
    assert visit.note == f"{status} becomes 424"


@given(status=st.integers(200, 599).filter(lambda status: status != 500))
def test_kubernetes_maps_500_and_nothing_else(status: int) -> None:
    """Contract 2.1: the front end turns a 500 of the model into 502; other codes of the model pass unchanged."""
    answer = said(status)

    assert mapped("aks", answer).exchange.response is answer


@pytest.mark.parametrize("profile_name", ["kubernetes", "aks", "aci"])
def test_a_500_of_the_model_is_502_there(profile_name: str) -> None:
    """Contract 2.1, 502: run() raised; no headers of the managed kind, the body is passed on."""
    response = mapped(profile_name, said(500, b"failed")).exchange.response

    assert response is not None
    assert (response.status, response.phrase, response.body) == (502, "Bad Gateway", b"failed")
    assert response.headers == [("Content-Length", "6")]


@given(status=st.integers(200, 599), profile_name=st.sampled_from(["bare", "image", "local"]))
def test_the_container_s_own_faces_map_nothing(status: int, profile_name: str) -> None:
    """Contract 4: the server's own statuses."""
    answer = said(status)

    assert mapped(profile_name, answer).exchange.response is answer


@pytest.mark.parametrize("profile_name", ["managed", "managed-current", "managed-2021"])
def test_a_200_is_passed_on(profile_name: str) -> None:
    """Contract 1.2, 200: container body and content type unchanged."""
    answer = said(200)

    assert mapped(profile_name, answer).exchange.response is answer


def test_in_2021_the_phrase_had_the_number() -> None:
    """Contract 1.2: text `Model Error; original-code=<container status>` in the status message, no headers."""
    response = mapped("managed-2021", said(404)).exchange.response

    assert response is not None
    assert (response.status, response.phrase) == (424, "Model Error; original-code=404")
    assert response.headers == [("Content-Length", "6")]


def test_what_has_become_something_else_says_how_long_it_is() -> None:
    """A 204 has no Content-Length; as a 424 without one the connection would have to close."""
    response = mapped("managed", Response(204, "No Content", [])).exchange.response

    assert response is not None
    assert (response.status, response.header("content-length")) == (424, "0")


def test_what_comes_in_chunks_has_no_length() -> None:
    """One of the two, never both (RFC 9112, 6.2)."""
    response = mapped("managed", Response(500, "Said", [("Transfer-Encoding", "chunked")])).exchange.response

    assert response is not None
    assert (response.header("transfer-encoding"), response.header("content-length")) == ("chunked", None)


def test_a_refusal_of_the_front_door_stays() -> None:
    """It is not the model's."""
    profile, visit, refusal = profile_of("managed"), new_visit(), Response(429, "Too Many Requests", [])
    visit.refuse(refusal, "too many")
    MapStatus(profile.statuses, says_of(profile)).handle(visit)

    assert visit.exchange.response is refusal


@pytest.mark.parametrize(
    ("profile_name", "failure", "status"),
    [
        pytest.param("managed", BackendTimeout, 408, id="managed-408"),  # contract 1.2
        pytest.param("kubernetes", BackendTimeout, 504, id="kubernetes-504"),  # contract 2.1
        pytest.param("aks", Busy, 503, id="aks-503"),  # contract 2.1
        pytest.param("bare", WorkerCrashed, None, id="bare-closes"),  # contract 4.7
    ],
)
def test_a_silence_becomes_a_row_of_the_table(
    profile_name: str, failure: type[BackendFailure], status: int | None
) -> None:
    """Or a closed connection."""
    profile, visit = profile_of(profile_name), new_visit()
    visit.fail(failure("nothing was said"))
    MapStatus(profile.statuses, says_of(profile)).handle(visit)

    assert (visit.exchange.response and visit.exchange.response.status) == status
    assert isinstance(visit.exchange.failure, failure)


# ResponseSize

LIMIT = 1_572_864  # contract 1.2, second 424 of the 2021 table: response above 1.5 MB


def sized(profile_name: str, response: Response) -> Visit:
    profile, visit = profile_of(profile_name), visit_with(response)
    ResponseSize(profile, says_of(profile)).handle(visit)
    return visit


def test_an_answer_may_have_exactly_so_many_bytes() -> None:
    """1.5 * 1024 * 1024 pass."""
    answer = said(200, b"x" * LIMIT)

    assert sized("managed", answer).exchange.response is answer


def test_one_byte_more_is_kept_back() -> None:
    """Contract 1.2, 424 (2021); the model's lane still has what it said."""
    answer = said(200, b"x" * (LIMIT + 1))
    visit = sized("managed", answer)

    response = visit.exchange.response
    assert response is not None
    assert (response.status, response.phrase, response.body) == (424, "Failed Dependency", b"")
    assert visit.exchange.model is answer
    assert visit.exchange.why == (
        "an answer of 1572865 bytes, 1572864 are allowed; limit of 2021, not in today's documentation;"
        " --profile managed-current has none"
    )


def test_in_2021_it_said_so_in_the_phrase() -> None:
    """Documentation of 2021-05-13: 424 Response payload too large."""
    response = sized("managed-2021", said(200, b"x" * (LIMIT + 1))).exchange.response

    assert response is not None
    assert (response.status, response.phrase) == (424, "Response payload too large")


def test_the_body_of_a_mapped_answer_is_measured_too() -> None:
    """Whatever its status has become."""
    visit = visit_with(said(500, b"x" * (LIMIT + 1)))
    profile = profile_of("managed")
    MapStatus(profile.statuses, says_of(profile)).handle(visit)
    ResponseSize(profile, says_of(profile)).handle(visit)

    assert visit.exchange.response is not None
    assert visit.exchange.response.body == b""


# DevErrors

FAULT = {"fault": {"traceback": "Traceback (most recent call last):\nValueError: caf\xe9", "kind": "ValueError"}}


def test_the_traceback_of_a_failed_run_is_the_body() -> None:
    """Status and other headers stay; the model's lane has what the server says in production."""
    headers = [("Server", "nginx/1.22.1"), ("Content-Type", "application/json"), ("x-ms-run-function-failed", "True")]
    answer = said(500, b"{}", headers=headers)
    answer.account.update(FAULT)
    visit = visit_with(answer)
    DevErrors(on=True).handle(visit)

    response = visit.exchange.response
    assert response is not None
    assert (response.status, response.phrase) == (500, "Said")
    assert response.body == "Traceback (most recent call last):\nValueError: caf\xe9".encode()
    assert response.headers == [
        ("Server", "nginx/1.22.1"),
        ("x-ms-run-function-failed", "True"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", "52"),
    ]
    assert (answer.body, answer.headers[:-1]) == (b"{}", headers)


def test_an_answer_without_a_fault_stays() -> None:
    """A 400 that the script meant is the script's."""
    answer = said(400)
    visit = visit_with(answer)
    DevErrors(on=True).handle(visit)

    assert visit.exchange.response is answer


# FinishHeaders

GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def finished(response: Response, *sent: tuple[str, str], is_own: bool) -> tuple[str, Headers]:
    """Return the request's own GUID, and the headers of the answer, which is the gateway's own or the model's."""
    visit, rules = new_visit(headers=sent), profile_of("managed").identity
    Identify(rules).handle(visit)
    visit.exchange.model = None if is_own else response
    visit.exchange.response = response
    FinishHeaders(rules).handle(visit)
    assert visit.exchange.response is not None
    return visit.exchange.request_id, visit.exchange.response.headers


def test_the_model_s_headers_are_passed_on_but_for_the_request_id() -> None:
    """Contract 8 #7: everything except Connection and ids; `x-request-id` replaced."""
    headers = [("Server", "nginx/1.22.1"), ("X-Request-Id", "theirs"), ("x-ms-client-request-id", "c"), ("X-A", "1")]
    own, finally_ = finished(Response(200, "OK", headers, b"[]"), is_own=False)

    assert finally_ == [headers[0], headers[2], headers[3], ("x-request-id", own)]


@pytest.mark.parametrize(
    ("sent", "legacy", "client"),
    [
        pytest.param([], "OWN", None, id="none"),
        pytest.param([("x-ms-client-request-id", "c!1")], "c1", "c1", id="client"),
        pytest.param([("x-ms-request-id", "old")], "old", "old", id="legacy"),
        pytest.param([("x-ms-request-id", "old"), ("x-ms-client-request-id", "c")], "old", "c", id="both"),
        pytest.param([("x-request-id", "mine")], "OWN", None, id="request-id-is-overwritten"),
    ],
)
def test_an_answer_of_the_gateway_s_own_has_the_ids_that_are_known(
    sent: Headers, legacy: str, client: str | None
) -> None:
    """Contract 8 #8: all three when known, by the rules of the server (4.9)."""
    own, headers = finished(Response(429, "Too Many Requests", [("Content-Length", "0")], b""), *sent, is_own=True)

    expected = [("x-request-id", own), ("x-ms-request-id", own if legacy == "OWN" else legacy)]
    expected += [("x-ms-client-request-id", client)] if client else []
    assert headers == [("Content-Length", "0"), *expected]


def test_a_connection_that_closes_has_no_headers() -> None:
    """Where the profile's table says `close`."""
    visit = new_visit()
    visit.refuse(None, "no such path")
    FinishHeaders(profile_of("managed").identity).handle(visit)

    assert visit.exchange.response is None


def test_the_whole_way_from_a_socket() -> None:
    """A failed run() under `managed`, as its caller sees it: contract 1.2, 1.3."""

    async def failing(request: Request) -> Response:
        ids = [("x-request-id", request.header("x-request-id") or "")]
        return said(500, b"{}", "Internal Server Error", [("Content-Type", "application/json"), *ids])

    with serving(failing, profile_name="managed") as served:
        data = served.ask(GET.replace(b"\r\n\r\n", b"\r\nx-request-id: mine\r\n\r\n"))

    lines = data.decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 424 Failed Dependency"
    assert lines[1] == "Server: nginx/1.22.1"
    assert re.fullmatch("Date: .* GMT", lines[2])
    assert lines[3:8] == [
        "Content-Type: application/json",
        "Content-Length: 2",
        "Connection: close",
        "ms-azureml-model-error-statuscode: 500",
        "ms-azureml-model-error-reason: model_error",
    ]
    assert re.fullmatch(f"x-request-id: {GUID}", lines[8])
    assert lines[9:] == ["", "{}"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("is_faced", "word", "is_kept"), [(True, "close", False), (True, "keep-alive", True), (False, "close", True)]
)
async def test_a_connection_ends_where_the_callers_own_nginx_wants_it(is_faced: bool, word: str, is_kept: bool) -> None:
    """As behind its 413; a gateway before the container has connections of its own."""

    async def answer(request: Request) -> Response:
        return Response(413, "Request Entity Too Large", [("Connection", word)], b"")

    visit = new_visit()
    visit.turn.keeps_alive = True
    await Forward(FakeBackend(answer), profile_of("image").wire, is_faced=is_faced).handle(visit)

    assert visit.turn.keeps_alive == is_kept
