"""
Who answers a test's requests: a script in this process, an emulator on a port of its own, or somebody at a URL.

`warm.py` makes and keeps them, `client.py` asks them. What became of a request is found again by its response.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import httpx

from amlemu.errors import Unreachable, UsageError
from amlemu.events import Spoke
from amlemu.exchange import Exchange, Request, Response
from amlemu.testing.doorway import Doorway
from amlemu.testing.loaded import LoadedScript
from amlemu.testing.log_faults import is_of_an_exception
from amlemu.testing.transports import ADDRESS, BEGAN, EXCHANGE, AsyncNoting, Direct, Noting

if TYPE_CHECKING:
    from amlemu.endpoint import Endpoint

KEY_VARIABLE = "AMLEMU_KEY"
"""The variable that has the key or token for a URL."""
_KNOCK_S = 10.0
_PATIENCE_S = (
    2.0  # an exchange is written down a moment after its answer has gone out, and a container's log comes later still
)
_LOG_S = 0.5  # so long after an answer the server may still log what belongs to it
_LOOK_S = 0.001
_NOWHERE = "http://localhost:5001"
_MODEL_STATUS = "ms-azureml-model-error-statuscode"
_OF_THE_SERVER = ("x-ms-run-function-failed", "x-ms-server-version")  # contract 4.1; a front door sets neither


class Host(Protocol):
    """
    Who answers.

    Attributes:
        told: names it for a person.
        headers: what each request has besides.
    """

    told: str
    headers: Mapping[str, str]

    @property
    def url(self) -> str:
        """Its root, for any client. Raises UsageError where there is no port."""

    @property
    def base_url(self) -> str:
        """The root that our own clients take."""

    def options(self) -> dict[str, Any]:
        """Return what lets a client of httpx reach it."""

    def async_options(self) -> dict[str, Any]:
        """The same for an asynchronous one."""

    def exchange_of(self, response: httpx.Response) -> Exchange | None:
        """Return what became of the request that was answered so; None where nobody knows."""

    def broken(self, began: float) -> Exchange | None:
        """Return what became of a request since then that was not answered to its end; None where nobody knows."""

    def said(self, exchange: Exchange) -> Sequence[Spoke]:
        """Return what the script said in that request."""

    @property
    def gone(self) -> str:
        """Why nobody answers any more; empty where nobody knows."""

    def close(self) -> None:
        """Nothing more is asked."""


class InProcess:
    """A loaded script behind its front door, asked without sockets in the caller's thread."""

    base_url = _NOWHERE

    def __init__(self, script: LoadedScript, doorway: Doorway, told: str, headers: Mapping[str, str]) -> None:
        self.script = script
        self.told = told
        self.headers = headers
        self._doorway = doorway

    @property
    def url(self) -> str:
        """Raise UsageError: nobody listens."""
        hint = 'Mark the test with @pytest.mark.amlemu(target="worker"), or run it with --amlemu-target=worker.'
        raise UsageError("a script in this process has no port", where="url", hint=hint)

    def options(self) -> dict[str, Any]:
        """See `Host`."""
        return {"transport": Direct(self._doorway)}

    async_options = options

    def exchange_of(self, response: httpx.Response) -> Exchange | None:
        """See `Host`."""
        return response.extensions.get(EXCHANGE)

    def broken(self, began: float) -> Exchange | None:
        """See `Host`; the error itself has it."""
        return None

    def said(self, exchange: Exchange) -> Sequence[Spoke]:
        """See `Host`."""
        began, ended = exchange.started_at, exchange.started_at + exchange.elapsed_ms / 1000
        # several front doors have this script, and each counts for itself
        return [one for one in self.script.said if one.request == exchange.number and began <= one.at <= ended]

    gone = ""

    def close(self) -> None:
        """See `Host`; the script itself stays."""
        self._doorway.close()


class Served:
    """An emulator on a port of its own: worker processes, the real container, or a URL behind the front door."""

    def __init__(self, endpoint: Endpoint, told: str, headers: Mapping[str, str]) -> None:
        self.endpoint = endpoint
        self.told = told
        self.headers = headers

    @property
    def url(self) -> str:
        """See `Host`."""
        return self.endpoint.url

    base_url = url

    def options(self) -> dict[str, Any]:
        """See `Host`."""
        return {"transport": Noting()}

    def async_options(self) -> dict[str, Any]:
        """See `Host`."""
        return {"transport": AsyncNoting()}

    @property
    def has_ended(self) -> bool:
        """Whether it serves no more: a script can end all of it, its server's master included."""
        return self.endpoint.has_ended

    @property
    def gone(self) -> str:
        """See `Host`."""
        return str(self.endpoint.ended_by or "") if self.endpoint.has_ended else ""

    def exchange_of(self, response: httpx.Response) -> Exchange | None:
        """See `Host`; found by the client's own port: the first one on that connection since the request went out."""
        known = response.extensions.get(EXCHANGE)
        if known is not None:
            return known  # type: ignore[no-any-return]
        address, began = response.extensions.get(ADDRESS), response.extensions.get(BEGAN)
        if address is None or began is None:
            return None
        return self._first_since(began, lambda one: one.request.client == address)

    def broken(self, began: float) -> Exchange | None:
        """See `Host`."""
        return self._first_since(began, lambda one: one.response is None or one.failure is not None)

    def said(self, exchange: Exchange) -> Sequence[Spoke]:
        """See `Host`."""
        deadline = time.monotonic() + (0 if self.endpoint.capabilities.attributes_output else _PATIENCE_S)
        while not _is_all(found := self._said(exchange), exchange) and time.monotonic() < deadline:
            time.sleep(_LOOK_S)
        return found

    def close(self) -> None:
        """See `Host`."""
        self.endpoint.stop()

    def _said(self, exchange: Exchange) -> list[Spoke]:
        """Return what is known to be said in a request; and what was said meanwhile, where nobody knows in which one."""
        ended = exchange.started_at + exchange.elapsed_ms / 1000 + _LOG_S
        spoken = [one for one in list(self.endpoint.events) if isinstance(one, Spoke)]
        return [
            one
            for one in spoken
            if one.request == exchange.number
            or (one.request is None and not one.own and exchange.started_at <= one.at <= ended)
        ]

    def _first_since(self, began: float, is_it: Callable[[Exchange], bool]) -> Exchange | None:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            since = [one for one in self.endpoint.exchanges if one.started_at >= began and is_it(one)]
            if since or time.monotonic() > deadline:
                return min(since, key=lambda one: one.started_at, default=None)
            time.sleep(_LOOK_S)


def _is_all(said: Sequence[Spoke], exchange: Exchange) -> bool:
    """Tell whether a log has what belongs to an exchange: of a failure the exception, which comes last."""
    if exchange.model is not None and exchange.model.status < 500:
        return bool(said)
    return any(is_of_an_exception(one) for one in said)


class Remote:
    """A server at a URL: what it answers is what callers get; of its model is known what the answer tells."""

    gone = ""

    def __init__(self, url: str, key: str) -> None:
        """
        Take its root, and the key or token that lets us in.

        Raises:
            Unreachable: nobody answers there, by any proxy that the variables name.
        """
        self.base_url = url
        self.told = url if key else f"{url}, without a key: {KEY_VARIABLE} is not set"
        self.headers: Mapping[str, str] = bearer(key)
        self._trust = httpx.create_ssl_context()  # that takes longer than a test may
        try:
            with httpx.Client(**self.options(), timeout=_KNOCK_S) as client:
                client.get(url)
        except httpx.TransportError as error:
            raise Unreachable(f"nobody answers at {url}: {error or type(error).__name__}") from error

    @property
    def url(self) -> str:
        """See `Host`."""
        return self.base_url

    def options(self) -> dict[str, Any]:
        """See `Host`."""
        return {"verify": self._trust, "trust_env": True}

    def async_options(self) -> dict[str, Any]:
        """See `Host`."""
        return {**self.options(), "limits": httpx.Limits(max_keepalive_connections=0)}

    def exchange_of(self, response: httpx.Response) -> Exchange | None:
        """Return what a caller can see of it."""
        return exchange_seen(response)

    def broken(self, began: float) -> Exchange | None:
        """See `Host`."""
        return None

    def said(self, exchange: Exchange) -> Sequence[Spoke]:
        """Nobody hears it."""
        return ()

    def close(self) -> None:
        """It is somebody else's."""


def bearer(word: str | None) -> dict[str, str]:
    """Return the headers that show a key or a token; none for an empty one."""
    return {"Authorization": f"Bearer {word}"} if word else {}


def exchange_seen(response: Any) -> Exchange:
    """Return the exchange as far as the caller can see it; of requests, httpx and their like, read to the end."""
    sent = response.request
    request = Request(str(sent.method), str(sent.url), list(sent.headers.items()), _sent(sent))
    phrase = getattr(response, "reason_phrase", None) or getattr(response, "reason", None) or ""
    answer = Response(response.status_code, phrase, list(response.headers.items()), response.content)
    return Exchange(request, model=_model_seen(answer), response=answer)


def _sent(request: Any) -> bytes:
    try:
        body = getattr(request, "content", None) or getattr(request, "body", None) or b""
    except RuntimeError:  # httpx has sent it as a stream, a form's files for one, and has not kept it
        return b"(sent as a stream)"
    return body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else b""


def _model_seen(answer: Response) -> Response | None:
    """Return what the model has said, as far as the answer tells; a front door that answers by itself has none of its headers."""
    word = answer.header(_MODEL_STATUS) or ""
    if word.isdigit():
        return replace(answer, status=int(word), phrase="")
    is_models = answer.status == 200 or any(answer.header(name) is not None for name in _OF_THE_SERVER)
    return answer if is_models else None
