"""What the gateway says by itself is a row of the profile's table, and nothing else."""

from __future__ import annotations

import email.utils
import time

import pytest
from amlemu.errors import BackendFailure, BackendTimeout, Busy, NotReady, Unreachable, WorkerCrashed

from .front_door import profile_of, profiles, says_of


def without_date(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [pair for pair in headers if pair[0] != "Date"]


def test_a_row_becomes_a_response() -> None:
    """Contract 1.2, 404: text `Specified traffic group could not be found`; as text: assumed."""
    response = says_of(profile_of("managed")).say("no_deployment")

    assert response is not None
    assert (response.status, response.phrase) == (404, "Not Found")
    assert response.body == b"Specified traffic group could not be found"
    assert without_date(response.headers) == [("Content-Type", "text/plain"), ("Content-Length", "42")]


def test_it_is_dated_now() -> None:
    """Every answer of a server with a clock has a Date (RFC 9110, 6.6.1)."""
    response = says_of(profile_of("managed")).say("too_many_pending")

    assert response is not None
    said = email.utils.parsedate_to_datetime(response.header("date") or "")
    assert abs(said.timestamp() - time.time()) < 5


def test_an_answer_may_name_the_endpoint() -> None:
    """Contract 2.1, 503: `Too many requests for service <name> (overloaded)`."""
    response = says_of(profile_of("aks")).say("busy")

    assert response is not None
    assert (response.status, response.phrase) == (503, "Service Unavailable")
    assert response.body == b"Too many requests for service iris (overloaded)"


def test_a_model_that_is_not_ready_has_a_reason_and_an_empty_status() -> None:
    """Contract 1.2, 424 (no model): statuscode empty or absent, reason `model_not_ready`; 8 #14: empty."""
    response = says_of(profile_of("managed")).say("not_ready")

    assert response is not None
    assert (response.status, response.phrase) == (424, "Failed Dependency")
    assert without_date(response.headers)[2:] == [
        ("ms-azureml-model-error-statuscode", ""),
        ("ms-azureml-model-error-reason", "model_not_ready"),
    ]


def test_nginx_signs_its_pages() -> None:
    """Contract 3.5: the client sees `Server: nginx/<v>`, first of all; the page is HTML."""
    response = says_of(profile_of("image")).say("request_too_large")

    assert response is not None
    assert response.headers[0] == ("Server", "nginx/1.22.1")
    assert response.header("content-type") == "text/html"


def test_close_is_no_answer() -> None:
    """The connection ends, and whoever asks can tell beforehand."""
    says = says_of(profile_of("bare"))

    assert says.say("worker_crashed") is None
    assert (says.has("worker_crashed"), says.has("unauthorized")) == (False, True)


@pytest.mark.parametrize(
    ("failure", "status", "body"),
    [
        pytest.param(NotReady, 503, b"No ready replicas for service", id="not-ready"),  # contract 2.1
        pytest.param(Busy, 503, b"Too many requests for service iris (overloaded)", id="busy"),  # contract 2.1
        pytest.param(WorkerCrashed, 502, b"", id="crashed"),  # contract 2.1
        pytest.param(
            BackendTimeout,
            504,
            b"Post http://localhost:5001/score: net/http: request canceled"
            b" (Client.Timeout exceeded while awaiting headers)",
            id="timeout",
        ),  # contract 2.1, texts of 2019
        pytest.param(Unreachable, 502, b"ehostunreach", id="unreachable"),  # contract 2.1
    ],
)
def test_each_silence_has_its_row(failure: type[BackendFailure], status: int, body: bytes) -> None:
    """The only place where a silence becomes a status."""
    response = says_of(profile_of("aks")).after(failure("nothing was said"))

    assert response is not None
    assert (response.status, response.body) == (status, body)


def test_a_silence_of_no_known_kind_closes() -> None:
    """Nobody invents an answer."""
    assert says_of(profile_of("aks")).after(BackendFailure("no such path")) is None


def test_nginx_signs_as_the_profile_has_it() -> None:
    """An image with server_tokens off says `nginx`, in its header and on its page."""
    profile = profiles.load("image", {"container.server": "nginx"})

    response = says_of(profile).say("request_too_large")

    assert response is not None
    assert response.headers[0] == ("Server", "nginx")
    assert b"<center>nginx</center>" in response.body  # type: ignore[operator]


@pytest.mark.parametrize(("profile_name", "is_its"), [("image", True), ("managed", False), ("bare", False)])
def test_a_row_may_be_the_container_s_own(profile_name: str, is_its: bool) -> None:
    """Its nginx says it, where nothing stands before it."""
    says = says_of(profile_of(profile_name))

    assert says.is_of_container("request_too_large") == is_its
    assert not says.is_of_container("not_ready")
