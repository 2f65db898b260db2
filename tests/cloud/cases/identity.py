"""Request ids: 1.3, on the answers of the container and on those of the gateway (8 #7, 8 #8)."""

from .. import causes
from ..answers import EXEC, FINE, JSON, OWN, SAME, VERSION, assumed, own, served, standard
from ..caller import post
from ..case import Case, Said, at
from .admission import THREE_A_SECOND
from .managed import HURRIED
from .routing import KEYS, REFUSED

MANAGED = at("managed")
FORTY = "a" * 40


def _good(*ids: str) -> Said:
    return Said(200, standard("OK"), served(JSON, 17, FINE, EXEC, VERSION, ids=ids), b'{"characters": 2}')


SERVED = (
    Case("own-id", ("1.3 x-request-id",), MANAGED, post(), _good(SAME, OWN)),
    Case("id-overwritten", ("1.3 x-request-id",), MANAGED, post(b"{}", "x-request-id: mine"), _good(SAME, OWN)),
    Case(
        "guid-overwritten",
        ("1.3 x-request-id",),
        MANAGED,
        post(b"{}", "X-Request-ID: 11111111-2222-4333-8444-555555555555"),
        _good(SAME, OWN),
    ),
    Case(
        "client-id",
        ("1.3 x-ms-client-request-id",),
        MANAGED,
        post(b"{}", "x-ms-client-request-id: My-Id_7"),
        _good("x-ms-request-id: My-Id_7", "x-ms-client-request-id: My-Id_7", OWN),
    ),
    Case(
        "client-id-tidied",
        ("1.3 x-ms-client-request-id",),
        MANAGED,
        post(b"{}", "x-ms-client-request-id: a b/c.d\xe9{-_}:9"),
        _good("x-ms-request-id: abcd-_9", "x-ms-client-request-id: abcd-_9", OWN),
    ),
    Case(
        "client-id-of-40",
        ("1.3 x-ms-client-request-id",),
        MANAGED,
        post(b"{}", f"x-ms-client-request-id: {FORTY}"),
        _good(f"x-ms-request-id: {FORTY}", f"x-ms-client-request-id: {FORTY}", OWN),
    ),
    Case(
        "client-id-of-41",
        ("1.3 x-ms-client-request-id",),
        MANAGED,
        post(b"{}", f"x-ms-client-request-id: {FORTY}b"),
        _good(f"x-ms-request-id: {FORTY}", f"x-ms-client-request-id: {FORTY}", OWN),
    ),
    Case(
        "client-id-of-nothing",
        ("1.3 x-ms-client-request-id",),
        MANAGED,
        post(b"{}", "x-ms-client-request-id: ..."),
        _good(SAME, OWN),
    ),
    Case(
        "older-id",
        ("1.3 x-ms-request-id",),
        MANAGED,
        post(b"{}", "x-ms-request-id: older"),
        _good("x-ms-request-id: older", "x-ms-client-request-id: older", OWN),
    ),
)
ALL = ("x-request-id: mine", "x-ms-request-id: older", "x-ms-client-request-id: younger")
ALL_BACK = (OWN, "x-ms-request-id: older", "x-ms-client-request-id: younger")
REFUSALS = (
    Case(
        "ids-of-401",
        ("1.3 x-request-id", "1.3 x-ms-client-request-id"),
        KEYS,
        post(b"{}", *ALL),
        own(401, standard("Unauthorized"), assumed(REFUSED, "8 #1"), why="8 #1", ids=ALL_BACK),
        why="no Authorization header",
        is_forwarded=False,
    ),
    Case(
        "ids-of-408",
        ("1.3 x-request-id", "1.3 x-ms-client-request-id"),
        HURRIED,
        post(b'{"waits": 1}', *ALL),
        own(408, standard("Request Timeout"), b"upstream request timeout", why="8 #5", ids=ALL_BACK),
        causes.outlasted,
    ),
    Case(
        "ids-of-429",
        ("1.3 x-request-id", "1.3 x-ms-client-request-id"),
        THREE_A_SECOND,
        post(b"{}", *ALL[2:]),
        own(
            429,
            standard("Too Many Requests"),
            assumed(b"", "8 #4"),
            why="8 #4",
            ids=(OWN, "x-ms-request-id: younger", "x-ms-client-request-id: younger"),
        ),
        causes.too_often(least=0),
        why="requests a second",
        is_forwarded=False,
    ),
)
CASES = (*SERVED, *REFUSALS)
