"""
A folder with scripts in which a person types `amlemu endpoint ...` and `amlemu deployment ...`: real processes, and a look at what they leave.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.conftest import Finished

from ..free_port import free_port

PATIENCE_S = 20.0
_LOOK_AGAIN_S = 0.02
T = TypeVar("T")

GOOD = """
    import json

    def init():
        print("hello from init", flush=True)

    def run(data):
        return {"sum": sum(json.loads(data)["data"])}
"""
HANGS = """
    import time

    def init():
        while True:
            time.sleep(0.01)

    def run(data): ...
"""
BREAKS = """
    def init():
        raise ValueError("no model in here")

    def run(data): ...
"""


def says(word: str) -> str:
    """Return a script that answers with a word."""
    return f"def init(): ...\n\ndef run(data):\n    return {word!r}\n"


class Desk:
    """Use as a context: at its end no process is left."""

    def __init__(self, folder: Path) -> None:
        """`folder` is there."""
        self.folder = folder
        self._mark = uuid.uuid4().hex

    def __enter__(self) -> Desk:  # noqa: PYI034  # no subclasses
        return self

    def __exit__(self, *error: object) -> None:
        """Stop the endpoints as the machine's end would, by a signal; who does not heed it is killed, and that is a failure."""
        for note in self._notes():
            pid = int(json.loads(note.read_text(encoding="utf-8"))["pid"])
            if pid in self.processes():
                os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE_S
        while self.processes() and time.monotonic() < deadline:
            time.sleep(_LOOK_AGAIN_S)
        left = self.processes()
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert not left

    def _notes(self) -> list[Path]:
        """Return those of endpoints; folders may go while we look."""
        folders = [Path(folder) for folder, _, files in os.walk(self.folder) if "control.json" in files]
        return [folder / "control.json" for folder in folders if folder.parent.name == "endpoints"]

    def save(self, name: str, text: str) -> Path:
        """Write a file, its indentation removed."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    def start(self, *words: str, cwd: Path | None = None, **more: Any) -> subprocess.Popen[bytes]:
        """Start `amlemu WORDS`; nothing can be typed. An endpoint gets a port that nobody else takes while it is down, unless it has one."""
        if words[:2] == ("endpoint", "create") and not {"-p", "--port"} & set(words):
            words = (*words, "--port", str(free_port()))
        kept = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8", "CI": "true"}
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
        environment = {**kept, "MARK": self._mark, **streams.pop("env", {})}
        return subprocess.Popen(
            [sys.executable, "-m", "amlemu", *words], cwd=cwd or self.folder, env=environment, **streams
        )

    def end(self, process: subprocess.Popen[bytes]) -> Finished:
        """Wait for a command's end."""
        out, err = process.communicate(timeout=PATIENCE_S)
        return Finished(
            process.returncode, (out or b"").decode("utf-8", "replace"), (err or b"").decode("utf-8", "replace")
        )

    def run(self, *words: str, cwd: Path | None = None, **more: Any) -> Finished:
        """Run `amlemu WORDS` to its end; one that does not end is killed."""
        process = self.start(*words, cwd=cwd, **more)
        try:
            return self.end(process)
        except subprocess.TimeoutExpired:
            process.kill()
            raise

    def must(self, *words: str, **more: Any) -> Finished:
        """Run a command that has to succeed."""
        done = self.run(*words, **more)
        assert done.code == 0, done.said
        return done

    def read(self, *words: str) -> Any:
        """Run a command that prints JSON."""
        return json.loads(self.must(*words).out)

    def ask(self, port: int, body: bytes = b"{}", **headers: str) -> httpx.Response:
        """Post a request."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.post(f"http://127.0.0.1:{port}/score", content=body, headers=named, trust_env=False, timeout=10)

    def keeper(self, name: str) -> int:
        """Return the process of an endpoint."""
        note = self.folder / ".amlemu" / "endpoints" / name / "control.json"
        return int(json.loads(note.read_text(encoding="utf-8"))["pid"])

    def kill(self, name: str) -> None:
        """Kill an endpoint's process, and wait until nothing of it is left."""
        os.kill(self.keeper(name), signal.SIGKILL)
        until(lambda: not self.processes(), "gone")

    def processes(self) -> list[int]:
        """Return those that were started here and live."""
        mark = f"MARK={self._mark}".encode()
        return [int(path.name) for path in Path("/proc").glob("[0-9]*") if mark in _variables(path)]


def until(look: Callable[[], T], what: str) -> T:
    """Wait until a look finds something, and return it."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < deadline, f"not {what} within {PATIENCE_S:.0f} s"
        time.sleep(_LOOK_AGAIN_S)
    return found


def _variables(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""  # it has just ended, or is another user's
