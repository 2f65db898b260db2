"""
Clients for tests: httpx's own, on an endpoint, which remember what became of each request.

`hosts.py` says who answers, `story.py` what is told of a failure.
"""

from __future__ import annotations

import time
from typing import Any

import httpx

from amlemu.endpoint import body_of
from amlemu.errors import ScoringFailed
from amlemu.exchange import Exchange
from amlemu.testing.hosts import Host
from amlemu.testing.story import story
from amlemu.testing.transports import EXCHANGE, Broken

MEMORY = "amlemu.memory"
"""The extension of a response in which the memory of its client lies."""


class Memory:
    """What a client has asked, and what became of it."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._asked: list[httpx.Response | Exchange] = []

    def note(self, response: httpx.Response) -> httpx.Response:
        """Remember an answer."""
        response.extensions[MEMORY] = self
        self._asked.append(response)
        return response

    def broke(self, error: httpx.TransportError, began: float) -> None:
        """Remember a request that was not answered to its end; the error carries its exchange then."""
        if not isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
            return  # it has not come that far
        exchange = error.exchange if isinstance(error, Broken) else self._host.broken(began)
        if exchange is not None:
            error.exchange = exchange  # type: ignore[union-attr]
            self._asked.append(exchange)

    def exchange(self, response: httpx.Response) -> Exchange | None:
        """Return what became of the request that was answered so."""
        found = response.extensions[EXCHANGE] = self._host.exchange_of(response)
        return found

    def exchanges(self) -> list[Exchange]:
        """Return them all, oldest first."""
        found = [one if isinstance(one, Exchange) else self.exchange(one) for one in self._asked]
        return [one for one in found if one is not None]

    def told(self, response: httpx.Response) -> str:
        """Return the story of a request."""
        exchange = self.exchange(response)
        if exchange is None:
            return f"{self._host.told} answered {response.status_code} {response.reason_phrase}"
        return self.story(exchange)

    def story(self, exchange: Exchange) -> str:
        """See `told`."""
        return story(exchange, self._host.told, self._host.said(exchange))

    def stories(self, most: int) -> list[str]:
        """Return the last ones."""
        return [self.story(one) for one in self.exchanges()[-most:]]

    def value(self, response: httpx.Response) -> Any:
        """Return an answer's value, or raise ScoringFailed with all that is known."""
        __tracebackhide__ = True
        if response.status_code == 200:
            return decoded(response)
        told = f"the endpoint answered {response.status_code} {response.reason_phrase}\n{self.told(response)}"
        error = ScoringFailed(response.status_code, response.reason_phrase, response.content, told)
        error.response = response
        raise error

    def broken(self, error: httpx.TransportError) -> ScoringFailed:
        """Return the error for a request that has no whole answer."""
        exchange = getattr(error, "exchange", None)
        what = "nobody answers any more" if isinstance(error, httpx.ConnectError) else "the connection was closed"
        why = f"; {self._host.gone}" if self._host.gone else ""
        more = "" if exchange is None else f"\n{self.story(exchange)}"
        failed = ScoringFailed(0, "", b"", f"{what} ({self._host.told}): {error}{why}{more}")
        failed.response = exchange
        return failed


class ScoringClient(httpx.Client):
    """
    An `httpx.Client` on an endpoint.

    Attributes:
        exchanges: the requests of this client that were answered, oldest first, each with both lanes.
    """

    def __init__(self, host: Host, **options: Any) -> None:
        """`options` are httpx's; nothing is timed out unless they say so."""
        self.memory = Memory(host)
        self._host = host
        defaults: dict[str, Any] = {"base_url": host.base_url, "timeout": None, "trust_env": False}
        super().__init__(**{**defaults, **host.options(), **options})
        self.headers.update(dict(host.headers))

    @property
    def exchanges(self) -> list[Exchange]:
        """See the class."""
        return self.memory.exchanges()

    @property
    def last(self) -> Exchange:
        """The newest of them. Raises IndexError where nothing has been asked."""
        return self.memory.exchanges()[-1]

    @property
    def url(self) -> str:
        """The endpoint's root, for other clients. Raises UsageError in process, where there is no port."""
        return self._host.url

    def asynchronous(self) -> AsyncScoringClient:
        """Return a client for asynchronous tests, of the same endpoint and with the same memory."""
        return AsyncScoringClient(self._host, self.memory)

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send, as httpx does, and remember."""
        __tracebackhide__ = True
        began = time.time()
        try:
            return self.memory.note(super().send(request, **options))
        except httpx.TransportError as error:
            self.memory.broke(error, began)
            raise

    def score(self, payload: Any = None, *, data: bytes | None = None, content_type: str = "application/json") -> Any:
        """
        Send one request to `/score` and return the decoded answer (text where it is not JSON).

        Args:
            payload: text and bytes as they are, anything else as JSON.
            data: the body as it is, instead.

        Raises:
            ScoringFailed: the status was not 200, or the connection was closed; tells the request, both lanes, what the script
                said in it and the end of its traceback.
        """
        __tracebackhide__ = True
        body = body_of(payload) if data is None else data
        try:
            response = self.post("/score", content=body, headers={"Content-Type": content_type})
        except httpx.TransportError as error:
            failed = self.memory.broken(error)
        else:
            return self.memory.value(response)
        raise failed


class AsyncScoringClient(httpx.AsyncClient):
    """The same as an `httpx.AsyncClient`."""

    def __init__(self, host: Host, memory: Memory | None = None, **options: Any) -> None:
        """See `ScoringClient`; `memory` is that of another client, which remembers for both."""
        self.memory = memory or Memory(host)
        self._host = host
        defaults: dict[str, Any] = {"base_url": host.base_url, "timeout": None, "trust_env": False}
        super().__init__(**{**defaults, **host.async_options(), **options})
        self.headers.update(dict(host.headers))

    @property
    def exchanges(self) -> list[Exchange]:
        """See `ScoringClient`."""
        return self.memory.exchanges()

    @property
    def last(self) -> Exchange:
        """See `ScoringClient`."""
        return self.memory.exchanges()[-1]

    @property
    def url(self) -> str:
        """See `ScoringClient`."""
        return self._host.url

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send, as httpx does, and remember."""
        __tracebackhide__ = True
        began = time.time()
        try:
            return self.memory.note(await super().send(request, **options))
        except httpx.TransportError as error:
            self.memory.broke(error, began)
            raise

    async def score(
        self, payload: Any = None, *, data: bytes | None = None, content_type: str = "application/json"
    ) -> Any:
        """See `ScoringClient.score`."""
        __tracebackhide__ = True
        body = body_of(payload) if data is None else data
        try:
            response = await self.post("/score", content=body, headers={"Content-Type": content_type})
        except httpx.TransportError as error:
            failed = self.memory.broken(error)
        else:
            return self.memory.value(response)
        raise failed


def decoded(response: httpx.Response) -> Any:
    """Return the value of an answer; text where it is not JSON."""
    try:
        return response.json()
    except ValueError:
        return response.text
