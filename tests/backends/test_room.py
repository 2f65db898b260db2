"""Whether there is room for a second generation: real processes, and files that stand for the machine's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from amlemu.backends import room

MIB = 1 << 20
GIB = 1 << 30
Machine = Callable[..., None]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Let /proc/meminfo and /sys/fs/cgroup be files of the test: sizes in bytes, None where there is no such file."""
    real = Path

    def path(*parts: str) -> Path:
        whole = str(real(*parts))
        is_ours = whole == "/proc/meminfo" or whole.startswith("/sys/fs/cgroup")
        return real(f"{tmp_path}{whole}") if is_ours else real(whole)

    def machine(available: int | None = None, **files: str) -> None:
        if available is not None:
            files["/proc/meminfo"] = f"MemTotal: 9 kB\nMemAvailable:   {available // 1024} kB\n"
        for name, text in files.items():
            file = real(f"{tmp_path}{name}")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    monkeypatch.setattr(room, "Path", path)
    return machine


def v2(most: str, used: int, cached: int = 0) -> dict[str, str]:
    folder = "/sys/fs/cgroup"
    stat = f"anon 1\ninactive_file {cached}\nactive_file 5\n"
    return {f"{folder}/memory.max": most, f"{folder}/memory.current": str(used), f"{folder}/memory.stat": stat}


def v1(most: int, used: int, cached: int = 0) -> dict[str, str]:
    folder, stat = "/sys/fs/cgroup/memory", f"inactive_file 7\ntotal_inactive_file {cached}\n"
    limits = {f"{folder}/memory.limit_in_bytes": str(most), f"{folder}/memory.usage_in_bytes": str(used)}
    return {**limits, f"{folder}/memory.stat": stat}


@pytest.fixture
def process() -> Iterator[Callable[[str], int]]:
    """Run a few words of Python until the end of the test; returns the pid when they have been run."""
    running: list[subprocess.Popen[str]] = []

    def process(words: str) -> int:
        words = f"{words}\nprint('ready', flush=True)\ninput()"
        pipe = subprocess.PIPE
        running.append(subprocess.Popen([sys.executable, "-c", words], stdin=pipe, stdout=pipe, text=True))
        assert running[-1].stdout is not None
        assert running[-1].stdout.readline() == "ready\n"
        return running[-1].pid

    yield process
    for one in running:
        one.communicate("\n")


def test_the_memory_of_a_process_is_what_it_has_touched(process: Callable[[str], int]) -> None:
    """Counted in bytes; what it only has reserved does not count."""
    plain = room.memory_of(process("import mmap"))
    large = room.memory_of(process("import mmap\nkept = b'x' * (200 << 20)\nreserved = mmap.mmap(-1, 1 << 30)"))

    assert plain is not None
    assert large is not None
    assert 190 * MIB < large - plain < 210 * MIB


def test_memory_that_two_processes_share_is_counted_once(process: Callable[[str], int]) -> None:
    """Forks of one zygote have most of theirs in common."""
    words = "import os\nkept = b'x' * (200 << 20)\nend, far = os.pipe()\nchild = os.fork()\nif not child: os.close(far); os.read(end, 1); os._exit(0)"
    parent = process(words)
    [child] = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    both = [room.memory_of(pid) or 0 for pid in (parent, int(child))]

    assert 200 * MIB < sum(both) < 260 * MIB


def test_the_memory_of_a_process_that_is_gone_cannot_be_told() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()

    assert room.memory_of(process.pid) is None
    assert room.accelerator_of(process.pid) == ""
    assert room.no_room([process.pid]) == ""


def test_an_accelerator_is_found_by_its_open_device(
    process: Callable[[str], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two generations would share its memory; here the device is a file that is called one."""
    device = tmp_path / "nvidia0"
    device.touch()
    monkeypatch.setattr(room, "_ACCELERATORS", (str(tmp_path / "nvidia"),))
    pids = [process("..."), process(f"kept = open({str(device)!r})")]

    assert [room.accelerator_of(pid) for pid in pids] == ["", str(device)]
    assert room.no_room(pids) == f"it holds {device}, and two of them may not fit in there"
    assert room.no_room(pids[:1]) == ""


def test_a_device_that_only_controls_is_none(
    process: Callable[[str], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking how many there are opens it, and takes no memory there."""
    (tmp_path / "nvidiactl").touch()
    monkeypatch.setattr(room, "_ACCELERATORS", (str(tmp_path / "nvidia"),))
    monkeypatch.setattr(room, "_NOT_A_DEVICE", (str(tmp_path / "nvidiactl"),))

    assert room.accelerator_of(process(f"kept = open({str(tmp_path / 'nvidiactl')!r})")) == ""


@pytest.mark.parametrize(
    ("available", "files", "free"),
    [
        pytest.param(8 * GIB, {}, 8 * GIB, id="no-group"),
        pytest.param(8 * GIB, v2("max", GIB), 8 * GIB, id="group-without-limit"),
        pytest.param(8 * GIB, v2(str(2 * GIB), GIB), GIB, id="group-is-smaller"),
        pytest.param(8 * GIB, v2(str(2 * GIB), GIB, GIB // 2), GIB + GIB // 2, id="pages-of-files-are-given-back"),
        pytest.param(GIB, v2(str(64 * GIB), GIB), GIB, id="machine-is-smaller"),
        pytest.param(8 * GIB, v1(2 * GIB, GIB, GIB // 2), GIB + GIB // 2, id="version-1"),
        pytest.param(8 * GIB, v1(0x7FFFFFFFFFFFF000, GIB), 8 * GIB, id="version-1-without-limit"),
        pytest.param(None, v2(str(2 * GIB), GIB), GIB, id="no-meminfo"),
        pytest.param(None, {}, None, id="nothing-known"),
        pytest.param(None, {"/proc/meminfo": "no such words\n"}, None, id="other-words"),
    ],
)
def test_free_memory_is_the_least_of_machine_and_group(
    machine: Machine, available: int | None, files: dict[str, str], free: int | None
) -> None:
    """A container's limit counts, whichever version of control groups sets it."""
    machine(available, **files)

    assert room.free_memory() == free


def test_another_one_that_does_not_fit_is_told_in_numbers(machine: Machine) -> None:
    """Of us two, say: this process has some ten MiB."""
    machine(MIB)
    why = room.no_room([os.getpid()])

    assert why.startswith("another one of its 0.")
    assert why.endswith(" GiB does not fit into the 0.0 GiB that are free")


def test_another_one_that_fits_is_no_matter(machine: Machine) -> None:
    machine(64 * GIB)

    assert room.no_room([os.getpid()]) == ""


def test_where_nothing_is_known_there_is_room(machine: Machine) -> None:
    """macOS: better two at once than an endpoint that pauses for nothing."""
    machine()

    assert room.no_room([os.getpid()]) == ""


def test_init_may_need_more_for_a_moment(process: Callable[[str], int], machine: Machine) -> None:
    """A tenth on top."""
    pid = process("kept = b'x' * (200 << 20)")
    need = room.memory_of(pid)
    assert need is not None
    machine(need + 10 * MIB)
    short = room.no_room([pid])
    machine(need + 40 * MIB)

    assert "0.2 GiB does not fit" in short
    assert room.no_room([pid]) == ""
