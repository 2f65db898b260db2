"""
What gunicorn says to a request that it will not read: its pages of 400, 413, 414, 417, 431 and 501.

Raised by `head.py`, written by `wire.py`; the application never hears of such a request.

Source: gunicorn 27.0.1, http/errors.py, workers/base.py `handle_error` (read 2026-11); contract 4.8.
"""

from __future__ import annotations

from amlemu.exchange import Response
from amlemu.scoring.gunicorn import page


class Refused(Exception):
    """Answer this page and read no further."""

    def __init__(self, response: Response, why: str) -> None:
        self.response = response
        super().__init__(why)


def bad_line(line: str) -> Refused:
    """Refuse a request line that is none."""
    return _bad_request("Invalid Request Line '%s'", f"Invalid HTTP request line: {line!r}")


def bad_method(method: str) -> Refused:
    """Refuse a method that is not three to twenty capital letters or signs."""
    return _bad_request("Invalid Method '%s'", f"Invalid HTTP method: {method!r}")


def bad_version(version: object) -> Refused:
    """Refuse a version: a text that is none, or a pair of numbers other than 1.x."""
    return _bad_request("Invalid HTTP Version '%s'", f"Invalid HTTP Version: {version!r}")


def bad_header(what: str) -> Refused:
    """Refuse a header: `what` is its name in capitals, or the line that is none."""
    return _bad_request(f"Invalid HTTP Header: {what!r}")


def bad_header_name(name: str) -> Refused:
    """Refuse a name that is no token."""
    return _bad_request(f"Invalid HTTP header name: {name!r}")


def folded(name: str) -> Refused:
    """Refuse a header that goes on in the next line."""
    return _bad_request(f"Obsolete line folding is unacceptable: {name!r}")


def contradictory_schemes() -> Refused:
    """Refuse forwarding headers that say both http and https."""
    return _bad_request("Contradictory scheme headers")


def long_line(size: int, limit: int) -> Refused:
    """Refuse a request line of `size` bytes."""
    return _refused(414, "URI Too Long", f"Request Line is too large ({size} > {limit})")


def large_head(what: str) -> Refused:
    """Refuse a head that is over a limit, named as gunicorn names it."""
    return _refused(431, "Request Header Fields Too Large", f"Error parsing headers: {what!r}")


def unknown_expectation(value: str) -> Refused:
    """Refuse an Expect other than 100-continue."""
    return _refused(417, "Expectation Failed", f"Unable to comply with expectation: {value!r}")


def unknown_coding(value: str) -> Refused:
    """Refuse a Transfer-Encoding that nobody knows; the status is 501, the words are those of 400."""
    return _refused(501, "Bad Request", f"Unsupported transfer coding: {value!r}")


def large_body(limit: int) -> Refused:
    """Refuse a body over our own memory guard; the real server has none."""
    message = f"more than {limit} bytes in one body: amlemu's own memory guard (wire.body_bytes)"
    return _refused(413, "Request Entity Too Large", message)


def _bad_request(message: str, why: str = "") -> Refused:
    """The page says `message` with `why` in its place; the log says `why` alone."""
    return Refused(page(400, "Bad Request", message % why if why else message), why or message)


def _refused(status: int, reason: str, message: str) -> Refused:
    return Refused(page(status, reason, message), message)
