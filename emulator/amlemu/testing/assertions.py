"""
Assertions that explain: a failing one tells the request, both lanes, what the script said in it and the end of its traceback.

They take the responses of our clients, and of any other: of those is known what the answer tells.
"""

from __future__ import annotations

from typing import Any

from amlemu.errors import ScoringFailed
from amlemu.exchange import Exchange
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
        why: what the reason is to contain, where the front door answered by itself.
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
    if why and why not in exchange.why:
        _fail(f"expected the reason to contain {why!r}, and it is {exchange.why!r}", told)
    return response


def _fail(what: str, told: str) -> None:
    __tracebackhide__ = True
    raise AssertionError(f"{what}\n{told}")


def _known(response: Any) -> tuple[Exchange, str]:
    """Return what is known of a response, and the story of it."""
    if isinstance(response, ScoringFailed):
        response = response.response if response.response is not None else response
    if isinstance(response, Exchange):
        return response, story(response, "the endpoint")
    memory: Memory | None = getattr(response, "extensions", {}).get(MEMORY)
    if memory is not None and (exchange := memory.exchange(response)) is not None:
        return exchange, memory.story(exchange)
    seen = exchange_seen(response)
    return seen, story(seen, seen.request.target)
