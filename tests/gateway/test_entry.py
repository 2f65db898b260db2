"""Who comes and where to: ids, keys, routes, and bodies that are too large."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pytest
from amlemu.exchange import Request, Response
from amlemu.gateway.entry import Authenticate, Identify, Route, Size
from amlemu.gateway.visit import Visit
from hypothesis import given
from hypothesis import strategies as st

from .front_door import new_visit, profile_of, read_all, says_of, serving

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
HEADER_TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=100)


def named(visit: Visit, name: str) -> list[str]:
    """Return the values of a header as the backend is asked."""
    return [value for key, value in visit.request.headers if key.lower() == name]


# Identify


def identified(*headers: tuple[str, str]) -> Visit:
    visit = new_visit(headers=headers)
    Identify(profile_of("managed").identity).handle(visit)
    return visit


@given(sent=HEADER_TEXT)
def test_a_client_s_id_is_made_of_letters_digits_dash_and_underscore(sent: str) -> None:
    """Contract 1.3: only letters, digits, `-`, `_`; cut to 40 characters. Nothing left: no header."""
    kept = "".join(sign for sign in sent if sign in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")

    assert named(identified(("x-ms-client-request-id", sent)), "x-ms-client-request-id") == [kept[:40]] * bool(kept)


@given(sent=st.lists(st.tuples(st.sampled_from(["x-request-id", "X-Request-ID", "X-REQUEST-ID"]), HEADER_TEXT)))
def test_a_request_has_one_guid_whatever_the_client_sent(sent: list[tuple[str, str]]) -> None:
    """Contract 1.3: the service overwrites `x-request-id` so that it is a valid GUID."""
    visit = identified(*sent)

    (own,) = named(visit, "x-request-id")
    assert GUID.fullmatch(own)
    assert visit.exchange.request_id == own


def test_other_headers_keep_their_place() -> None:
    """Spelling, order and repeats; the exchange still has what the client sent."""
    sent = [("X-B", "1"), ("x-request-id", "mine"), ("X-A", "2"), ("x-ms-request-id", "a b"), ("X-B", "3")]
    visit = identified(*sent)

    assert visit.request.headers[:-1] == [("X-B", "1"), ("X-A", "2"), ("x-ms-request-id", "a b"), ("X-B", "3")]
    assert visit.exchange.request.headers == sent


# Authenticate


@dataclass
class Keeper:
    """Lets in who says `Bearer sesame`."""

    asked: list[str | None] = field(default_factory=list)

    def refuses(self, authorization: str | None) -> str:
        self.asked.append(authorization)
        return "" if authorization == "Bearer sesame" else "no such key"


@pytest.mark.parametrize("headers", [[], [("Authorization", "Bearer open")]], ids=["no-key", "wrong-key"])
def test_who_has_no_key_may_not_come_in(headers: list[tuple[str, str]]) -> None:
    """Contract 1.2, 401: body `key_auth_access_denied`. Barred: not even --shadow asks the model."""
    visit = new_visit(headers=headers)
    Authenticate(Keeper(), says_of(profile_of("managed"))).handle(visit)

    response = visit.exchange.response
    assert response is not None
    assert (response.status, response.body) == (401, b"key_auth_access_denied")
    assert visit.is_barred
    assert visit.exchange.why == "no such key"


def test_who_has_the_key_comes_in() -> None:
    """By the header Authorization, however spelled."""
    keeper, visit = Keeper(), new_visit(headers=[("AUTHORIZATION", "Bearer sesame")])
    Authenticate(keeper, says_of(profile_of("managed"))).handle(visit)

    assert keeper.asked == ["Bearer sesame"]
    assert (visit.is_answered, visit.is_barred) == (False, False)


# Route


def routed(profile_name: str, method: str, target: str, *headers: tuple[str, str]) -> Visit:
    profile, visit = profile_of(profile_name), new_visit(method, target, headers)
    Route(profile.routes, "iris", "blue", says_of(profile)).handle(visit)
    return visit


@pytest.mark.parametrize(
    ("profile_name", "method", "target", "asked"),
    [
        pytest.param("managed", "POST", "/score", "/score", id="managed"),
        pytest.param("managed", "DELETE", "/else/where?a=b", "/else/where?a=b", id="managed-any-method-any-path"),
        pytest.param("managed-2021", "GET", "/score?a=/b", "/score?a=/b", id="2021-path-with-query"),
        pytest.param("managed-2021", "GET", "/swagger.json", "/swagger.json", id="2021-swagger"),
        pytest.param("aks", "POST", "/api/v1/service/iris/score", "/score", id="aks-prefix"),
        pytest.param("aks", "GET", "/api/v1/service/iris/score?a=b", "/score?a=b", id="aks-prefix-and-query"),
        pytest.param("aks", "GET", "/api/v1/service/iris/", "/", id="aks-root"),
        pytest.param("aks", "POST", "/score", "/score", id="aks-without-prefix"),
        pytest.param("aks", "POST", "/api/v1/service/iris2/score", "/api/v1/service/iris2/score", id="aks-other"),
        pytest.param("aci", "POST", "/score", "/score", id="aci"),
    ],
)
def test_what_is_routed_reaches_the_container(profile_name: str, method: str, target: str, asked: str) -> None:
    """Contract 1.1: other paths reach the container; 2.1: http://<host>:80/api/v1/service/<name>/score."""
    visit = routed(profile_name, method, target)

    assert not visit.is_answered
    assert (visit.request.method, visit.request.target) == (method, asked)
    assert visit.exchange.request.target == target


@pytest.mark.parametrize(
    ("profile_name", "method", "target", "status", "phrase", "why"),
    [
        pytest.param("managed-2021", "GET", "/other?a=/score", 404, "Not found", "no such path", id="2021-path"),
        pytest.param("aks", "PUT", "/score", 405, "Method Not Allowed", "only GET and POST", id="aks-put"),
        pytest.param("aks", "OPTIONS", "/score", 405, "Method Not Allowed", "only GET and POST", id="aks-preflight"),
    ],
)
def test_what_leads_nowhere_is_refused(
    profile_name: str, method: str, target: str, status: int, phrase: str, why: str
) -> None:
    """Contract 1.6: 404 meant a wrong URL; 1.1: in v1 only POST and GET were routed (no OPTIONS preflight)."""
    visit = routed(profile_name, method, target)

    response = visit.exchange.response
    assert response is not None
    assert (response.status, response.phrase) == (status, phrase)
    assert why in visit.exchange.why


@pytest.mark.parametrize(("wanted", "status"), [("blue", None), ("green", 404), ("", 404)])
def test_the_routing_header_names_the_deployment(wanted: str, status: int | None) -> None:
    """Contract 1.1: `azureml-model-deployment` leads straight to that one; 8 #12: an unknown one is 404, same body."""
    visit = routed("managed", "POST", "/score", ("Azureml-Model-Deployment", wanted))

    response = visit.exchange.response
    assert (response and response.status) == status
    assert response is None or response.body == b"Specified traffic group could not be found"


# Size

LIMIT = 1_572_864  # contract 1.2, 413: request above 1.5 MB


async def count(request: Request) -> Response:
    """Say how long the body was."""
    body = b"%d" % len(request.body)
    return Response(200, "OK", [("Content-Length", str(len(body)))], body)


def counted(size: int) -> bytes:
    return b"POST /score HTTP/1.1\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (size, b"x" * size)


def chunked(size: int) -> bytes:
    head = b"POST /score HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    pieces = [b"x" * min(100_000, size - begin) for begin in range(0, size, 100_000)]
    return head + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@pytest.mark.parametrize("framed", [counted, chunked])
def test_a_body_may_have_exactly_so_many_bytes(framed) -> None:
    """1.5 * 1024 * 1024 pass, one more is 413 and never reaches the model."""
    with serving(count, profile_name="managed") as served:
        exact, more = served.ask(framed(LIMIT)), served.ask(framed(LIMIT + 1))

    assert exact.startswith(b"HTTP/1.1 200 OK\r\n")
    assert exact.endswith(b"\r\n\r\n1572864")
    assert more.startswith(b"HTTP/1.1 413 Payload Too Large\r\n")
    refused = served.exchanges[1]
    assert refused.model is None
    assert "1572864 are allowed; limit of 2021, not in today's documentation" in refused.why


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        pytest.param(b"Content-Length: 100\r\n\r\n", "a body of 100 bytes, 10 are allowed", id="said"),
        pytest.param(
            b"Transfer-Encoding: chunked\r\n\r\nb\r\n12345678901",
            "a body of 11 bytes or more, 10 are allowed",
            id="seen",
        ),
        pytest.param(
            b"Expect: 100-continue\r\nContent-Length: 11\r\n\r\n",
            "a body of 11 bytes, 10 are allowed",
            id="asked-first",
        ),
    ],
)
def test_it_is_refused_as_soon_as_it_is_known_to_be_too_large(sent: bytes, why: str) -> None:
    """The rest need not come; who waits for `100 Continue` is not told to continue."""
    with serving(count, limits__request_bytes="10") as served, served.connect() as client:
        client.sendall(b"POST /score HTTP/1.1\r\n" + sent)

        assert read_all(client).startswith(b"HTTP/1.1 413 ")
    assert [exchange.why for exchange in served.exchanges] == [why]


def test_who_asks_first_is_told_to_continue_when_the_body_may_come() -> None:
    """Exactly as many bytes as are allowed."""
    with serving(count, limits__request_bytes="10") as served, served.connect() as client:
        client.sendall(b"POST /score HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n")
        interim = client.recv(100)
        client.sendall(b"1234567890")

        assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert read_all(client).endswith(b"\r\n\r\n10")


def test_a_body_that_is_there_and_small_enough_is_not_waited_for() -> None:
    """That is how most come: nothing to await."""
    profile, visit = profile_of("bare", limits__request_bytes="3"), new_visit(body=b"abc")

    assert Size(profile, says_of(profile)).handle(visit) is None
    assert not visit.is_answered


@pytest.mark.anyio
async def test_in_the_shadow_the_rest_of_a_large_body_is_read() -> None:
    """The model is asked with all of it."""
    profile, visit = profile_of("bare", limits__request_bytes="3"), new_visit(body=b"abcd", is_shadow=True)
    waiting = Size(profile, says_of(profile)).handle(visit)
    assert waiting is not None
    await waiting

    assert visit.exchange.response is not None
    assert visit.exchange.response.status == 413
    assert visit.turn.request.body == b"abcd"
