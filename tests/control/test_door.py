"""Who may ask: this machine by its own name, from no foreign page, with the token."""

from __future__ import annotations

import http.client
import json

import pytest

ADDRESS = "127.0.0.1:{port}"
BEARER = "Bearer {token}"


def ask(running, path, headers):
    """Send these headers and no others; the port and the token of the server stand in them by name."""
    port, token = running.door.port, running.note.token
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value.format(port=port, token=token))
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.getheader("WWW-Authenticate"), json.loads(answer.read())
    finally:
        connection.close()


@pytest.mark.parametrize("host", [ADDRESS, "localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}"])
def test_this_machine_has_three_names(running, host):
    status, _, told = ask(running, "/status", [("Host", host), ("Authorization", BEARER)])

    assert (status, told["state"]) == (200, "ready")


@pytest.mark.parametrize(
    ("headers", "status", "error"),
    [
        pytest.param([("Host", "evil.example:{port}")], 403, "the Host is evil.example:{port}", id="host-foreign"),
        pytest.param([("Host", "127.0.0.1")], 403, "the Host is 127.0.0.1", id="host-without-port"),
        pytest.param([("Host", "127.0.0.1:1")], 403, "the Host is 127.0.0.1:1", id="host-of-another-port"),
        pytest.param([("Host", "127.0.0.1.evil.example:{port}")], 403, None, id="host-begins-well"),
        pytest.param([("Host", "")], 403, "the Host is missing", id="host-empty"),
        pytest.param(
            [("Host", ADDRESS), ("Origin", "http://evil.example")],
            403,
            "a page of http://evil.example may not ask",
            id="origin-foreign",
        ),
        pytest.param([("Host", ADDRESS), ("Origin", "https://" + ADDRESS)], 403, None, id="origin-https"),
        pytest.param([("Host", ADDRESS), ("Origin", ADDRESS)], 403, None, id="origin-without-scheme"),
        pytest.param([("Host", ADDRESS), ("Origin", "null")], 403, "a page of null may not ask", id="origin-null"),
        pytest.param(
            [("Host", ADDRESS), ("Origin", "http://" + ADDRESS), ("Origin", "http://evil.example")],
            403,
            None,
            id="origin-twice",
        ),
        pytest.param([("Host", ADDRESS)], 401, "no token", id="token-missing"),
        pytest.param([("Host", ADDRESS), ("Authorization", "Bearer no")], 401, "not the token", id="token-wrong"),
        pytest.param([("Host", ADDRESS), ("Authorization", "Bearer")], 401, "not the token", id="token-empty"),
        pytest.param([("Host", ADDRESS), ("Authorization", "{token}")], 401, "not the token", id="token-alone"),
        pytest.param([("Host", ADDRESS), ("Authorization", "Basic {token}")], 401, "not the token", id="basic"),
        pytest.param(
            [("Host", ADDRESS), ("Authorization", BEARER), ("Authorization", BEARER)],
            401,
            "not the token",
            id="token-twice",
        ),
        pytest.param([("Host", ADDRESS), ("Authorization", "Bearer \u00fc")], 401, "not the token", id="token-latin"),
    ],
)
def test_others_are_refused(running, headers, status, error):
    """With the reason; a token does not help where Host or Origin are wrong."""
    if status == 403:
        headers = [*headers, ("Authorization", BEARER)]
    code, challenge, told = ask(running, "/status", headers)

    assert (code, challenge) == (status, "Bearer" if status == 401 else None)
    assert set(told) == {"error", "hint"}
    assert told["hint"]
    assert error is None or told["error"] == error.format(port=running.door.port)


@pytest.mark.parametrize("origin", [ADDRESS, "localhost:{port}", "[::1]:{port}"])
def test_a_page_of_its_own_may_ask(running, origin):
    headers = [("Host", ADDRESS), ("Origin", f"http://{origin}"), ("Authorization", BEARER)]

    assert ask(running, "/status", headers)[0] == 200


def test_the_sign_at_the_door_needs_no_token(running):
    """So that a command finds the folder where the token lies."""
    status, _, told = ask(running, "/", [("Host", ADDRESS)])

    assert status == 200
    assert told == {"amlemu": "0.1.0", "scoring": "http://127.0.0.1:5001", "folder": str(running.folder)}


def test_the_sign_is_not_shown_to_foreign_pages(running):
    assert ask(running, "/", [("Host", "evil.example")])[0] == 403
    assert ask(running, "/", [("Host", ADDRESS), ("Origin", "http://evil.example")])[0] == 403
