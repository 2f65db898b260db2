"""
Who is whose child: the processes below one of this machine.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

_PROCESSES = Path("/proc")


def descendants(pid: int, generations: int) -> list[int]:
    """Return the processes that are so many generations below one (1: its children); none where it is gone."""
    parents = dict(_parents())
    found = [pid]
    for _ in range(generations):
        found = [child for child, parent in parents.items() if parent in found]
    return sorted(found)


def below(pid: int) -> list[int]:
    """Return all processes below one, of every generation."""
    parents = dict(_parents())
    found: set[int] = set()
    added = {pid}
    while added:
        added = {child for child, parent in parents.items() if parent in added} - found
        found |= added
    return sorted(found)


def _parents() -> Iterator[tuple[int, int]]:
    """Yield each process that lives with its parent; one that is dead and still listed lives no more."""
    if not (_PROCESSES / "self").exists():
        yield from _asked()
        return
    for folder in _PROCESSES.iterdir():
        if folder.name.isdigit():
            try:
                state, parent, *_ = (folder / "stat").read_text("latin-1").rpartition(")")[2].split()
            except OSError:
                continue  # it has gone meanwhile
            if state != "Z":
                yield int(folder.name), int(parent)


def _asked() -> Iterator[tuple[int, int]]:
    """Ask ps, where there is no /proc (macOS: not tried)."""
    told = subprocess.run(["/bin/ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True)
    for line in told.stdout.splitlines():
        pid, parent, state = line.split(None, 2)
        if not state.startswith("Z"):
            yield int(pid), int(parent)
