"""
The front without flask answers as flask itself would: both are asked the same, and every byte is compared.

What only flask knows (parts of forms, targets without a path) is left to it; `defers_to_flask` says so.
"""

from __future__ import annotations

import textwrap

import pytest
from amlemu.backends.world import World
from amlemu.exchange import Request
from amlemu.scoring import codec
from amlemu.scoring.app import ScoringApp
from amlemu.scoring.endpoints import Call
from amlemu.scoring.flask_front import FlaskFront
from amlemu.scoring.gunicorn import Misplaced
from amlemu.scoring.plain_front import PlainFront
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

SCRIPT = """
    def init(): ...

    def run(data, request_headers):
        if "boom" in data:
            raise ValueError("boom")
        return {1} if "set" in data else [data, request_headers]
"""
METHODS = st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "FOO"])
PIECES = st.sampled_from(
    [
        "/",
        "score",
        "swagger.json",
        "static/x",
        "static/",
        "%73core",
        "%2F",
        "..",
        "?version=3",
        "?version=9",
        "?a=1&a=[2]",
        "?set",
        "?boom",
        "#x",
        "%FF",
        "é",
    ]
)
TARGETS = st.lists(PIECES, max_size=4).map(lambda pieces: "/" + "".join(pieces)) | st.sampled_from(
    ["/", "/score", "/swagger.json"]
)
NAMES = st.sampled_from(
    [
        "Host",
        "x-request-id",
        "X-MS-Request-Id",
        "x-ms-client-request-id",
        "TraceId",
        "Origin",
        "X_Dropped",
        "Path_Info",
        "Upgrade",
        "Connection",
        "Access-Control-Request-Method",
    ]
)
VALUES = st.sampled_from(
    [
        "",
        "a",
        "b" * 100,
        "c" * 101,
        "http://a",
        "websocket",
        "Upgrade, x",
        "POST",
        "é",
        "a..b",
        ".a",
        "a.",
        "a:1",
        "a:70000",
        "..:80",
        "[::1]:80",
        "a_b..c",
        "d" * 62 + ":50001",
    ]
)
TYPES = st.sampled_from(
    [None, "application/json", "application/x-www-form-urlencoded", "text/plain", "Application/JSON; charset=x", ""]
)
BODIES = st.sampled_from([b"", b"{}", b"boom", b"set", b"a=1&b=2", b"\xff", b"[1, 2]", "é".encode()])


@pytest.fixture(scope="module")
def fronts(tmp_path_factory):
    """Both fronts around one booted script."""
    folder = tmp_path_factory.mktemp("fronts")
    (folder / "score.py").write_text(textwrap.dedent(SCRIPT))
    with World(folder, {"HTTP_X_MS_SERVER_VERSION": "v"}, lambda record, text: None):
        app = ScoringApp(
            {"AML_APP_ROOT": str(folder), "AZUREML_ENTRY_SCRIPT": "score.py", "AML_CORS_ORIGINS": "http://a, http://b"}
        )
        app.boot()
        yield PlainFront(app._endpoints), FlaskFront(app._endpoints)
        app.close()


def answer(front, request):
    """Return everything that goes on the wire, without what differs from call to call."""
    try:
        response = front.answer(Call(request))
    except Misplaced as error:
        return str(error)
    headers = [(name, _normal(name, value)) for name, value in response.headers if name != "Date"]
    return response.status, response.phrase, headers, response.body


def _normal(name, value):
    if name == "Allow":
        return ", ".join(sorted(value.split(", ")))  # flask's order varies from run to run
    if name == "x-ms-run-fn-exec-ms" or (name in ("x-request-id", "x-ms-request-id") and len(value) == 36):
        return "*"
    return value


@given(METHODS, TARGETS, st.lists(st.tuples(NAMES, VALUES), max_size=4), TYPES, BODIES, st.sampled_from([None, "bad"]))
@example("GET", "/score", [("Upgrade", "websocket"), ("Connection", "upgrade")], None, b"", None)
@example("OPTIONS", "/", [], None, b"", None)
@example("HEAD", "/static/x", [], None, b"", None)
@example("GET", "/score", [("Host", "a..b")], None, b"", None)
@example("GET", "/score", [("Host", "a_b..c")], None, b"", None)
@example("GET", "/score", [("Host", "d" * 62 + ":50001")], None, b"", None)
@example("POST", "/score", [], "application/x-www-form-urlencoded", b"", "bad")
@example("GET", "/score", [], "application/x-www-form-urlencoded", b"", "bad")
@example("POST", "/a/score", [("Path_Info", "/b")], None, b"", None)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_fronts_answer_the_same(fronts, method, target, fields, content_type, body, broken):
    """Status, phrase, header names with spelling and order, values, body."""
    target = target.encode().decode("latin-1") if target.isascii() else target.replace("é", "%C3%A9")
    headers = [
        *fields,
        *([("Content-Type", content_type)] if content_type is not None else []),
        ("Content-Length", str(len(body))),
    ]
    path = codec.split_target(target)[0]
    assume(not (path.startswith("/static/") and "//" in path))  # flask says 308 there; docs/fidelity.md names it
    assume(not PlainFront.defers_to_flask(Request(method, target, headers, body)))
    plain, flask = (answer(front, Request(method, target, headers, body, broken=broken)) for front in fronts)

    assert plain == flask


@pytest.mark.parametrize(
    ("target", "mounted"),
    [("/a/score", "/a"), ("/score", "/s"), ("/score", "/"), ("/score", "b"), ("/score", ""), ("/%61/score", "/%61")],
)
def test_both_fronts_find_the_path_behind_script_name(fronts, target, mounted):
    """Where flask is installed it answers these; where it is not, the plain front does it alike."""
    plain, flask = (answer(front, Request("POST", target, [("Script_Name", mounted)], b"{}")) for front in fronts)

    assert plain == flask


@pytest.mark.parametrize(
    ("request_", "is_deferred"),
    [
        pytest.param(
            Request("POST", "/score", [("Content-Type", "multipart/form-data; boundary=x")]), True, id="parts"
        ),
        pytest.param(Request("GET", "http://host", []), True, id="authority"),
        pytest.param(Request("OPTIONS", "*", []), True, id="asterisk"),
        pytest.param(Request("GET", "/score", [("Script_Name", "/score")]), True, id="nothing-behind-script-name"),
        pytest.param(
            Request("POST", "/score", [("Content-Type", "application/x-www-form-urlencoded")]), False, id="form"
        ),
        pytest.param(Request("POST", "/score", []), False, id="plain"),
    ],
)
def test_what_only_flask_knows_is_left_to_it(request_, is_deferred):
    assert PlainFront.defers_to_flask(request_) is is_deferred
