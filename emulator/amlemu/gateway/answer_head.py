"""
The head of an answer as bytes, and how its client is told where the body ends.

`wire.py` writes it. Connection, Transfer-Encoding and what they mean are hop by hop, and therefore decided here; all other
headers go out as they are, in their order.
"""

from __future__ import annotations

from typing import NamedTuple

from amlemu.exchange import Response
from amlemu.gateway.turn import Turn
from amlemu.profile import WireRules

_FRAMING = ("connection", "content-length", "transfer-encoding")
_LENGTHS = frozenset(map(len, _FRAMING))


class AnswerHead(NamedTuple):
    """Status line and headers, with the empty line behind them."""

    data: bytes
    is_chunked: bool
    closes: bool


def answer_head(response: Response, turn: Turn, rules: WireRules) -> AnswerHead:
    """Write the head of the answer to a turn."""
    version = turn.request.version if rules.answers_in == "request" else rules.answers_in
    lines = [f"HTTP/{version} {response.status} {response.phrase}"]
    length = None
    is_coded, is_kept, connection = False, False, 0  # its place in the lines
    for name, value in response.headers:
        if len(name) in _LENGTHS and (lower := name.lower()) in _FRAMING:  # a look at the length is enough for most
            if lower == "content-length":
                length = value
            elif lower == "connection":
                if connection:
                    continue
                connection, is_kept = len(lines), value == "keep-alive"
            else:
                is_coded = True
        lines.append(f"{name}: {value}")
    is_chunked = is_coded and turn.request.version != "1.0"
    closes = not turn.keeps_alive or not (is_chunked or _is_framed(response, turn, length))
    if connection and (closes or rules.says_connection):
        # nginx has said keep-alive before it knows that the body is shorter than its length.
        is_early = is_kept and rules.says_connection and turn.keeps_alive and length is not None
        lines[connection] = f"{lines[connection][:10]}: {'close' if closes and not is_early else 'keep-alive'}"
    elif connection:
        del lines[connection]
    elif closes and rules.keep_alive:  # gunicorn says it itself, or not at all
        lines.append("Connection: close")
    if is_coded and not is_chunked:
        lines = [line for line in lines if not line.lower().startswith("transfer-encoding:")]
    lines.append("\r\n")
    return AnswerHead("\r\n".join(lines).encode("latin-1", "replace"), is_chunked, closes)


def refusal_head(response: Response) -> bytes:
    """Write the head of the answer to what is no request: as it is."""
    lines = [f"HTTP/1.1 {response.status} {response.phrase}", *(f"{name}: {value}" for name, value in response.headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def in_one_chunk(response: Response) -> bytes:
    """Return a whole body in chunks, for the sake of the trailers behind it."""
    body: bytes = response.body  # type: ignore[assignment]
    trailers = "".join(f"{name}: {value}\r\n" for name, value in response.trailers).encode("latin-1")
    return (b"%X\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n%b\r\n" % trailers


def _is_framed(response: Response, turn: Turn, length: str | None) -> bool:
    """Tell whether the client can see the end of a body that is not in chunks without the end of the connection."""
    if turn.request.method == "HEAD" or response.status in (204, 304):
        return True
    return length == str(len(response.body)) if isinstance(response.body, bytes) else length is not None
