"""
The kinds of crashes, and what their callers get: literals, copied from the contract, each with the name of its row.

Standard phrases are those of contract 1.2 (I); what passes through the front ends unchanged is assumed there (8 #7, 8 #24).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PROFILES = ("bare", "image", "managed", "kubernetes")
SERVED = ("HTTP/1.1 200 OK", b'"answered"')
CLOSED = ("", b"")

# 4.2 GUN500
GUN500 = (
    b"<html>\n  <head>\n    <title>Internal Server Error</title>\n  </head>\n  <body>\n"
    b"    <h1><p>Internal Server Error</p></h1>\n    \n  </body>\n</html>\n"
)
# 3.5, the 502 and the 504 page
PAGE502 = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    b"<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
)
PAGE504 = (
    b"<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>\r\n"
    b"<center><h1>504 Gateway Time-out</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
)

Answer = tuple[str, bytes]  # status line, body; both empty: the connection is closed without an answer
DIES: Mapping[str, Answer] = {
    "bare": CLOSED,  # 4.7: os._exit, segfault, SIGKILL: connection closed without an answer
    "image": ("HTTP/1.1 502 Bad Gateway", PAGE502),  # 3.5: a worker dies during a request
    "managed": ("HTTP/1.1 424 Failed Dependency", PAGE502),  # 1.2: connection broken in mid-request
    "kubernetes": ("HTTP/1.1 502 Bad Gateway", PAGE502),  # 2.1: run() crashed
}
RAISES: Mapping[str, Answer] = {
    "bare": ("HTTP/1.1 500 Internal Server Error", GUN500),  # 4.7: SystemExit; 4.8: WORKER_TIMEOUT
    "image": ("HTTP/1.1 500 Internal Server Error", GUN500),  # 3.5: everything else unchanged
    "managed": ("HTTP/1.1 424 Failed Dependency", GUN500),  # 1.2: bare 500 HTML of gunicorn
    "kubernetes": ("HTTP/1.1 502 Bad Gateway", GUN500),  # 2.1: a 500 of the model becomes 502
}
HANGS: Mapping[str, Answer] = {
    "image": ("HTTP/1.1 504 Gateway Time-out", PAGE504),  # 3.5: on the read limit
    "managed": ("HTTP/1.1 408 Request Timeout", b"upstream request timeout"),  # 1.2: 408
    "kubernetes": (  # 2.1: 504, and the text of ACI
        "HTTP/1.1 504 Gateway Timeout",
        b"Post http://localhost:5001/score: net/http: request canceled (Client.Timeout exceeded while awaiting headers)",
    ),
}
UNHEALTHY: Mapping[str, Answer | None] = {
    "bare": None,  # 3.6: the port is bound before init() has run, and requests wait
    "image": None,  # 3.5: waiting, not 502
    "managed": ("HTTP/1.1 424 Failed Dependency", b""),  # 1.2: 424 (no model)
    "kubernetes": ("HTTP/1.1 503 Service Unavailable", b"No ready replicas for service"),  # 2.1: 503
}
LIMITS: Mapping[str, Mapping[str, str]] = {
    "bare": {},
    "image": {"container.read_timeout_ms": "300"},
    "managed": {"limits.request_timeout_ms": "300"},
    "kubernetes": {"limits.request_timeout_ms": "300"},
}
"""How long each waits for a run() that hangs, compressed; `bare` waits for ever."""


@dataclass(frozen=True)
class Kind:
    """
    One way to end or to hang.

    Attributes:
        name: what run() is asked for.
        said: the answer under each profile.
        ends: what the console says of when, how and why it ended, a pattern; empty: the worker lives on.
        env: of the script.
        hangs: run() goes on when its caller has been answered.
    """

    name: str
    said: Mapping[str, Answer]
    ends: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    hangs: bool = False

    @property
    def outlasts(self) -> bool:
        """Whether run() is never let go."""
        return self.hangs or bool(self.env)


BUSY = r"while run\(\) had been busy for \d\.\d s with "
HURRIED = {"WORKER_TIMEOUT": "0.6"}
_WAIT = r"wait(?: -> <frozen genericpath>:\d+ exists)?\."  # it looks for a file, and may be doing so
_TIMED_OUT = r"it had outlasted WORKER_TIMEOUT; it was at score\.py:\d+ run -> score\.py:\d+"
KINDS = (
    Kind(
        "exit_0",
        DIES,
        BUSY + r"exit code 0; somebody sent it SIGTERM or SIGINT, or the script, or a library, called os\._exit\(0\)\.",
    ),
    Kind("exit_7", DIES, BUSY + r"exit code 7; the script, or a library, probably called os\._exit\(7\)\."),
    Kind("kill", DIES, BUSY + r"SIGKILL; it may have run out of memory\."),
    Kind(
        "segfault",
        DIES,
        BUSY + r"SIGSEGV; C code in a library crashed; it was at score\.py:\d+ run -> score\.py:\d+ segfault"
        r" -> ctypes/__init__\.py:\d+ string_at\.",
    ),
    Kind("sys_exit", RAISES),
    Kind("hang", RAISES, rf"after run\(\) was interrupted with exit code 0; {_TIMED_OUT} {_WAIT}", HURRIED),
    Kind("stay", DIES, BUSY + rf"SIGKILL; {_TIMED_OUT} stay -> score\.py:\d+ {_WAIT}", HURRIED),
    Kind("hang", HANGS, hangs=True),
)
IDS = ("os-exit-0", "os-exit-7", "sigkill", "segfault", "sys-exit", "worker-timeout", "worker-timeout-ignored", "hang")
CASES = [(kind, profile) for kind in KINDS for profile in PROFILES if profile in kind.said]
CASE_IDS = [f"{IDS[KINDS.index(kind)]}-{profile}" for kind, profile in CASES]
