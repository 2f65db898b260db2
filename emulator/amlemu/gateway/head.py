"""
The head of a request, read as gunicorn reads it: the same limits, the same refusals, in the same order.

A client says mostly what it has said before, so a head that comes whole and small is read through a memory of lines
(`_usual`); whatever is odd about one, `HeadReader` finds out with care. `wire.py` feeds it; `body.py` reads what follows.

Not httptools: llhttp knows fewer methods, lets pass what gunicorn refuses, and says other words (36 of the contract
suite's cases differ), and for heads of a usual size this is as fast.

Source: gunicorn 27.0.1, http/message.py (read 2026-11); contract 4.8.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from amlemu.exchange import Headers
from amlemu.gateway import refusals
from amlemu.profile import WireRules

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-zA-Z]+")
_METHOD_TABOO = re.compile(r"[a-z#]")
_TARGET_TABOO = re.compile(r"[^\x21-\x7e]")
_VALUE_TABOO = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_VERSION = re.compile(r"HTTP/(\d)\.(\d)")
_SINGLE = ("host", "content-type")
_CODINGS = ("identity", "compress", "deflate", "gzip")
_SECURE = {"x-forwarded-protocol": "ssl", "x-forwarded-proto": "https", "x-forwarded-ssl": "on"}
_FRAMING = frozenset([*_SINGLE, "content-length", "transfer-encoding", "connection", "expect", *_SECURE])
_EMPTY_LINE = b"\r\n\r\n"
_USUAL_BYTES, _MEMORY = 2048, 1024  # of a head that is read through the memory; lines that it holds of each kind


@dataclass
class Head:
    """A request line and its headers. `length` is None when there is no Content-Length."""

    method: str
    target: str
    version: str
    headers: Headers
    length: int | None = None
    is_chunked: bool = False
    expects_continue: bool = False
    wants_close: bool = False
    wants_keep_alive: bool = False


class HeadReader:
    """Collects bytes until a head is whole. One for each request."""

    def __init__(self, rules: WireRules) -> None:
        self._rules = rules
        self._buffer = bytearray()
        self._line: tuple[str, str, str] | None = None
        self._has_skipped = False
        self._largest = rules.header_fields * (rules.header_field_bytes + 2) + 4

    @property
    def has_begun(self) -> bool:
        """Whether anything has come yet."""
        return bool(self._buffer) or self._line is not None

    def feed(self, data: bytes) -> tuple[Head, bytes] | None:
        """
        Add bytes.

        Returns:
            The head and the bytes after it, or None while it is not whole.

        Raises:
            Refused: gunicorn would not read it; as early as it would say so.
        """
        buffer = self._buffer
        if not buffer and self._line is None and (found := _usual(data, self._rules)) is not None:
            return found
        buffer += data
        if self._line is None:
            self._line = self._read_line(buffer)
            if self._line is None:
                return None
        if buffer.startswith(b"\r\n"):
            return self._finish([], bytes(buffer[2:]))
        end = buffer.find(_EMPTY_LINE)
        if end < 0:
            if buffer.count(b"\n") != buffer.count(b"\r\n"):
                raise refusals.bad_header("bare LF as line terminator")
            if len(buffer) > self._largest:
                raise refusals.large_head("max buffer headers")
            return None
        lines = buffer[:end].decode("latin-1").split("\r\n")
        return self._finish(lines, bytes(buffer[end + 4 :]))

    def _read_line(self, buffer: bytearray) -> tuple[str, str, str] | None:
        if buffer.startswith(b"\r\n") and not self._has_skipped:  # one empty line before the request is allowed
            del buffer[:2]
            self._has_skipped = True
        end, limit = buffer.find(b"\r\n"), self._rules.request_line_bytes
        if buffer.find(b"\n", 0, end if end >= 0 else len(buffer)) >= 0:
            raise refusals.bad_line("bare LF as line terminator")
        if end > limit:
            raise refusals.long_line(end, limit)
        if end < 0:
            if len(buffer) - 2 > limit:
                raise refusals.long_line(len(buffer), limit)
            return None
        line = buffer[:end].decode("latin-1")
        del buffer[: end + 2]
        return _split_line(line)

    def _finish(self, lines: list[str], rest: bytes) -> tuple[Head, bytes]:
        assert self._line is not None
        head = Head(*self._line, _read_fields(lines, self._rules))
        _apply_policy(head)
        return head, rest


def _usual(data: bytes, rules: WireRules) -> tuple[Head, bytes] | None:
    """Return a head that is whole and has nothing odd about it, with what follows; else None, and somebody looks closer."""
    end = data.find(_EMPTY_LINE, 0, _USUAL_BYTES)
    if end < 0 or end > min(rules.request_line_bytes, rules.header_field_bytes - 2):
        return None
    line, *lines = data[:end].decode("latin-1").split("\r\n")
    if len(lines) > rules.header_fields:
        return None
    try:
        head = Head(*_known_line(line), [*map(_known_field, lines)])
        _apply_policy(head)
    except refusals.Refused:
        return None
    return head, data[end + len(_EMPTY_LINE) :]


def _split_line(line: str) -> tuple[str, str, str]:
    words = line.split(" ", 2)
    if len(words) != 3:
        raise refusals.bad_line(line)
    method, target, version = words
    if _METHOD_TABOO.search(method) or not 3 <= len(method) <= 20 or not _TOKEN.fullmatch(method):
        raise refusals.bad_method(method)
    if not target or _TARGET_TABOO.search(target) or not _is_of_known_form(method, target):
        raise refusals.bad_line(line)
    number = _VERSION.fullmatch(version)
    if number is None:
        raise refusals.bad_version(version)
    if number[1] != "1":
        raise refusals.bad_version((int(number[1]), int(number[2])))
    return method, target, version[5:]


_known_line = functools.lru_cache(_MEMORY)(_split_line)


def _is_of_known_form(method: str, target: str) -> bool:
    if target.startswith("/"):
        return True
    if target == "*":
        return method == "OPTIONS"
    return method == "CONNECT" or "://" in target


def _read_fields(lines: list[str], rules: WireRules) -> Headers:
    headers: Headers = []
    known = 0  # names with an underscore are dropped later, and do not count
    for place, line in enumerate(lines):
        if known >= rules.header_fields:
            raise refusals.large_head("limit request headers fields")
        name, value = _split_field(line)
        if place + 1 < len(lines) and lines[place + 1].startswith((" ", "\t")):
            raise refusals.folded(name.upper())
        _check_value(name, value)
        if len(line) + 2 > rules.header_field_bytes:
            raise refusals.large_head("limit request headers fields size")
        headers.append((name, value))
        known += "_" not in name
    return headers


def _split_field(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name:
        raise refusals.bad_header(line)
    if not _TOKEN.fullmatch(name):
        raise refusals.bad_header_name(name)
    return name, value.strip(" \t")


def _check_value(name: str, value: str) -> None:
    if _VALUE_TABOO.search(value):
        raise refusals.bad_header(name.upper())


@functools.lru_cache(_MEMORY)
def _known_field(line: str) -> tuple[str, str]:
    """A folded line is none either: no name begins with a space."""
    name, value = _split_field(line)
    _check_value(name, value)
    return name, value


def _apply_policy(head: Head) -> None:
    """Look at the headers that decide how the message is framed, and refuse what is ambiguous."""
    seen: set[str] = set()
    codings: list[str] = []
    lengths: list[str] = []
    is_secure = None
    for name, value in head.headers:
        lower = name.lower()
        if lower not in _FRAMING:
            continue
        if lower in _SINGLE:
            if lower in seen:
                raise refusals.bad_header(lower.upper())
            seen.add(lower)
        elif lower == "content-length":
            lengths.append(value)
        elif lower == "transfer-encoding":
            codings.append(value)
        elif lower == "connection":
            head.wants_close = value.lower() == "close"
            head.wants_keep_alive = value.lower() == "keep-alive"
        elif lower == "expect":
            _expect(head, value)
        else:
            if is_secure not in (None, value == _SECURE[lower]):
                raise refusals.contradictory_schemes()
            is_secure = value == _SECURE[lower]
    if lengths or codings:
        _frame(head, lengths, codings)


def _expect(head: Head, value: str) -> None:
    if value.lower() != "100-continue":
        raise refusals.unknown_expectation(value)
    head.expects_continue = head.version != "1.0"


def _frame(head: Head, lengths: list[str], codings: list[str]) -> None:
    if len(lengths) > 1:
        raise refusals.bad_header("CONTENT-LENGTH")
    for value in codings:
        for coding in (word.strip(" \t").lower() for word in value.split(",")):
            if coding not in ("chunked", *_CODINGS):
                raise refusals.unknown_coding(value)
            if head.is_chunked:
                raise refusals.bad_header("TRANSFER-ENCODING")
            head.is_chunked = coding == "chunked"
    if codings and (not head.is_chunked or head.version == "1.0"):
        raise refusals.bad_header("TRANSFER-ENCODING")
    if lengths:
        if codings or not lengths[0].isnumeric():
            raise refusals.bad_header("CONTENT-LENGTH")
        head.length = int(lengths[0])
