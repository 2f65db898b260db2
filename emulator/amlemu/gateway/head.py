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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from amlemu.exchange import Headers
from amlemu.gateway import refusals
from amlemu.profile import WireRules
from amlemu.scoring.gunicorn import is_kept

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-zA-Z]+")
_METHOD_TABOO = re.compile(r"[a-z#]")
_TARGET_TABOO = re.compile(r"[^\x21-\x7e]")
_VALUE_TABOO = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_VERSION = re.compile(r"HTTP/(\d)\.(\d)")
_FRAMES = ("content-length", "transfer-encoding")
_CODINGS = ("identity", "compress", "deflate", "gzip")
_SECURE = {"x-forwarded-protocol": "ssl", "x-forwarded-proto": "https", "x-forwarded-ssl": "on"}
SINGLE = ("host", "content-type")
_WATCHED = frozenset([*SINGLE, *_FRAMES, "connection", "expect", *_SECURE])
_READ_BYTES = 8192  # gunicorn looks whenever so many have come: what is wrong in them is said though the head goes on
_LONGEST_NUMBER = 4300  # digits that Python's int() reads
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
    """Collects bytes until a head is whole. One for each request; `trusts_peer`: it may say what only a proxy knows."""

    def __init__(self, rules: WireRules, *, trusts_peer: bool = True) -> None:
        self._rules = rules
        self._trusts_peer = trusts_peer
        self._buffer = bytearray()
        self._line: tuple[str, str, str] | None = None
        self._has_skipped = False

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
        if not buffer and self._line is None and (found := self._usual(data)) is not None:
            return found
        for end in range(_READ_BYTES, len(data) + _READ_BYTES, _READ_BYTES):
            found = self._look_at(data[end - _READ_BYTES : end])
            if found is not None:
                return found[0], found[1] + data[end:]
        return None

    def _look_at(self, data: bytes) -> tuple[Head, bytes] | None:
        buffer = self._buffer
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
            if len(buffer) > largest_section(self._rules):
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
        head = Head(*self._line, [])
        fields = read_fields(lines, self._rules, trusts_peer=self._trusts_peer)
        _apply_policy(head, _collected(fields, head.headers), self._trusts_peer)
        return head, rest

    def _usual(self, data: bytes) -> tuple[Head, bytes] | None:
        """Return a head that is whole and has nothing odd about it, with what follows; else None, and somebody looks closer."""
        rules = self._rules
        end = data.find(_EMPTY_LINE, 0, _USUAL_BYTES)
        if end < 0 or end > min(rules.request_line_bytes, rules.header_field_bytes - 2):
            return None
        line, *lines = data[:end].decode("latin-1").split("\r\n")
        if len(lines) > rules.header_fields:
            return None
        try:
            head = Head(*_known_line(line), [*map(_known_field, lines)])
            _apply_policy(head, head.headers, self._trusts_peer)
        except refusals.Refused:
            return None
        return head, data[end + len(_EMPTY_LINE) :]


def largest_section(rules: WireRules) -> int:
    """Return how many bytes of headers or trailers may come before their end is seen."""
    return rules.header_fields * (rules.header_field_bytes + 2) + 4


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
    if method != "CONNECT" and "://" not in target:
        return False
    try:
        urlsplit(target)
    except ValueError:  # brackets that do not belong together, or hold no address
        return False
    return True


def read_fields(lines: list[str], rules: WireRules, *, trusts_peer: bool) -> Iterator[tuple[str, str]]:
    """
    Yield the fields of headers or trailers, each before the next line is looked at: what is wrong first is said.

    Raises:
        Refused: a line is no field, or one too many.
    """
    kept = 0
    for place, line in enumerate(lines):
        if kept >= rules.header_fields:
            raise refusals.large_head("limit request headers fields")
        name, value = _split_field(line)
        if place + 1 < len(lines) and lines[place + 1].startswith((" ", "\t")):
            raise refusals.folded(name.upper())
        if _VALUE_TABOO.search(value):
            raise refusals.bad_header(name.upper())
        if len(line) + 2 > rules.header_field_bytes:
            raise refusals.large_head("limit request headers fields size")
        yield name, value
        kept += "_" not in name or is_kept(name, is_trusted=trusts_peer)


def _collected(fields: Iterable[tuple[str, str]], headers: Headers) -> Iterator[tuple[str, str]]:
    for field in fields:
        headers.append(field)
        yield field


def _split_field(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name:
        raise refusals.bad_header(line)
    if not _TOKEN.fullmatch(name):
        raise refusals.bad_header_name(name)
    return name, value.strip(" \t")


@functools.lru_cache(_MEMORY)
def _known_field(line: str) -> tuple[str, str]:
    """A folded line is none either: no name begins with a space."""
    name, value = _split_field(line)
    if _VALUE_TABOO.search(value):
        raise refusals.bad_header(name.upper())
    return name, value


def _apply_policy(head: Head, fields: Iterable[tuple[str, str]], trusts_peer: bool) -> None:
    """Look at the headers that decide how the message is read, and refuse what is ambiguous: in their order, framing last."""
    seen: set[str] = set()
    framing: Headers = []
    is_secure = None
    for name, value in fields:
        lower = name.lower()
        if lower not in _WATCHED:
            continue
        if lower in SINGLE:
            if lower in seen:
                raise refusals.bad_header(lower.upper())
            seen.add(lower)
        elif lower in _FRAMES:
            framing.append((lower, value))
        elif lower == "connection":
            head.wants_close = value.lower() == "close"
            head.wants_keep_alive = value.lower() == "keep-alive"
        elif lower == "expect":
            _expect(head, value)
        elif trusts_peer:
            if is_secure not in (None, value == _SECURE[lower]):
                raise refusals.contradictory_schemes()
            is_secure = value == _SECURE[lower]
    if framing:
        _frame(head, framing)


def _expect(head: Head, value: str) -> None:
    if value.lower() != "100-continue":
        raise refusals.unknown_expectation(value)
    head.expects_continue = head.version != "1.0"


def _frame(head: Head, framing: Headers) -> None:
    length = None
    has_coding = False
    for name, value in framing:
        if name == "transfer-encoding":
            has_coding = True
            _decode(head, value)
        elif length is None:
            length = value
        else:
            raise refusals.bad_header("CONTENT-LENGTH")
    if has_coding and (not head.is_chunked or head.version == "1.0"):
        raise refusals.bad_header("TRANSFER-ENCODING")
    if length is not None:
        if has_coding or not length.isdecimal() or len(length) > _LONGEST_NUMBER:
            raise refusals.bad_header("CONTENT-LENGTH")
        head.length = int(length)


def _decode(head: Head, value: str) -> None:
    for coding in (word.strip(" \t").lower() for word in value.split(",")):
        if coding not in ("chunked", *_CODINGS):
            raise refusals.unknown_coding(value)
        if head.is_chunked:
            raise refusals.bad_header("TRANSFER-ENCODING")
        head.is_chunked = coding == "chunked"
