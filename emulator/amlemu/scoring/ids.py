"""
Request ids: which of the three headers win, which are too long, and what is echoed.

Source: azureml-inference-server-http 1.5.1, server/routes.py `_init_headers`, `populate_response_headers`; contract 4.9.
"""

from __future__ import annotations

import os
from typing import Any, Callable, NamedTuple, Optional

LIMIT = 100
_VARIANTS = dict(zip("0123456789abcdef", "89ab" * 4))  # noqa: B905  # RFC 9562, 4.1


class TooLong(Exception):
    """Answered with 431; `ids` are those that were accepted before the long one was met."""

    def __init__(self, message: str, ids: "RequestIds") -> None:
        self.ids = ids
        super().__init__(message)


class RequestIds(NamedTuple):
    """The three ids of one request; empty ones are not sent. `trace` is the `TraceId` header, None when absent."""

    request: str = ""
    legacy: str = ""  # x-ms-request-id
    client: str = ""
    trace: Optional[str] = None


def read(header: Callable[[str], Optional[str]], warn: Callable[[str], None]) -> RequestIds:
    """
    Decide the ids of a request.

    Args:
        header: returns a request header's value or None.
        warn: told that `x-ms-request-id` is deprecated, when it is used.

    Raises:
        TooLong: an id has more than 100 characters.
    """
    trace = header("TraceId")
    request = header("x-request-id")
    if request is None:
        request = new_id()
    elif len(request) > LIMIT:
        raise TooLong(f"x-request-id must not exceed {LIMIT} characters", RequestIds(trace=trace))
    legacy = header("x-ms-request-id") or ""
    client = header("x-ms-client-request-id") or ""
    if legacy:
        warn(
            "x-ms-request-id header has been deprecated and will be removed from future versions of the server."
            " Please use x-ms-client-request-id."
        )
        client = client or legacy
    else:
        legacy = client or request
    if len(legacy) > LIMIT or len(client) > LIMIT:
        message = f"x-ms-request-id and x-ms-client-request-id must not exceed {LIMIT} characters"
        raise TooLong(message, RequestIds(request=request, trace=trace))
    return RequestIds(request, legacy, client, trace)


def new_id() -> str:
    """Return a random (version 4) UUID; three times as fast as uuid.uuid4, which every request would pay for."""
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{_VARIANTS[digits[16]]}{digits[17:20]}-{digits[20:]}"


def write(ids: RequestIds, headers: Any) -> None:
    """Put version and ids on a response; `headers` is flask's or `answer.HeaderList`."""
    version = os.environ.get("HTTP_X_MS_SERVER_VERSION", "")
    if version:
        headers.add("x-ms-server-version", version)
    if ids.request:
        headers["x-request-id"] = ids.request
    if ids.legacy:
        headers["x-ms-request-id"] = ids.legacy
    if ids.client:
        headers["x-ms-client-request-id"] = ids.client
    if ids.trace is not None:
        headers.add("TraceId", ids.trace)
