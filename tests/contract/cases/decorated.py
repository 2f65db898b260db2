"""A run() decorated by inference-schema: sections 4.6 and 7.1."""

from ..answers import (
    BAD_REQUEST,
    FINE,
    HTML,
    IDS,
    INTERNAL500,
    JSON,
    NOT_ALLOWED,
    NOTALLOWED,
    OK,
    SCRIPT500,
    START,
    UNSUPPORTED,
    VERSION,
    bad_request,
    full,
    noexec,
)
from ..case import JSON_TYPE, Answer, Case, Deployment, ask, get, post, post_chunked, post_json

LIST = Deployment("decorated.py")
TYPES = Deployment("decorated_types.py")
ONE = b'{"data": [1]}'
RESULT = full(b"[[1], 7]")
MISSING = bad_request("A value is not provided for the 'data' parameter.")
NOT_AN_OBJECT = bad_request("POST body should be a JSON dictionary.")
EMPTY = bad_request("POST body is empty. Expecting a JSON dictionary.")
WRONG_TYPE = noexec(UNSUPPORTED, b'{"message": "Expects Content-Type to be application/json"}')


def _malformed(reason: bytes) -> Answer:
    return noexec(BAD_REQUEST, b'{"message": "POST body could not be decoded as JSON: %s"}' % reason)


CONVERTED = {
    "numpy-rows": ("floats", "[[1,2,3],[4,5,6]]", '["ndarray", "float64", [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]'),
    "numpy-strings": ("floats", '[["1","2.5","3"]]', '["ndarray", "float64", [[1.0, 2.5, 3.0]]]'),
    "numpy-nan": ("floats", "[[NaN,1,2]]", '["ndarray", "float64", [[NaN, 1.0, 2.0]]]'),
    "numpy-truncates": ("ints", "[1.7,2]", '["ndarray", "int64", [1, 2]]'),
    "numpy-uncast": ("uncast", '[["a","b","c"]]', '["ndarray", "<U1", [["a", "b", "c"]]]'),
    "numpy-shapeless": ("shapeless", "[1,2]", '["ndarray", "float64", [1.0, 2.0]]'),
    "pandas-cast": (
        "frame",
        '[{"a":2.5,"b":"y"}]',
        '["DataFrame", ["i", "O"], {"columns": ["a", "b"], "data": [[2, "y"]]}]',
    ),
    "pandas-column-order": (
        "frame",
        '[{"b":"y","a":1}]',
        '["DataFrame", ["O", "i"], {"columns": ["b", "a"], "data": [["y", 1]]}]',
    ),
    "pandas-split": (
        "split",
        '{"columns":["a","b"],"data":[[1,"x"]]}',
        '["DataFrame", ["i", "O"], {"columns": ["a", "b"], "data": [[1, "x"]]}]',
    ),
    "standard-int": ("whole", "3", '["int", "3"]'),
    "standard-bool-for-int": ("whole", "true", '["bool", "True"]'),
    "standard-int-for-float": ("fraction", "2", '["int", "2"]'),
    "standard-datetime": ("when", '"2020-02-03T04:05:06"', '["datetime", "2020-02-03 04:05:06"]'),
    "standard-time": ("clock", '"04:05"', '["time", "04:05:00"]'),
    "standard-bytes": ("octets", '"eA=="', '["bytes", "b\'x\'"]'),
    "standard-bad-base64": ("octets", '"!!!"', '["bytes", "b\'\'"]'),
    "standard-list-elements": ("items", '[1,"a",null]', '["list", "[1, \'a\', None]"]'),
    "standard-dict-elements": ("mapping", '{"k":"other"}', "[\"dict\", \"{'k': 'other'}\"]"),
    "nested": ("nested", '{"k":[[1,2,3]]}', '{"k": ["ndarray", "float64", [[1.0, 2.0, 3.0]]]}'),
}

REFUSED = {
    "numpy-null": ("floats", "null"),
    "numpy-text": ("floats", '"x"'),
    "numpy-dimensions": ("floats", "[1,2,3]"),
    "numpy-empty": ("floats", "[]"),
    "numpy-columns": ("floats", "[[1,2]]"),
    "numpy-ragged": ("floats", "[[1,2,3],[1]]"),
    "numpy-letters": ("floats", '[["a","b","c"]]'),
    "pandas-column-count": ("frame", '[{"a":1,"b":"y","c":2}]'),
    "pandas-cast": ("frame", '[{"a":"q","b":"y"}]'),
    "pandas-scalar": ("frame", "5"),
    "pandas-all-scalar-values": ("frame", '{"a":1}'),
    "standard-float-for-int": ("whole", "1.5"),
    "standard-text-for-int": ("whole", '"1"'),
    "standard-bad-datetime": ("when", '"zz"'),
    "standard-text-for-list": ("items", '"ab"'),
    "nested-list-for-dict": ("nested", "[1]"),
}


def typed(name: str, value: str) -> bytes:
    return f'{{"show": "{name}", "{name}": {value}}}'.encode()


def _row(name: str, kind: str) -> str:
    family = name.split("-", maxsplit=1)[0]
    return "7.1 nested" if family == "nested" else f"7.1 {family} {kind}"


CASES = (
    *(
        Case(f"type-{name}", ("4.6 JSON content types",), LIST, post(ONE, f"Content-Type: {value}"), RESULT)
        for name, value in {
            "json": "application/json",
            "with-charset": "application/json; charset=utf-8",
            "other-charset": "application/json;charset=latin-1",
            "problem": "application/problem+json",
            "plus-only": "application/+json",
            "upper-case": "APPLICATION/JSON",
        }.items()
    ),
    *(
        Case(f"type-{name}", ("4.6 other content types",), LIST, post(ONE, f"Content-Type: {value}"), WRONG_TYPE)
        for name, value in {
            "text-json": "text/json",
            "plain": "text/plain",
            "longer": "application/jsonx",
            "text-plus": "text/x+json",
            "form": "application/x-www-form-urlencoded",
            "multipart": "multipart/form-data; boundary=X",
            "empty": "",
        }.items()
    ),
    Case("type-none", ("4.6 other content types",), LIST, post(ONE), WRONG_TYPE),
    Case("decorated-empty", ("4.6 empty",), LIST, post_json(b""), EMPTY),
    Case("decorated-no-length", ("4.6 empty",), LIST, ask("POST", "/score", JSON_TYPE, has_length=False), EMPTY),
    Case(
        "decorated-malformed",
        ("4.6 malformed",),
        LIST,
        post_json(b'{"data": [1,'),
        _malformed(b"Expecting value: line 1 column 13 (char 12)"),
    ),
    Case(
        "decorated-malformed-delimiter",
        ("4.6 malformed",),
        LIST,
        post_json(b'{"data": [1 2'),
        _malformed(b"Expecting ',' delimiter: line 1 column 13 (char 12)"),
    ),
    Case(
        "decorated-more-after-the-end",
        ("4.6 malformed",),
        LIST,
        post_json(ONE + b" x"),
        _malformed(b"Extra data: line 1 column 15 (char 14)"),
    ),
    Case(
        "decorated-blank",
        ("4.6 malformed",),
        LIST,
        post_json(b"   "),
        _malformed(b"Expecting value: line 1 column 4 (char 3)"),
    ),
    Case("decorated-not-utf8", ("4.6 not UTF-8", "4.2 INTERNAL500"), LIST, post_json(b"\xff"), INTERNAL500),
    *(
        Case(
            f"decorated-{encoding}",
            ("4.6 UTF-16, BOM",),
            LIST,
            post_json('{"data": ["ä"]}'.encode(encoding)),
            full(b'[["\\u00e4"], 7]'),
        )
        for encoding in ("utf-16", "utf-8-sig", "utf-32")
    ),
    *(
        Case(f"decorated-body-{name}", ("4.6 not an object",), LIST, post_json(body), NOT_AN_OBJECT)
        for name, body in {"list": b"[1]", "string": b'"x"', "null": b"null", "number": b"1"}.items()
    ),
    Case("decorated-missing", ("4.6 missing parameter",), LIST, post_json(b"{}"), MISSING),
    Case("decorated-case-of-names", ("4.6 missing parameter",), LIST, post_json(b'{"Data": [1]}'), MISSING),
    Case("decorated-extra-key", ("4.6 extra keys",), LIST, post_json(b'{"data": [1], "extra": 2}'), RESULT),
    Case(
        "decorated-request-headers-key",
        ("4.6 extra keys",),
        Deployment("decorated_request_headers.py"),
        post(b'{"data": 1, "request_headers": {"X-Own": "body"}}', JSON_TYPE, "X-Own: header"),
        full(b'[1, "default", "dict", "header"]'),
    ),
    Case(
        "decorated-duplicate-keys",
        ("4.6 duplicate keys",),
        LIST,
        post_json(b'{"data": [1], "data": [2]}'),
        full(b"[[2], 7]"),
    ),
    Case(
        "decorated-nan",
        ("4.6 NaN, Infinity",),
        LIST,
        post_json(b'{"data": [NaN, Infinity, -Infinity, 1e999]}'),
        full(b"[[NaN, Infinity, -Infinity, Infinity], 7]"),
    ),
    *(
        Case(f"decorated-unconverted-{name}", ("4.6 cannot be converted",), LIST, post_json(body), SCRIPT500)
        for name, body in {
            "null": b'{"data": null}',
            "text": b'{"data": "x"}',
            "default-given-null": b'{"data": [1], "number": null}',
        }.items()
    ),
    Case(
        "decorated-default-given",
        ("4.6 default goes through the conversion",),
        LIST,
        post_json(b'{"data": [1], "number": 8}'),
        full(b"[[1], 8]"),
    ),
    Case(
        "decorated-bad-default",
        ("4.6 default goes through the conversion",),
        Deployment("decorated_bad_default.py"),
        post_json(b"{}"),
        SCRIPT500,
        then=((post_json(b'{"when": "2020-01-01"}'), full(b'"2020-01-01 00:00:00"')),),
    ),
    Case("decorated-get", ("4.6 GET", "4.5 decorated"), LIST, get("/score?data=[1]&number=2"), full(b"[[1], 2]")),
    Case("decorated-get-missing", ("4.6 GET",), LIST, get("/score?number=2"), MISSING),
    Case("decorated-get-repeated", ("4.6 GET",), LIST, get("/score?data=[1]&data=[2]"), full(b"[[[1], [2]], 7]")),
    Case(
        "decorated-options",
        ("4.6 OPTIONS, HEAD, PUT",),
        LIST,
        ask("OPTIONS", "/score"),
        noexec(OK, b"", type_line=HTML),
    ),
    Case(
        "decorated-head",
        ("4.6 OPTIONS, HEAD, PUT",),
        LIST,
        ask("HEAD", "/score"),
        Answer(NOT_ALLOWED, (*START, JSON, "Content-Length: 33", FINE, VERSION, *IDS)),
    ),
    Case("decorated-put", ("4.6 OPTIONS, HEAD, PUT",), LIST, ask("PUT", "/score"), NOTALLOWED),
    Case(
        "decorated-chunked",
        ("4.6 JSON content types",),
        LIST,
        post_chunked(b'd\r\n{"data": [1]}\r\n0\r\n\r\n', JSON_TYPE),
        RESULT,
    ),
    Case("decorated-too-deep", ("observed JSON limits",), LIST, post_json(b"[" * 100_000), INTERNAL500),
    Case(
        "decorated-too-many-digits",
        ("observed JSON limits",),
        LIST,
        post_json(b'{"data": [' + b"1" * 5000 + b"]}"),
        INTERNAL500,
    ),
    Case(
        "decorated-output-only",
        ("4.6 only @output_schema",),
        Deployment("decorated_output_only.py"),
        post_json(b'{"data": [1, "b"]}'),
        full(b'["list", [1, "b"]]'),
    ),
    Case(
        "decorated-output-only-type",
        ("4.6 only @output_schema",),
        Deployment("decorated_output_only.py"),
        post(b'{"data": 1}'),
        WRONG_TYPE,
    ),
    Case(
        "decorated-unknown-parameter",
        ("4.6 schema of an absent parameter",),
        Deployment("decorated_unknown_parameter.py"),
        post_json(b'{"data": 1, "absent": 1}'),
        SCRIPT500,
        then=((post_json(b'{"absent": 1}'), MISSING),),
    ),
    *(
        Case(
            f"converts-{name}", (_row(name, "accepts"),), TYPES, post_json(typed(parameter, value)), full(out.encode())
        )
        for name, (parameter, value, out) in CONVERTED.items()
    ),
    *(
        Case(f"refuses-{name}", (_row(name, "refuses"),), TYPES, post_json(typed(parameter, value)), SCRIPT500)
        for name, (parameter, value) in REFUSED.items()
    ),
    *(
        Case(f"refuses-{kind}", ("7.1 date and range",), Deployment(f"decorated_{kind}.py"), post_json(body), SCRIPT500)
        for kind, body in {"date": b'{"data": "2020-01-01"}', "range": b'{"data": [0, 1, 2]}'}.items()
    ),
)
