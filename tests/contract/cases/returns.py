"""What run() returns: the first half of section 4.7."""

from ..answers import (
    ERROR,
    EXEC,
    FAILED,
    FINE,
    GUN500,
    HTML,
    IDS,
    INTERNAL500,
    JSON,
    LENGTH,
    OK,
    SCRIPT500,
    START,
    VERSION,
    full,
    passed,
)
from ..case import Answer, Case, Deployment, post

PLAIN = Deployment("returns.py")
NUMPY = Deployment("returns_numpy.py")
FLASK = Deployment("returns_flask.py")
AML = Deployment("returns_aml_response.py")
CHUNKED = "Transfer-Encoding: chunked"

ENCODED = {
    "str": ("returns str", b'"x"'),
    "dumped": ("returns str", b'"{\\"a\\": 1}"'),
    "dict": ("returns dict, list, int, float, bool, tuple", b'{"b": 1, "a": [1, 2], "null": null}'),
    "list": ("returns dict, list, int, float, bool, tuple", b'[1, "\\u00e4", {"k": []}]'),
    "int": ("returns dict, list, int, float, bool, tuple", b"7"),
    "float": ("returns dict, list, int, float, bool, tuple", b"1.5"),
    "bool": ("returns dict, list, int, float, bool, tuple", b"true"),
    "tuple": ("returns dict, list, int, float, bool, tuple", b"[1, 2]"),
    "none": ("returns None", b"{}"),
    "nan": ("returns NaN, inf", b"NaN"),
    "inf": ("returns NaN, inf", b"[Infinity, -Infinity]"),
    "tuple_with_status": ("returns (dict, 201)", b'[{"a": 1}, 201]'),
}

NOT_JSON = [
    "bytes",
    "bytearray",
    "set",
    "generator",
    "object",
    "coroutine",
    "tuple_key",
    "circle",
    "datetime",
    "decimal",
]
NOT_JSON_OF_NUMPY = ["float32", "int64", "bool_", "array", "frame", "series", "timestamp"]

AML_ANSWERS = {
    "default": ("AMLResponse default", full(b"hello", type_line=HTML)),
    "empty": ("AMLResponse default", full(b"", type_line=HTML)),
    "json": ("AMLResponse json_str", full(b'{"a": 1}')),
    "json_string": ("AMLResponse json_str", full(b'"hello"')),
    "created": ("AMLResponse failed flag", full(b"hello", type_line=HTML, status="HTTP/1.1 201 CREATED")),
    "client_error": ("AMLResponse failed flag", full(b"hello", type_line=HTML, status="HTTP/1.1 499 UNKNOWN")),
    "failing": ("AMLResponse failed flag", full(b"hello", type_line=HTML, status=ERROR, flag=FAILED)),
    "said_to_have_failed": ("AMLResponse failed flag", full(b"hello", type_line=HTML, flag=FAILED)),
    "none": ("AMLResponse(None)", full(b"{}")),
    "none_with_type": (
        "AMLResponse own Content-Type",
        passed(b"{}", JSON, LENGTH, FINE, "Content-Type: text/x-own"),
    ),
    "bytes": (
        "AMLResponse own Content-Type",
        passed(b"\xff\x00", LENGTH, FINE, "Content-Type: image/x-own"),
    ),
    "own_type": ("AMLResponse own Content-Type", passed(b"hello", LENGTH, FINE, "Content-Type: text/x-own")),
    "own_type_lower_case": (
        "AMLResponse own Content-Type",
        passed(b"hello", HTML, LENGTH, FINE, "content-type: text/x-own"),
    ),
    "own_type_and_json": (
        "AMLResponse own Content-Type",
        passed(b'"hello"', JSON, LENGTH, FINE, "Content-Type: text/x-own"),
    ),
    "commas": ("AMLResponse commas", passed(b"hello", HTML, LENGTH, FINE, "X-Many: a", "X-Many: b", "X-Many: c")),
    "own_ids": (
        "AMLResponse own x-request-id",
        Answer(
            OK,
            (
                *START,
                HTML,
                LENGTH,
                FINE,
                "x-request-id: <id 1>",
                "x-ms-client-request-id: mine",
                EXEC,
                VERSION,
                "x-ms-request-id: <id 1>",
            ),
            b"hello",
        ),
    ),
    "own_failed": (
        "AMLResponse own failed flag",
        passed(b"hello", HTML, LENGTH, FINE, "x-ms-run-function-failed: perhaps"),
    ),
    "own_failed_500": (
        "AMLResponse own failed flag",
        full(b"hello", type_line=HTML, status=ERROR, flag=FAILED),
    ),
    "status_299": ("AMLResponse 299, 999", full(b"hello", type_line=HTML, status="HTTP/1.1 299 UNKNOWN")),
    "status_999": (
        "AMLResponse 299, 999",
        full(b"hello", type_line=HTML, status="HTTP/1.1 999 UNKNOWN", flag=FAILED),
    ),
    "status_0": ("AMLResponse 0, 99", GUN500),
    "status_99": ("AMLResponse 0, 99", GUN500),
    "status_1000": ("AMLResponse 0, 99", GUN500),
    "header_not_latin": ("AMLResponse header not latin", GUN500),
    "header_latin": ("AMLResponse header not latin", passed(b"hello", HTML, LENGTH, FINE, "X-Own: \xe4")),
    "header_newline": ("AMLResponse header newline, int", SCRIPT500),
    "header_int": ("AMLResponse header newline, int", SCRIPT500),
    "header_name_with_space": ("AMLResponse header not latin", GUN500),
}

AML_OBSERVED = {
    "dict": b"ab",
    "list": b"xy",
}

RESPONSES = {
    "plain": passed(b"hello", "X-Own: 1", "Content-Type: text/x-own", LENGTH, status="HTTP/1.1 201 CREATED"),
    "default": passed(b"hello", HTML, LENGTH),
    "failing": passed(b"no", HTML, LENGTH, FAILED, status="HTTP/1.1 503 SERVICE UNAVAILABLE"),
    "client_error": passed(b"no", HTML, LENGTH, status="HTTP/1.1 422 UNPROCESSABLE ENTITY"),
    "own_failed": passed(b"abc", HTML, LENGTH, FAILED, status=ERROR),
    "own_failed_ok": passed(b"abc", HTML, LENGTH, "x-ms-run-function-failed: perhaps"),
    "redirect": passed(
        b"<!doctype html>\n<html lang=en>\n<title>Redirecting...</title>\n<h1>Redirecting...</h1>\n"
        b"<p>You should be redirected automatically to the target URL: "
        b'<a href="/elsewhere">/elsewhere</a>. If not, click the link.\n',
        HTML,
        LENGTH,
        "Location: /elsewhere",
        status="HTTP/1.1 302 FOUND",
    ),
    "jsonify": passed(b'{"a":"\\u00e4","b":1}\n', JSON, LENGTH),
    "html_page": passed(b"<p>", "Content-Type: text/html", LENGTH),
}

STREAMS = {
    "stream": passed(b"onetwo", CHUNKED, HTML, pieces=(b"one", b"two")),
    "stream_empty_piece": passed(b"onetwo", CHUNKED, HTML, pieces=(b"one", b"two")),
    "stream_of_bytes": passed(b"\xff\x00", CHUNKED, "Content-Type: application/octet-stream", pieces=(b"\xff\x00",)),
}

BROKEN_HEADERS = (*START, CHUNKED, HTML, EXEC, VERSION, *IDS)

OBSERVED = {
    "empty": (
        "empty Response",
        Answer(OK, (*START, HTML, EXEC, VERSION, *IDS, LENGTH)),
    ),
    "no_content": (
        "make_response 204, 304",
        passed(b"", HTML, status="HTTP/1.1 204 NO CONTENT"),
    ),
    "no_content_with_body": (
        "make_response 204, 304",
        passed(b"", HTML, status="HTTP/1.1 204 NO CONTENT"),
    ),
    "not_modified": ("make_response 204, 304", passed(b"", status="HTTP/1.1 304 NOT MODIFIED")),
    "not_modified_with_body": ("make_response 204, 304", passed(b"", status="HTTP/1.1 304 NOT MODIFIED")),
    "stream_never_starts": ("generator Response", GUN500),
    "stream_of_numbers": ("generator Response", Answer(OK, BROKEN_HEADERS, is_complete=False)),
    "stream_with_length": ("generator Response", passed(b"onetwo", HTML, LENGTH)),
    "length_too_large": (
        "Content-Length set by the script",
        Answer(OK, (*START, HTML, "Content-Length: 10", EXEC, VERSION, *IDS), b"abc", is_complete=False),
    ),
    "length_too_small": ("Content-Length set by the script", passed(b"ab", HTML, LENGTH)),
    "length_not_a_number": ("Content-Length set by the script", GUN500),
    "connection": ("headers set by the script", passed(b"abc", HTML, LENGTH)),
    "hop_by_hop": ("headers set by the script", passed(b"abc", HTML, LENGTH)),
    "own_date": ("headers set by the script", passed(b"abc", HTML, LENGTH)),
    "own_server": ("headers set by the script", passed(b"abc", HTML, LENGTH)),
    "own_ids": (
        "headers set by the script",
        Answer(
            OK,
            (*START, HTML, LENGTH, "x-request-id: <id 1>", EXEC, VERSION, "x-ms-request-id: <id 1>"),
            b"abc",
        ),
    ),
    "own_version": ("headers set by the script", passed(b"abc", HTML, LENGTH, "x-ms-server-version: mine")),
    "own_exec_ms": ("headers set by the script", passed(b"abc", HTML, LENGTH, "x-ms-run-fn-exec-ms: mine")),
    "cookies": (
        "headers set by the script",
        passed(b"abc", HTML, LENGTH, "Set-Cookie: a=1; Path=/", "Set-Cookie: b=2; Path=/"),
    ),
    "lower_case_name": ("headers set by the script", passed(b"abc", HTML, LENGTH, "x-lower: 1")),
    "etag": ("headers set by the script", passed(b"abc", HTML, LENGTH, 'ETag: "tag"')),
    "custom_phrase": ("phrases set by the script", passed(b"x", HTML, LENGTH, status="HTTP/1.1 200 Very Well")),
    "phrase_of_unknown": ("phrases set by the script", passed(b"x", HTML, LENGTH, status="HTTP/1.1 299 Fine")),
    "phrase_only": ("phrases set by the script", GUN500),
}


def _dashed(name: str) -> str:
    return name.replace("_", "-").strip("-")


CASES = (
    *(
        Case(f"returns-{_dashed(name)}", (f"4.7 {row}",), PLAIN, post(name.encode()), full(body))
        for name, (row, body) in ENCODED.items()
    ),
    *(
        Case(
            f"{prefix}-{_dashed(name)}",
            ("4.7 returns what JSON cannot say", "4.2 INTERNAL500", "4.1 upper-case phrases"),
            deployment,
            post(name.encode()),
            INTERNAL500,
        )
        for prefix, deployment, names in (("returns", PLAIN, NOT_JSON), ("returns-numpy", NUMPY, NOT_JSON_OF_NUMPY))
        for name in names
    ),
    Case("returns-numpy-float64", ("4.7 returns numpy.float64",), NUMPY, post(b"float64"), full(b"1.5")),
    Case(
        "returns-surrogate",
        ("observed surrogates and keys",),
        PLAIN,
        post(b"surrogate"),
        full(b'"\\ud800"'),
    ),
    Case(
        "returns-keys-that-collide",
        ("observed surrogates and keys",),
        PLAIN,
        post(b"int_keys"),
        full(b'{"1": 3, "1.5": 4}'),
    ),
    Case(
        "returns-response-and-status", ("4.7 returns (Response, 201)",), FLASK, post(b"tuple_of_response"), INTERNAL500
    ),
    *(
        Case(f"response-{_dashed(name)}", ("4.7 returns Response",), FLASK, post(name.encode()), answer)
        for name, answer in RESPONSES.items()
    ),
    *(
        Case(
            f"response-{_dashed(name)}",
            ("4.7 returns streamed Response", "observed generator Response"),
            FLASK,
            post(name.encode()),
            answer,
        )
        for name, answer in STREAMS.items()
    ),
    Case(
        "response-stream-breaks",
        ("4.7 stream breaks",),
        FLASK,
        post(b"stream_broken"),
        Answer(OK, BROKEN_HEADERS, b"one", (b"one",), is_complete=False),
    ),
    *(
        Case(f"response-{_dashed(name)}", (f"observed {row}",), FLASK, post(name.encode()), answer)
        for name, (row, answer) in OBSERVED.items()
    ),
    *(
        Case(
            f"aml-response-{_dashed(name)}",
            (f"4.7 {row}", *(("4.1 UNKNOWN",) if name == "status_299" else ())),
            AML,
            post(name.encode()),
            answer,
        )
        for name, (row, answer) in AML_ANSWERS.items()
    ),
    *(
        Case(
            f"aml-response-{_dashed(name)}",
            ("4.7 AMLResponse dict", "observed AMLResponse details"),
            AML,
            post(name.encode()),
            Answer(OK, (*START, HTML, FINE, EXEC, VERSION, *IDS, LENGTH), body),
        )
        for name, body in AML_OBSERVED.items()
    ),
    Case("aml-response-int", ("observed AMLResponse details",), AML, post(b"int"), GUN500),
    Case(
        "aml-response-status-text",
        ("observed AMLResponse details", "observed phrases set by the script"),
        AML,
        post(b"status_text"),
        full(b"hello", type_line=HTML, status="HTTP/1.1 200 Very Well"),
    ),
)
