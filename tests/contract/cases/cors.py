"""CORS in the container: section 4.14."""

from ..answers import (
    EXEC,
    FINE,
    HEADER_TOO_LARGE,
    HTML,
    IDS,
    JSON,
    LENGTH,
    NOTALLOWED,
    NOTFOUND,
    OK,
    START,
    VERSION,
)
from ..case import Answer, Case, Deployment, ask, get

LISTED = Deployment("echo.py", {"AML_CORS_ORIGINS": "http://a.example, http://b.example"})
ANY = Deployment("echo.py", {"AML_CORS_ORIGINS": "*"})
A = "Origin: http://a.example"
ASKS_POST = "Access-Control-Request-Method: POST"
ALLOWS_A = "Access-Control-Allow-Origin: http://a.example"
METHODS = "Access-Control-Allow-Methods: GET, POST"
VARY = "Vary: Origin"


def _scored(*cors: str) -> Answer:
    return Answer(OK, (*START, JSON, LENGTH, FINE, EXEC, *cors, VERSION, *IDS), b'["str", "{}"]')


def _preflight(*cors: str) -> Answer:
    return Answer(OK, (*START, HTML, LENGTH, FINE, *cors, VERSION, *IDS))


CASES = (
    Case(
        "cors-first", ("4.14 allowed origin", "3.7 AML_CORS_ORIGINS"), LISTED, get("/score", A), _scored(ALLOWS_A, VARY)
    ),
    Case(
        "cors-second",
        ("4.14 allowed origin", "3.7 AML_CORS_ORIGINS"),
        LISTED,
        get("/score", "Origin: http://b.example"),
        _scored("Access-Control-Allow-Origin: http://b.example", VARY),
    ),
    Case("cors-stranger", ("4.14 origin not allowed",), LISTED, get("/score", "Origin: http://c.example"), _scored()),
    Case("cors-null", ("observed CORS details",), LISTED, get("/score", "Origin: null"), _scored()),
    Case("cors-no-origin", ("4.14 no origin",), LISTED, get("/score"), _scored(ALLOWS_A, VARY)),
    Case("cors-empty-origin", ("observed CORS details",), LISTED, get("/score", "Origin:"), _scored(ALLOWS_A, VARY)),
    Case(
        "cors-upper-case",
        ("observed CORS details",),
        LISTED,
        get("/score", "Origin: HTTP://A.EXAMPLE"),
        _scored("Access-Control-Allow-Origin: HTTP://A.EXAMPLE", VARY),
    ),
    Case(
        "cors-preflight",
        ("4.14 preflight",),
        LISTED,
        ask("OPTIONS", "/score", A, ASKS_POST),
        _preflight(ALLOWS_A, METHODS, VARY),
    ),
    Case(
        "cors-preflight-with-headers",
        ("4.14 preflight",),
        LISTED,
        ask("OPTIONS", "/score", A, ASKS_POST, "Access-Control-Request-Headers: content-type, x-b"),
        _preflight(ALLOWS_A, "Access-Control-Allow-Headers: content-type, x-b", METHODS, VARY),
    ),
    Case(
        "cors-preflight-other-method",
        ("observed CORS details",),
        LISTED,
        ask("OPTIONS", "/score", A, "Access-Control-Request-Method: PUT"),
        _preflight(ALLOWS_A, VARY),
    ),
    Case(
        "cors-preflight-stranger",
        ("4.14 origin not allowed",),
        LISTED,
        ask("OPTIONS", "/score", "Origin: http://c.example", ASKS_POST),
        _preflight(),
    ),
    Case(
        "cors-options-without-question",
        ("observed CORS details",),
        LISTED,
        ask("OPTIONS", "/score", A),
        _preflight(ALLOWS_A, VARY),
    ),
    Case(
        "cors-root",
        ("4.14 allowed origin",),
        LISTED,
        get("/", A),
        Answer(OK, (*START, HTML, LENGTH, ALLOWS_A, VARY, VERSION, *IDS), b"Healthy"),
    ),
    Case(
        "cors-options-root",
        ("observed CORS details",),
        LISTED,
        ask("OPTIONS", "/", A, "Access-Control-Request-Method: GET"),
        Answer(OK, (*START, HTML, "Allow: GET, HEAD, OPTIONS", ALLOWS_A, METHODS, VARY, VERSION, *IDS, LENGTH)),
    ),
    Case("cors-404", ("4.14 404",), LISTED, get("/nope", A), NOTFOUND),
    Case("cors-405", ("observed CORS details",), LISTED, ask("PUT", "/score", A), NOTALLOWED),
    Case(
        "cors-431",
        ("observed CORS details",),
        LISTED,
        get("/score", A, "x-request-id: " + "a" * 101),
        Answer(
            HEADER_TOO_LARGE,
            (*START, JSON, LENGTH, FINE, ALLOWS_A, VARY, VERSION),
            b'{"message": "x-request-id must not exceed 100 characters"}',
        ),
    ),
    Case("cors-any", ("4.14 *",), ANY, get("/score", A), _scored(ALLOWS_A, VARY)),
    Case("cors-any-no-origin", ("4.14 no origin",), ANY, get("/score"), _scored("Access-Control-Allow-Origin: *")),
    Case(
        "cors-any-preflight",
        ("4.14 *",),
        ANY,
        ask("OPTIONS", "/score", A, ASKS_POST),
        _preflight(ALLOWS_A, METHODS, VARY),
    ),
    Case("cors-any-404", ("4.14 404",), ANY, get("/nope", A), NOTFOUND),
)
