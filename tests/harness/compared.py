"""What tests of `amlemu parity` share: the real server's environment, scripts with cases beside them, and the patience that servers need."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..conftest import Command, Finished
from ..contract.targets import interpreter_folder

PATIENCE_S = 90.0
ECHO = """
def init():
    pass

def run(data):
    return {"said": data}
"""
"""Says what it heard."""

QUICK = ("--no-surroundings", "--no-generated")
"""Nothing is asked but the cases that were named."""

Start = Callable[..., Command]


def environment() -> Path:
    return interpreter_folder("AMLEMU_TEST_REAL", "azmlinfsrv", "a virtual environment with azmlinfsrv")


def python() -> str:
    """The option by which both sides have the same interpreter, so that their packages are the same."""
    return f"--python={environment() / 'bin' / 'python'}"


def ended(command: Command) -> Finished:
    """Wait for the end of a command that starts several servers."""
    command.process.wait(PATIENCE_S)
    return command.finish()


def parity(start: Start, *words: str, **variables: str) -> Finished:
    """Run `amlemu parity WORDS` to its end; nothing is left of it."""
    command = start("parity", *words, **variables)
    finished = ended(command)
    assert command.left_behind() == []
    return finished


def cases(folder: Path, *bodies: str, **others: str) -> Path:
    """Write cases into `cases` below a folder: each a body that is its own name, or a name and a body."""
    (folder / "cases").mkdir()
    for name, body in {**{body: body for body in bodies}, **others}.items():
        (folder / "cases" / name).write_text(body, encoding="utf-8")
    return folder / "cases"


def told(finished: Finished) -> dict[str, Any]:
    """Return what `--json` has printed: one object in one line."""
    (line,) = finished.out.splitlines()
    return dict(json.loads(line))


def kinds(report: Mapping[str, Any]) -> dict[str, str]:
    return {one["case"]: one["kind"] for one in report["cases"]}


def places(report: Mapping[str, Any]) -> dict[str, list[tuple[str, str, str]]]:
    """Return path, theirs and ours of every difference by its case; cases without one are left out."""
    found = {
        one["case"]: [(place["path"], place["theirs"], place["ours"]) for place in one["differences"]]
        for one in report["cases"]
    }
    return {name: differences for name, differences in found.items() if differences}


def until_gone(pids: Iterable[int]) -> None:
    """Wait until none of these processes runs, for a moment: a signal that kills takes one, too."""
    left = set(pids)
    deadline = time.monotonic() + 2
    while left := {pid for pid in left if _is_alive(pid)}:
        assert time.monotonic() < deadline, f"still there: {left}"
        time.sleep(0.02)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("latin-1").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
