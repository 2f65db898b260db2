"""Too many, and in which order the checks come: the two 429 of 1.2, and its sentence on order."""

from .. import causes
from ..answers import assumed, own, standard
from ..caller import post
from ..case import Case, at
from .managed import NOTE
from .routing import KEYS, PRIMARY, UNKNOWN, UNSEEN

TOO_MANY = own(429, standard("Too Many Requests"), assumed(b"", "8 #4"), why="8 #4")
TOO_LARGE = own(413, standard("Payload Too Large"), assumed(b"", "413's body"), close=True)
WAITS = post(b'{"waits": 1}')
LARGE = b"x" * 1_572_865
RATE = "more than 3 requests a second"
THREE_A_SECOND = at("managed", requests_per_second=3)
ALL_AT_ONCE = at("managed", auth="key", requests_per_second=3)
TWO_INSTANCES = at("managed", max_concurrent_requests_per_instance=2, instance_count=2)

CASES = (
    Case(
        "pending",
        ("1.2 429 pending", "1.2 order pending, 408"),
        at("managed"),
        WAITS,
        TOO_MANY,
        causes.in_a_crowd(8, answered=2),
        why="2 requests are in work already",
        is_forwarded=False,
    ),
    Case(
        "pending-2*2*2",
        ("1.2 429 pending",),
        TWO_INSTANCES,
        WAITS,
        TOO_MANY,
        causes.in_a_crowd(10, answered=8),
        why="8 requests are in work already",
        is_forwarded=False,
    ),
    Case(
        "too-few-instances",
        ("1.2 424 no model",),
        at("managed", max_queue_wait_ms=100),
        WAITS,
        own(
            424,
            "Failed Dependency",
            assumed(b"", "8 #14"),
            "ms-azureml-model-error-statuscode: ",
            "ms-azureml-model-error-reason: too_few_model_instance",
            why="8 #14",
        ),
        causes.in_a_crowd(2, answered=1),
        is_forwarded=False,
    ),
    Case(
        "rate",
        ("1.2 429 rate",),
        at("managed", requests_per_second=3, only_for="rate"),
        post(),
        TOO_MANY,
        causes.too_often(least=3),
        why=RATE,
        is_forwarded=False,
    ),
    Case(
        "rate-of-2021",
        ("1.2 429 rate",),
        at("managed", requests_per_second="default"),
        post(),
        TOO_MANY,
        causes.too_often(least=100),
        why="more than 100 requests a second; limit of 2021, not in today's documentation; --profile managed-current has none",
        is_forwarded=False,
    ),
    Case(
        "401-before-404-and-413",
        ("1.2 order 401, 404",),
        KEYS,
        post(LARGE, "azureml-model-deployment: green"),
        own(UNSEEN.status, UNSEEN.phrase, UNSEEN.body, why="8 #1", close=True),
        why="no Authorization header",
        is_forwarded=False,
    ),
    Case(
        "404-before-413",
        ("1.2 order 404, 413",),
        KEYS,
        post(LARGE, PRIMARY, "azureml-model-deployment: green"),
        own(UNKNOWN.status, UNKNOWN.phrase, UNKNOWN.body, why="8 #3", close=True),
        why="no deployment 'green'",
        is_forwarded=False,
    ),
    Case(
        "413-alone",
        ("1.2 order 404, 413",),
        KEYS,
        post(LARGE, PRIMARY, "azureml-model-deployment: blue"),
        TOO_LARGE,
        why=NOTE,
        is_forwarded=False,
    ),
    Case(
        "401-before-429",
        ("1.2 order 401, 404",),
        ALL_AT_ONCE,
        post(),
        UNSEEN,
        causes.once_too_often(post(b"{}", PRIMARY)),
        why="no Authorization header",
        is_forwarded=False,
    ),
    Case(
        "404-before-429",
        ("1.2 order 404, 429 rate",),
        ALL_AT_ONCE,
        post(b"{}", PRIMARY, "azureml-model-deployment: green"),
        UNKNOWN,
        causes.once_too_often(post(b"{}", PRIMARY)),
        why="no deployment 'green'",
        is_forwarded=False,
    ),
    Case(
        "rate-before-pending",
        ("1.2 order rate, pending",),
        at("managed", requests_per_second=3, only_for="rate-before-pending"),
        WAITS,
        TOO_MANY,
        causes.in_a_crowd(12, answered=2, told=RATE),
        why=RATE,
        is_forwarded=False,
    ),
)
