"""The default, `managed`: what the container's statuses become, and the limits on time and size. Contract 1.2."""

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
    NGINX,
    OWN,
    PAGE502,
    PAGE504,
    PASSED_ON,
    SAME,
    SCRIPT500,
    VERSION,
    all_assumed,
    assumed,
    failed_dependency,
    length,
    own,
    served,
    standard,
)
from ..caller import Ask, get, post
from ..case import Case, Said, at

MANAGED = at("managed")
HURRIED = at("managed", request_timeout_ms=300)
IMPATIENT_NGINX = at("managed", container__read_timeout_ms=200)
DECORATED = at("managed", script="wants_json.py")
STARTING = at("managed", is_started=False, boot_wait_ms=0)
NOTE = "limit of 2021, not in today's documentation; --profile managed-current has none"
MODEL_SAID = b"said by the model"
NOTFOUND = (
    b'{"message": "The requested URL was not found on the server. '
    b'If you entered the URL manually please check your spelling and try again."}'
)
NOTALLOWED = b'{"message": "The method is not allowed for the requested URL."}'


def _status(number: int, row: str, failed: str = FINE) -> Case:
    said = failed_dependency(number, HTML_UTF8, MODEL_SAID, failed, EXEC, VERSION)
    return Case(f"model-{number}", ("1.2 424 model error", row), MANAGED, post(b'{"status": %d}' % number), said)


STATUSES = (
    *(_status(number, "1.2 424 model error") for number in (201, 202, 299, 301, 302, 307)),
    *(_status(number, "1.2 container 4xx") for number in (400, 401, 403, 404, 408, 413, 422, 424, 429, 431, 499)),
    *(_status(number, "1.2 424 model error", FAILED) for number in (500, 502, 503, 504)),
    *(
        Case(
            f"model-{number}",
            ("1.2 424 model error",),
            MANAGED,
            post(b'{"status": %d}' % number),
            Said(
                424,
                "Failed Dependency",
                (
                    *all_assumed(PASSED_ON, NGINX, DATE, *type_, FINE, EXEC, VERSION, SAME),
                    assumed(length(0), "an end for a body that a 204 or 304 has not"),
                    f"ms-azureml-model-error-statuscode: {number}",
                    "ms-azureml-model-error-reason: model_error",
                    assumed(OWN, PASSED_ON),
                ),
            ),
        )
        for number, type_ in ((204, (HTML_UTF8,)), (304, ()))
    ),
)
SERVER = (
    Case(
        "served",
        ("1.2 200", "1.2 container 200", "1.2 phrases", "1.3 container headers", "1.1 scoring address"),
        MANAGED,
        post(b"[1, 2]"),
        Said(200, standard("OK"), served(JSON, 17, FINE, EXEC, VERSION), b'{"characters": 6}'),
    ),
    Case(
        "server-404",
        ("1.1 other paths", "1.2 container 4xx"),
        MANAGED,
        post(target="/nowhere"),
        failed_dependency(404, JSON, NOTFOUND, FINE, ids=(OWN,)),
    ),
    Case(
        "server-405",
        ("1.2 405, 415", "1.2 container 4xx", "1.1 methods, managed"),
        MANAGED,
        get(method="PUT"),
        failed_dependency(405, JSON, NOTALLOWED, FINE, ids=(OWN,)),
    ),
    Case(
        "server-400",
        ("1.2 container 4xx",),
        MANAGED,
        post(b"\xff"),
        failed_dependency(
            400,
            JSON,
            b'{"message": "Input cannot be decoded as UTF-8: '
            b"'utf-8' codec can't decode byte 0xff in position 0: invalid start byte\"}",
            FINE,
            VERSION,
        ),
    ),
    Case(
        "server-415",
        ("1.2 405, 415", "1.2 container 4xx"),
        DECORATED,
        post(b'{"data": [1]}'),
        failed_dependency(415, JSON, b'{"message": "Expects Content-Type to be application/json"}', FINE, VERSION),
    ),
    Case(
        "server-431",
        ("1.2 container 4xx",),
        MANAGED,
        post(b"{}", "x-ms-request-id: " + "i" * 101),
        failed_dependency(
            431,
            JSON,
            b'{"message": "x-ms-request-id and x-ms-client-request-id must not exceed 100 characters"}',
            FINE,
            VERSION,
            ids=(OWN,),
        ),
    ),
    Case(
        "raises",
        ("1.2 container 500", "1.2 424 model error", "1.2 phrases"),
        MANAGED,
        post(b'{"raises": 1}'),
        failed_dependency(500, JSON, SCRIPT500, FAILED, VERSION),
    ),
    Case(
        "raises-system-exit",
        ("1.2 container bare 500",),
        MANAGED,
        post(b'{"exits": 1}'),
        failed_dependency(500, HTML, GUN500, ids=(OWN,)),
    ),
    Case(
        "dies",
        ("1.2 container dies",),
        MANAGED,
        post(b'{"dies": 1}'),
        failed_dependency(502, HTML, PAGE502, ids=(OWN,)),
        causes.survived,
    ),
    Case(
        "outlasts-nginx",
        ("1.2 container's nginx limit",),
        IMPATIENT_NGINX,
        post(b'{"waits": 1}'),
        failed_dependency(504, HTML, PAGE504, ids=(OWN,)),
        causes.outlasted,
        takes_s=(0.2, 4.0),
    ),
)
LIMITS = (
    Case(
        "timeout",
        ("1.2 408", "1.2 order 408, 424"),
        HURRIED,
        post(b'{"waits": 1, "status": 500}'),
        own(408, standard("Request Timeout"), b"upstream request timeout", why="8 #5"),
        causes.outlasted,
        takes_s=(0.3, 4.0),
    ),
    Case(
        "request-of-1572864-bytes",
        ("1.2 413",),
        MANAGED,
        post(b"x" * 1_572_864),
        Said(200, standard("OK"), served(JSON, 23, FINE, EXEC, VERSION), b'{"characters": 1572864}'),
    ),
    Case(
        "request-of-1572864-bytes-chunked",
        ("1.2 413",),
        MANAGED,
        post(b"x" * 1_572_864, is_chunked=True),
        Said(200, standard("OK"), served(JSON, 23, FINE, EXEC, VERSION), b'{"characters": 1572864}'),
    ),
    Case(
        "request-of-1572865-bytes",
        ("1.2 413", "1.2 phrases"),
        MANAGED,
        post(b"x" * 1_572_865),
        own(413, standard("Payload Too Large"), assumed(b"", "413's body"), close=True),
        why=NOTE,
        is_forwarded=False,
    ),
    Case(
        "request-of-1572865-bytes-announced",
        ("1.2 413",),
        MANAGED,
        post(b"", "Content-Length: 1572865", "Expect: 100-continue"),
        own(413, standard("Payload Too Large"), assumed(b"", "413's body"), close=True),
        why=f"a body of 1572865 bytes, 1572864 are allowed; {NOTE}",
        is_forwarded=False,
    ),
    Case(
        "request-of-1572865-bytes-chunked",
        ("1.2 413",),
        MANAGED,
        Ask("POST", "/score", (), b"x" * 1_572_865, is_chunked=True, is_cut=True),  # judged on its way
        own(413, standard("Payload Too Large"), assumed(b"", "413's body"), close=True),
        why=NOTE,
        is_forwarded=False,
    ),
    Case(
        "answer-of-1572864-characters",
        ("1.2 424, 2021",),
        MANAGED,
        post(b'{"characters": 1572864}'),
        Said(200, standard("OK"), served(HTML_UTF8, 1_572_864, FINE, EXEC, VERSION), b"x" * 1_572_864),
    ),
    Case(
        "answer-of-1572865-characters",
        ("1.2 424, 2021",),
        MANAGED,
        post(b'{"characters": 1572865}'),
        own(424, "Failed Dependency", assumed(b"", "the second 424's body")),
        why=f"an answer of 1572865 bytes, 1572864 are allowed; {NOTE}",
    ),
    Case(
        "no-instance",
        ("1.2 424 no model",),
        STARTING,
        post(),
        own(
            424,
            "Failed Dependency",
            assumed(b"", "8 #14"),
            "ms-azureml-model-error-statuscode: ",
            "ms-azureml-model-error-reason: model_not_ready",
            why="8 #14",
        ),
        is_forwarded=False,
    ),
)
CASES = (*STATUSES, *SERVER, *LIMITS)
