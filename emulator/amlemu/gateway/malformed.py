"""
What gunicorn says to a request that it will not read: pages of 400, 414, 417, 431, 501.

llhttp finds most faults, but in other words and not all of them. `check_head` looks at every head for what llhttp lets
pass; `complaint` reads a head again, after llhttp has refused it, to find gunicorn's words.

Source: gunicorn 27.0.1, http/message.py, http/errors.py, workers/base.py (read 2026-11); contract 4.8.
"""

from __future__ import annotations

import re

from amlemu.exchange import Headers, Response
from amlemu.profile import WireRules
from amlemu.scoring.gunicorn import page

LONGEST_HEAD = 4096 + 100 * (8190 + 2) + 4
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-zA-Z]+")
_METHOD = re.compile(r"[!$%&'*+\-.^_|~0-9A-Z]{3,20}")
_SINGLE = {"host": "HOST", "content-type": "CONTENT-TYPE", "content-length": "CONTENT-LENGTH"}
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_BAD_TARGET = re.compile(r"[^\x21-\x7e]")


class Refused(Exception):
    """Raised inside a parser callback: answer this and read no further."""

    def __init__(self, response: Response) -> None:
        self.response = response
        super().__init__(response.phrase)


def is_method(word: bytes) -> bool:
    """Tell whether gunicorn takes `word` for a method."""
    return _METHOD.fullmatch(word.decode("latin-1")) is not None


def check_head(method: str, target: str, version: str, headers: Headers, rules: WireRules) -> Response | None:
    """Return the page for a head that llhttp has accepted and gunicorn would not, or None."""
    line_bytes = len(method) + len(target) + 10  # two spaces and HTTP/1.1
    if line_bytes > rules.request_line_bytes:
        return page(414, "URI Too Long", f"Request Line is too large ({line_bytes} > {rules.request_line_bytes})")
    seen = set()
    for name, value in headers:
        if len(name) + len(value) + 4 > rules.header_field_bytes:
            return too_large_field()
        lower = name.lower()
        if lower in _SINGLE:
            if lower in seen:
                return _bad_header(_SINGLE[lower])
            seen.add(lower)
        elif lower == "expect" and value.lower() != "100-continue":
            return page(417, "Expectation Failed", f"Unable to comply with expectation: {value!r}")
        elif lower == "transfer-encoding" and value.strip().lower() != "chunked":
            return _transfer_encoding(value, version)
    return None


def complaint(head: bytes) -> Response:
    """Return gunicorn's page for a head, as far as it came, that llhttp has refused."""
    text = head.decode("latin-1")
    line, _, rest = text.partition("\r\n")
    return _about_line(line) or _about_headers(rest) or _bad_request(f"Invalid HTTP Header: {rest[:40]!r}")


def too_many_fields() -> Response:
    """Return the page for more header fields than allowed."""
    return _too_large_head("limit request headers fields")


def too_large_field() -> Response:
    """Return the page for a header field that is too long."""
    return _too_large_head("limit request headers fields size")


def too_many_bytes() -> Response:
    """Return the page for a head that does not end."""
    return _too_large_head("max buffer headers")


def too_large(message: str) -> Response:
    """Return the page of our own memory guard; the real server has no such limit."""
    return page(413, "Request Entity Too Large", message)


def bad_body(text: str) -> Response:
    """Return the page for a body that is not chunked as it says."""
    return _bad_request(text)


def _too_large_head(what: str) -> Response:
    return page(431, "Request Header Fields Too Large", f"Error parsing headers: '{what}'")


def _bad_request(message: str) -> Response:
    return page(400, "Bad Request", message)


def _bad_header(name: str) -> Response:
    return _bad_request(f"Invalid HTTP Header: {name!r}")


def _transfer_encoding(value: str, version: str) -> Response | None:
    codings = [coding.strip().lower() for coding in value.split(",")]
    known = {"chunked", "identity", "compress", "deflate", "gzip"}
    if any(coding not in known for coding in codings):
        return page(501, "Bad Request", f"Unsupported transfer coding: {value!r}")
    if codings[-1] != "chunked" or codings.count("chunked") != 1 or version < "1.1":
        return _bad_header("TRANSFER-ENCODING")
    return None


def _about_line(line: str) -> Response | None:
    words = line.split(" ", 2)
    if len(words) != 3:
        return _invalid_line(line)
    method, target, version = words
    if re.search("[a-z#]", method) or not 3 <= len(method) <= 20 or not _TOKEN.fullmatch(method):
        return _bad_request(f"Invalid HTTP method: {method!r}")
    if not target or _BAD_TARGET.search(target) or (target == "*" and method != "OPTIONS"):
        return _invalid_line(line)
    if method != "CONNECT" and target != "*" and not target.startswith("/") and "://" not in target:
        return _invalid_line(line)
    number = re.fullmatch(r"HTTP/(\d)\.(\d)", version)
    if number is None:
        return _bad_request(f"Invalid HTTP Version 'Invalid HTTP Version: {version!r}'")
    if number[1] != "1":
        return _bad_request(f"Invalid HTTP Version 'Invalid HTTP Version: {(int(number[1]), int(number[2]))!r}'")
    return None


def _invalid_line(line: str) -> Response:
    return _bad_request(f"Invalid Request Line 'Invalid HTTP request line: {line!r}'")


def _about_headers(rest: str) -> Response | None:
    for line in rest.split("\r\n"):
        if not line:
            return None
        name, colon, value = line.partition(":")
        if line.startswith((" ", "\t")):
            return _bad_request("Obsolete line folding is unacceptable")
        if not colon or not name:
            return _bad_request(f"Invalid HTTP Header: {line!r}")
        if not _TOKEN.fullmatch(name):
            return _bad_request(f"Invalid HTTP header name: {name!r}")
        if _CONTROL.search(value):
            return _bad_header(name.upper())
    return None
