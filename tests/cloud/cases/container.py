"""The container alone: `image`, nginx before the server (3.5), and `bare`, the server itself (4.7)."""

from .. import causes
from ..answers import (
    DATE,
    EXEC,
    FAILED,
    FINE,
    GUN500,
    HTML,
    HTML_UTF8,
    JSON,
    KEPT,
    NGINX,
    PAGE413,
    PAGE502,
    PAGE504,
    SAME,
    SCRIPT500,
    VERSION,
    length,
)
from ..caller import post
from ..case import Case, Said, at

IMAGE = at("image")
BARE = at("bare")
OWN = "x-request-id: <guid>"
CLOSE = "Connection: close"

CASES = (
    Case(
        "image-served",
        ("3.5 Server, keep-alive",),
        IMAGE,
        post(b"{}", KEPT),
        Said(200, "OK", (NGINX, DATE, JSON, length(17), KEPT, FINE, EXEC, VERSION, OWN, SAME), b'{"characters": 2}'),
        causes.again,
    ),
    Case(
        "image-raises",
        ("3.5 Server, keep-alive",),
        IMAGE,
        post(b'{"raises": 1}'),
        Said(
            500,
            "INTERNAL SERVER ERROR",
            (NGINX, DATE, JSON, length(92), KEPT, FAILED, VERSION, OWN, SAME),
            SCRIPT500,
        ),
    ),
    Case(
        "image-dies",
        ("3.5 502 page",),
        IMAGE,
        post(b'{"dies": 1}'),
        Said(502, "Bad Gateway", (NGINX, DATE, HTML, length(157), KEPT), PAGE502),
        causes.survived,
    ),
    Case(
        "image-outlasts-nginx",
        ("3.5 504 page",),
        at("image", container__read_timeout_ms=200),
        post(b'{"waits": 1}'),
        Said(504, "Gateway Time-out", (NGINX, DATE, HTML, length(167), KEPT), PAGE504),
        causes.outlasted,
        takes_s=(0.2, 4.0),
    ),
    Case(
        "image-100-MB",
        ("3.5 413 page",),
        IMAGE,
        post(b"", "Content-Length: 104857600", "Expect: 100-continue"),
        Said(100, "Continue"),
        causes.not_refused,
    ),
    Case(
        "image-above-100-MB",
        ("3.5 413 page",),
        IMAGE,
        post(b"", "Content-Length: 104857601"),
        Said(413, "Request Entity Too Large", (NGINX, DATE, HTML, length(183), CLOSE), PAGE413),
        why="a body of 104857601 bytes, 104857600 are allowed",
        is_forwarded=False,
    ),
    Case(
        "bare-raises",
        ("4.7 run() raises",),
        BARE,
        post(b'{"raises": 1}'),
        Said(
            500,
            "INTERNAL SERVER ERROR",
            ("Server: gunicorn", DATE, CLOSE, JSON, length(92), FAILED, VERSION, OWN, SAME),
            SCRIPT500,
        ),
    ),
    Case(
        "bare-raises-system-exit",
        ("4.7 run() raises",),
        BARE,
        post(b'{"exits": 1}'),
        Said(500, "Internal Server Error", (CLOSE, HTML, length(141)), GUN500),
    ),
    Case(
        "bare-model-429",
        ("4.7 run() raises",),
        BARE,
        post(b'{"status": 429}'),
        Said(
            429,
            "TOO MANY REQUESTS",
            ("Server: gunicorn", DATE, CLOSE, HTML_UTF8, length(17), FINE, EXEC, VERSION, OWN, SAME),
            b"said by the model",
        ),
    ),
    Case("bare-dies", ("4.7 os._exit",), BARE, post(b'{"dies": 1}'), Said(0), causes.survived),
)
