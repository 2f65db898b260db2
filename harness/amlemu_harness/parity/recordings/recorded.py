"""
How cases and records stand in a file that people read in git: plain data, what is as always left out, bodies as text where they are.

Both ways, and nothing else: `recording.py` owns the file, `kept.py` what is not to be in it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any

from amlemu_harness.parity.case import Case
from amlemu_harness.parity.record import End, Seen, Take
from amlemu_harness.parity.recordings.kept import chunked
from amlemu_harness.parity.wire import Received, Sent

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_MOST_LINES = 20_000
_BASE64_CHARACTERS = 76


def octets(content: bytes) -> Any:
    """Write bytes: a text, its lines where it has several; anything but plain UTF-8 as base64."""
    text = _plain(content)
    if text is None:
        code = base64.b64encode(content).decode("ascii")
        return {"base64": [code[at : at + _BASE64_CHARACTERS] for at in range(0, len(code), _BASE64_CHARACTERS)]}
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    return lines if len(lines) > 1 else text


def octets_of(told: Any) -> bytes:
    """Read what `octets` has written. Raises ValueError."""
    if isinstance(told, str):
        return told.encode("utf-8")
    if isinstance(told, list):
        return "".join(map(_text, told)).encode("utf-8")
    return base64.b64decode("".join(map(_text, _mapping(told)["base64"])), validate=True)


def case(one: Case) -> dict[str, Any]:
    """Write a case."""
    return {
        "name": one.name,
        "source": one.source,
        "requests": [_sent(sent) for sent in one.requests],
        **_unusual(one, Case("", "", ()), "together", "kills_workers", "is_hard"),
    }


def case_of(told: Any) -> Case:
    """Read a case. Raises ValueError, KeyError."""
    fields = _mapping(told)
    return Case(
        _text(fields["name"]),
        _text(fields["source"]),
        tuple(_sent_of(one) for one in _list(fields["requests"])),
        together=int(fields.get("together", 1)),
        kills_workers=bool(fields.get("kills_workers", False)),
        is_hard=bool(fields.get("is_hard", False)),
    )


def take(one: Take) -> dict[str, Any]:
    """Write a take; cases stay in the order in which they were asked."""
    found: dict[str, Any] = {"seen": [{"case": name, **_seen(seen)} for name, seen in one.seen.items()]}
    found |= {"start": _end(one.start)} if one.start is not None else {}
    found |= {"unasked": dict(one.unasked)} if one.unasked else {}
    return found | ({"surroundings": _plain_data(one.surroundings)} if one.surroundings is not None else {})


def take_of(told: Any) -> Take:
    """Read a take. Raises ValueError, KeyError."""
    fields = _mapping(told)
    around = fields.get("surroundings")
    return Take(
        {_text(one["case"]): _seen_of(one) for one in map(_mapping, _list(fields["seen"]))},
        _end_of(fields.get("start")),
        None if around is None else dict(_mapping(around)),
        texts_of(fields.get("unasked", {})),
    )


def texts_of(told: Any) -> dict[str, str]:
    """Read texts by name. Raises ValueError."""
    return {name: _text(value) for name, value in _mapping(told).items()}


def _sent(one: Sent) -> dict[str, Any]:
    found = _unusual(one, Sent(b""), "after_continue", "half_close", "leaves", "rest", "pause_s")
    return {"raw": octets(one.raw), **found}


def _sent_of(told: Any) -> Sent:
    fields = _mapping(told)
    return Sent(
        octets_of(fields["raw"]),
        octets_of(fields.get("after_continue", "")),
        half_close=bool(fields.get("half_close", False)),
        leaves=bool(fields.get("leaves", False)),
        rest=octets_of(fields.get("rest", "")),
        pause_s=float(fields.get("pause_s", 0.0)),
    )


def _seen(one: Seen) -> dict[str, Any]:
    found: dict[str, Any] = {"answers": [_received(answer) for answer in one.answers]}
    found |= {"trouble": one.trouble} if one.trouble else {}
    return found | ({"end": _end(one.end)} if one.end is not None else {})


def _seen_of(fields: Mapping[str, Any]) -> Seen:
    answers = tuple(_received_of(one) for one in _list(fields["answers"]))
    return Seen(answers, _text(fields.get("trouble", "")), _end_of(fields.get("end")))


def _received(one: Received) -> dict[str, Any]:
    """Write an answer; the body once, as it follows from its pieces, and what was on the wire from the body."""
    found: dict[str, Any] = {"status": one.status, "headers": [list(pair) for pair in one.headers]}
    found |= {"interim": list(one.interim)} if one.interim else {}
    found |= {"pieces": [octets(piece) for piece in one.pieces]} if one.pieces else {}
    found |= {"body": octets(one.body)} if one.body != b"".join(one.pieces) else {}
    found |= {"wire_body": octets(one.wire_body)} if one.wire_body != _on_the_wire(one.body, one.pieces) else {}
    found |= {"complete": one.is_complete, "closed": one.is_closed}
    return found | ({"arrivals": [list(pair) for pair in one.arrivals]} if one.arrivals else {})


def _received_of(told: Any) -> Received:
    fields = _mapping(told)
    pieces = tuple(octets_of(piece) for piece in _list(fields.get("pieces", [])))
    body = octets_of(fields["body"]) if "body" in fields else b"".join(pieces)
    return Received(
        _text(fields["status"]),
        tuple((_text(name), _text(value)) for name, value in _list(fields["headers"])),
        octets_of(fields["wire_body"]) if "wire_body" in fields else _on_the_wire(body, pieces),
        body,
        pieces,
        tuple(map(_text, _list(fields.get("interim", [])))),
        is_complete=bool(fields["complete"]),
        is_closed=bool(fields["closed"]),
        arrivals=tuple((float(after_s), int(count)) for after_s, count in _list(fields.get("arrivals", []))),
    )


def _on_the_wire(body: bytes, pieces: Sequence[bytes]) -> bytes:
    return chunked(pieces) if pieces else body


def _end(one: End | None) -> Any:
    if one is None:
        return None
    trying = {"is_trying": True} if one.is_trying else {}
    return {"exit_code": one.exit_code, **trying, "out": list(one.out), "err": list(one.err)}


def _end_of(told: Any) -> End | None:
    if told is None:
        return None
    fields = _mapping(told)
    code = fields["exit_code"]
    out, err = (tuple(map(_text, _list(fields[name]))) for name in ("out", "err"))
    return End(None if code is None else int(code), out, err, is_trying=bool(fields.get("is_trying")))


def _unusual(value: object, usual: object, *names: str) -> dict[str, Any]:
    """Return the fields of a value that are not as always."""
    found = {name: getattr(value, name) for name in names if getattr(value, name) != getattr(usual, name)}
    return {name: octets(one) if isinstance(one, bytes) else one for name, one in found.items()}


def _plain(content: bytes) -> str | None:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(text) or text.count("\n") > _MOST_LINES else text


def _plain_data(value: object) -> Any:
    """Return what JSON has a word for; the rest as text."""
    if isinstance(value, Mapping):
        return {str(key): _plain_data(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain_data(one) for one in value]
    is_number = isinstance(value, int) or (isinstance(value, float) and value - value == 0)  # no infinity, no NaN
    return value if value is None or isinstance(value, str) or is_number else str(value)


def _text(told: Any) -> str:
    if not isinstance(told, str):
        raise ValueError(f"{told!r:.80} is no text")  # noqa: TRY004  # one kind of error for whoever reads
    return told


def _list(told: Any) -> list[Any]:
    if not isinstance(told, list):
        raise ValueError(f"{told!r:.80} is no list")  # noqa: TRY004
    return told


def _mapping(told: Any) -> Mapping[str, Any]:
    if not isinstance(told, dict):
        raise ValueError(f"{told!r:.80} is no object")  # noqa: TRY004
    return told
