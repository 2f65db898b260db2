"""What a server that reloads is made of, looked at from outside: its processes, descriptors, memory, and leftovers."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Weight:
    """What a server takes just now."""

    processes: int
    descriptors: int
    files: int
    memory_bytes: int


def weight_of(pid: int, *folders: Path) -> Weight:
    """Weigh a process with all its descendants, and count the files in the folders where it may leave some."""
    family = list(descendants(pid))
    return Weight(
        processes=len(family),
        descriptors=sum(len(os.listdir(f"/proc/{one}/fd")) for one in family),
        files=sum(1 for folder in folders for _ in folder.rglob("*")),
        memory_bytes=sum(_pss(one) for one in family),
    )


def descendants(pid: int) -> Iterator[int]:
    """Yield a process and all that come from it; a fork of a fork is found by its parent."""
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            for child in (task / "children").read_text().split():
                yield from descendants(int(child))


def _pss(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) * 1024
