"""From a request to run()'s arguments. Where inputs are many, werkzeug itself is asked what the server would see."""

from __future__ import annotations

import inspect
import json

import pytest
from amlemu.exchange import Request
from amlemu.scoring import codec, gunicorn
from amlemu.scoring.codec import BadInput, Inbound, UnsupportedInput, UnsupportedMethod
from hypothesis import example, given, settings
from hypothesis import strategies as st
from werkzeug.wrappers import Request as WerkzeugRequest

QUERY_PIECES = st.sampled_from(
    [
        "a",
        "b",
        "=",
        "&",
        "+",
        "%20",
        "%FF",
        "%e2%82%ac",
        "%E2%82",
        "%",
        "%2",
        "%zz",
        ";",
        "1",
        "[1,2]",
        '"x"',
        "null",
        "NaN",
        "-",
        ".",
        "?",
        "/",
    ]
)
VISIBLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#")
QUERIES = st.lists(QUERY_PIECES, max_size=12).map("".join) | st.text(VISIBLE, max_size=20)
TARGETS = st.lists(
    st.sampled_from(
        [
            "/",
            "score",
            "%73core",
            "%2F",
            "%00",
            "%FF",
            "%C3%A9",
            "..",
            ".",
            "?",
            "#",
            "a=1",
            "//",
            "Score",
            "@",
            ":",
            "%",
        ]
    ),
    max_size=8,
).map(lambda pieces: "/" + "".join(pieces))
TOKENS = st.text(st.sampled_from("abAB-_1."), min_size=1, max_size=6)
FIELDS = st.lists(
    st.tuples(
        TOKENS | st.sampled_from(["Content-Type", "content-length", "HOST", "Path_Info", "path-info"]),
        st.text("ab, ", max_size=4),
    ),
    max_size=6,
)


def asked(**fields):
    """Return a `WerkzeugRequest` of what gunicorn would hand to flask."""
    request = Request(**{"method": "GET", "target": "/", "headers": [], **fields})
    return WerkzeugRequest(gunicorn.environ(request))


def inbound(*, method="POST", query="", content_type="application/json", body=b"", data=None):
    return Inbound(
        method=method,
        query=query,
        content_type=content_type,
        data=lambda: body if data is None else data,
        whole=lambda: body,
        raw=lambda: "raw",
    )


def parameters(function):
    return list(inspect.signature(function).parameters.values())


# queries


@given(QUERIES)
@example("a=1&a=2&b=&c&=d&&e=%FF%41&f=+%2B+")
@settings(max_examples=300, deadline=None)
def test_a_query_is_read_as_werkzeug_reads_it(query):
    """Names, order, repeats, plus signs, bytes that are not UTF-8."""
    ours: dict[str, list[str]] = {}
    for name, value in codec.query_pairs(query):
        ours.setdefault(name, []).append(value)

    assert list(ours.items()) == list(asked(target=f"/?{query}").args.lists())


@pytest.mark.parametrize(
    ("query", "values"),
    [
        (
            'a=1&b=[1,2]&c="a"&d=null&e=true&f=q&g=1.5&h=',
            {"a": 1, "b": [1, 2], "c": "a", "d": None, "e": True, "f": "q", "g": 1.5, "h": ""},
        ),
        ("a=1&a=x&a=", {"a": [1, "x", ""]}),
        ("a=b+c%20d", {"a": "b c d"}),
        ("a=%FF", {"a": "%FF"}),
        ("", {}),
        ("a", {"a": ""}),
        ("a=1%2C2", {"a": "1,2"}),
    ],
)
def test_query_values_are_json_or_text(query, values):
    """Literals from contract 4.5."""
    assert codec.query_values(query) == values


# targets


@given(TARGETS)
@example("//score")
@example("/score#x?y")
@example("/%73core?a#b")
@settings(max_examples=300, deadline=None)
def test_a_target_is_routed_as_werkzeug_routes_it(target):
    """Decoding, leading slashes, fragments; bytes above 0x7E do not get this far."""
    path, query = codec.split_target(target)
    theirs = asked(target=target)

    assert path == theirs.path
    assert query.encode("latin-1") == theirs.query_string


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        ("/score", ("/score", "")),
        ("//score?a=1", ("/score", "a=1")),
        ("http://host:80/score?a=1", ("/score", "a=1")),
        ("/%73core", ("/score", "")),
        ("/score/", ("/score/", "")),
        ("1http://host/score", ("/1http://host/score", "")),
        ("http://host?a=/score", ("/", "a=/score")),
        ("http://[::1]:80/score#a?b", ("/score", "")),
        ("http://[zz/score", ("/http://[zz/score", "")),  # the gateway refuses it
    ],
)
def test_targets_of_the_contract(target, parts):
    """Literals from contract 4.3 and observed cases."""
    assert codec.split_target(target) == parts


# headers


@given(FIELDS, st.sampled_from(["127.0.0.1", "10.0.0.9"]))
@example([("Path_Info", "a"), ("PATH-INFO", "b"), ("Script_Name", "")], "127.0.0.1")
@example([("Path_Info", "a"), ("PATH-INFO", "b")], "10.0.0.9")
@settings(max_examples=200, deadline=None)
def test_run_sees_the_headers_that_werkzeug_shows(fields, client):
    """Title case, repeats joined, names with an underscore gone, but for two from a proxy on this machine."""
    headers = [(name, value.strip()) for name, value in fields]
    request = Request("GET", "/", headers, client=(client, 1))

    assert codec.script_headers(request) == dict(asked(headers=headers, client=(client, 1)).headers)


@pytest.mark.parametrize(
    ("content_type", "answer"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/geo+json", True),
        ("application/x+JSON", True),
        ("text/json", False),
        ("application/jsonx", False),
        ("", False),
        ("json", False),
    ],
)
def test_json_content_types_are_werkzeugs(content_type, answer):
    """Contract 4.6."""
    assert codec.is_json(content_type) is answer
    assert asked(headers=[("Content-Type", content_type)]).is_json is answer


# arguments


def test_an_undecorated_run_gets_text():
    """Malformed JSON too; the byte order mark stays; the first parameter's name is free."""
    for body in (b'{"a": 1}', b"not json", b"", b"\xef\xbb\xbf1", "é".encode()):
        got = codec.arguments("text", parameters(lambda anything: ...), inbound(body=body))
        assert got == {"anything": body.decode()}


def test_a_form_is_empty_text():
    """The form parser has eaten the body (contract 4.4)."""
    assert codec.arguments("text", parameters(lambda data: ...), inbound(body=b"a=1", data=b"")) == {"data": ""}


def test_bytes_that_are_no_text_are_refused_in_pythons_words():
    with pytest.raises(BadInput) as caught:
        codec.arguments("text", parameters(lambda data: ...), inbound(body=b"\xff"))

    assert (
        str(caught.value)
        == "Input cannot be decoded as UTF-8: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"
    )


def test_a_query_is_the_input_of_a_get():
    """As JSON text for an undecorated run(), as values for a decorated one."""
    get = inbound(method="GET", query="a=1&b=x", body=b"ignored")

    assert codec.arguments("text", parameters(lambda data: ...), get) == {"data": '{"a": 1, "b": "x"}'}
    assert codec.arguments("schema", parameters(lambda b, a: ...), get) == {"b": "x", "a": 1}


@pytest.mark.parametrize("method", ["OPTIONS", "HEAD"])
def test_other_methods_do_not_reach_run_unless_it_is_raw(method):
    request = inbound(method=method)

    assert codec.arguments("raw", parameters(lambda request: ...), request) == {"request": "raw"}
    for style in ("text", "schema"):
        with pytest.raises(UnsupportedMethod, match=method):
            codec.arguments(style, parameters(lambda data: ...), request)


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (b"", "application/json", "POST body is empty. Expecting a JSON dictionary."),
        (
            b'{"a": 1 "b"}',
            "application/json",
            "POST body could not be decoded as JSON: Expecting ',' delimiter: line 1 column 9 (char 8)",
        ),
        (b"[1]", "application/json", "POST body should be a JSON dictionary."),
        (b"null", "application/json", "POST body should be a JSON dictionary."),
        (b'{"A": 1}', "application/json", "A value is not provided for the 'a' parameter."),
    ],
)
def test_bad_bodies_of_a_decorated_run_are_named(body, kind, message):
    """Literals from contract 4.6."""
    with pytest.raises(BadInput) as caught:
        codec.arguments("schema", parameters(lambda a: ...), inbound(body=body, content_type=kind))

    assert str(caught.value) == message


def test_a_decorated_run_wants_json():
    with pytest.raises(UnsupportedInput, match=r"^Expects Content-Type to be application/json$"):
        codec.arguments("schema", parameters(lambda a: ...), inbound(body=b"{}", content_type="text/json"))


@pytest.mark.parametrize(
    ("body", "given"),
    [
        (b'{"a": 1}', {"a": 1, "b": 2}),
        (b'{"a": 1, "b": 3, "c": 4, "request_headers": {}}', {"a": 1, "b": 3}),
        (b'{"a": 1, "a": 5}', {"a": 5, "b": 2}),
        (b'{"a": null}', {"a": None, "b": 2}),
        ('{"a": "é"}'.encode("utf-16"), {"a": "é", "b": 2}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1, "b": 2}),
    ],
)
def test_a_decorated_run_gets_members_by_name(body, given):
    """Defaults fill in, other keys are ignored, the last of two counts, any Unicode encoding."""
    assert codec.arguments("schema", parameters(lambda a, b=2: ...), inbound(body=body)) == given


@given(
    st.dictionaries(st.text(max_size=5), st.none() | st.booleans() | st.integers() | st.text(max_size=5), max_size=4)
)
@settings(max_examples=50, deadline=None)
def test_any_json_object_goes_through_unchanged(value):
    assert codec.arguments("text", parameters(lambda data: ...), inbound(body=json.dumps(value).encode()))[
        "data"
    ] == json.dumps(value)
