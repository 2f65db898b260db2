"""AKS and ACI web services of v1: 2.1, the second column, and what 1.1 says about methods."""

from .. import causes
from ..answers import (
    DATE,
    EXEC,
    FAILED,
    FINE,
    HTML,
    HTML_UTF8,
    JSON,
    NGINX,
    PAGE502,
    PLAIN,
    SAME,
    SCRIPT500,
    VERSION,
    all_assumed,
    assumed,
    own,
    served,
    standard,
)
from ..caller import get, post
from ..case import Case, Deployment, Said, at
from .kubernetes import NO_REPLICA, OVERLOADED, TOO_LATE

AKS = at("aks", max_queue_wait_ms=100)
ACI = at("aci", max_queue_wait_ms=100)
IDS_OF_THE_SERVER = ("x-request-id: <guid>", SAME)
SCORE_ON_AKS = "/api/v1/service/credit/score"


def _good(size: int = 2) -> Said:
    head = served(JSON, 17, FINE, EXEC, VERSION, ids=IDS_OF_THE_SERVER)
    return Said(200, standard("OK"), head, b'{"characters": %d}' % size)


def _status(name: str, deployment: Deployment, number: int, phrase: str, failed: str = FINE) -> Case:
    head = served(HTML_UTF8, 17, failed, EXEC, VERSION, ids=IDS_OF_THE_SERVER)
    said = Said(number, phrase, head, b"said by the model")
    ask = post(b'{"status": %d}' % number)
    return Case(f"{name}-model-{number}", ("2.1 v1 other codes", "2.1 v1 424, 408"), deployment, ask, said)


def _face(name: str, deployment: Deployment) -> tuple[Case, ...]:
    """What both have in common."""
    return (
        _status(name, deployment, 201, "CREATED"),
        _status(name, deployment, 400, "BAD REQUEST"),
        _status(name, deployment, 429, "TOO MANY REQUESTS"),
        _status(name, deployment, 501, "NOT IMPLEMENTED", FAILED),
        _status(name, deployment, 503, "SERVICE UNAVAILABLE", FAILED),
        Case(
            f"{name}-raises",
            ("2.1 v1 502 raised", "2.1 v1 424, 408"),
            deployment,
            post(b'{"raises": 1}'),
            Said(
                502,
                standard("Bad Gateway"),
                served(JSON, 92, FAILED, VERSION, ids=IDS_OF_THE_SERVER),
                assumed(SCRIPT500, "the body of a 502"),
            ),
        ),
        Case(
            f"{name}-model-500",
            ("2.1 v1 502 raised",),
            deployment,
            post(b'{"status": 500}'),
            Said(
                502,
                standard("Bad Gateway"),
                served(HTML_UTF8, 17, FAILED, EXEC, VERSION, ids=IDS_OF_THE_SERVER),
                assumed(b"said by the model", "the body of a 502"),
            ),
        ),
        Case(
            f"{name}-dies",
            ("2.1 v1 502 crashed",),
            deployment,
            post(b'{"dies": 1}'),
            Said(502, standard("Bad Gateway"), served(HTML, 157, ids=()), assumed(PAGE502, "the body of a 502")),
            causes.survived,
        ),
        Case(
            f"{name}-overloaded",
            ("2.1 v1 503 overloaded", "2.1 v1 429"),
            deployment,
            post(b'{"waits": 1}'),
            own(503, standard("Service Unavailable"), OVERLOADED, ids=()),
            causes.in_a_crowd(3, answered=1),
            is_forwarded=False,
        ),
        Case(
            f"{name}-no-replica",
            ("2.1 v1 503 no replica",),
            at(name, is_started=False, boot_wait_ms=0),
            post(),
            own(503, standard("Service Unavailable"), NO_REPLICA, ids=()),
            is_forwarded=False,
        ),
        Case(
            f"{name}-wrong-key",
            ("2.1 v1 401",),
            at(name, auth="key"),
            post(b"{}", "Authorization: Bearer tertiary-key-for-tests"),
            own(401, standard("Unauthorized"), assumed(b"key_auth_access_denied", "8 #1"), why="8 #1", ids=()),
            why="neither the primary nor the secondary one",
            is_forwarded=False,
        ),
        Case(
            f"{name}-no-key",
            ("2.1 v1 401",),
            at(name, auth="key"),
            post(),
            own(401, standard("Unauthorized"), assumed(b"key_auth_access_denied", "8 #1"), why="8 #1", ids=()),
            why="no Authorization header",
            is_forwarded=False,
        ),
        *(
            Case(
                f"{name}-{method}",
                ("1.1 methods, v1",),
                deployment,
                get(method=method),
                own(
                    assumed(405, "the front end's answer to other methods"),
                    standard("Method Not Allowed"),
                    assumed(b"", "the front end's answer to other methods"),
                    ids=(),
                ),
                why="only GET and POST are routed to the container",
                is_forwarded=False,
            )
            for method in ("OPTIONS", "PUT")
        ),
        Case(f"{name}-get", ("1.1 methods, v1",), deployment, get(), _good()),
        Case(
            f"{name}-deployment-header",
            ("1.1 deployment header",),
            deployment,
            post(b"{}", "azureml-model-deployment: green"),
            _good(),
        ),
    )


CASES = (
    *_face("aks", AKS),
    *_face("aci", ACI),
    Case("aks-address", ("2.1 v1 address AKS",), AKS, post(target=SCORE_ON_AKS), _good()),
    Case("aci-address", ("2.1 v1 address ACI",), ACI, post(), _good()),
    Case(
        "aci-address-of-aks",
        ("2.1 v1 address ACI",),
        ACI,
        post(target=SCORE_ON_AKS),
        Said(
            404,
            "NOT FOUND",
            (*all_assumed("8 #7", NGINX, DATE), JSON, "Content-Length: 135", *all_assumed("8 #7", FINE)),
            b'{"message": "The requested URL was not found on the server. '
            b'If you entered the URL manually please check your spelling and try again."}',
        ),
    ),
    Case(
        "aks-timeout",
        ("2.1 v1 504", "2.1 v1 424, 408"),
        at("aks", request_timeout_ms=300),
        post(b'{"waits": 1}', target=SCORE_ON_AKS),
        own(504, standard("Gateway Timeout"), assumed(TOO_LATE, "ACI's text on AKS"), ids=()),
        causes.outlasted,
        takes_s=(0.3, 4.0),
    ),
    Case(
        "aci-timeout",
        ("2.1 v1 504", "2.1 v1 ACI 504 text", "2.1 v1 ACI 504 headers"),
        at("aci", request_timeout_ms=300),
        post(b'{"waits": 1}'),
        Said(
            504,
            standard("Gateway Timeout"),
            ("X-Ms-Request-Id: <guid>", DATE, PLAIN, "Content-Length: 109"),
            TOO_LATE,
        ),
        causes.outlasted,
        takes_s=(0.3, 4.0),
    ),
    Case(
        "aks-100-MB",
        ("2.1 v1 100 MB",),
        AKS,
        post(b"", "Content-Length: 104857600", "Expect: 100-continue", target=SCORE_ON_AKS),
        Said(100, "Continue"),
        causes.not_refused,
    ),
    Case(
        "aks-above-100-MB",
        ("2.1 v1 100 MB",),
        AKS,
        post(b"", "Content-Length: 104857601", target=SCORE_ON_AKS),
        own(
            assumed(413, "the answer above 100 MB"),
            assumed("Request Entity Too Large", "the answer above 100 MB"),
            assumed(b"", "the answer above 100 MB"),
            ids=(),
            close=True,
        ),
        why="a body of 104857601 bytes, 104857600 are allowed",
        is_forwarded=False,
    ),
)
