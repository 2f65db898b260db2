"""The real server as a side: its own command, in the tree that our worker has."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from amlemu.deployment import Deployment, from_script
from amlemu.errors import UsageError
from amlemu_harness.parity.case import post
from amlemu_harness.parity.sides.azmlinfsrv import Azmlinfsrv
from amlemu_harness.parity.sides.lives import Lives
from amlemu_harness.parity.sides.served import Served
from amlemu_harness.parity.sides.side import DidNotStart
from amlemu_harness.parity.wire import Patience, exchange

from ....contract.targets import interpreter_folder

PATIENCE_S = 30.0
PATIENCE = Patience(10.0, afterwards_s=0.0, closed_s=2.0)
TELLS = """
import os

def init():
    pass

def run(data):
    names = ("GREETING", "AZUREML_MODEL_DIR", "AML_APP_ROOT", "PYTHONUNBUFFERED", "AMLEMU_PORT", "SERVER_VERSION")
    return {"pid": os.getpid(), "parent": os.getppid(), "file": __file__, **{name: os.environ.get(name) for name in names}}
"""


def environment() -> Path:
    return interpreter_folder("AMLEMU_TEST_REAL", "azmlinfsrv", "a virtual environment with azmlinfsrv")


def served(folder: Path, script: str, layout: str, **more: Any) -> Served:
    file = folder / "score.py"
    file.write_text(script, encoding="utf-8")

    def read(file: Path, words: tuple[str, ...]) -> Deployment:
        return from_script(file, **more)

    return Served(file, (), read, read(file, ()), layout)


def test_it_serves_in_the_scripts_tree_and_is_gone_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the variables of the deployment, and nothing of ours; the tree of links goes with the server."""
    temporary, model = tmp_path / "temporary", tmp_path / "model"
    for one in (temporary, model):
        one.mkdir()
    (model / "weights.txt").write_text("1", encoding="utf-8")
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("AMLEMU_PORT", "1")
    (tmp_path / "code").mkdir()
    one = served(tmp_path / "code", TELLS, "links", model_dir=model, environment={"GREETING": "hi"}, python=environment() / "bin" / "python")  # fmt: skip
    real = Azmlinfsrv(one, None, PATIENCE_S, Lives())

    running = real.start()
    try:
        answer = exchange(running.address, post(b"{}"), PATIENCE)
        told = json.loads(answer.body)
        program = Path(f"/proc/{told['parent']}/cmdline").read_text().split("\0")
        given = Path(f"/proc/{told['parent']}/environ").read_text().split("\0")
        weights = (Path(told["AZUREML_MODEL_DIR"]) / "weights.txt").read_text(encoding="utf-8")
        was_killed = running.kill_workers()
        second = json.loads(exchange(running.address, post(b"{}"), PATIENCE).body)
    finally:
        running.stop()

    assert answer.header("x-ms-server-version") == "azmlinfsrv/1.5.1"
    assert [word for word in program if word.endswith("/bin/azmlinfsrv")] == [str(environment() / "bin" / "azmlinfsrv")]
    assert {name.partition("=")[0] for name in given} & {
        "SERVER_PORT",
        "HEALTH_PORT",
        "TRANSPORT_PROTOCOL",
    } == set()  # its own business
    assert (told["GREETING"], told["PYTHONUNBUFFERED"], weights) == ("hi", "1", "1")
    assert (told["AMLEMU_PORT"], was_killed, second["pid"] != told["pid"]) == (None, True, True)
    assert not any(Path(f"/proc/{pid}").exists() for pid in (running.pid, told["pid"], second["pid"]))
    assert not Path(told["AZUREML_MODEL_DIR"]).exists()
    assert list(temporary.iterdir()) == []
    assert [path.name for path in (tmp_path / "code").rglob("*") if path.is_symlink()] == []
    assert (real.name, real.is_shared) == ("azmlinfsrv 1.5.1", False)
    facts = real.facts()
    assert list(facts) == ["azureml-inference-server-http", "gunicorn", "flask", "werkzeug", "inference-schema", "python"]  # fmt: skip
    assert (facts["azureml-inference-server-http"], real.packages["azureml-inference-server-http"]) == (
        "1.5.1",
        "1.5.1",
    )


def test_a_script_that_does_not_start_is_told_with_its_last_lines(tmp_path: Path) -> None:
    """Here by a server of another environment than the script's."""
    one = served(tmp_path, "def init():\n    raise ValueError('no model here')\ndef run(data): pass\n", "none")

    with pytest.raises(DidNotStart) as refused:
        Azmlinfsrv(one, environment(), PATIENCE_S, Lives()).start()

    assert refused.value.end.exit_code == 3
    assert [line for line in (*refused.value.end.out, *refused.value.end.err) if line == "ValueError: no model here"]


@pytest.mark.parametrize("is_named", [False, True], ids=["the-scripts", "a-named-one"])
def test_an_environment_without_it_is_refused(tmp_path: Path, *, is_named: bool) -> None:
    """What is missing, where, and the command that installs it there."""
    with pytest.raises(UsageError) as refused:
        Azmlinfsrv(served(tmp_path, TELLS, "none"), tmp_path if is_named else None, PATIENCE_S, Lives())

    where = str(tmp_path) if is_named else os.path.abspath(sys.executable)
    python = f"{tmp_path}/bin/python" if is_named else where
    more = "" if is_named else ", or name an environment that has it and all that the script imports: --python FOLDER"
    assert str(refused.value).startswith(f"{where}: azureml-inference-server-http is not installed there")
    assert refused.value.hint == f"{python} -m pip install azureml-inference-server-http{more}."
