"""Our side: the emulator, started as a person would start it."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from amlemu import __version__
from amlemu.deployment import Deployment, from_script
from amlemu_harness.parity.case import post
from amlemu_harness.parity.sides.lives import Lives
from amlemu_harness.parity.sides.ours import Ours
from amlemu_harness.parity.sides.served import Served
from amlemu_harness.parity.sides.side import DidNotStart
from amlemu_harness.parity.wire import Patience, exchange

KEY = "a-key-of-ours"
PATIENCE_S = 30.0
PATIENCE = Patience(10.0, afterwards_s=0.0, closed_s=2.0)
TELLS = """
import os

def init():
    print("hello from init")

def run(data):
    return {"pid": os.getpid(), "kept": {name: os.environ.get(name) for name in ("GREETING", "AMLEMU_PORT", "FROM_THEM")}}
"""


def side(folder: Path, script: str, **more: Any) -> Ours:
    variables = more.pop("variables_of_script", {"GREETING": "hi"})
    file = folder / "score.py"
    file.write_text(script, encoding="utf-8")

    def read(file: Path, words: tuple[str, ...]) -> Deployment:
        return from_script(file, environment=variables)

    words = tuple(f"--env={name}={value}" for name, value in variables.items())
    return Ours(Served(file, words, read, read(file, ()), "none"), more.pop("profile", "bare"), PATIENCE_S, Lives(), **more)  # fmt: skip


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, which is the test's own."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def test_it_serves_and_is_gone_afterwards(tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the profile, the key and the headers that it was given; what is set for this command is not meant for that one."""
    monkeypatch.setenv("AMLEMU_PORT", "1")
    headers = (("Authorization", f"Bearer {KEY}"),)
    ours = side(tmp_path, TELLS, profile="managed", key=KEY, headers=headers, variables={"FROM_THEM": "1"})

    running = ours.start()
    try:
        first = json.loads(exchange(running.address, post(b"{}"), PATIENCE).body)
        refused = exchange(running.address.port, post(b"{}"), PATIENCE)
        words = Path(f"/proc/{running.pid}/cmdline").read_text()
        was_killed = running.kill_workers()
        second = json.loads(exchange(running.address, post(b"{}"), PATIENCE).body)
    finally:
        running.stop()

    assert first["kept"] == {"GREETING": "hi", "AMLEMU_PORT": None, "FROM_THEM": "1"}
    assert refused.status == "HTTP/1.1 401 Unauthorized"
    assert "--auth=key" in words
    assert KEY not in words
    assert was_killed
    assert second["pid"] != first["pid"]
    assert not any(Path(f"/proc/{pid}").exists() for pid in (running.pid, first["pid"], second["pid"]))
    assert list(temporary.iterdir()) == []
    assert (ours.name, ours.is_shared) == ("amlemu, profile managed", False)
    assert ours.facts() == {"amlemu": __version__, "python": os.path.abspath(sys.executable)}


def test_workers_that_are_forked_are_found(tmp_path: Path) -> None:
    """With WORKER_PRELOAD they are one generation further down."""
    running = side(tmp_path, TELLS, variables_of_script={"WORKER_PRELOAD": "true"}).start()
    try:
        first = json.loads(exchange(running.address, post(b"{}"), PATIENCE).body)
        was_killed = running.kill_workers()
        second = json.loads(exchange(running.address, post(b"{}"), PATIENCE).body)
    finally:
        running.stop()

    assert was_killed
    assert first["pid"] != second["pid"]


def test_a_script_that_does_not_start_is_told_with_its_last_lines(tmp_path: Path, temporary: Path) -> None:
    """In the format of the real server's log, so that they can be compared."""
    with pytest.raises(DidNotStart) as refused:
        side(tmp_path, "def init():\n    raise ValueError('no model here')\ndef run(data): pass\n").start()

    end = refused.value.end
    assert end.exit_code == 3
    assert [line for line in (*end.out, *end.err) if line == "ValueError: no model here"]
    assert list(temporary.iterdir()) == []


def test_a_probe_is_served_in_the_scripts_place(tmp_path: Path, temporary: Path) -> None:
    """Once; the folder in which it stood is gone with the server."""
    probe = tmp_path / "elsewhere" / "probe.py"
    probe.parent.mkdir()
    probe.write_text("def init(): pass\ndef run(data): return __file__\n", encoding="utf-8")

    running = side(tmp_path, TELLS).start(probe)
    try:
        told = exchange(running.address, post(b"{}"), PATIENCE).body.decode()
    finally:
        running.stop()

    assert Path(json.loads(told)).name == "score.py"
    assert not Path(json.loads(told)).exists()
    assert list(temporary.iterdir()) == []
    assert (tmp_path / "score.py").read_text(encoding="utf-8") == TELLS
