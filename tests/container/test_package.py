"""Model.package() by hand, as the page of 2020 teaches it: each command as it is printed."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import docker.errors
import pytest

from ..debug.test_old_scripts import PTVSD_OF_2020
from ..free_port import free_port
from .conftest import NETWORK, alone
from .desk import LISTENS, READY, Desk

pytestmark = pytest.mark.docker
TAG = f"amlemu-tests-debug-{os.getpid()}:1"  # several processes may run tests
SCORE = (
    PTVSD_OF_2020.replace("timeout = 30", "timeout = 20")
    + """
import json
import os

def init():
    global model
    model = open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.txt")).read()

def run(data):
    said = json.loads(data)
    return [model, said["x"] * 2, os.environ["TRICKY"]]
"""
)
DEPLOYMENT = """
    name: blue
    endpoint_name: my-endpoint
    model: {name: net, version: 4, path: model.txt}
    code_configuration: {code: my code, scoring_script: score.py}
    environment: {image: mcr.microsoft.com/azureml/minimal-py311-inference:latest}
    environment_variables:
      TRICKY: "it's a \\\\ \\"b\\" $HOME\\nof two lines"
    instance_type: Standard_DS3_v2
    instance_count: 1
"""


def amlemu(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "amlemu", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def build(file: Path) -> list[str]:
    """Build a package with a debugger; returns the lines that are printed."""
    with alone():
        built = amlemu(
            "image", "build", file, "--package", "--debug", "--reference", "--network", NETWORK, "--tag", TAG
        )
    assert built.returncode == 0, built.stderr
    return built.stdout.splitlines()


@pytest.fixture
def packed(engine, folder: Callable[..., Path]) -> Iterator[Path]:
    """A folder with a deployment, and no image of it at the end."""
    files = {
        "deployment.yml": DEPLOYMENT,
        "my code/score.py": SCORE,
        "my code/.amlignore": "*.csv\n",
        "my code/data.csv": "1",
        "model.txt": "m4",
    }
    yield folder("project", **files)
    for image in engine.client.images.list(TAG.partition(":")[0]):
        for tag in image.tags:
            engine.client.images.remove(tag, force=True)


@contextlib.contextmanager
def started(engine, line: str, log: Path) -> Iterator[Desk]:
    """Type a printed `docker run` line; its ports become free ones, and its name one that nobody has."""
    name, port, debug_port = f"debug-{os.getpid()}", free_port(), free_port()
    for words, free in (("8000:", f"{port}:"), ("5678:5678", f"{debug_port}:5678"), ("--name debug", f"--name {name}")):
        line = line.replace(words, free)
    with log.open("wb") as said, subprocess.Popen(shlex.split(line), stdout=said, stderr=said) as process:
        try:
            _until_running(engine, name, process, log)
            desk = Desk(engine, name, port, debug_port)
            try:
                yield desk
            finally:
                desk.close()
        finally:
            with contextlib.suppress(docker.errors.APIError):
                engine.client.containers.get(name).remove(force=True)
            process.wait(30)


def _until_running(engine, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
    while True:
        with contextlib.suppress(docker.errors.NotFound):
            if engine.client.containers.get(name).status == "running":
                return
        assert process.poll() is None, f"docker run has ended: {log.read_text()}"


def typed_inside(line: str, *lines: str) -> str:
    """Type a printed `docker exec -it` line at a terminal, and lines at the shell that it opens; returns what the terminal shows."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(shlex.split(line), stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        os.write(ours, "".join(f"{one}\n" for one in (*lines, "exit")).encode())
        shown = b""
        with contextlib.suppress(OSError):  # a terminal whose other end is closed
            while piece := os.read(ours, 4096):
                shown += piece
        assert process.wait(30) == 0, shown
    os.close(ours)
    return shown.decode()


def test_flow_of_the_page_from_top_to_bottom(engine, packed):
    """Run, attach with the page's launch entry, edit inside, commit, see the edit, stop, and run what was committed."""
    run, shell, commit, show, stop = build(packed / "deployment.yml")[-5:]
    with started(engine, run, packed / "first.log") as desk:
        desk.until_said(LISTENS)
        desk.attach(packed, "my code/score.py", "return [")
        desk.until_said(READY)
        answer = desk.ask(x=5)
        stopped = desk.editor.stopped()
        assert (stopped.path, stopped.evaluate("model")) == (str(packed / "my code" / "score.py"), "'m4'")
        stopped.go_on()
        assert answer.result().json() == ["m4", 10, 'it\'s a \\ "b" $HOME\nof two lines']
        desk.detach()

        edit = """vim -es -c '%s/x"\\] \\* 2/x"] * 3/' -c wq 'my code/score.py'"""
        typed_inside(desk.named(shell), "cd /var/azureml-app", edit)
        subprocess.run(shlex.split(desk.named(commit)), check=True, capture_output=True)
        shown = amlemu(*shlex.split(show)[1:])
        of_container = amlemu("image", "diff", desk.container.name, "--json")
        subprocess.run(shlex.split(desk.named(stop)), check=True, capture_output=True)

    assert shown.returncode == 1, shown.stderr
    changed = [line for line in shown.stdout.splitlines()[1:] if line[0] in "-+ac"]
    assert changed == [
        "changed /var/azureml-app/my code/score.py",
        "--- a/score.py",
        "+++ b/score.py",
        '-    return [model, said["x"] * 2, os.environ["TRICKY"]]',
        '+    return [model, said["x"] * 3, os.environ["TRICKY"]]',
    ]
    assert len(json.loads(of_container.stdout)["changes"]) == 1
    assert amlemu("image", "diff", TAG).returncode == 0
    with started(engine, run.replace(TAG, TAG.replace(":1", ":2")), packed / "second.log") as desk:
        desk.until_said(LISTENS)
        desk.attach(packed, "my code/score.py")
        desk.until_said(READY)

        assert desk.ask(x=5).result().json()[:2] == ["m4", 15]


def test_edit_of_the_script_changes_one_layer(engine, packed):
    """A model is not sent into a new layer because a script was edited; what is excluded changes none."""
    build(packed / "deployment.yml")
    first = engine.client.images.get(TAG).attrs["RootFS"]["Layers"]
    (packed / "my code" / "data.csv").write_text("2")
    build(packed / "deployment.yml")
    second = engine.client.images.get(TAG).attrs["RootFS"]["Layers"]
    (packed / "my code" / "score.py").write_text(SCORE + "# edited\n")
    build(packed / "deployment.yml")
    third = engine.client.images.get(TAG).attrs["RootFS"]["Layers"]

    assert second == first
    assert third[:-1] == first[:-1]
    assert third[-1] != first[-1]
