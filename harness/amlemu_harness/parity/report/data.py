"""
The report of a run for programs: plain JSON with stable keys. Nothing is cut; `text.py` is for people.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from amlemu_harness.parity.case import Case
from amlemu_harness.parity.record import End, Record, Seen
from amlemu_harness.parity.report.rows import case_of
from amlemu_harness.parity.report.secrecy import masked, without_secrets
from amlemu_harness.parity.report.summary import WORDS, headline, values_of
from amlemu_harness.parity.verdict import Difference, Result, Verdict
from amlemu_harness.parity.wire import Received, Sent

VERSION = 1
_IN_FULL = ("different", "unsteady")


def as_data(result: Result, cases: Sequence[Case], theirs: Record, ours: Record) -> dict[str, Any]:
    """
    Return plain JSON; keys are added over time, never changed, without `version` being one more.

    - `version`: 1; `headline`: the verdict in a sentence; `exit_code`: 0 same or exempt, 1 different, 2 not all could be compared.
    - `theirs`, `ours`: `name`, and `facts` by name.
    - `counts`: of cases by kind: `same`, `exempt`, `different`, `unsteady`, `unasked`.
    - `cases`: one object each, in the order of the run: `case`, `kind`, `source`, `why` (of unsteady and unasked ones), `varies` (paths),
      `differences` (`path`, `theirs`, `ours`, `size` in characters, `reason` of the exemption or null), smallest first. Cases of the kinds different
      and unsteady have, besides: `requests` (`raw`, and what else `Sent` has where it is not its default), `together`, `kills_workers`, and
      `theirs`, `ours`: for each take `answers` (`status`, `headers` as pairs, `body`, `wire_body`, `pieces`, `interim`, `complete`, `closed`, `arrivals` as
      pairs of seconds and bytes), `trouble`, `end` (`exit_code`, `is_trying`, `out`, `err`) or null; null for a take in which it was not asked. The case
      `start` has for each take its `end` or null instead.
    - `unneeded`, `remarks`, `stale` (of a recording), `troubles`: sentences.

    Bytes are {"text": ...} where they are UTF-8, else {"base64": ...}; secret headers have the value `(not kept)`.
    """
    facts = {
        side: {key.removeprefix(f"{side}."): value for key, value in result.facts.items() if key.startswith(f"{side}.")}
        for side in ("theirs", "ours")
    }
    return {
        "version": VERSION,
        "headline": headline(result),
        "exit_code": result.exit_code,
        "theirs": {"name": result.theirs, "facts": facts["theirs"]},
        "ours": {"name": result.ours, "facts": facts["ours"]},
        "counts": {kind: result.count(kind) for kind in WORDS},
        "cases": [_verdict(verdict, cases, theirs, ours) for verdict in result.verdicts],
        "unneeded": list(result.unneeded),
        "remarks": list(result.remarks),
        "stale": list(result.stale),
        "troubles": list(result.troubles),
    }


def _verdict(verdict: Verdict, cases: Sequence[Case], theirs: Record, ours: Record) -> dict[str, Any]:
    found: dict[str, Any] = {
        "case": verdict.case,
        "kind": verdict.kind,
        "source": verdict.source,
        "why": verdict.why,
        "varies": list(verdict.varies),
        "differences": [_difference(one) for one in verdict.differences],
    }
    if verdict.kind not in _IN_FULL:
        return found
    case = case_of(verdict.case, cases)
    if case is not None:
        found["requests"] = [_sent(sent) for sent in case.requests]
        found |= {"together": case.together, "kills_workers": case.kills_workers}
    return found | {"theirs": _takes(verdict.case, theirs), "ours": _takes(verdict.case, ours)}


def _difference(one: Difference) -> dict[str, Any]:
    theirs, ours = values_of(one)
    return {"path": one.path, "theirs": theirs, "ours": ours, "size": one.size, "reason": one.reason or None}


def _sent(sent: Sent) -> dict[str, Any]:
    defaults = Sent(b"")
    others = {key: value for key, value in vars(sent).items() if key != "raw" and value != getattr(defaults, key)}
    plain = {key: _octets(value) if isinstance(value, bytes) else value for key, value in others.items()}
    return {"raw": _octets(masked(sent.raw)), **plain}


def _takes(case: str, record: Record) -> list[Any]:
    if case == "start":
        return [_end(take.start) for take in record.takes]
    return [_seen(take.seen.get(case)) for take in record.takes]


def _seen(seen: Seen | None) -> Mapping[str, Any] | None:
    if seen is None:
        return None
    return {"answers": [_received(one) for one in seen.answers], "trouble": seen.trouble, "end": _end(seen.end)}


def _end(end: End | None) -> Mapping[str, Any] | None:
    if end is None:
        return None
    return {"exit_code": end.exit_code, "is_trying": end.is_trying, "out": list(end.out), "err": list(end.err)}


def _received(one: Received) -> dict[str, Any]:
    return {
        "status": one.status,
        "headers": [list(pair) for pair in without_secrets(one.headers)],
        "body": _octets(one.body),
        "wire_body": _octets(one.wire_body),
        "pieces": [_octets(piece) for piece in one.pieces],
        "interim": list(one.interim),
        "complete": one.is_complete,
        "closed": one.is_closed,
        "arrivals": [list(pair) for pair in one.arrivals],
    }


def _octets(content: bytes) -> dict[str, str]:
    try:
        return {"text": content.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode("ascii")}
