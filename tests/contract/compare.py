"""Says in what an answer or a log differs from the expected one: first the few words that differ, then all of it."""

from __future__ import annotations

import difflib
import hashlib
import re

from amlemu_harness.parity.wire import Sent

from .case import Answer, Boot, Digest, Log

_SHOWN_BYTES = 2000


def differences(expected: Answer, got: Answer) -> list[str]:
    """List what differs, one line each; empty when the answer is the expected one."""
    found = [
        f"{name}: expected {getattr(expected, name)!r}, got {getattr(got, name)!r}"
        for name in ("interim", "status", "pieces", "is_complete")
        if getattr(expected, name) != getattr(got, name)
    ]
    found += [line for line in difflib.ndiff(expected.headers, got.headers) if not line.startswith(("  ", "? "))]
    if not _is_same_body(expected.body, got.body):
        found.append(f"body: expected {_shown(expected.body)}\n           got {_shown(got.body)}")
    return found


def _is_same_body(expected: object, got: object) -> bool:
    assert isinstance(got, bytes)
    if isinstance(expected, re.Pattern):
        return expected.fullmatch(got) is not None
    if isinstance(expected, Digest):
        has_texts = all(text in got for text in expected.contains)
        return has_texts and (len(got), hashlib.sha256(got).hexdigest()) == (expected.length, expected.sha256)
    return expected == got


def log_differences(entry: Boot | Log, out: str, err: str) -> list[str]:
    """List what two streams lack of a table entry's whole lines and texts, and what they hold against it."""
    both = f"{out}\n{err}"
    missing = [f"missing on stdout: {text}" for text in entry.stdout if not _has_lines(out, text)]
    missing += [f"missing on stderr: {text}" for text in entry.stderr if not _has_lines(err, text)]
    missing += [f"missing anywhere: {text}" for text in entry.contains if text not in both]
    return missing + [f"should not be there: {text}" for text in entry.never if text in both]


def _has_lines(output: str, text: str) -> bool:
    return f"\n{text}\n" in f"\n{output}\n"


def log_report(found: list[str], out: str, err: str) -> str:
    """Write what a failing log shows: the differences, then both streams."""
    return "\n".join(["the log differs from the contract", *found, "--- stdout", out, "--- stderr", err])


def report(sent: Sent, expected: Answer, got: Answer) -> str:
    """Write what a failing case shows: the differences, then what was sent, expected and received."""
    return "\n".join(
        [
            "the answer differs from the contract",
            *(f"  {line}" for line in differences(expected, got)),
            f"sent{' (then half closed)' if sent.half_close else ''}: {_shown(sent.raw)}",
            *_in_full("expected", expected),
            *_in_full("got", got),
        ]
    )


def _in_full(title: str, answer: Answer) -> list[str]:
    return [f"{title}: {answer.status}", *(f"    {line}" for line in answer.headers), f"    {_shown(answer.body)}"]


def _shown(value: object) -> str:
    if isinstance(value, bytes) and len(value) > _SHOWN_BYTES:
        return f"{value[:_SHOWN_BYTES]!r}... ({len(value)} bytes, SHA-256 {hashlib.sha256(value).hexdigest()})"
    return repr(value)
