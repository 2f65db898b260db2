"""
A client of bytes: what is sent is exactly what the case says, what is received is kept as it came.

No HTTP library stands between: header spelling, order, reason phrases, chunk borders, half closes, the moments at which
pieces arrive and answers that never come are what is compared. `case.py` writes requests, `normal.py` makes two answers comparable.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import time
from dataclasses import dataclass, replace

Headers = tuple[tuple[str, str], ...]

_HOST = re.compile(rb"(?im)^Host:[^\r\n]*")
_SHORTEST_S = 0.001
_TARGET = re.compile(rb"^(\S+ )(?=/)")


@dataclass(frozen=True)
class Patience:
    """
    How long a client waits.

    Attributes:
        piece_s: for any one piece of an answer.
        afterwards_s: how long a complete answer may leave the connection open before it counts as kept alive.
        kept_s: the same, where the answer says itself that it is kept; None for no difference.
        closed_s: the same, where it says that it is closed, with which a busy machine is late; None likewise.
    """

    piece_s: float = 10.0
    afterwards_s: float = 2.0
    kept_s: float | None = None
    closed_s: float | None = None

    def after(self, seen: Received) -> float:
        """Return how long to wait for what comes after this; never 0, which would not wait at all, and say so by another error."""
        if not seen.is_complete:
            return max(self.piece_s, _SHORTEST_S)
        said = {"keep-alive": self.kept_s, "close": self.closed_s}.get((seen.header("Connection") or "").lower())
        return max(self.afterwards_s if said is None else said, _SHORTEST_S)


BRISK = Patience(afterwards_s=0.05, kept_s=0.0, closed_s=2.0)
"""Takes an answer's word for it that the connection is kept, and waits for the end of one that it says is closed."""


@dataclass(frozen=True)
class Address:
    """
    Where a server is, and what every request to it has besides.

    Attributes:
        prefix: what stands before every path, `/api/v1/service/name`.
        headers: added to every request; a key is one of them, and stands in no report.
        is_tls: by HTTPS, whose certificate has to be good.
    """

    port: int
    host: str = "127.0.0.1"
    prefix: str = ""
    headers: Headers = ()
    is_tls: bool = False

    @property
    def authority(self) -> str:
        """What a client writes as Host: without the port that goes without saying."""
        return self.host if self.port == (443 if self.is_tls else 80) else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Sent:
    """
    One connection: what is written to it.

    Attributes:
        raw: the bytes, head and body.
        after_continue: more bytes once `100 Continue` arrived.
        half_close: our side is ended after the last byte.
        leaves: no answer is waited for.
        rest: more bytes, after `pause_s` seconds.
    """

    raw: bytes
    after_continue: bytes = b""
    half_close: bool = False
    leaves: bool = False
    rest: bytes = b""
    pause_s: float = 0.0

    @property
    def is_head(self) -> bool:
        """Say whether the answer has no body whatever its length says."""
        return self.raw.startswith(b"HEAD ")

    def towards(self, address: Address) -> Sent:
        """Return it as that server is to have it: its own name as Host, if there is one, its prefix and its headers."""
        head, end, body = self.raw.partition(b"\r\n\r\n")
        if address.host != "127.0.0.1":
            head = _HOST.sub(b"Host: " + address.authority.encode("ascii"), head, count=1)
        if address.prefix:
            head = _TARGET.sub(rb"\g<1>" + address.prefix.encode("ascii"), head, count=1)
        if end:
            head += b"".join(f"\r\n{name}: {value}".encode("latin-1") for name, value in address.headers)
        return replace(self, raw=head + end + body)


@dataclass(frozen=True)
class Received:
    """
    What came back on one connection.

    Attributes:
        status: the status line without its line end; empty when nothing came.
        headers: name and value in wire order, spelling kept.
        wire_body: every byte after the header, up to the end of the connection.
        body: the same without chunk framing.
        pieces: the chunks one by one; empty when the answer was not chunked.
        interim: status lines of 1xx answers that came first.
        is_complete: the body ended where its framing said.
        is_closed: the server ended the connection (it did not keep it alive).
        arrivals: how many bytes of `wire_body` were there after so many seconds, one entry for each time that more had come.
    """

    status: str = ""
    headers: Headers = ()
    wire_body: bytes = b""
    body: bytes = b""
    pieces: tuple[bytes, ...] = ()
    interim: tuple[str, ...] = ()
    is_complete: bool = False
    is_closed: bool = True
    arrivals: tuple[tuple[float, int], ...] = ()

    def header(self, name: str) -> str | None:
        """Return the first value of a header, by its exact spelling."""
        return next((value for key, value in self.headers if key == name), None)


def exchange(at: Address | int, sent: Sent, patience: Patience = Patience()) -> Received:  # frozen
    """
    Send one request on a connection of its own and read the answer to its end.

    Args:
        at: where the server is; a number is a port of 127.0.0.1.
        sent: the exact bytes, but for what `Sent.towards` does.

    Raises:
        OSError: nobody listens there.
    """
    with begin(at, sent, patience) as connection:
        return finish(connection, sent, patience)


def begin(at: Address | int, sent: Sent, patience: Patience = Patience()) -> socket.socket:
    """Connect and send; the caller reads the answer with `finish` and closes."""
    address = Address(at) if isinstance(at, int) else at
    connection = socket.create_connection((address.host, address.port), timeout=patience.piece_s)
    if address.is_tls:
        connection = ssl.create_default_context().wrap_socket(connection, server_hostname=address.host)
    _send(connection, sent.towards(address).raw)
    if sent.rest:
        time.sleep(sent.pause_s)  # a slow client is what is played here
        _send(connection, sent.rest)
    if sent.half_close:
        connection.shutdown(socket.SHUT_WR)
    return connection


def finish(connection: socket.socket, sent: Sent, patience: Patience = Patience()) -> Received:
    """Read the answer to its end; one that does not come within the patience shows as `is_closed=False`."""
    return Received() if sent.leaves else _receive(connection, sent, patience)


def _send(connection: socket.socket, data: bytes) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(data)  # a server that refuses early may have closed already: read what it said


def _receive(connection: socket.socket, sent: Sent, patience: Patience) -> Received:
    data = bytearray()
    interim: tuple[str, ...] = ()
    arrivals: list[tuple[float, int]] = []
    began = time.monotonic()
    seen, head_bytes, missing = Received(), 0, 0
    while True:
        if missing <= 0:  # a large answer is not read anew with each piece of it
            seen = _parse(bytes(data), sent.is_head, interim)
            head_bytes, missing = len(data) - len(seen.wire_body), _missing(seen)
        count = len(data) - head_bytes
        if count > (arrivals[-1][1] if arrivals else 0) and seen.status:
            arrivals.append((time.monotonic() - began, count))
        connection.settimeout(patience.after(seen))
        try:
            more = connection.recv(65536)
        except TimeoutError:
            return replace(_parse(bytes(data), sent.is_head, interim, is_closed=False), arrivals=tuple(arrivals))
        except (ConnectionResetError, ssl.SSLEOFError):
            more = b""
        if not more:
            return replace(_parse(bytes(data), sent.is_head, interim, at_end=True), arrivals=tuple(arrivals))
        data += more
        missing -= len(more)
        while data.startswith(b"HTTP/1.1 1") and b"\r\n\r\n" in data:
            head, data = data.split(b"\r\n\r\n", 1)
            interim += (head.split(b"\r\n")[0].decode("latin-1"),)
            missing = 0
            _send(connection, sent.after_continue)


def _missing(seen: Received) -> int:
    """Return how many bytes are still to come of a body whose length is told, before there is anything new to say of it."""
    told = next((value for name, value in seen.headers if name.lower() == "content-length"), "")
    is_chunked = any(name.lower() == "transfer-encoding" for name, _ in seen.headers)
    is_counted = bool(seen.status) and told.isdecimal() and not is_chunked and not seen.is_complete
    return int(told) - len(seen.wire_body) if is_counted else 0


def _parse(
    data: bytes, is_head: bool, interim: tuple[str, ...], at_end: bool = False, is_closed: bool = True
) -> Received:
    head, separator, rest = data.partition(b"\r\n\r\n")
    if not separator:
        return Received(wire_body=data, interim=interim, is_closed=is_closed)
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = tuple((name, value.removeprefix(" ")) for name, _, value in (line.partition(":") for line in lines))
    body, pieces, is_complete = _unframe(rest, {name.lower(): value for name, value in headers}, status, is_head)
    is_complete = at_end if is_complete is None else is_complete
    return Received(status, headers, rest, body, pieces, interim, is_complete, is_closed)


def _unframe(
    rest: bytes, headers: dict[str, str], status: str, is_head: bool
) -> tuple[bytes, tuple[bytes, ...], bool | None]:
    if is_head or status.split(" ")[1:2] in (["204"], ["304"]):
        return rest, (), True
    if headers.get("transfer-encoding") == "chunked":
        pieces, is_complete = _chunks(rest)
        return b"".join(pieces), pieces, is_complete
    if "content-length" in headers:
        return rest, (), len(rest) >= int(headers["content-length"])
    return rest, (), None  # the end of the connection is the end of the body


def _chunks(rest: bytes) -> tuple[tuple[bytes, ...], bool]:
    pieces: list[bytes] = []
    while b"\r\n" in rest:
        line, rest = rest.split(b"\r\n", 1)
        size = int(line.split(b";")[0], 16)
        if size == 0:
            return tuple(pieces), rest.endswith(b"\r\n")
        pieces.append(rest[:size])
        rest = rest[size + 2 :]
    return tuple(pieces), False
