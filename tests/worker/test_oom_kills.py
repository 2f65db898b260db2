"""The kernel's count of processes killed for want of memory, as each kind of control group has it."""

from __future__ import annotations

from pathlib import Path

import pytest
from amlemu.worker.oom_kills import oom_kills

UNIFIED = "0::/user.slice/a.scope\n"
LEGACY = "9:name=systemd:/x\n4:cpu,memory:/docker/abc\n1:cpuset:/\n0::/\n"


def system(root: Path, groups: str, **files: str) -> Path:
    """Lay out a root folder: what this process belongs to, and files below sys/fs/cgroup by `folder__name`."""
    for path, text in {"proc/self/cgroup": groups, **{f"sys/fs/cgroup/{k}": v for k, v in files.items()}}.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="ascii")
    return root


@pytest.mark.parametrize(
    ("groups", "files", "count"),
    [
        pytest.param(UNIFIED, {"user.slice/a.scope/memory.events": "max 9\noom 3\noom_kill 2\n"}, 2, id="version-2"),
        pytest.param("0::/of/the/host\n", {"memory.events": "oom_kill 5\n"}, 5, id="version-2-in-a-container"),
        pytest.param(LEGACY, {"memory/docker/abc/memory.oom_control": "under_oom 0\noom_kill 4\n"}, 4, id="version-1"),
        pytest.param(LEGACY, {"memory/memory.oom_control": "oom_kill 1\n"}, 1, id="version-1-in-a-container"),
        pytest.param(LEGACY, {"memory/memory.oom_control": "under_oom 0\n"}, None, id="a-kernel-that-does-not-count"),
        pytest.param("1:cpuset:/\n", {}, None, id="no-group-for-memory"),
        pytest.param(UNIFIED, {}, None, id="not-readable"),
    ],
)
def test_the_count_is_that_of_our_own_group(
    tmp_path: Path, groups: str, files: dict[str, str], count: int | None
) -> None:
    """Our group's own file, else the one that is mounted; a number, or nothing where nobody counts."""
    assert oom_kills(system(tmp_path, groups, **files)) == count


def test_another_system_knows_nothing(tmp_path: Path) -> None:
    """Where there is no /proc."""
    assert oom_kills(tmp_path) is None


def test_this_system_answers_or_does_not() -> None:
    """Whatever it is, asking does no harm."""
    assert (oom_kills() or 0) >= 0
