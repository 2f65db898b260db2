"""What a script writes is told; in a process of its own each, for an audit hook stays."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import io, os, pathlib, shutil, sqlite3, tempfile
from amlemu.worker.writes import Writes
told = []
Writes(told.append).watch()
{statement}
print("\\n".join(told), end="")
"""


def told(folder: Path, statement: str) -> list[str]:
    """Run a statement in the folder; return the paths that were told, as far as they lie there."""
    command = [sys.executable, "-c", PROGRAM.format(statement=statement)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=20, check=True)
    return [str(Path(path).relative_to(folder)) for path in done.stdout.splitlines() if path.startswith(str(folder))]


@pytest.mark.parametrize(
    ("statement", "paths"),
    [
        ("open('new.json', 'w').close()", ["new.json"]),
        ("open('old.json', 'a').close()", ["old.json"]),
        ("open('old.json', 'r+').close()", ["old.json"]),
        ("open(b'new.json', 'wb').close()", ["new.json"]),
        ("pathlib.Path('new.json').write_text('1')", ["new.json"]),
        ("os.close(os.open('new.json', os.O_CREAT | os.O_WRONLY))", ["new.json"]),
        ("os.replace('old.json', 'new.json')", ["old.json", "new.json"]),
        ("os.remove('old.json')", ["old.json"]),
        ("os.truncate('old.json', 0)", ["old.json"]),
        ("os.utime('old.json')", ["old.json"]),
        ("os.symlink('old.json', 'new.json')", ["new.json"]),
        ("shutil.copy('old.json', 'new.json')", ["new.json"]),
        ("sqlite3.connect('new.db').close()", ["new.db"]),
        ("os.chdir('sub'); open('new.json', 'w').close()", ["sub/new.json"]),
    ],
)
def test_a_file_that_is_written_is_told(tmp_path: Path, statement: str, paths: list[str]) -> None:
    """Whoever does it, by its absolute path."""
    (tmp_path / "old.json").write_text("1")
    (tmp_path / "sub").mkdir()

    assert told(tmp_path, statement) == paths


@pytest.mark.parametrize(
    "statement",
    [
        "open('old.json').read()",
        "os.listdir('.'); os.stat('old.json'); os.path.exists('none')",
        "open('/dev/null', 'w').close()",
        "os.pipe(); open(1, 'w', closefd=False)",
    ],
)
def test_what_is_only_read_is_not(tmp_path: Path, statement: str) -> None:
    """Nor what is no file."""
    (tmp_path / "old.json").write_text("1")

    assert told(tmp_path, statement) == []


def test_a_file_that_is_written_again_and_again_is_told_now_and_then(tmp_path: Path) -> None:
    """A log that is opened for each line must not cost a frame each time."""
    statement = "for _ in range(500): open('log.txt', 'a').close()"

    assert 1 <= len(told(tmp_path, statement)) < 50


def test_a_host_that_is_gone_does_no_harm(tmp_path: Path) -> None:
    """The script's write goes on."""
    program = (
        "from amlemu.worker.writes import Writes\n"
        "def tell(path): raise BrokenPipeError\n"
        "Writes(tell).watch()\n"
        "open('new.json', 'w').close()\n"
        "print('written')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=20, check=True
    )

    assert (done.stdout, done.stderr) == ("written\n", "")


def test_what_a_child_of_the_script_writes_is_not_told_by_it(tmp_path: Path) -> None:
    """It has our end of the line, too, and would speak into the middle of our words."""
    child = "pid = os.fork()\nif not pid: open('of-a-child', 'w').close(); os.write(1, str(told).encode()); os._exit(0)"
    program = PROGRAM.format(statement=f"{child}\nos.waitpid(pid, 0)")
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=20, check=True
    )

    assert done.stdout == "[]"
    assert (tmp_path / "of-a-child").exists()
