"""Requests as clients write them."""

from __future__ import annotations

from amlemu_harness.parity.case import post, request


def test_a_request_has_host_and_length() -> None:
    """Both are added where they are not there; a POST without a body has a length of 0, a GET none."""
    assert post(b"{}").raw == (
        b"POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    )
    assert request("PUT", "/score").raw == b"PUT /score HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
    assert request("GET", "/").raw == b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_what_is_given_is_not_added_again() -> None:
    """Whatever the spelling."""
    given = [("host", "other"), ("transfer-encoding", "chunked")]

    assert request("POST", "/", given, b"0\r\n\r\n").raw == (
        b"POST / HTTP/1.1\r\nhost: other\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    )


def test_the_version_can_be_another() -> None:
    """As an old client has it."""
    assert request("GET", "/", version="1.0").raw.startswith(b"GET / HTTP/1.0\r\n")
