"""`managed-2021`: the table of the preview; its words stand in the status message, and there are no model headers."""

from .. import causes
from ..answers import EXEC, FAILED, FINE, HTML, HTML_UTF8, JSON, OWN, PAGE502, SCRIPT500, VERSION, assumed, own, served
from ..caller import post
from ..case import Case, Said, at

PREVIEW = at("managed-2021")
HURRIED = at("managed-2021", request_timeout_ms=300)
WORDS = "the table's words as phrases (I)"
NO_BODY = "bodies of 2021"
MODEL_SAID = b"said by the model"


def _phrase(words: str):
    return assumed(words, WORDS)


def _refusal(status: int, words: str, *, close: bool = False) -> Said:
    return own(status, _phrase(words), assumed(b"", NO_BODY), why=NO_BODY, close=close)


def _status(number: int, failed: str = FINE) -> Case:
    head = served(HTML_UTF8, 17, failed, EXEC, VERSION)
    said = Said(424, f"Model Error; original-code={number}", head, MODEL_SAID)
    return Case(f"2021-model-{number}", ("1.2 2021 form",), PREVIEW, post(b'{"status": %d}' % number), said)


CASES = (
    *(_status(number) for number in (201, 302, 404, 429)),
    _status(503, FAILED),
    Case(
        "2021-raises",
        ("1.2 2021 form",),
        PREVIEW,
        post(b'{"raises": 1}'),
        Said(424, "Model Error; original-code=500", served(JSON, 92, FAILED, VERSION), SCRIPT500),
    ),
    Case(
        "2021-dies",
        ("1.2 2021 form", "1.2 container dies"),
        PREVIEW,
        post(b'{"dies": 1}'),
        Said(424, "Model Error; original-code=502", served(HTML, 157, ids=(OWN,)), PAGE502),
        causes.survived,
    ),
    Case(
        "2021-wrong-url",
        ("1.2 404, 2021",),
        PREVIEW,
        post(target="/nowhere"),
        _refusal(404, "Not found"),
        why="no such path",
        is_forwarded=False,
    ),
    Case(
        "2021-timeout",
        ("1.2 408",),
        HURRIED,
        post(b'{"waits": 1}'),
        own(408, _phrase("Request timeout"), b"upstream request timeout", why="8 #5"),
        causes.outlasted,
        takes_s=(0.3, 4.0),
    ),
    Case(
        "2021-request-of-1572865-bytes",
        ("1.2 413",),
        PREVIEW,
        post(b"x" * 1_572_865),
        _refusal(413, "Payload too large", close=True),
        why="a body of 1572865 bytes, 1572864 are allowed",
        is_forwarded=False,
    ),
    Case(
        "2021-answer-of-1572865-characters",
        ("1.2 424, 2021",),
        PREVIEW,
        post(b'{"characters": 1572865}'),
        _refusal(424, "Response payload too large"),
        why="an answer of 1572865 bytes, 1572864 are allowed",
    ),
    Case(
        "2021-rate",
        ("1.2 429 rate",),
        at("managed-2021", requests_per_second="default"),
        post(),
        _refusal(429, "Rate-limiting"),
        causes.too_often(least=100),
        why="more than 100 requests a second",
        is_forwarded=False,
    ),
    Case(
        "2021-pending",
        ("1.2 429 pending",),
        PREVIEW,
        post(b'{"waits": 1}'),
        _refusal(429, "Too many pending requests"),
        causes.in_a_crowd(8, answered=2),
        why="2 requests are in work already",
        is_forwarded=False,
    ),
    Case(
        "2021-no-instance",
        ("1.2 424 no model", "1.2 2021 form"),
        at("managed-2021", is_started=False, boot_wait_ms=0),
        post(),
        own(424, assumed("Model Error; original-code=", "8 #14"), assumed(b"", "8 #14"), why="8 #14"),
        is_forwarded=False,
    ),
)
