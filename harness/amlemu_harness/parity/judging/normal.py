"""
Answers made comparable: what cannot be equal by nature becomes a word in angle brackets, all else stays byte for byte.

What only varies, a time in a body, is no business of this module: that it varies is seen when the reference is asked twice
(`compare.py`). Its neighbours: `ids.py` numbers what servers make up, `last_lines.py` does the same for logs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from amlemu_harness.parity.case import Case
from amlemu_harness.parity.judging.ids import Numbers, ids_in, ids_of, numbered, with_numbers
from amlemu_harness.parity.record import Seen
from amlemu_harness.parity.wire import Received

# contract 4.2: what gunicorn and the inference server write
_DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
_DURATION = re.compile(r"\d+\.\d{3}")

_LOCAL = r"127\.0\.0\.1|0\.0\.0\.0|localhost|\[::1?\]"
_QUOTED_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:)?')

Answers = tuple[Received, ...]


def normal_answers(
    case: Case, theirs: Seen, ours: Seen, again: Seen | None = None, *, hosts: Sequence[str] = ()
) -> list[Answers]:
    """
    Return the answers of each side in normal form: their headers and bodies, pieces stay as they came.

    Ids are numbered over all answers of a side. Of requests that were sent together, answers are in an order of their own.

    Args:
        again: theirs once more; what both say was not made for this answer.
        hosts: names of servers' own addresses, beside those of this machine.
    """
    sides = [theirs, ours] if again is None else [theirs, ours, again]
    sent = ids_in(text.decode("latin-1") for one in case.requests for text in (one.raw, one.after_continue, one.rest))
    address = _address(hosts)
    heads = any(one.is_head for one in case.requests)
    rows = [_in_order(seen.answers, sent, address) if case.together > 1 else seen.answers for seen in sides]
    places = [_places(row) for row in rows]
    same = ids_in(places[0].values()) & ids_in(places[2].values()) if again is not None else frozenset()
    numbers = numbered(places, sent | same)
    return [
        tuple(_normal(one, own, address, has_length=bool(one.body) or not heads) for one in row)
        for row, own in zip(rows, numbers, strict=True)
    ]


def _in_order(answers: Answers, sent: frozenset[str], address: re.Pattern[str]) -> Answers:
    """Return answers in the order of their normal forms, each with ids of its own."""

    def key(answer: Received) -> tuple[str, list[str], list[str], bytes]:
        normal = _normal(answer, numbered([_places([answer])], sent)[0], address)
        names, values = ([pair[place] for pair in normal.headers] for place in (0, 1))
        return normal.status, names, values, normal.body

    return tuple(sorted(answers, key=key))


def _normal(answer: Received, numbers: Numbers, address: re.Pattern[str], *, has_length: bool = True) -> Received:
    """`has_length` is false where the length may be that of a body which is not sent, as for HEAD."""
    body = _text(answer.body)
    length = str(len(answer.body)) if has_length else ""
    return replace(
        answer,
        headers=tuple((name, _value(name, value, length, numbers, address)) for name, value in answer.headers),
        body=answer.body if body is None else with_numbers(body, numbers).encode(),
    )


def _value(name: str, value: str, length: str, numbers: Numbers, address: re.Pattern[str]) -> str:
    kind = name.lower()
    if kind == "date" and _DATE.fullmatch(value):
        return "<date>"
    if kind == "content-length" and value and value == length:
        return "<length>"
    if kind == "x-ms-run-fn-exec-ms" and _DURATION.fullmatch(value):
        return "<ms>"
    if kind == "allow":
        return ", ".join(sorted(value.split(", ")))  # the real server's order comes from a set of strings
    return address.sub("<address>", with_numbers(value, numbers))


def _address(hosts: Sequence[str]) -> re.Pattern[str]:
    """Return what a server's own address looks like: in a URL, or with its port."""
    any_host = "|".join([_LOCAL, *map(re.escape, filter(None, hosts))])
    return re.compile(rf"(?<=://)(?:{any_host})(?::\d+)?(?![\w.:-])|(?<![\w.-])(?:{any_host}):\d+(?!\d)", re.IGNORECASE)


def _places(answers: Sequence[Received]) -> dict[str, str]:
    """Return all texts in which ids may be, by names that do not depend on the order of headers or keys."""
    places: dict[str, str] = {}
    for number, answer in enumerate(answers):
        for name, value in answer.headers:
            _add(places, f"{number} {name.lower()}", value)
        for place, text in _texts_of_body(answer.body):
            _add(places, f"{number} {place}", text)
    return places


def _add(places: dict[str, str], place: str, text: str) -> None:
    if next(ids_of(text), None) is not None:
        places[place] = f"{places[place]} {text}" if place in places else text


def _texts_of_body(body: bytes) -> Iterator[tuple[str, str]]:
    """Yield the texts of a body that may hold ids: in JSON first those after a key, by that key; then all by their order."""
    text = _text(body)
    if text is None or next(ids_of(text), None) is None:
        return
    if text.lstrip().startswith(("{", "[")):
        key = ""
        for match in _QUOTED_STRING.finditer(text):
            if match[2] is None:
                yield f"body {key}", match[1]
            else:
                key = match[1]
    yield "body", text


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def hosts_of(facts: Mapping[str, str]) -> tuple[str, ...]:
    """Return the host that a side's facts name as its address."""
    match = re.match(r"(?:\w+://)?(\[[^]]*\]|[^:/]+)", facts.get("address", ""))
    return (match[1],) if match else ()
