"""
Explanations for the eye and as JSON: of words, of a log, and the list of all that can be explained.

`explain` knows what things mean; this only says how it looks. The first line is the answer.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from amlemu.explain.entries import ANY, SIGNAL, Entry, Meaning
from amlemu.explain.log import Account, Remark

_WIDTH = 110
_MOST_OTHERS = 6
_CLOUDS = {"managed": "managed", "kubernetes": "Kubernetes", "v1": "v1 (AKS, ACI)"}
_CLOUD_OF = {
    "managed": "managed",
    "managed-current": "managed",
    "managed-2021": "managed",
    "kubernetes": "kubernetes",
    "aks": "v1",
    "aci": "v1",
}
_LOOKED_FOR = (
    "exceptions of the script and of the server, the server's own sentences, workers that are killed or started again and"
    " again, probes, scheduling and quota, images, pip and conda"
)


def words_as_text(entries: Sequence[Entry]) -> str:
    """Return what the words mean, one paragraph an entry."""
    return "\n\n".join("\n".join(_entry(entry)) for entry in entries)


def words_as_json(entries: Sequence[Entry]) -> str:
    """Return one JSON object: `entries`, each with its kind, names, title and meanings."""
    return json.dumps({"entries": [_entry_data(entry) for entry in entries]}, indent=2)


def log_as_text(account: Account, cloud: str = "") -> str:
    """
    Return the cause, the lines of the log that show it, what it means and what to do; then what else was seen.

    Args:
        cloud: the profile whose words are told; empty for all.
    """
    if account.cause is None:
        return "\n".join(_nothing(account))
    return "\n".join([*_cause(account, account.cause, cloud), *_others(account.others)])


def log_as_json(account: Account, cloud: str = "") -> str:
    """Return one JSON object: `cause` (null when nothing was recognised), `others`, `lines`, `error_lines`."""
    data = {
        "cause": _remark_data(account.cause, cloud) if account.cause else None,
        "others": [_remark_data(remark, cloud) for remark in account.others],
        "lines": account.lines,
        "ready_line": account.ready or None,
        "error_lines": [{"line": number, "text": text} for number, text in account.tail],
    }
    return json.dumps(data, indent=2)


def list_as_text(entries: Iterable[Entry]) -> str:
    """Return all that can be explained, a line each, by kind."""
    lines: list[str] = []
    kind = ""
    for entry in entries:
        if entry.name in (ANY, SIGNAL):
            continue
        if entry.kind != kind:
            kind = entry.kind
            lines += [*([""] if lines else []), f"{kind}:"]
        named = entry.title.startswith(entry.name) or kind == "exit code"
        lines.append(f"  {entry.title}" if named else f"  {entry.name}: {entry.title}")
    return "\n".join(
        [*lines, "", "and a log: az ml online-deployment get-logs ... | amlemu explain, or amlemu explain FILE"]
    )


def list_as_json(entries: Iterable[Entry]) -> str:
    """Return one JSON object: `entries`, each with its kind, names and title."""
    told = [entry for entry in entries if entry.name not in (ANY, SIGNAL)]
    return json.dumps(
        {"entries": [{"kind": one.kind, "names": one.names, "title": one.title} for one in told]}, indent=2
    )


def _entry(entry: Entry) -> list[str]:
    lines = [entry.title]
    for meaning in entry.meanings:
        where = ", ".join(meaning.profiles) or meaning.of
        lines += _wrapped(f"{where}: {meaning.text}" if where else meaning.text, "  ")
        lines += _listed(meaning)
    if entry.see:
        lines += _wrapped(f"see also: {', '.join(entry.see)}", "  ")
    return lines


def _listed(meaning: Meaning) -> list[str]:
    lines = [line for cause in meaning.causes for line in _wrapped(f"- {cause}", "    ", "      ")]
    return [*lines, *_labelled("look", meaning.look), *_labelled("source", (meaning.source,))]


def _cause(account: Account, remark: Remark, cloud: str) -> list[str]:
    told = remark.told
    width = len(str(max(number for number, _ in remark.excerpt)))
    lines = [f"{_headline(account, remark)} (log line {remark.line})"]
    lines += ["", *(f"  {number:>{width}} | {text}" for number, text in remark.excerpt), ""]
    lines += _wrapped(told.meaning, "  ") if told.meaning else []
    lines += _labelled("look", told.look)
    lines += _labelled("cloud", [f"{name}: {word}" for name, word in _cloud_words(remark, cloud).items()])
    return [*lines, *_labelled("source", (told.source,))]


def _headline(account: Account, remark: Remark) -> str:
    """Return the cause as a sentence that says how sure it is."""
    cause, tier = remark.told.cause, remark.told.tier
    often = f"{cause}; {remark.count} times in all" if remark.count > 1 and tier == "call" else cause
    if tier in ("symptom", "event"):
        return (
            f"the cause is not in this log, only that {often}"
            if _is_clause(cause)
            else f"the cause is not in this log: {often}"
        )
    if tier == "warning":
        return f"no failure was recognised, but a warning: {often}"
    return f"{often}; it started again later, at line {account.ready}" if tier == "past" else often


def _is_clause(cause: str) -> bool:
    return cause.startswith(("a ", "the ", "init() ", "conda "))


def _others(others: Sequence[Remark]) -> list[str]:
    if not others:
        return []
    lines = ["", "  also in the log:"]
    for remark in others[:_MOST_OTHERS]:
        often = f", {remark.count} times" if remark.count > 1 else ""
        lines += _wrapped(f"line {remark.line}{often}: {remark.told.cause}", "    ", "      ")
    more = len(others) - _MOST_OTHERS
    return [*lines, f"    and {more} more (--json has all)"] if more > 0 else lines


def _nothing(account: Account) -> list[str]:
    many = "1 line" if account.lines == 1 else f"{account.lines} lines"
    lines = [f"nothing in this log ({many}) is recognised as the cause of a failure"]
    if account.ready:
        lines.append(f"  the server was ready for requests at line {account.ready}")
    lines += _wrapped(f"looked for: {_LOOKED_FOR}", "  ")
    if account.tail:
        width = len(str(account.tail[-1][0]))
        lines += ["  the last lines that look like errors:"]
        lines += [f"  {number:>{width}} | {text}" for number, text in account.tail]
    if not account.ready:
        lines += _wrapped(
            "The beginning of the log may be missing: get-logs gives the last lines only, -l 5000 gives more.", "  "
        )
    return lines


def _cloud_words(remark: Remark, cloud: str) -> dict[str, str]:
    """Return what each kind of cloud says, by its name; only one when a profile is asked for."""
    only = _CLOUD_OF.get(cloud, "none") if cloud else ""
    return {_CLOUDS[key]: word for key, word in remark.told.cloud.items() if only in ("", key)}


def _labelled(label: str, texts: Sequence[str]) -> list[str]:
    lines: list[str] = []
    for text in texts:
        head = f"    {label:<7}" if not lines else " " * 11
        lines += _wrapped(text, head, " " * 11)
    return lines


def _wrapped(text: str, first: str, rest: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _entry_data(entry: Entry) -> dict[str, Any]:
    data = asdict(entry)
    del data["texts"]
    return data


def _remark_data(remark: Remark, cloud: str) -> dict[str, Any]:
    told = remark.told
    return {
        "rule": told.rule,
        "kind": told.tier,
        "cause": told.cause,
        "line": remark.line,
        "count": remark.count,
        "excerpt": [{"line": number, "text": text} for number, text in remark.excerpt],
        "meaning": told.meaning,
        "look": list(told.look),
        "cloud": _cloud_words(remark, cloud),
        "source": told.source,
    }
