"""A Kubernetes online endpoint: 2.1, the first column; its bodies are the texts of 2020 (8 #24)."""

from .. import causes
from ..answers import (
    EXEC,
    FAILED,
    FINE,
    HTML,
    HTML_UTF8,
    JSON,
    OWN,
    PAGE502,
    SCRIPT500,
    VERSION,
    assumed,
    own,
    served,
    standard,
)
from ..caller import post
from ..case import Case, Said, at

KUBERNETES = at("kubernetes", max_queue_wait_ms=100)
OLD_TEXTS = "8 #24"
OVERLOADED = b"Too many requests for service credit (overloaded)"
NO_REPLICA = b"No ready replicas for service"
TOO_LATE = (
    b"Post http://localhost:5001/score: net/http: request canceled (Client.Timeout exceeded while awaiting headers)"
)
PASSES = "2.1 v1 other codes (I)"


def _status(number: int, phrase: str) -> Case:
    head = served(HTML_UTF8, 17, FINE, EXEC, VERSION)
    said = Said(assumed(number, PASSES), assumed(phrase, PASSES), head, b"said by the model")
    ask = post(b'{"status": %d}' % number)
    return Case(f"kubernetes-model-{number}", ("2.1 Kubernetes 424, 408",), KUBERNETES, ask, said)


CASES = (
    Case(
        "kubernetes-raises",
        ("2.1 Kubernetes 502 raised", "2.1 Kubernetes 424, 408"),
        KUBERNETES,
        post(b'{"raises": 1}'),
        Said(502, standard("Bad Gateway"), served(JSON, 92, FAILED, VERSION), assumed(SCRIPT500, OLD_TEXTS)),
    ),
    Case(
        "kubernetes-dies",
        ("2.1 Kubernetes 502 crashed",),
        KUBERNETES,
        post(b'{"dies": 1}'),
        Said(502, standard("Bad Gateway"), served(HTML, 157, ids=(OWN,)), assumed(PAGE502, OLD_TEXTS)),
        causes.survived,
    ),
    _status(404, "NOT FOUND"),
    _status(429, "TOO MANY REQUESTS"),
    Case(
        "kubernetes-overloaded",
        ("2.1 Kubernetes 503", "2.1 Kubernetes 429"),
        KUBERNETES,
        post(b'{"waits": 1}'),
        own(503, standard("Service Unavailable"), assumed(OVERLOADED, OLD_TEXTS), why=OLD_TEXTS),
        causes.in_a_crowd(3, answered=1),
        is_forwarded=False,
    ),
    Case(
        "kubernetes-no-replica",
        ("2.1 Kubernetes 503",),
        at("kubernetes", is_started=False, boot_wait_ms=0),
        post(),
        own(503, standard("Service Unavailable"), assumed(NO_REPLICA, OLD_TEXTS), why=OLD_TEXTS),
        is_forwarded=False,
    ),
    Case(
        "kubernetes-timeout",
        ("2.1 Kubernetes 504", "2.1 Kubernetes 424, 408"),
        at("kubernetes", request_timeout_ms=300),
        post(b'{"waits": 1}'),
        own(504, standard("Gateway Timeout"), assumed(TOO_LATE, OLD_TEXTS), why=OLD_TEXTS),
        causes.outlasted,
        takes_s=(0.3, 4.0),
    ),
    Case(
        "kubernetes-wrong-key",
        ("2.1 Kubernetes 401",),
        at("kubernetes", auth="key"),
        post(b"{}", "Authorization: Bearer tertiary-key-for-tests"),
        own(
            assumed(401, "1.2 401 (I)"),
            standard("Unauthorized"),
            assumed(b"key_auth_access_denied", "8 #1"),
            why="8 #1",
        ),
        why="neither the primary nor the secondary one",
        is_forwarded=False,
    ),
)
