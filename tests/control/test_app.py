"""The application: every refusal has one form, and there is nothing that was not asked for."""

from __future__ import annotations

import pytest
from amlemu.errors import UsageError


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        pytest.param("GET", "/nothing", 404, "no GET /nothing here", id="no-such-path"),
        pytest.param("GET", "/docs", 404, "no GET /docs here", id="no-docs"),
        pytest.param("GET", "/openapi.json", 404, "no GET /openapi.json here", id="no-openapi"),
        pytest.param("GET", "/status/", 404, "no GET /status/ here", id="no-redirects"),
        pytest.param("GET", "/reload", 405, "no GET /reload here", id="reload-is-no-page"),
        pytest.param(
            "GET",
            "/logs?lines=many",
            422,
            "lines: Input should be a valid integer, unable to parse string as an integer",
            id="no-number",
        ),
        pytest.param("GET", "/logs?lines=-1", 422, "lines: Input should be greater than or equal to 0", id="negative"),
        pytest.param("GET", "/ready?wait_s=nan", 422, "wait_s: Input should be less than or equal to 86400", id="nan"),
    ],
)
def test_what_is_not_there_is_refused_in_one_form(ask, method, path, status, error):
    answer = ask.request(method, path)

    assert answer.status_code == status
    assert set(answer.json()) == {"error", "hint"}
    assert answer.json()["error"] == error


def test_what_cannot_be_done_says_why(running, server, ask):
    """An error of ours that a route raises, as where there is nothing to reload."""
    server.outcome = UsageError("nothing to load anew", where="--backend upstream", hint="Reload the server itself.")
    running.call(server.may_reload.set)
    answer = ask.post("/reload")

    assert answer.status_code == 409
    assert answer.json() == {
        "error": "--backend upstream: nothing to load anew",
        "hint": "Reload the server itself.",
    }
