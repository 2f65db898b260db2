"""
An engine that dies in the middle, and a disk that is full: told in words, nothing hangs, nothing stays.

The engine that dies is a socket of ours before the real one: what goes through it breaks off, as when dockerd is killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.container.conftest import alone

pytestmark = pytest.mark.docker
SCRIPT = "def init(): pass\ndef run(data): return data\n"
GONE = "the Docker engine has gone away. Start it again, and try again."


class MortalEngine:
    """A socket that hands all on to the engine, until it dies."""

    def __init__(self, path: Path, engine: str) -> None:
        self.address = f"unix://{path}"
        self._engine = engine.removeprefix("unix://")
        self._ends: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def die(self) -> None:
        """Break off all that is said, and hear nobody any more."""
        for end in (self._listener, *self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                real = socket.socket(socket.AF_UNIX)
                real.connect(self._engine)
                self._ends += [caller, real]
                for pair in ((caller, real), (real, caller)):
                    threading.Thread(target=_hand_on, args=pair, daemon=True).start()


def _hand_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)


@pytest.fixture
def mortal(engine, tmp_path) -> Iterator[MortalEngine]:
    if not engine.address.startswith("unix://"):
        pytest.skip("this engine does not listen on a socket of this machine")
    made = MortalEngine(tmp_path / "mortal.sock", engine.address)
    yield made
    made.die()


@pytest.fixture
def start(mortal) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts amlemu on the engine that dies; what is left of it at the end is killed."""
    begun: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "DOCKER_HOST": mortal.address, "AMLEMU_NETWORK": "host"}
        command = [sys.executable, "-m", "amlemu", *words]
        begun.append(
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        )
        return begun[-1]

    yield start
    for one in begun:
        with one:
            one.kill()


def test_a_build_whose_engine_dies_is_told_and_over(engine, reference_image, mortal, start, folder):
    """Exit code 1, at once; what the engine had begun it has let go of."""
    code = folder("code", **{"score.py": SCRIPT})
    lines = f"FROM {reference_image}\nRUN echo begun && sleep 301"
    building = start(
        "image",
        "build",
        str(code / "score.py"),
        "--base-dockerfile",
        lines,
        "--no-cache",
        "--verbose",
        "--tag",
        "amlemu-tests:lost",
    )
    for line in building.stderr:
        if line.strip() == "begun":
            break
    mortal.die()
    _, said = building.communicate(timeout=10)

    assert building.returncode == 1, said
    assert said.splitlines()[-1] == f"amlemu: amlemu-tests:lost: {GONE}"
    deadline = time.monotonic() + 10
    while "sleep 301" in json.dumps(engine.client.api.containers(all=True)) and time.monotonic() < deadline:
        pass
    assert "sleep 301" not in json.dumps(engine.client.api.containers(all=True))


def test_a_container_whose_engine_dies_while_it_boots_is_told(engine, reference_image, mortal, start, folder):
    """Exit code 1; the container itself is the engine's, and the next run replaces it."""
    code = folder(
        "lost-code",
        **{
            "score.py": "import time\nprint('booting', flush=True)\n"
            "def init(): time.sleep(60)\ndef run(data): return data\n"
        },
    )
    waiting = start(
        "container", "run", str(code / "score.py"), "--image", reference_image, "--endpoint-name", "amlemu-lost"
    )
    container = None
    deadline = time.monotonic() + 10
    while (container is None or b"booting" not in container.logs()) and time.monotonic() < deadline:
        container = next(iter(engine.client.containers.list(filters={"name": "amlemu-lost.blue"})), None)
    mortal.die()
    try:
        _, said = waiting.communicate(timeout=10)
    finally:
        if container is not None:
            container.remove(force=True)

    assert waiting.returncode == 1, said
    assert GONE in said.splitlines()[-1]
    assert "Traceback" not in said


def test_a_disk_that_is_full_is_the_cause(engine, reference_image, folder):
    """Whatever writes there says so in its own way."""
    code = folder("code", **{"score.py": SCRIPT})
    lines = f"FROM {reference_image}\nRUN head -c 100M /dev/zero > /dev/shm/full"
    command = [
        sys.executable,
        "-m",
        "amlemu",
        "image",
        "build",
        str(code / "score.py"),
        "--base-dockerfile",
        lines,
        "--tag",
        "amlemu-tests:full",
    ]
    with alone():
        failed = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert failed.returncode == 1
    assert failed.stderr.splitlines()[-1].startswith(
        "amlemu: RUN head -c 100M /dev/zero > /dev/shm/full: the step has failed: the disk is full."
    )
