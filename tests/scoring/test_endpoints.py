"""The routes and the hooks around them: which body belongs to which outcome."""

from __future__ import annotations

import json

import pytest
from amlemu.exchange import Request

NOEXEC = {"x-ms-run-function-failed": "False"}


def ask(app, method="POST", target="/score", body=b"{}", content_type="application/json", headers=()):
    return app.handle(Request(method, target, [("Content-Type", content_type), *headers], body))


@pytest.mark.parametrize(
    ("statement", "status", "message", "failed"),
    [
        pytest.param(
            "raise ValueError",
            500,
            "An unexpected error occurred in scoring script. Check the logs for more info.",
            "True",
            id="raises",
        ),
        pytest.param("raise TimeoutError", 500, "Scoring timeout after 3600000 ms", "True", id="times-out"),
        pytest.param(
            "return {1}",
            500,
            "An unexpected internal error occurred. Check the logs for more info.",
            "False",
            id="returns-a-set",
        ),
    ],
)
def test_failures_have_the_servers_bodies(server, statement, status, message, failed):
    """Literals from contract 4.2."""
    response = ask(server.boot(f"def init(): ...\ndef run(data): {statement}"))

    assert (response.status, json.loads(response.body)) == (status, {"message": message})
    assert response.header("x-ms-run-function-failed") == failed
    assert response.header("x-ms-run-fn-exec-ms") is None


@pytest.mark.parametrize(
    ("method", "target", "status", "body"),
    [
        ("GET", "/", 200, b"Healthy"),
        ("GET", "/score?a=1", 200, b'"{\\"a\\": 1}"'),
        ("OPTIONS", "/score", 200, b""),
        ("HEAD", "/score", 405, b""),
        ("PUT", "/score", 405, b'{"message": "The method is not allowed for the requested URL."}'),
        ("POST", "/", 405, b'{"message": "The method is not allowed for the requested URL."}'),
    ],
)
def test_routes_and_methods(server, method, target, status, body):
    """A few of contract 4.3; the suite has all of them."""
    response = ask(server.boot("def init(): ...\ndef run(data): return data"), method, target)

    assert (response.status, response.body) == (status, body)


def test_the_time_of_run_is_never_scientific(server):
    """Three decimals, whatever the size."""
    value = ask(server.boot("def init(): ...\ndef run(data): return 1")).header("x-ms-run-fn-exec-ms")

    whole, _, decimals = value.partition(".")
    assert whole.isdigit()
    assert len(decimals) == 3
    assert decimals.isdigit()


def test_only_named_endpoints_are_accounted_by_name(server):
    """Those that the server logs with their duration."""
    app = server.boot("def init(): ...\ndef run(data): return 1")

    assert ask(app, "GET", "/").account["api_name"] is None
    assert ask(app).account["api_name"] == "/score"
    assert ask(app, "GET", "/swagger.json").account["api_name"] == "/swagger.json"
    assert ask(app, "PUT").account.get("api_name") is None


@pytest.mark.parametrize(
    ("query", "key"),
    [("", "swagger"), ("?version=3", "openapi"), ("?version=3&version=2", "openapi"), ("?version=%33", "openapi")],
)
def test_the_first_version_asked_for_counts(server, query, key):
    app = server.boot("def init(): ...\ndef run(data): return 1")

    assert key in json.loads(ask(app, "GET", f"/swagger.json{query}").body)


def test_an_unknown_version_is_not_found(server):
    response = ask(server.boot("def init(): ...\ndef run(data): return 1"), "GET", "/swagger.json?version=4")

    assert response.status == 404
    assert json.loads(response.body)["message"].startswith("Swagger version [4] is not valid.")


def test_too_long_an_id_stops_every_route(server):
    app = server.boot("def init(): ...\ndef run(data): print('called')")
    for target in ("/", "/score", "/swagger.json"):
        assert ask(app, "GET", target, headers=[("x-request-id", "a" * 101)]).status == 431

    assert "called" not in server.texts()


def test_cors_headers_stand_between_the_answers_and_the_ids(server):
    app = server.boot("def init(): ...\ndef run(data): return 1", AML_CORS_ORIGINS="http://a")
    names = [name for name, _ in ask(app, headers=[("Origin", "http://a")]).headers]

    assert "Enabling CORS for the following origins: http://a" in server.texts()
    assert (
        names.index("x-ms-run-fn-exec-ms")
        < names.index("Access-Control-Allow-Origin")
        < names.index("x-ms-server-version")
    )


@pytest.mark.parametrize(("status", "failed"), [(200, None), (404, None), (499, None), (500, "True"), (503, "True")])
def test_a_response_of_the_scripts_own_counts_as_failed_from_500(server, status, failed):
    """Contract 4.7."""
    script = f"from flask import Response\ndef init(): ...\ndef run(data): return Response('x', {status})"
    response = ask(server.boot(script))

    assert (response.status, response.header("x-ms-run-function-failed")) == (status, failed)
    assert "run() output is HTTP Response" in server.texts()
