"""
What Azure's files say, in a few lines: what is served, what is honoured, what has no effect here and why.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from typing import Any

from amlemu.azure.description import Description, NotEmulated
from amlemu.finding import shown

_KINDS = {
    "managed": "a managed online deployment",
    "kubernetes": "a Kubernetes online deployment",
    "aks": "an AKS web service (v1)",
    "aci": "an ACI web service (v1)",
    "local": "a local web service (v1)",
}
_MOST_FINDINGS = 5
_SAID_ELSEWHERE = ("workers-and-concurrency",)  # below the start block, also for scripts


def as_lines(said: Description, remarks: Sequence[str] = ()) -> list[str]:
    """Return a head line, the honoured fields, the block `not emulated:`, what is wrong, and remarks."""
    lines = [_head(said), f"  honoured: {', '.join(honoured(said)) or 'nothing'}"]
    if said.not_emulated:
        lines += ["  not emulated:", *(f"    {line}" for line in _reasons(said))]
    lines += [f"  {line}" for line in wrong(said)]
    notes = [f"{_at(one.place)}{one.cause}. {one.fix}" for one in said.findings if one.severity == "information"]
    return lines + [f"  note: {note}" for note in (*notes, *remarks)]


def wrong(said: Description) -> list[str]:
    """Return what is wrong, and who says what to do about it; nothing where all is well."""
    found = [one for one in said.findings if one.severity != "information" and one.rule not in _SAID_ELSEWHERE]
    lines = [f"{one.severity}: {_at(one.place)}{one.cause}" for one in found[:_MOST_FINDINGS]]
    return [*lines, f"amlemu doctor {shlex.quote(shown(str(said.file)))} says what to do"] if found else []


def as_data(said: Description) -> dict[str, Any]:
    """Return the same for a program."""
    return {
        "files": [str(path) for path in said.files],
        "kind": said.kind,
        "generation": said.generation,
        "deployment": said.name,
        "endpoint": said.endpoint,
        "profile": said.profile,
        "honoured": honoured(said),
        "not_emulated": [
            {"field": one.field, "file": str(one.place.file), "line": one.place.line, "reason": one.reason}
            for one in said.not_emulated
        ],
        "findings": [one.cause for one in said.findings],
    }


def honoured(said: Description) -> list[str]:
    """Return the fields that have an effect: those that were said, without the ones that have none."""
    without = tuple(one.field for one in said.not_emulated)
    names = [
        name.removeprefix("endpoint.")
        for name in said.said_at
        if not any(name == field or name.startswith(f"{field}.") for field in without)
    ]
    # `request_settings` says enough of `request_settings.request_timeout_ms`; `deployments.` are those that are not served
    tops = dict.fromkeys(name.partition(".")[0] for name in names)
    return [name for name in tops if name not in (*without, "$schema", "deployments")]


def _head(said: Description) -> str:
    named = f", {said.name}" if said.name else ""
    of = f" of endpoint {said.endpoint}" if said.endpoint else ""
    files = " and ".join(shown(str(path)) for path in said.files)
    return f"{files}: {_KINDS[said.kind]}{named}{of}"


def _reasons(said: Description) -> Iterable[str]:
    by_reason: dict[str, list[NotEmulated]] = {}
    for one in said.not_emulated:
        by_reason.setdefault(one.reason, []).append(one)
    for reason, fields in by_reason.items():
        names = ", ".join(f"{one.field} ({shown(one.place).rpartition('/')[2]})" for one in fields)
        yield f"{names}: {reason}"


def _at(place: Any) -> str:
    return "" if place is None else f"{shown(place)}: "
