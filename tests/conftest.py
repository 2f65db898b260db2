"""
What tests of the whole product share: a folder of scripts, the command as a process of its own, and a look at what it
leaves behind.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

PATIENCE_S = 20.0
_LOOK_AGAIN_S = 0.02


@dataclass(frozen=True)
class Finished:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Both streams, for looking at all that a person saw."""
        return self.out + self.err


class Command:
    """One `amlemu ...` in a session of its own, with few variables and a temporary folder of its own."""

    def __init__(self, folder: Path, words: tuple[str, ...], environment: Mapping[str, str], shell: str) -> None:
        self.folder = folder
        self._name = uuid.uuid4().hex
        self._out, self._err = (folder / f".{self._name}.{stream}" for stream in ("out", "err"))
        self.temporary = folder / f".{self._name}.tmp"
        self.temporary.mkdir()
        kept = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "TMPDIR": str(self.temporary)}
        kept["CI"] = "true"  # nobody saves files here, unless a test does
        command = [sys.executable, "-m", "amlemu", *words]
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                ["sh", "-c", shell, "sh", *command] if shell else command,
                cwd=folder,
                env={**kept, "MARK": self._name, **environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    @property
    def out(self) -> str:
        """What it has written to standard output so far."""
        return self._out.read_bytes().decode("utf-8", "replace")

    @property
    def err(self) -> str:
        """What it has written to standard error so far."""
        return self._err.read_bytes().decode("utf-8", "replace")

    @property
    def port(self) -> int:
        """The port of the start block; waits for it."""
        return int(self.until(lambda: re.search(r"http://127\.0\.0\.1:(\d+)", self.out + self.err), "up")[1])

    def until_said(self, words: str) -> None:
        """Wait until it has written these words to either stream."""
        self.until(lambda: words in self.out + self.err, f"saying {words!r}")

    def until(self, look: Callable[[], re.Match[str] | bool | None], what: str) -> re.Match[str]:
        """Wait until a look finds something and return it; fail with what was seen when the command ends before."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            has_ended, found = self._ended_within(_LOOK_AGAIN_S), look()
            if found:
                return found
            how = f"ended with {self.process.returncode}" if has_ended else f"waited {PATIENCE_S:.0f} s"
            if has_ended or time.monotonic() > deadline:
                raise AssertionError(f"{how} before it was {what}\n{self.out}\n{self.err}")

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the first process, not to its workers."""
        self.process.send_signal(number)

    def finish(self) -> Finished:
        """Wait for the end."""
        assert self._ended_within(PATIENCE_S), f"not ended within {PATIENCE_S:.0f} s\n{self.out}\n{self.err}"
        return Finished(self.process.returncode, self.out, self.err)

    def until_alone(self) -> None:
        """Wait until no process that it has started is left, once it has ended itself."""
        deadline = time.monotonic() + PATIENCE_S
        while any(left.startswith("pid ") for left in self.left_behind()):
            assert time.monotonic() < deadline, self.left_behind()
            time.sleep(_LOOK_AGAIN_S)

    def left_behind(self) -> list[str]:
        """Return what is left: processes that inherited our variable, files in the temporary folder."""
        mark = f"MARK={self._name}".encode()
        files = [str(path) for path in self.temporary.rglob("*")]
        return files + [
            f"pid {process.name}" for process in Path("/proc").glob("[0-9]*") if mark in _variables(process)
        ]

    def kill(self) -> None:
        """End it with everything it started."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # all gone already
        self.process.wait(PATIENCE_S)

    def _ended_within(self, seconds: float) -> bool:
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


def _variables(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""  # it has just ended, or is another user's


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a script, its indentation removed, and return its path."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    return write


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Command]]:
    """Start `amlemu WORDS` in the test's folder; `shell` wraps the command, as `exec "$@" >&-`."""
    commands: list[Command] = []

    def start(*words: str, shell: str = "", **environment: str) -> Command:
        commands.append(Command(tmp_path, words, environment, shell))
        return commands[-1]

    yield start
    for command in commands:
        command.kill()


@pytest.fixture
def finish(start: Callable[..., Command]) -> Callable[..., Finished]:
    """Run `amlemu WORDS` to its end."""
    return lambda *words, **environment: start(*words, **environment).finish()


@pytest.fixture(scope="session")
def empty_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a virtual environment with nothing in it, not even pip."""
    folder = tmp_path_factory.mktemp("empty") / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=PATIENCE_S)
    return folder
