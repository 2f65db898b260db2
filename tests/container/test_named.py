"""Endpoints with a name whose deployments live in containers: `amlemu endpoint create --target container`, and what is left of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from amlemu_harness.containers import Container
from amlemu_harness.engine import Engine

from .serving import PATIENCE_S, building, endpoint, forget

pytestmark = pytest.mark.docker

SCRIPT = """
    import os

    def init():
        print("init in", os.getcwd())

    def run(data):
        return "{version}"
"""


class Shell:
    """A folder in which commands are given."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.folder, self.name = engine, folder, endpoint("named")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **building(), "AMLEMU_HOME": str(self.folder / "home")}
        command = [sys.executable, "-m", "amlemu", *words]
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )

    def containers(self) -> list[str]:
        return [one.name for one in Container.all(self.engine) if one.name.startswith(self.name)]

    def answer(self) -> str:
        return self.run("endpoint", "invoke", "-n", self.name, "-r", "code/score.py").stdout

    def kill_keeper(self) -> None:
        note = self.folder / "home" / ".amlemu" / "endpoints" / self.name / "control.json"
        os.kill(json.loads(note.read_text())["pid"], signal.SIGKILL)


@pytest.fixture
def shell(engine: Engine, reference_image: str, folder: Callable[..., Path]) -> Iterator[Shell]:
    code = folder("code", **{"score.py": SCRIPT.format(version="one")})
    made = Shell(engine, code.parent)
    yield made
    made.run("endpoint", "delete", "-n", made.name)
    forget(engine, made.name)


def test_a_container_is_created_updated_killed_and_deleted(shell: Shell) -> None:
    """The image is built once; the old container answers until the new one does; what a killed process has left is removed."""
    created = shell.run("endpoint", "create", "-n", shell.name, "-f", "code/score.py", "--target", "container")

    assert created.returncode == 0, created.stderr
    assert f"{shell.name}:blue (the reference image) is built" in created.stderr
    assert (shell.answer(), shell.containers()) == ('"one"', [f"{shell.name}-blue.blue"])
    logs = shell.run("endpoint", "get-logs", "-n", shell.name).stdout
    assert "init in /var/azureml-app/code" in logs
    linked = shell.run("endpoint", "get-logs", "-n", shell.name, "--container", "storage-initializer").stdout
    assert f"code /var/azureml-app/code -> {shell.folder / 'code'}" in linked

    (shell.folder / "code" / "score.py").write_text(
        "def init(): raise ValueError('not today')\ndef run(data): return 2\n"
    )
    failed = shell.run("deployment", "update", "-n", "blue", "-e", shell.name, "--no-reload")
    assert failed.returncode == 3
    assert f"{shell.name}:blue (the reference image) is reused" in failed.stderr
    assert "ResourceNotReady, UserScriptInitFailed; ERR_2200 in 2021" in failed.stderr
    assert "ValueError: not today" in failed.stderr
    assert len(shell.containers()) == 1

    (shell.folder / "code" / "score.py").write_text("def init(): pass\ndef run(data): return 'two'\n")
    updated = shell.run("deployment", "update", "-n", "blue", "-e", shell.name)
    assert updated.returncode == 0, updated.stderr
    assert (shell.answer(), shell.containers()) == ('"two"', [f"{shell.name}-blue-2.blue"])

    shell.kill_keeper()
    assert shell.containers() == [f"{shell.name}-blue-2.blue"]
    healed = shell.run("endpoint", "update", "-n", shell.name)
    assert healed.returncode == 0, healed.stderr
    assert (shell.answer(), shell.containers()) == ('"two"', [f"{shell.name}-blue.blue"])

    shell.kill_keeper()
    assert shell.run("endpoint", "delete", "-n", shell.name).returncode == 0
    assert shell.containers() == []
