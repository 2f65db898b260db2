"""`managed-current`: no size limit, connections counted (1.2, 1.5), bandwidth that delays and says so (1.3)."""

from .. import causes
from ..answers import (
    DATE,
    EXEC,
    FINE,
    HTML,
    HTML_UTF8,
    JSON,
    NGINX,
    OWN,
    PAGE413,
    PASSED_ON,
    SAME,
    VERSION,
    all_assumed,
    failed_dependency,
    served,
    standard,
)
from ..caller import post
from ..case import Case, Deployment, Said, Text, at
from .admission import TOO_MANY

CURRENT = at("managed-current", bandwidth_bytes_per_second=0)


def _slow(name: str) -> Deployment:
    """So slow that 260 000 bytes take 0.3 s more than a full bucket has; an answer of 20 takes no whole millisecond."""
    return at("managed-current", bandwidth_bytes_per_second=200_000, only_for=name)


def _chunked(type_: str) -> tuple[Text, ...]:
    head = (*all_assumed(PASSED_ON, NGINX, DATE), type_)
    framing = all_assumed("chunks, for the sake of trailers", "Transfer-Encoding: chunked")
    return (*head, *framing, *all_assumed(PASSED_ON, FINE, EXEC, VERSION, SAME, OWN))


CASES = (
    Case(
        "request-of-3-MB",
        ("1.2 413",),
        CURRENT,
        post(b"x" * 3_000_000),
        Said(200, standard("OK"), served(JSON, 23, FINE, EXEC, VERSION), b'{"characters": 3000000}'),
    ),
    Case(
        "answer-of-3-MB",
        ("1.2 424, 2021",),
        CURRENT,
        post(b'{"characters": 3000000}'),
        Said(200, standard("OK"), served(HTML_UTF8, 3_000_000, FINE, EXEC, VERSION), b"x" * 3_000_000),
    ),
    Case(
        "request-above-the-container's-limit",
        ("1.2 413", "1.2 container 4xx"),
        at("managed-current", container__request_bytes=1000),
        post(b"x" * 1001),
        failed_dependency(413, HTML, PAGE413, ids=(OWN,)),
    ),
    Case(
        "rate-today",
        ("1.2 429 rate",),
        at("managed-current", requests_per_second=3),
        post(),
        TOO_MANY,
        causes.too_often(least=3),
        why="more than 3 requests a second",
        is_forwarded=False,
    ),
    Case(
        "open-connections",
        ("1.2 429 rate",),
        at("managed-current", open_connections=3),
        post(),
        TOO_MANY,
        causes.on_connection(4),
        why="more than 3 open connections",
        is_forwarded=False,
    ),
    Case(
        "new-connections",
        ("1.2 429 rate",),
        at("managed-current", new_connections_per_second=3),
        post(),
        TOO_MANY,
        causes.on_many_new_connections,
        why="more than 3 new connections a second",
        is_forwarded=False,
    ),
    Case(
        "slow-request",
        ("1.3 bandwidth trailers",),
        _slow("slow-request"),
        post(b"x" * 260_000),
        Said(
            200,
            standard("OK"),
            _chunked(JSON),
            b'{"characters": 260000}',
            ("ms-azureml-bandwidth-request-delay-ms: <delay>",),
        ),
        takes_s=(0.25, 5.0),
    ),
    Case(
        "slow-answer",
        ("1.3 bandwidth trailers",),
        _slow("slow-answer"),
        post(b'{"characters": 260000}'),
        Said(
            200,
            standard("OK"),
            _chunked(HTML_UTF8),
            b"x" * 260_000,
            ("ms-azureml-bandwidth-response-delay-ms: <delay>",),
        ),
        takes_s=(0.25, 5.0),
    ),
    Case(
        "slow-both",
        ("1.3 bandwidth trailers",),
        _slow("slow-both"),
        post(b'{"characters": 40000}' + b" " * 260_000),
        Said(
            200,
            standard("OK"),
            _chunked(HTML_UTF8),
            b"x" * 40_000,
            (
                "ms-azureml-bandwidth-request-delay-ms: <delay>",
                "ms-azureml-bandwidth-response-delay-ms: <delay>",
            ),
        ),
        takes_s=(0.45, 5.0),
    ),
)
