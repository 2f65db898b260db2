"""Request ids: section 4.9."""

from ..answers import (
    EXEC,
    FINE,
    HEADER_TOO_LARGE,
    HTML,
    IDS,
    JSON,
    LENGTH,
    OK,
    SCRIPT500,
    START,
    VERSION,
)
from ..case import Answer, Case, Deployment, ask, get, post
from .routes import ECHO

A, B, C = "x-request-id: A", "x-ms-request-id: B", "x-ms-client-request-id: C"
LONG, LONGER = "a" * 100, "a" * 101
TOO_LONG = b'{"message": "x-request-id must not exceed 100 characters"}'
CLIENT_TOO_LONG = b'{"message": "x-ms-request-id and x-ms-client-request-id must not exceed 100 characters"}'

SENT_AND_ECHOED = {
    "none": ((), IDS, "4.9 none"),
    "a": ((A,), ("x-request-id: A", "x-ms-request-id: A"), "4.9 A"),
    "b": ((B,), ("x-request-id: <id 1>", "x-ms-request-id: B", "x-ms-client-request-id: B"), "4.9 B"),
    "c": ((C,), ("x-request-id: <id 1>", "x-ms-request-id: C", "x-ms-client-request-id: C"), "4.9 C"),
    "a-b": ((A, B), ("x-request-id: A", "x-ms-request-id: B", "x-ms-client-request-id: B"), "4.9 A B"),
    "a-c": ((A, C), ("x-request-id: A", "x-ms-request-id: C", "x-ms-client-request-id: C"), "4.9 A C"),
    "b-c": ((B, C), ("x-request-id: <id 1>", "x-ms-request-id: B", "x-ms-client-request-id: C"), "4.9 B C"),
    "a-b-c": ((A, B, C), ("x-request-id: A", "x-ms-request-id: B", "x-ms-client-request-id: C"), "4.9 A B C"),
    "empty": (("x-request-id:",), (), "4.9 empty x-request-id"),
    "empty-client": (("x-ms-client-request-id:",), IDS, "4.9 empty client id"),
    "empty-legacy": (("x-ms-request-id:",), IDS, "4.9 empty client id"),
    "empty-and-c": (
        ("x-request-id:", C),
        ("x-ms-request-id: C", "x-ms-client-request-id: C"),
        "observed ids details",
    ),
    "empty-and-b": (
        ("x-request-id:", B),
        ("x-ms-request-id: B", "x-ms-client-request-id: B"),
        "observed ids details",
    ),
    "upper-case": (("X-REQUEST-ID: A",), ("x-request-id: A", "x-ms-request-id: A"), "observed ids details"),
    "repeated": ((A, "x-request-id: B"), ("x-request-id: A,B", "x-ms-request-id: A,B"), "observed ids details"),
    "latin": (("x-request-id: \xe4",), ("x-request-id: \xe4", "x-ms-request-id: \xe4"), "observed ids details"),
    "spaces": (("x-request-id: a b",), ("x-request-id: a b", "x-ms-request-id: a b"), "observed ids details"),
    "of-100": (
        (f"x-request-id: {LONG}",),
        (f"x-request-id: {LONG}", f"x-ms-request-id: {LONG}"),
        "4.9 100 characters",
    ),
    "client-of-100": (
        (f"x-ms-client-request-id: {LONG}",),
        ("x-request-id: <id 1>", f"x-ms-request-id: {LONG}", f"x-ms-client-request-id: {LONG}"),
        "4.9 100 characters",
    ),
    "trace-id": (("TraceId: T",), (*IDS, "TraceId: T"), "4.9 TraceId"),
    "trace-id-lower-case": (("traceid: T",), (*IDS, "TraceId: T"), "4.9 TraceId"),
    "trace-id-empty": (("TraceId:",), (*IDS, "TraceId: "), "observed ids details"),
}

REFUSED = {
    "a-of-101": ((f"x-request-id: {LONGER}",), (), TOO_LONG, "4.9 too long x-request-id"),
    "a-of-101-and-c": ((f"x-request-id: {LONGER}", C), (), TOO_LONG, "observed ids details"),
    "a-of-101-and-trace-id": (
        (f"x-request-id: {LONGER}", "TraceId: T"),
        ("TraceId: T",),
        TOO_LONG,
        "observed ids details",
    ),
    "b-of-101": (
        (f"x-ms-request-id: {LONGER}",),
        ("x-request-id: <id 1>",),
        CLIENT_TOO_LONG,
        "4.9 too long client ids",
    ),
    "b-of-101-and-c": (
        (f"x-ms-request-id: {LONGER}", C),
        ("x-request-id: <id 1>",),
        CLIENT_TOO_LONG,
        "4.9 too long client ids",
    ),
    "c-of-101": (
        (f"x-ms-client-request-id: {LONGER}",),
        ("x-request-id: <id 1>",),
        CLIENT_TOO_LONG,
        "4.9 too long client ids",
    ),
    "a-and-c-of-101": (
        (A, f"x-ms-client-request-id: {LONGER}"),
        ("x-request-id: A",),
        CLIENT_TOO_LONG,
        "4.9 too long client ids",
    ),
}


def refusal(body: bytes, *ids: str) -> Answer:
    return Answer(HEADER_TOO_LARGE, (*START, JSON, LENGTH, FINE, VERSION, *ids), body)


CASES = (
    *(
        Case(
            f"ids-{name}",
            (row,),
            ECHO,
            get("/score", *sent),
            Answer(OK, (*START, JSON, LENGTH, FINE, EXEC, VERSION, *echoed), b'["str", "{}"]'),
        )
        for name, (sent, echoed, row) in SENT_AND_ECHOED.items()
    ),
    *(
        Case(f"ids-{name}", (row,), ECHO, get("/score", *sent), refusal(body, *known))
        for name, (sent, known, body, row) in REFUSED.items()
    ),
    Case(
        "ids-too-long-on-root",
        ("4.9 applies to /",),
        ECHO,
        get("/", f"x-request-id: {LONGER}"),
        refusal(TOO_LONG),
    ),
    Case(
        "ids-too-long-on-swagger",
        ("4.9 applies to /",),
        ECHO,
        get("/swagger.json", f"x-request-id: {LONGER}"),
        refusal(TOO_LONG),
    ),
    Case(
        "ids-too-long-on-head",
        ("observed ids details",),
        ECHO,
        ask("HEAD", "/score", f"x-request-id: {LONGER}"),
        Answer(HEADER_TOO_LARGE, (*START, JSON, "Content-Length: 58", FINE, VERSION)),
    ),
    Case(
        "ids-on-root",
        ("4.9 C", "4.9 TraceId"),
        ECHO,
        get("/", C, "TraceId: T"),
        Answer(
            OK,
            (
                *START,
                HTML,
                LENGTH,
                VERSION,
                "x-request-id: <id 1>",
                "x-ms-request-id: C",
                "x-ms-client-request-id: C",
                "TraceId: T",
            ),
            b"Healthy",
        ),
    ),
    Case(
        "ids-of-a-failure",
        ("4.9 A C", "4.9 TraceId"),
        Deployment("raises.py"),
        post(b"ValueError", A, C, "TraceId: T"),
        Answer(
            SCRIPT500.status,
            (
                *SCRIPT500.headers[:-2],
                "x-request-id: A",
                "x-ms-request-id: C",
                "x-ms-client-request-id: C",
                "TraceId: T",
            ),
            SCRIPT500.body,
        ),
    ),
)
