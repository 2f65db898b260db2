"""A run() that takes the raw request: section 4.11."""

from ..answers import (
    BAD_REQUEST,
    EXEC,
    FINE,
    HTML,
    IDS,
    INTERNAL500,
    JSON,
    NOTALLOWED,
    OK,
    SCRIPT500,
    START,
    VERSION,
    full,
    passed,
)
from ..case import JSON_TYPE, Answer, Case, Deployment, ask, get, post, post_chunked
from .undecorated import FORM, MULTIPART

RAW = Deployment("rawhttp.py")
PARTS = (
    b'--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    b'--XX\r\nContent-Disposition: form-data; name="f"; filename="x.bin"\r\n\r\n\xff\x00\r\n--XX--\r\n'
)
LARGE_FIELD = b'--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\n%s\r\n--XX--\r\n' % (b"x" * 600_000)


def _target(case: str) -> str:
    return f"/score?case={case}"


def _head(type_line: str, length: int, *, status: str = OK) -> Answer:
    return Answer(status, (*START, type_line, f"Content-Length: {length}", FINE, EXEC, VERSION, *IDS))


CASES = (
    *(
        Case(
            f"raw-{method.lower()}",
            ("4.11 methods", "4.11 long import"),
            RAW,
            ask(method, "/score"),
            full(f"called with {method}".encode(), type_line=HTML),
        )
        for method in ("GET", "POST", "OPTIONS")
    ),
    Case("raw-head", ("4.11 methods", "observed HEAD on rawhttp"), RAW, ask("HEAD", "/score"), _head(HTML, 16)),
    Case("raw-head-of-json", ("observed HEAD on rawhttp",), RAW, ask("HEAD", _target("dict")), _head(JSON, 8)),
    Case(
        "raw-head-of-an-error",
        ("observed HEAD on rawhttp",),
        RAW,
        ask("HEAD", _target("error")),
        _head(HTML, 11, status=BAD_REQUEST),
    ),
    Case("raw-head-of-a-stream", ("observed HEAD on rawhttp",), RAW, ask("HEAD", _target("stream")), passed(b"", HTML)),
    *(
        Case(f"raw-{method.lower()}", ("4.11 other methods",), RAW, ask(method, "/score"), NOTALLOWED)
        for method in ("PUT", "DELETE", "PATCH")
    ),
    Case("raw-is-a-proxy", ("4.11 proxy",), RAW, get(_target("is_aml_request")), full(b"false")),
    Case("raw-is-a-flask-request", ("4.11 proxy",), RAW, get(_target("is_flask_request")), full(b"true")),
    Case("raw-type", ("4.11 proxy",), RAW, get(_target("is_proxy")), full(b'"LocalProxy"')),
    *(
        Case(
            f"raw-bytes-of-{method.lower()}",
            ("4.11 bytes, forms, files",),
            RAW,
            ask(method, _target("body"), body=b"\xff\x00"),
            full(b"\"b'\\\\xff\\\\x00'\""),
        )
        for method in ("POST", "GET")
    ),
    Case(
        "raw-form-as-bytes",
        ("4.11 bytes, forms, files",),
        RAW,
        post(b"a=1&b=2", FORM, target=_target("body")),
        full(b"\"b'a=1&b=2'\""),
    ),
    Case(
        "raw-form-as-data",
        ("4.11 bytes, forms, files",),
        RAW,
        post(b"a=1&b=2", FORM, target=_target("data")),
        full(b"\"b''\""),
    ),
    Case(
        "raw-form-as-form",
        ("4.11 bytes, forms, files",),
        RAW,
        post(b"a=1&b=2", FORM, target=_target("form")),
        full(b'[{"a": "1", "b": "2"}, "b\'\'"]'),
    ),
    Case(
        "raw-files",
        ("4.11 bytes, forms, files",),
        RAW,
        post(PARTS, MULTIPART, target=_target("files")),
        full(b'{"f": "b\'\\\\xff\\\\x00\'"}'),
    ),
    Case(
        "raw-multipart-form",
        ("4.11 bytes, forms, files",),
        RAW,
        post(PARTS, MULTIPART, target=_target("form")),
        full(b'[{"a": "1"}, "b\'\'"]'),
    ),
    Case(
        "raw-large-field",
        ("observed multipart field over 500 000 bytes",),
        RAW,
        post(LARGE_FIELD, MULTIPART, target=_target("form")),
        SCRIPT500,
    ),
    Case(
        "raw-query",
        ("4.11 bytes, forms, files",),
        RAW,
        get(_target("args") + "&a=1&a=2"),
        full(b'{"case": ["args"], "a": ["1", "2"]}'),
    ),
    Case(
        "raw-path",
        ("4.11 bytes, forms, files",),
        RAW,
        get(_target("path")),
        full(b'["/score", "/score?case=path", "http://localhost/score?case=path", "127.0.0.1"]'),
    ),
    Case(
        "raw-json",
        ("4.11 request.json fails",),
        RAW,
        post(b'{"a": 1}', JSON_TYPE, target=_target("json")),
        full(b'{"a": 1}'),
    ),
    Case(
        "raw-json-malformed",
        ("4.11 request.json fails",),
        RAW,
        post(b'{"a": ', JSON_TYPE, target=_target("json")),
        SCRIPT500,
    ),
    Case("raw-json-type", ("4.11 request.json fails",), RAW, post(b"{}", target=_target("json")), SCRIPT500),
    Case("raw-returns-bytes", ("4.11 returned bytes",), RAW, post(target=_target("bytes")), INTERNAL500),
    Case(
        "raw-returns-bytes-in-a-response",
        ("4.11 returned bytes",),
        RAW,
        post(b"\xff\x00", target=_target("bytes_in_response")),
        full(b"\xff\x00", type_line=HTML),
    ),
    Case("raw-returns-none", ("4.11 returned bytes",), RAW, post(target=_target("none")), full(b"{}")),
    Case(
        "raw-stream",
        ("observed generator Response",),
        RAW,
        post(target=_target("stream")),
        passed(b"onetwo", "Transfer-Encoding: chunked", HTML, pieces=(b"one", b"two")),
    ),
    Case(
        "raw-chunked-cut",
        ("observed chunked and cut",),
        RAW,
        post_chunked(b"3\r\nab", half_close=True, target=_target("body")),
        SCRIPT500,
    ),
    Case(
        "chunked-bad-trailer-of-raw",
        ("observed malformed chunks", "observed trailers"),
        RAW,
        post_chunked(b"3\r\nabc\r\n0\r\nnonsense\r\n\r\n", target=_target("body")),
        SCRIPT500,
    ),
    Case(
        "chunked-with-bad-trailer-unread",
        ("observed malformed chunks", "observed trailers"),
        RAW,
        post_chunked(b"3\r\nabc\r\n0\r\nnonsense\r\n\r\n"),
        full(b"called with POST", type_line=HTML),
    ),
    *(
        Case(f"raw-path-{name}", ("observed SCRIPT_NAME and PATH_INFO",), RAW, get(target, header), full(said))
        for name, target, header, said in (
            (
                "of-script-name",
                f"/a{_target('path')}",
                "Script_Name: /a",
                b'["/score", "/score?case=path", "http://localhost/a/score?case=path", "127.0.0.1"]',
            ),
            (
                "of-script-name-encoded",
                f"/%61{_target('path')}",
                "Script_Name: /%61",
                b'["/score", "/score?case=path", "http://localhost/a/score?case=path", "127.0.0.1"]',
            ),
        )
    ),
    Case(
        "raw-native-import",
        ("4.11 native import",),
        Deployment("rawhttp_native_import.py"),
        post(b"x"),
        full(b"x seen", type_line=HTML),
    ),
    Case(
        "raw-with-request-headers",
        ("4.11 bytes, forms, files",),
        Deployment("rawhttp_request_headers.py"),
        post(b"x"),
        full(b'["POST", "localhost"]'),
    ),
    Case(
        "raw-by-another-function",
        ("users 2 16",),
        Deployment("rawhttp_on_another_function.py"),
        post(b"x"),
        full(b'"LocalProxy"'),
    ),
)
