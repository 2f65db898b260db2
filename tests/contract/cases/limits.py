"""Time limits, and the requests' sizes that gunicorn refuses: section 4.8 as far as one connection shows it."""

from amlemu_harness.parity.wire import Sent

from ..answers import GUN500, NOTHING, SCRIPT500, full, gunicorn, timeout500
from ..case import Answer, Case, Deployment, get, post
from .routes import ECHO

LIMITED = Deployment("slow.py", {"SCORING_TIMEOUT_MS": "300"})
UNLIMITED = Deployment("slow.py", {"SCORING_TIMEOUT_MS": "0"})
FIELDS_431 = "Request Header Fields Too Large"


def _slow(action: str, seconds: float) -> bytes:
    return f'["{action}", {seconds}]'.encode()


def _line_of(length: int) -> str:
    """Write the target of a GET whose request line has that length."""
    return "/score?a=" + "x" * (length - len("GET /score?a= HTTP/1.1"))


def _too_large(what: str) -> Answer:
    return gunicorn(f"431 {FIELDS_431}", FIELDS_431, f"Error parsing headers: &#x27;{what}&#x27;")


CASES = (
    Case(
        "timeout",
        ("4.8 SCORING_TIMEOUT_MS",),
        LIMITED,
        post(_slow("sleep", 5)),
        timeout500(300),
        takes_s=(0.3, 2),
        needs=("process",),
    ),
    Case(
        "timeout-caught",
        ("4.8 caught timeout",),
        LIMITED,
        post(_slow("catch", 0.4)),
        full(b'"caught"'),
        takes_s=(0.7, 3),
        needs=("process",),
    ),
    Case(
        "timeout-in-a-long-c-call",
        ("4.8 long C call",),
        LIMITED,
        post(_slow("in_c", 0.6)),
        timeout500(300),
        takes_s=(0.6, 3),
        needs=("process",),
    ),
    Case(
        "timeout-is-set-for-run",
        ("4.8 SCORING_TIMEOUT_MS",),
        LIMITED,
        post(_slow("alarm_left", 0)),
        full(b"true"),
        needs=("process",),
    ),
    Case(
        "client-leaves",
        ("4.8 client leaves",),
        UNLIMITED,
        Sent(post(_slow("count", 0.3)).raw, leaves=True),
        NOTHING,
        then=((post(_slow("counted", 0)), full(b"1")),),
    ),
    Case(
        "timeout-zero",
        ("3.7 SCORING_TIMEOUT_MS zero",),
        UNLIMITED,
        post(_slow("alarm_left", 0)),
        full(b"false"),
    ),
    Case(
        "timeout-negative",
        ("3.7 SCORING_TIMEOUT_MS negative",),
        Deployment("slow.py", {"SCORING_TIMEOUT_MS": "-1"}),
        post(_slow("alarm_left", 0)),
        SCRIPT500,
        needs=("process",),
    ),
    Case(
        "server-timeout",
        ("4.8 WORKER_TIMEOUT", "3.7 WORKER_TIMEOUT"),
        Deployment("slow.py", {"WORKER_TIMEOUT": "1"}),
        post(_slow("sleep", 9)),
        GUN500,
        then=((post(_slow("counted", 0)), full(b"0")),),
        takes_s=(1, 6),
        needs=("process",),
    ),
    Case(
        "server-timeout-spares-init",
        ("4.8 WORKER_TIMEOUT and init",),
        Deployment("slow_init.py", {"WORKER_TIMEOUT": "1", "INIT_S": "2.5"}),
        post(b"x"),
        full(b'"ready"'),
        needs=("process",),
    ),
    Case(
        "request-line-of-4094",
        ("4.8 414",),
        ECHO,
        get(_line_of(4094)),
        full(b'["str", "{\\"a\\": \\"' + b"x" * 4072 + b'\\"}"]'),
    ),
    Case(
        "request-line-of-4095",
        ("4.8 414",),
        ECHO,
        get(_line_of(4095)),
        gunicorn("414 URI Too Long", "URI Too Long", "Request Line is too large (4095 &gt; 4094)"),
    ),
    Case(
        "request-line-of-9000",
        ("4.8 414",),
        ECHO,
        get(_line_of(9000)),
        gunicorn("414 URI Too Long", "URI Too Long", "Request Line is too large (8192 &gt; 4094)"),
    ),
    Case("field-of-8190", ("4.8 431 field",), ECHO, get("/score", "X-A: " + "x" * 8183), full(b'["str", "{}"]')),
    Case(
        "field-of-8191",
        ("4.8 431 field",),
        ECHO,
        get("/score", "X-A: " + "x" * 8184),
        _too_large("limit request headers fields size"),
    ),
    Case(
        "100-fields",
        ("4.8 431 fields",),
        ECHO,
        get("/score", *(f"X-{n}: a" for n in range(99))),
        full(b'["str", "{}"]'),
    ),
    Case(
        "101-fields",
        ("4.8 431 fields",),
        ECHO,
        get("/score", *(f"X-{n}: a" for n in range(100))),
        _too_large("limit request headers fields"),
    ),
    Case(
        "101-fields-with-dropped-ones",
        ("4.8 431 fields", "observed underscore in a header name"),
        ECHO,
        get("/score", "X_A: a", *(f"X-{n}: a" for n in range(99))),
        full(b'["str", "{}"]'),
    ),
    Case(
        "101-fields-with-script-name",
        ("4.8 431 fields", "observed SCRIPT_NAME and PATH_INFO"),
        ECHO,
        get("/score", "Script_Name:", *(f"X-{n}: a" for n in range(99))),
        _too_large("limit request headers fields"),
    ),
)
