"""
What a failing test is told of a request: what was asked, what the caller got, what the model said, why, and what the script said.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from amlemu.console import lanes
from amlemu.credentials import without_secrets
from amlemu.events import Spoke
from amlemu.exchange import Exchange, Headers, Response
from amlemu.testing.log_faults import fault_in, is_of_an_exception

_BODY_CHARACTERS = 1000
_WHY_LINES = 14
_LOG_LINES = 20
# Those that tell something; ids, dates and lengths do not.
_TOLD_HEADERS = ("content-type", "retry-after", "ms-azureml-model-error-statuscode", "ms-azureml-model-error-reason")


def story(exchange: Exchange, told: str, said: Sequence[Spoke] = ()) -> str:
    """
    Tell an exchange in a few lines.

    Args:
        told: who answered, in a word.
        said: by the script, in this request.
    """
    fault = None if exchange.account.get("fault") else fault_in(said)
    why = lanes.reason(exchange).splitlines() or ([] if fault is None else fault.told)
    rest = [one for one in said if one is not (fault.record if fault else None) and _is_news(one)]
    return "\n".join((*_asked(exchange), *_lanes(exchange, told), *_why(why), *_log(rest)))


def _asked(exchange: Exchange) -> Iterator[str]:
    request = exchange.request
    yield f"asked:  {request.method} {request.target}"
    shown = [
        (name, value) for name, value in without_secrets(request) if name.lower() in ("content-type", "authorization")
    ]
    yield from _content(shown, request.body if exchange.bodies_kept else b"(too large to be kept)")


def _lanes(exchange: Exchange, told: str) -> Iterator[str]:
    response, model = exchange.response, exchange.model
    if response is None:
        yield f"caller: the connection was closed without an answer ({told})"
    else:
        yield f"caller: got {_status(response)} ({told})"
        yield from _content(_told(response.headers), response.body)
    if model is None:
        yield "model:  said nothing"
    elif response is not None and model.status == response.status and model.body == response.body:
        yield f"model:  said {_status(model)}, the same"
    else:
        yield f"model:  said {_status(model)}"
        if response is None or model.body != response.body:
            yield from _content(_told(model.headers), model.body)


def _why(lines: Sequence[str]) -> Iterator[str]:
    if len(lines) > _WHY_LINES + 2:
        lines = [lines[0], "  ...", *lines[-_WHY_LINES:]]
    yield from (f"{mark:8}{line}" for mark, line in zip(["why:", *[""] * len(lines)], lines, strict=False))


def _is_news(one: Spoke) -> bool:
    """Tell whether a record says what nothing else does: not what the server says of its own doings, nor an exception that stands above."""
    return not one.own or (one.level in ("ERROR", "CRITICAL") and not is_of_an_exception(one))


def _log(said: Sequence[Spoke]) -> Iterator[str]:
    lines = [line for one in said for line in _spoken(one)]
    if not lines:
        return
    yield "log of this request:"
    if len(lines) > _LOG_LINES:
        yield f"        ... {len(lines) - _LOG_LINES} lines more"
    yield from (f"        {line}" for line in lines[-_LOG_LINES:])


def _spoken(one: Spoke) -> Iterator[str]:
    mark = "" if one.stream != "log" or one.level == "INFO" else f"{one.level} "
    yield from (f"{mark}{line}" for line in one.text.rstrip().splitlines())


def _status(response: Response) -> str:
    return f"{response.status} {response.phrase}".rstrip()


def _told(headers: Headers) -> Headers:
    return [(name, value) for name, value in headers if name.lower() in _TOLD_HEADERS]


def _content(headers: Headers, body: object) -> Iterator[str]:
    yield from (f"        {name}: {value}" for name, value in headers)
    text = shown(body)
    if text:
        yield from (f"        {line}" for line in text.splitlines())


def shown(body: object) -> str:
    """Return a body as a person reads it: text, shortened; bytes that are no text by their number."""
    if not isinstance(body, bytes):
        return "(a stream)"
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return f"({len(body)} bytes that are no text)"
    if len(text) <= _BODY_CHARACTERS:
        return text
    return f"{text[:_BODY_CHARACTERS]} ... ({len(body)} bytes)"


def value_shown(value: object) -> str:
    """Return a value of an answer on one line, shortened."""
    text = json.dumps(value, default=repr, ensure_ascii=False)
    return text if len(text) <= _BODY_CHARACTERS else f"{text[:_BODY_CHARACTERS]} ..."
