"""
Cases from what has been asked before: a file that `amlemu requests --export` has written, or the journal of the server that runs.

Only requests are taken from it; what was answered then is not compared. Each is written again: as it came, but for its keys and
cookies, which nobody has kept, and for what belongs to its connection. `amlemu/control/export.py` says what a line holds.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from amlemu.errors import UsageError

from amlemu_harness.parity.case import Case, request
from amlemu_harness.parity.cases.files import content_of, place, text_of
from amlemu_harness.parity.cases.headers import breaks, is_secret, is_token
from amlemu_harness.parity.cases.routes import without_service
from amlemu_harness.parity.wire import Headers, Sent

_VERSION = 1
_OF_THE_CONNECTION = ("host", "content-length", "connection", "keep-alive", "proxy-connection", "transfer-encoding")
_TARGET = re.compile(r"[!-~\x80-\xff]+")
_LARGE_BYTES = 1 << 20
_LONGEST_TARGET = 60
_EXPECTED = "Expected the lines that amlemu requests --export writes."

Line = tuple[str, Mapping[str, Any]]


def _unheard(remark: str) -> None:
    """Nobody wants to know."""


def is_journal(first_line: Mapping[str, Any]) -> bool:
    """Tell by its first line whether a file holds exported requests."""
    return first_line.get("amlemu") == "exchange"


def read(path: Path, remark: Callable[[str], None] = _unheard) -> list[Case]:
    """
    Return the requests of an exported file, oldest first.

    Args:
        remark: told in a sentence how many are left out, because nobody has kept what they sent.

    Raises:
        UsageError: it cannot be read, or a line is no such request.
    """
    return _cases(_lines(path), place(path), remark)


def of_server(script: str | None, remark: Callable[[str], None] = _unheard) -> list[Case]:
    """
    Return the requests that the running server of a script remembers; None is that of the current folder.

    Raises:
        UsageError: no server runs, or several do, or it is one that cannot tell.
        AmlemuError: it ended meanwhile.
    """
    from amlemu.control.client import find

    found = find(script)
    journal = f"the journal of {found.note.scoring}"
    return _cases(((journal, line) for line in found.lines("/exchanges")), journal, remark)


def _lines(path: Path) -> Iterator[Line]:
    text = text_of(content_of(path))
    if text is None:
        raise UsageError("is no text", where=place(path), expected=_EXPECTED)
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield place(path, number), _parsed(line, place(path, number))


def _parsed(text: str, where: str) -> Mapping[str, Any]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"is not JSON: {error}", where=where, expected=_EXPECTED) from error
    if not isinstance(told, dict):
        raise UsageError("is no JSON object", where=where, expected=_EXPECTED)
    return told


def _cases(lines: Iterable[Line], whole: str, remark: Callable[[str], None]) -> list[Case]:
    cases: dict[str, Case] = {}
    left_out = 0
    for where, line in lines:
        case = _case(line, where, cases)
        if case is None:
            left_out += 1
        else:
            cases[case.name] = case
    if left_out:
        count = "1 request is" if left_out == 1 else f"{left_out} requests are"
        remark(f"{count} left out of {whole}: nobody has kept the body, which was too large or had not come yet")
    return list(cases.values())


def _case(line: Mapping[str, Any], where: str, taken: Mapping[str, Case]) -> Case | None:
    """Return one as a case; None where what was sent is not known."""
    if not is_journal(line):
        raise UsageError("is no exported request", where=where, expected=_EXPECTED)
    if line.get("version") != _VERSION:
        what = f"is of version {line.get('version')!r}, and this amlemu reads {_VERSION}"
        raise UsageError(what, where=where, hint="Read it with the amlemu that wrote it, or export it again.")
    try:
        asked = line["request"]
        if asked.get("body_kept") is False:
            return None
        body = _body(asked)
        sent = _sent(asked, body)
        name = _unused(f"request {int(line['number'])}: {asked['method']} {_short(asked['target'])}", taken)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise UsageError(f"is no whole request: {why}", where=where, expected=_EXPECTED) from error
    was_closed = line.get("response") is None  # it may have ended a worker
    return Case(name, where, (sent,), is_hard=was_closed or len(body) > _LARGE_BYTES)


def _body(asked: Mapping[str, Any]) -> bytes:
    if "body_base64" in asked:
        return base64.b64decode(asked["body_base64"], validate=True)
    body: bytes = asked["body"].encode("utf-8")
    return body


def _sent(asked: Mapping[str, Any], body: bytes) -> Sent:
    method, target, version = _word(asked["method"]), _target(asked["target"]), asked.get("version", "1.1")
    headers = tuple((_word(name), _value(value)) for name, value in asked["headers"])
    kept = tuple((name, value) for name, value in headers if not _stays_behind(name))
    if version not in ("1.0", "1.1"):
        raise ValueError(f"{version!r} is no version of HTTP")
    if version == "1.1" and any(name.lower() == "transfer-encoding" for name, _ in headers):
        return _chunked(method, target, kept, body)
    return request(method, target, kept, body or None, version=version)


def _chunked(method: str, target: str, headers: Headers, body: bytes) -> Sent:
    """Write it in one chunk; how many there were is not known any more."""
    chunk = f"{len(body):x}\r\n".encode("ascii") + body + b"\r\n" if body else b""
    return request(method, target, (*headers, ("Transfer-Encoding", "chunked")), chunk + b"0\r\n\r\n")


def _stays_behind(name: str) -> bool:
    return name.lower() in _OF_THE_CONNECTION or is_secret(name)


def _target(text: str) -> str:
    if not _TARGET.fullmatch(text):
        raise ValueError(f"{text!r} is no target")
    return without_service(text) if text.startswith("/") else text  # whoever is asked has its own, or none


def _word(text: str) -> str:
    if not is_token(text):
        raise ValueError(f"{text!r} is no method, and no name of a header")
    return text


def _value(text: str) -> str:
    if breaks(text):
        raise ValueError(f"{text!r} is no value of a header")
    return text


def _short(target: str) -> str:
    return target if len(target) <= _LONGEST_TARGET else f"{target[: _LONGEST_TARGET - 3]}..."


def _unused(name: str, taken: Mapping[str, Case]) -> str:
    """Return a name that no other has: exports of two servers may stand in one file."""
    count, unused = 1, name
    while unused in taken:
        count += 1
        unused = f"{name} ({count})"
    return unused
