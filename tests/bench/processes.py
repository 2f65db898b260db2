"""
The processes of a server that the benchmark started: who belongs to it, what they weigh and use, how they end.

Reads /proc, so Linux only. Knows nothing about HTTP; `contenders.py` uses it to stop a server, `bench.py` to weigh it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
STOP_TIMEOUT_S = 15.0
ORPHAN_GRACE_S = 2.0


@dataclass(frozen=True)
class Process:
    """One process, told from a later one with the same pid by its start time (clock ticks since boot)."""

    pid: int
    parent_pid: int
    started_ticks: int
    is_zombie: bool


@dataclass(frozen=True)
class Memory:
    """What a process tree weighs; PSS counts a page shared by n processes as 1/n, RSS counts it in each."""

    pss_bytes: tuple[int, ...]
    rss_bytes: tuple[int, ...]


def process_of(pid: int) -> Process | None:
    """Read one process; None when it is gone."""
    try:
        fields = _fields_of(pid)
    except (FileNotFoundError, ProcessLookupError):
        return None
    return Process(pid, parent_pid=int(fields[1]), started_ticks=int(fields[19]), is_zombie=fields[0] == "Z")


def _fields_of(pid: int) -> list[str]:
    """Return what /proc says of a process, from its state on: the third field of proc_pid_stat(5) comes first."""
    # the second field, the name in brackets, may itself hold blanks and brackets
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def tree_of(pid: int) -> list[Process]:
    """Return the process and all its living descendants, parents before children."""
    everyone = [process_of(int(entry.name)) for entry in PROC.iterdir() if entry.name.isdigit()]
    alive = [process for process in everyone if process and not process.is_zombie]
    tree = [process for process in alive if process.pid == pid]
    for parent in tree:  # grows while we walk it: children, then their children
        tree.extend(process for process in alive if process.parent_pid == parent.pid)
    return tree


def memory_of(pid: int) -> Memory:
    """Weigh a process and its descendants, each process on its own, in the order of `tree_of`."""
    rollups = [(PROC / str(process.pid) / "smaps_rollup").read_text() for process in tree_of(pid)]
    return Memory(
        pss_bytes=tuple(_field_bytes(rollup, "Pss:") for rollup in rollups),
        rss_bytes=tuple(_field_bytes(rollup, "Rss:") for rollup in rollups),
    )


def cpu_s_of(pid: int) -> float:
    """Return the CPU time, user and system, of a process, its descendants, and the children they have waited for."""
    ticks = 0
    for process in tree_of(pid):
        ticks += sum(map(int, _fields_of(process.pid)[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _field_bytes(rollup: str, name: str) -> int:
    line = next(line for line in rollup.splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024


def stop(process: subprocess.Popen[bytes]) -> list[int]:
    """
    End a server that we started, with SIGTERM as an operator would, and wait for it.

    Returns:
        The pids of children that outlived it by `ORPHAN_GRACE_S` seconds; they are killed. Empty for a good server.
    """
    family = tree_of(process.pid)
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

    deadline = time.monotonic() + ORPHAN_GRACE_S
    while (orphans := [member for member in family if _is_alive(member)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    for orphan in orphans:
        os.kill(orphan.pid, signal.SIGKILL)
    return [orphan.pid for orphan in orphans]


def _is_alive(member: Process) -> bool:
    now = process_of(member.pid)
    return now is not None and not now.is_zombie and now.started_ticks == member.started_ticks
