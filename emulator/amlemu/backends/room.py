"""
Whether there is room for a second generation beside the first: memory, and accelerators, which are not to be shared.

The second one is taken to need as much as the first one has. Linux; elsewhere there always is.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

_ACCELERATORS = ("/dev/nvidia", "/dev/kfd", "/dev/accel")
_NOT_A_DEVICE = ("/dev/nvidiactl", "/dev/nvidia-modeset")
_SPARE = 1.1  # what init() needs for a moment on top
_GIB = 1 << 30
_NO_LIMIT = 1 << 60  # cgroup v1 says "none" by a number


def no_room(pids: Iterable[int]) -> str:
    """Say why two generations would be too many, given the processes of one; empty when they are not."""
    pids = list(pids)
    if device := next(filter(None, map(accelerator_of, pids)), ""):
        return f"it holds {device}, and two of them may not fit in there"
    free = free_memory()
    if free is None or sum(map(resident_memory_of, pids)) * _SPARE <= free:
        return ""  # that was quick; the exact figure takes milliseconds, and more for a big model
    need = sum(memory_of(pid) or 0 for pid in pids) * _SPARE
    if need <= free:
        return ""
    return (
        f"another one of its {need / _SPARE / _GIB:.1f} GiB does not fit into the {free / _GIB:.1f} GiB that are free"
    )


def memory_of(pid: int) -> int | None:
    """Return the proportional set size of a process in bytes; None where that cannot be told."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) * 1024
    return None


def resident_memory_of(pid: int) -> int:
    """Return all that a process has in memory, shared or not."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    return 0


def accelerator_of(pid: int) -> str:
    """Return the device of an accelerator that a process has open; empty when there is none."""
    with contextlib.suppress(OSError):
        for file in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                target = os.readlink(f"/proc/{pid}/fd/{file}")
                if target.startswith(_ACCELERATORS) and not target.startswith(_NOT_A_DEVICE):
                    return target
    return ""


def free_memory() -> int | None:
    """Return the bytes that another process may take: what the machine has, and what our control group leaves."""
    rooms = [room for room in (_of_machine(), _of_group()) if room is not None]
    return min(rooms) if rooms else None


def _of_machine() -> int | None:
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1]) * 1024
    return None


def _of_group() -> int | None:
    """What a container's limit leaves; pages of files do not count, they are given back."""
    for limit, used, stat, name in (
        ("memory.max", "memory.current", "memory.stat", "inactive_file"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat", "total_inactive_file"),
    ):
        with contextlib.suppress(OSError, ValueError, StopIteration):
            most, now = (int(Path("/sys/fs/cgroup", file).read_text(encoding="ascii")) for file in (limit, used))
            lines = Path("/sys/fs/cgroup", stat).read_text(encoding="ascii").splitlines()
            cached = int(next(line for line in lines if line.startswith(f"{name} ")).split()[1])
            return None if most > _NO_LIMIT else most - now + cached
    return None
