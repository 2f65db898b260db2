"""Cross-origin headers, case by case as flask-cors 6.0.5 sends them (contract 4.14, observed)."""

from __future__ import annotations

import pytest
from amlemu.scoring.answer import HeaderList
from amlemu.scoring.cors import Policy

ORIGIN, VARY, METHODS, HEADERS = (
    "Access-Control-Allow-Origin",
    "Vary",
    "Access-Control-Allow-Methods",
    "Access-Control-Allow-Headers",
)
PREFLIGHT = {"Access-Control-Request-Method": "POST"}


def applied(setting, method="POST", **sent):
    headers = HeaderList([])
    Policy(setting).apply(method, {name.replace("_", "-"): value for name, value in sent.items()}.get, headers)
    return list(headers)


@pytest.mark.parametrize(
    ("setting", "origin", "headers"),
    [
        pytest.param("http://a", "http://a", [(ORIGIN, "http://a")], id="the-only-one"),
        pytest.param("http://a, http://b", "http://b", [(ORIGIN, "http://b"), (VARY, "Origin")], id="one-of-two"),
        pytest.param("http://a", "HTTP://A", [(ORIGIN, "HTTP://A")], id="other-case"),
        pytest.param("http://a", "http://c", [], id="not-allowed"),
        pytest.param("http://a", "null", [], id="null"),
        pytest.param("*", "http://c", [(ORIGIN, "http://c"), (VARY, "Origin")], id="any"),
        pytest.param("*", None, [(ORIGIN, "*")], id="any-without-origin"),
        pytest.param("http://b,http://a", None, [(ORIGIN, "http://a"), (VARY, "Origin")], id="no-origin"),
        pytest.param(r"http://.*\.a", "http://x.a", [(ORIGIN, "http://x.a"), (VARY, "Origin")], id="pattern"),
        pytest.param(r"http://.*\.a", None, [], id="pattern-without-origin"),
    ],
)
def test_the_callers_origin_is_announced_when_it_is_allowed(setting, origin, headers):
    assert applied(setting, **({} if origin is None else {"Origin": origin})) == headers


@pytest.mark.parametrize(
    ("sent", "headers"),
    [
        pytest.param({"Access-Control-Request-Method": "POST"}, [(METHODS, "GET, POST")], id="post"),
        pytest.param({"Access-Control-Request-Method": "get"}, [(METHODS, "GET, POST")], id="lower-case"),
        pytest.param({"Access-Control-Request-Method": "PUT"}, [], id="not-offered"),
        pytest.param({}, [], id="no-preflight"),
        pytest.param(
            {**PREFLIGHT, "Access-Control-Request-Headers": "x-b, Content-Type,x-a"},
            [(HEADERS, "Content-Type, x-a, x-b"), (METHODS, "GET, POST")],
            id="headers",
        ),
    ],
)
def test_a_preflight_learns_methods_and_headers(sent, headers):
    given = {name.replace("-", "_"): value for name, value in sent.items()}

    assert applied("http://a", "OPTIONS", Origin="http://a", **given) == [(ORIGIN, "http://a"), *headers]


def test_only_options_is_a_preflight():
    assert applied("http://a", "POST", Origin="http://a", Access_Control_Request_Method="POST") == [
        (ORIGIN, "http://a")
    ]


def test_settings_are_split_at_commas():
    assert Policy(" http://a ,http://b").origins == ["http://a", "http://b"]
