"""
What the kernel says of memory that ran out: how many processes it has killed for that in our control group.

Two ways to ask, `memory.events` of version 2 and `memory.oom_control` of version 1; where neither can be read nothing is
known. `console/ends.py` asks when a worker starts, and again when one has ended with SIGKILL.

Source: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst of Linux 6.1 (`oom_kill`, read 2026-11).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_COUNT = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)


def oom_kills(root: Path = Path("/")) -> int | None:
    """Return the count since the group was made, None where it cannot be read. `root` is for tests."""
    for path in _counters(root):
        try:
            found = _COUNT.search(path.read_text(encoding="ascii", errors="replace"))
        except OSError:
            continue
        if found:
            return int(found[1])
    return None


def _counters(root: Path) -> Iterator[Path]:
    try:
        groups = (root / "proc/self/cgroup").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return  # another system
    for group in groups:
        _, controllers, path = group.split(":", 2)
        if not controllers:
            folder, name = root / "sys/fs/cgroup", "memory.events"
        elif "memory" in controllers.split(","):
            folder, name = root / "sys/fs/cgroup/memory", "memory.oom_control"
        else:
            continue
        yield folder / path.lstrip("/") / name
        yield folder / name  # in a container the path may be the host's, and what is mounted our own group
