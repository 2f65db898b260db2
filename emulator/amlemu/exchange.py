"""
The values that cross every border: a `Request` comes in, a `Response` goes out, an `Exchange` remembers both.

HTTP is kept as it is on the wire: header names keep their spelling and order, repeats stay, the target is not decoded,
bodies are bytes. Nobody here reads sockets or knows a profile. Part of the guest half: standard library only, Python
3.9 syntax.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, AsyncIterator, Iterator, List, NamedTuple, Optional, Tuple, Union

Headers = List[Tuple[str, str]]
Address = Tuple[str, int]
Body = Union[bytes, Iterator[bytes], AsyncIterator[bytes]]


@dataclass
class Request:
    """One HTTP request, whole: what a `Backend` is asked."""

    method: str
    target: str  # as sent, query included, percent-encoded
    headers: Headers  # latin-1 text, arrival order and spelling
    body: bytes = b""
    version: str = "1.1"
    client: Address = ("127.0.0.1", 0)
    server: Address = ("127.0.0.1", 5001)
    number: int = 0  # of its exchange
    broken: Optional[str] = None  # why the body cannot be read to its end: bad chunks
    _by_name: Optional[dict[str, str]] = field(default=None, init=False, repr=False, compare=False)

    def header(self, name: str) -> Optional[str]:
        """Return the value of `name` (any spelling), repeats joined by a comma as in WSGI, or None."""
        if self._by_name is None:
            found: dict[str, str] = {}
            for key, value in self.headers:
                lower = key.lower()
                found[lower] = f"{found[lower]},{value}" if lower in found else value
            self._by_name = found
        return self._by_name.get(name.lower())


@dataclass
class Response:
    """
    One HTTP response: what a `Backend` said, 500s included.

    `body` is the whole of it, or an iterator of pieces when the script streams. `account` is what the worker knows and
    the wire never carries: `run_ms` (run() only, milliseconds), `duration_ms`, `length`, `fault` (see `scoring.faults`).
    """

    status: int
    phrase: str
    headers: Headers
    body: Body = b""
    account: dict[str, Any] = field(default_factory=dict)
    trailers: Headers = field(default_factory=list)  # sent after the body, in chunks

    def header(self, name: str) -> Optional[str]:
        """Return the first value of `name` (any spelling), or None."""
        wanted = name.lower()
        for key, value in self.headers:
            if key.lower() == wanted:
                return value
        return None


class Step(NamedTuple):
    """What one stage of the front door decided about an exchange; empty when it let it pass."""

    stage: str
    decision: str
    ms: float


class Frame(NamedTuple):
    """One level of a Python stack, as the script's own file system names it."""

    file: str
    line: int
    function: str


@dataclass
class Exchange:
    """
    One request and all that happened to it; written by the gateway, read by everybody who shows or checks it.

    Two lanes: `model` is what the server behind the front door said, `response` what the caller got. With nothing
    between them they are the same object.
    """

    request: Request
    started_at: float = 0.0  # seconds since the epoch
    elapsed_ms: float = 0.0
    model: Optional[Response] = None
    response: Optional[Response] = None
    failure: Optional[Exception] = None  # a BackendFailure when the model said nothing (in time)
    request_id: str = ""  # the gateway's own; empty where it has none
    why: str = ""  # the front door answered by itself, or closed
    cloud: Optional[Response] = None  # with --shadow, or while a debugger stops clocks: what the caller would have got
    cloud_ms: float = 0.0  # and when
    paused_ms: float = 0.0  # it stood still because a debugger held the worker
    stack: List[Frame] = field(default_factory=list)  # where the script was when we stopped waiting; outermost first
    where: str = ""  # the same in one line
    client_left: bool = False
    bodies_kept: bool = True  # False: they were too large to be remembered, and are empty here
    sent_bytes: int = 0  # of the response's body
    passed: List[Tuple[str, str, float]] = field(default_factory=list)  # see `steps`

    @property
    def steps(self) -> List[Step]:
        """What each stage decided, in the order that they were asked; kept as plain tuples, for there are many."""
        return [Step(*passed) for passed in self.passed]

    @property
    def number(self) -> int:
        """Counts the exchanges of a server, from 1."""
        return self.request.number

    @property
    def peak_bytes(self) -> Optional[int]:
        """The most memory that the worker had with it, in bytes; None where the system does not tell."""
        return self.account.get("peak_bytes")

    @property
    def account(self) -> dict[str, Any]:
        """What the worker knows of its answer; see `Response`."""
        return {} if self.model is None else self.model.account
