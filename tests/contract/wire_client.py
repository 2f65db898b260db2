"""
A client of bytes: what is sent is exactly what the case says, what is received is kept as it came.

No HTTP library stands between: header spelling, order, reason phrases, chunk borders, half closes and answers that never
come are the facts under test. `cases` says what to send, `normalise` makes two answers comparable.
"""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass

PATIENCE_S = 10.0
"""The longest wait for any one piece of an answer."""

AFTERWARDS_S = 2.0
"""How long a complete answer may leave the connection open before it counts as kept alive."""


@dataclass(frozen=True)
class Sent:
    """One connection: bytes, more bytes once `100 Continue` arrived, perhaps a half close, perhaps no wait for an answer."""

    raw: bytes
    after_continue: bytes = b""
    half_close: bool = False
    leaves: bool = False

    @property
    def is_head(self) -> bool:
        """Say whether the answer has no body whatever its length says."""
        return self.raw.startswith(b"HEAD ")


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
    """

    status: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    wire_body: bytes = b""
    body: bytes = b""
    pieces: tuple[bytes, ...] = ()
    interim: tuple[str, ...] = ()
    is_complete: bool = False
    is_closed: bool = True

    def header(self, name: str) -> str | None:
        """Return the first value of a header, by its exact spelling."""
        return next((value for key, value in self.headers if key == name), None)


def exchange(port: int, sent: Sent) -> Received:
    """
    Send one request on a connection of its own and read the answer to its end.

    Args:
        port: where the target listens on 127.0.0.1.
        sent: the exact bytes.
    """
    with begin(port, sent) as connection:
        return finish(connection, sent)


def begin(port: int, sent: Sent) -> socket.socket:
    """Connect and send; the caller reads the answer with `finish` and closes."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    _send(connection, sent.raw)
    if sent.half_close:
        connection.shutdown(socket.SHUT_WR)
    return connection


def finish(connection: socket.socket, sent: Sent) -> Received:
    """Read the answer to its end; one that does not come within `PATIENCE_S` shows as `is_closed=False`."""
    return Received() if sent.leaves else _receive(connection, sent)


def _send(connection: socket.socket, data: bytes) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(data)  # a server that refuses early may have closed already: read what it said


def _receive(connection: socket.socket, sent: Sent) -> Received:
    data = b""
    interim: tuple[str, ...] = ()
    while True:
        is_complete = _parse(data, sent.is_head, interim).is_complete
        connection.settimeout(AFTERWARDS_S if is_complete else PATIENCE_S)
        try:
            more = connection.recv(65536)
        except TimeoutError:
            return _parse(data, sent.is_head, interim, is_closed=False)
        except ConnectionResetError:
            more = b""
        if not more:
            return _parse(data, sent.is_head, interim, at_end=True)
        data += more
        while data.startswith(b"HTTP/1.1 1") and b"\r\n\r\n" in data:
            head, data = data.split(b"\r\n\r\n", 1)
            interim += (head.split(b"\r\n")[0].decode("latin-1"),)
            _send(connection, sent.after_continue)


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
