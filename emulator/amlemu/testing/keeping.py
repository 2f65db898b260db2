"""
When snapshots are written: once, at the end of the session, by the process that the person has started.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from amlemu.testing.snapshots import SnapshotFile

Taken = dict[str, dict[str, list[Any]]]
"""The answers of each test by its name, by test file."""
OUTPUT = "amlemu_snapshots"
"""What a worker of xdist hands them over by: as text, for its channel does not carry every value of JSON."""


def take(taken: Taken, text: str) -> None:
    """Add what another process has."""
    for file, entries in json.loads(text).items():
        taken.setdefault(file, {}).update(entries)


def finish(session: pytest.Session, taken: Taken, *, is_whole: bool) -> list[str]:
    """
    Write, or hand over; returns what was written, a line for each file.

    Args:
        is_whole: no test of the files that were run was left out, so that what is kept of others is of tests that are gone.
    """
    if is_whole and not any("::" in word for word in session.config.args):
        for file, entries in taken.items():
            entries.update({name: [] for name in _gone(session, file)})
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[OUTPUT] = json.dumps(taken)
        return []
    return [_written(SnapshotFile(Path(file)), entries) for file, entries in sorted(taken.items())]


def _gone(session: pytest.Session, file: str) -> list[str]:
    names = {item.nodeid.partition("::")[2] for item in session.items if str(item.path) == file}
    return [name for name in SnapshotFile(Path(file)).read() if names and name not in names]


def _written(file: SnapshotFile, entries: dict[str, list[Any]]) -> str:
    file.write(entries)
    answers, gone = sum(map(len, entries.values())), sum(not kept for kept in entries.values())
    rest = f", {gone} tests that are gone taken out" if gone else ""
    return f"{file.path}: {answers} answers kept{rest}"
