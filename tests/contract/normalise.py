"""
Two answers, two logs made comparable: what cannot be equal by nature becomes a word in angle brackets.

Dates, durations, process ids, paths and generated ids go; ids that were equal stay equal (`<id 1>` twice). Everything else
stays byte for byte. `answers` and the tables write the same words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from amlemu_harness.parity.wire import Received

from .case import Answer

_DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
_DURATION = re.compile(r"\d+\.\d{3}")
_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

_LOG_WORDS = (
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (?=[A-Z] \[)"), "<time> "),
    (re.compile(r"(<time> [A-Z] )\[\d+\]"), r"\1[<pid>]"),
    (re.compile(r"\(pid: ?\d+\)"), "(pid: <pid>)"),
    (re.compile(r"\bpid:? \d+\b"), "pid <pid>"),
    (re.compile(r"(Listening at: \S+) \(\d+\)"), r"\1 (<pid>)"),
    (re.compile(r"\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]"), "[<date>]"),
    (re.compile(r"\b\d+\.\d{3}ms\b"), "<ms>"),
    (re.compile(r"\.py:\d+: "), ".py:<line>: "),
)


def normal_answer(received: Received) -> Answer:
    """Turn what came back into an `Answer` that can be compared with an expected one."""
    ids: dict[str, str] = {}
    headers = tuple(f"{name}: {_normal_value(name, value, received, ids)}" for name, value in received.headers)
    return Answer(received.status, headers, received.body, received.pieces, received.interim, received.is_complete)


def _normal_value(name: str, value: str, received: Received, ids: dict[str, str]) -> str:
    if name == "Date" and _DATE.fullmatch(value):
        return "<date>"
    if name == "Content-Length" and value == str(len(received.body)):
        return "<length>"
    if name == "x-ms-run-fn-exec-ms" and _DURATION.fullmatch(value):
        return "<ms>"
    if name == "Allow":
        return ", ".join(sorted(value.split(", ")))  # the real server's order comes from a set of strings
    if _UUID4.fullmatch(value):
        return ids.setdefault(value, f"<id {len(ids) + 1}>")
    return value


def normal_log(text: str, folder: Path, ports: Mapping[int, str]) -> str:
    """Turn the log of a server that ran in `folder` into comparable lines; `ports` are called by their words."""
    for pattern, word in _LOG_WORDS:
        text = pattern.sub(word, text)
    text = text.replace(str(folder), "<root>")
    for port, word in ports.items():
        text = re.sub(rf"\b{port}\b", word, text)
    return text
