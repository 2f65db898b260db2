"""
What a recording keeps of cases and of what a server did: no secrets, arrivals in whole milliseconds.

Whoever compares a recording with a server of today keeps of the latter just as much (`kept_record`), so that nothing differs only
because it was not kept. `secrecy.py` says what is secret, `recording.py` writes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from amlemu_harness.parity.case import Case
from amlemu_harness.parity.record import End, Record, Seen, Take
from amlemu_harness.parity.report.secrecy import Secrets, dropped, without_secrets
from amlemu_harness.parity.wire import Received, Sent


def kept_cases(cases: Sequence[Case], secrets: Sequence[str] = ()) -> tuple[Case, ...]:
    """Return cases as a recording has them; headers that prove who somebody is are gone."""
    hidden = Secrets(secrets)
    return tuple(
        replace(
            case,
            name=hidden.out_of(case.name),
            source=hidden.out_of(case.source),
            requests=tuple(_sent(sent, hidden) for sent in case.requests),
        )
        for case in cases
    )


def kept_record(record: Record, secrets: Sequence[str] = ()) -> Record:
    """Return what a server did as a recording has it; the same again when it is done twice."""
    hidden = Secrets(secrets)
    takes = tuple(_take(take, hidden) for take in record.takes)
    return Record(hidden.out_of(record.side), takes, _texts(record.facts, hidden))


def chunked(pieces: Sequence[bytes]) -> bytes:
    """Return a whole chunked body as servers write it on the wire."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def _texts(values: Mapping[str, str], hidden: Secrets) -> dict[str, str]:
    return {hidden.out_of(key): hidden.out_of(value) for key, value in values.items()}


def _sent(sent: Sent, hidden: Secrets) -> Sent:
    return replace(
        sent,
        raw=hidden.out_of_bytes(dropped(sent.raw)),
        after_continue=hidden.out_of_bytes(sent.after_continue),
        rest=hidden.out_of_bytes(sent.rest),
    )


def _take(take: Take, hidden: Secrets) -> Take:
    around = take.surroundings
    seen = {hidden.out_of(name): _seen(seen, hidden) for name, seen in take.seen.items()}
    surroundings = None if around is None else {str(k): v for k, v in _mapping(hidden.out_of_plain(around)).items()}
    return Take(seen, _end(take.start, hidden), surroundings, _texts(take.unasked, hidden))


def _mapping(value: object) -> Mapping[object, object]:
    assert isinstance(value, Mapping)
    return value


def _end(end: End | None, hidden: Secrets) -> End | None:
    if end is None:
        return None
    return replace(end, out=tuple(map(hidden.out_of, end.out)), err=tuple(map(hidden.out_of, end.err)))


def _seen(seen: Seen, hidden: Secrets) -> Seen:
    answers = tuple(_received(answer, hidden) for answer in seen.answers)
    return Seen(answers, hidden.out_of(seen.trouble), _end(seen.end, hidden))


def _received(answer: Received, hidden: Secrets) -> Received:
    body = hidden.out_of_bytes(answer.body)
    pieces = tuple(map(hidden.out_of_bytes, answer.pieces))
    wire_body = hidden.out_of_bytes(answer.wire_body)
    joined = b"".join(pieces)
    if hidden.out_of_bytes(joined) != joined:  # a secret that was sent in pieces: its halves are no less secret
        pieces = (hidden.out_of_bytes(joined),)
        wire_body = chunked(pieces)
    elif answer.pieces and answer.wire_body == chunked(answer.pieces):
        wire_body = chunked(pieces)
    return replace(
        answer,
        status=hidden.out_of(answer.status),
        headers=tuple((hidden.out_of(n), hidden.out_of(v)) for n, v in without_secrets(answer.headers)),
        wire_body=wire_body,
        body=body,
        pieces=pieces,
        interim=tuple(map(hidden.out_of, answer.interim)),
        arrivals=tuple((round(after_s, 3), count) for after_s, count in answer.arrivals),
    )
