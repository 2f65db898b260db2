"""
A case: what is sent to both servers, under a name.

Values only, and the functions that write requests; where cases come from is `cases/`, who asks them is `play.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from amlemu_harness.parity.wire import Headers, Sent

JSON_TYPE = ("Content-Type", "application/json")
_WITH_BODY = ("POST", "PUT", "PATCH")


@dataclass(frozen=True)
class Case:
    """
    One or several requests, and what is done to the server before them.

    Attributes:
        name: unique in a run; people select and exempt cases by it: `good`, `sample-request.json`, `requests.har #3`.
        source: where it comes from, for the reader: a path with a line, or `made here`.
        requests: sent one after the other, each on a connection of its own.
        together: each request is sent so many times at once; what came back is compared regardless of its order.
        kills_workers: before the first request every worker process of the server is killed.
        is_hard: it may hurt a server that others use (it kills, floods or is large); not sent to an endpoint.
    """

    name: str
    source: str
    requests: tuple[Sent, ...]
    together: int = 1
    kills_workers: bool = False
    is_hard: bool = False


def request(
    method: str,
    target: str,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes | None = None,
    *,
    version: str = "1.1",
) -> Sent:
    """
    Write one request as a client would.

    Args:
        target: path and query, percent-encoded.
        headers: after Host, in this order; latin-1. Host and, where there is a body, Content-Length are added unless they are there.
        body: None sends none; for POST, PUT and PATCH that is a length of 0.
    """
    given = list(headers)
    names = {name.lower() for name, _ in given}
    lines = [f"{method} {target} HTTP/{version}"]
    if "host" not in names:
        lines.append("Host: localhost")
    lines += [f"{name}: {value}" for name, value in given]
    is_framed = bool(names & {"content-length", "transfer-encoding"})
    if not is_framed and (body is not None or method in _WITH_BODY):
        lines.append(f"Content-Length: {len(body or b'')}")
    return Sent("\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + (body or b""))


def post(body: bytes, headers: Headers = (JSON_TYPE,), target: str = "/score") -> Sent:
    """Write a request to score."""
    return request("POST", target, headers, body)
