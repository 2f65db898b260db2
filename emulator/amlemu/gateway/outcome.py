"""
The stages that ask the model and make an answer of what it said: Forward, MapStatus, ResponseSize, DevErrors, FinishHeaders.

Two lanes: what the model said stays on the exchange as it is; the caller's answer is another object as soon as it differs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from amlemu.backends import Server
from amlemu.errors import BackendFailure
from amlemu.exchange import Headers, Response
from amlemu.gateway.spoken import MODEL_REASON, MODEL_STATUS, AnswerTable
from amlemu.gateway.visit import Visit
from amlemu.profile import IdentityRules, Profile, StatusRules, WireRules

_IDS = ("x-request-id", "x-ms-request-id", "x-ms-client-request-id")


class Forward:
    """Asks the backend; the last stage that asks."""

    name = "forward"
    is_needed = True

    def __init__(self, backend: Server, rules: WireRules, *, is_faced: bool = False) -> None:
        """With `is_faced` callers meet the backend's own nginx, which may want a connection to end that its caller would keep."""
        self._backend = backend
        self._streams = rules.streams
        self._is_faced = is_faced

    async def handle(self, visit: Visit) -> None:
        """Note what the backend said; raises BackendFailure when it said nothing."""
        request = visit.request
        request.body, request.broken = visit.turn.request.body, visit.turn.request.broken
        said = await self._backend.handle(request)
        if self._is_faced and (said.header("connection") or "").lower() == "close":
            visit.turn.keeps_alive = False
        if not self._streams and not isinstance(said.body, bytes):
            said = await _whole(said)
        visit.exchange.model = said
        visit.note = f"the model said {said.status}"
        if not visit.is_answered:
            visit.exchange.response = said


async def _whole(response: Response) -> Response:
    pieces: AsyncIterator[bytes] = response.body  # type: ignore[assignment]
    body = b"".join([piece async for piece in pieces])
    headers: Headers = [
        ("Content-Length", str(len(body))) if name.lower() == "transfer-encoding" else (name, value)
        for name, value in response.headers
    ]
    return replace(response, headers=headers, body=body)


class MapStatus:
    """
    Turns the model's status, or its silence, into what the caller of this cloud sees.

    Source: contract 1.2, 2.1.
    """

    name = "map status"

    is_needed = True

    def __init__(self, rules: StatusRules, says: AnswerTable) -> None:
        self._rules = rules
        self._says = says

    def handle(self, visit: Visit) -> None:
        """Map it; an answer of the front door's own stays."""
        exchange, rules = visit.exchange, self._rules
        if exchange.response is None:
            failure = exchange.failure
            if isinstance(failure, BackendFailure):
                exchange.response = self._says.after(failure)
            return
        said = exchange.model
        if said is None or exchange.response is not said or not self._is_mapped(said.status):
            return
        visit.note = f"{said.status} becomes {rules.status}"
        headers = list(said.headers)
        is_framed = said.header("content-length") is not None or said.header("transfer-encoding") is not None
        if not is_framed and isinstance(said.body, bytes):
            headers.append(("Content-Length", str(len(said.body))))  # a 204 has none, but has become something else
        if rules.model_headers:
            headers += [(MODEL_STATUS, str(said.status)), (MODEL_REASON, "model_error")]
        phrase = rules.phrase.replace("{status}", str(said.status))
        exchange.response = Response(rules.status, phrase, headers, said.body, said.account)

    def _is_mapped(self, status: int) -> bool:
        mapped = self._rules.mapped
        return mapped != "none" and (status != 200 if mapped == "all but 200" else status == int(mapped))


class ResponseSize:
    """
    Keeps back what the model said at too great a length.

    Source: contract 1.2, the second 424 of the 2021 table.
    """

    name = "response size"

    def __init__(self, profile: Profile, says: AnswerTable) -> None:
        self._limit = profile.limits.response_bytes
        self._note = profile.note("limits.response_bytes")
        self._says = says
        self.is_needed = self._limit > 0

    def handle(self, visit: Visit) -> None:
        """Put the gateway's own answer in its place."""
        exchange = visit.exchange
        said, response = exchange.model, exchange.response
        if said is None or response is None or response.body is not said.body or not isinstance(said.body, bytes):
            return
        if len(said.body) > self._limit:
            exchange.response = None
            why = f"an answer of {len(said.body)} bytes, {self._limit} are allowed{self._note}"
            visit.refuse(self._says.say("response_too_large"), why)


class DevErrors:
    """Puts the traceback of a failed run() into the answer, which no cloud does: for development only."""

    name = "dev errors"

    def __init__(self, *, on: bool) -> None:
        self.is_needed = on

    def handle(self, visit: Visit) -> None:
        """Put it there; the status stays."""
        exchange = visit.exchange
        fault, response = exchange.account.get("fault"), exchange.response
        if not fault or response is None:
            return
        body = fault["traceback"].encode()
        kept = [(name, value) for name, value in response.headers if not name.lower().startswith("content-")]
        headers = [*kept, ("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
        exchange.response = replace(response, headers=headers, body=body)


class FinishHeaders:
    """
    Puts the gateway's ids on the answer; one of its own carries all three that are known.

    Source: contract 1.3, 4.9; 8 #7 and #8.
    """

    name = "finish headers"

    def __init__(self, rules: IdentityRules) -> None:
        self.is_needed = rules.request_id == "own"

    def handle(self, visit: Visit) -> None:
        """Write them."""
        exchange = visit.exchange
        response = exchange.response
        if response is None:
            return
        own = exchange.request_id
        if exchange.model is not None and response.body is exchange.model.body:
            headers = [pair for pair in response.headers if len(pair[0]) != 12 or pair[0].lower() != "x-request-id"]
            headers.append(("x-request-id", own))
        else:
            headers = [*(pair for pair in response.headers if pair[0].lower() not in _IDS), *_ids(visit, own)]
        exchange.response = Response(
            response.status, response.phrase, headers, response.body, response.account, response.trailers
        )


def _ids(visit: Visit, own: str) -> Headers:
    """The server's rules for ids, for an answer that it did not give (contract 4.9)."""
    legacy = visit.request.header("x-ms-request-id") or ""
    client = visit.request.header("x-ms-client-request-id") or legacy
    ids = [("x-request-id", own), ("x-ms-request-id", legacy or client or own)]
    return [*ids, ("x-ms-client-request-id", client)] if client else ids
