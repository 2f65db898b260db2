"""Which headers are sent again, and which stay behind."""

from __future__ import annotations

import pytest
from amlemu_harness.parity.cases.headers import is_secret, replayed, without_secrets


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "Proxy-Authorization",
        "cookie",
        "Ocp-Apim-Subscription-Key",
        "x-api-key",
        "api_key",
        "X-Auth-Token",
        "x-functions-key",
        "Client-Secret",
    ],
)
def test_what_holds_a_secret(name):
    assert is_secret(name)


@pytest.mark.parametrize(
    "name", ["Content-Type", "azureml-model-deployment", "x-ms-client-request-id", "X-Monkey", "Accept"]
)
def test_what_does_not(name):
    assert not is_secret(name)


def test_secrets_go_and_order_and_spelling_stay():
    told = [("b", "1"), ("AUTHORIZATION", "x"), ("A", "2"), ("b", "3")]

    assert without_secrets(told) == (("b", "1"), ("A", "2"), ("b", "3"))


def test_a_recorded_connection_is_not_ours():
    """HTTP/2's own names are no headers of HTTP/1.1, and a value of two lines is none at all."""
    told = [
        (":method", "POST"),
        ("Host", "h"),
        ("content-length", "5"),
        ("Accept-Encoding", "br"),
        ("Transfer-Encoding", "chunked"),
    ]
    told += [("X-A", "1\r\nX-B: 2"), ("X-C", "3")]

    assert replayed(told) == (("X-C", "3"),)
