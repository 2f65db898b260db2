"""
Assertions that explain: a failing one tells the request, both lanes, what the script said in it and the end of its traceback.

They take the responses of our clients, and of any other: of those is known what the answer tells.
"""

from __future__ import annotations

from typing import Any

from amlemu.console import lanes
from amlemu.errors import ScoringFailed
from amlemu.exchange import Exchange, Request, Response
from amlemu.testing.client import MEMORY, Memory, decoded
from amlemu.testing.hosts import exchange_seen
from amlemu.testing.story import story

_UNSAID = object()


def assert_scored(response: Any) -> Any:
    """
    Fail unless the model was asked and answered 200; return the decoded answer.

    Args:
        response: of a `scoring_client`, or of any other client that has `status_code`, `headers` and `content`.
    """
    __tracebackhide__ = True
    exchange, told = _known(response)
    status = 0 if exchange.response is None else exchange.response.status
    if status != 200:
        _fail(f"not scored: the caller got {status or 'no answer'}", told)
    return None if isinstance(response, Exchange) else decoded(response)


def assert_cloud(response: Any, status: int, *, model: Any = _UNSAID, why: str = "") -> Any:
    """
    Fail unless the caller got this status and, where that is said, the model had said another; return the response.

        assert_cloud(scoring_client.post("/score", json={}), 424, model=500)

    Args:
        response: as for `assert_scored`, or a ScoringFailed, or an exchange.
        status: what the caller is to get; 0 where the connection is to be closed.
        model: what the server behind the front door is to have said; None: nothing.
        why: what the reason is to contain, as a failing test tells it.
    """
    __tracebackhide__ = True
    exchange, told = _known(response)
    got = 0 if exchange.response is None else exchange.response.status
    if got != status:
        _fail(f"expected the caller to get {status or 'no answer'}, and it got {got or 'no answer'}", told)
    said = None if exchange.model is None else exchange.model.status
    if model is not _UNSAID and said != model:
        expected = "nothing" if model is None else model
        _fail(f"expected the model to say {expected}, and it said {'nothing' if said is None else said}", told)
    reason = exchange.why or lanes.reason(exchange)
    if why and why not in reason:
        _fail(
            f"expected the reason to contain {why!r}, and {f'it is {reason.splitlines()[0]!r}' if reason else 'there is none'}",
            told,
        )
    return response


def _fail(what: str, told: str) -> None:
    __tracebackhide__ = True
    raise AssertionError(f"{what}\n{told}")


def _answered(failure: ScoringFailed) -> Exchange:
    """Return what an `Endpoint` tells of a failure."""
    answer = Response(failure.status, "", [], failure.body) if failure.status else None
    return Exchange(Request("POST", "/score", [], b""), response=answer)


def _known(response: Any) -> tuple[Exchange, str]:
    """Return what is known of a response, and the story of it. Raises TypeError for what is none."""
    __tracebackhide__ = True
    if isinstance(response, ScoringFailed):
        response = response.response or _answered(response)
    if not isinstance(response, Exchange) and not hasattr(response, "status_code"):
        kind = type(response).__name__
        raise TypeError(
            f"expected a response, as of scoring_client.post(...), and got a {kind}; score() returns the answer itself"
        )
    if isinstance(response, Exchange):
        return response, story(response, "the endpoint")
    memory: Memory | None = getattr(response, "extensions", {}).get(MEMORY)
    if memory is not None and (exchange := memory.exchange(response)) is not None:
        return exchange, memory.story(exchange)
    seen = exchange_seen(response)
    return seen, story(seen, seen.request.target)
