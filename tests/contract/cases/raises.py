"""What run() raises, and what ends its process: the second half of section 4.7."""

from ..answers import GUN500, NOTHING, SCRIPT500, full, timeout500
from ..case import Case, Deployment, ask, post

RAISES = Deployment("raises.py")
KILLS = Deployment("kills_itself.py")

CASES = (
    *(
        Case(
            f"raises-{name}",
            ("4.7 raises Exception", "4.2 SCRIPT500", "4.1 message bodies"),
            RAISES,
            post(name.encode()),
            SCRIPT500,
        )
        for name in [
            "ValueError",
            "MemoryError",
            "RecursionError",
            "HTTPException",
            "StopIteration",
            "StopAsyncIteration",
            "chained",
        ]
    ),
    *(
        Case(f"raises-{name}", ("4.7 raises Exception",), RAISES, post(name.encode()), SCRIPT500)
        for name in ("BrokenPipeError", "ConnectionResetError")
    ),
    Case("raises-abort", ("4.7 raises Exception", "observed flask.abort"), RAISES, post(b"abort_404"), SCRIPT500),
    *(
        Case(
            f"raises-{name}",
            ("4.7 raises TimeoutError", "4.2 TIMEOUT500"),
            RAISES,
            post(name.encode()),
            timeout500(3600000),
        )
        for name in ("TimeoutError", "socket.timeout", "OwnTimeout")
    ),
    *(
        Case(
            f"raises-{name}",
            ("4.7 raises BaseException", "4.2 GUN500", "4.1 GUNICORN"),
            RAISES,
            post(name.encode()),
            GUN500,
            then=((post(b"last_sin"), full(b'"%s"' % name.encode())),),  # the same process answers
        )
        for name in ("SystemExit", "SystemExit_3", "KeyboardInterrupt", "GeneratorExit", "OwnBaseException")
    ),
    Case(
        "page-of-a-raise-of-version-1.0",
        ("observed gunicorn's own page", "observed HTTP/1.0"),
        RAISES,
        ask("POST", "/score", body=b"SystemExit", version="HTTP/1.0"),
        GUN500,
    ),
    *(
        Case(f"raises-at-{name}", ("4.15 breakpoint",), RAISES, post(name.encode()), SCRIPT500, needs=("process",))
        for name in ("breakpoint", "input")
    ),
    *(
        Case(
            f"dies-by-{name}",
            ("4.7 dies",),
            KILLS,
            post(name.encode()),
            NOTHING,
            then=((post(b"last"), full(b"{}")),),  # another process, init() again
            needs=("process",),
        )
        for name in ("exit", "exit_0", "kill", "segfault")
    ),
    Case(
        "finishes-after-sigterm",
        ("4.7 SIGTERM to the worker",),
        KILLS,
        post(b"terminate"),
        full(b'"terminated"'),
        then=((post(b"last"), full(b"{}")),),
        needs=("process",),
    ),
)
