"""The note of a running server: for its owner's eyes, gone with the server, swept when the server was killed."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
from dataclasses import asdict, replace

import pytest
from amlemu.control.note import Note, prepare, read, remove, write


def mode(path):
    return oct(stat.S_IMODE(path.stat().st_mode))


@pytest.fixture
def note():
    return Note(os.getpid(), "http://127.0.0.1:5050", "secret", "/code/score.py", "http://127.0.0.1:5001", 1000.0)


@pytest.fixture
def dead_pid():
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    process.wait(10)
    return process.pid


def test_a_note_is_for_its_owner_alone(tmp_path, note):
    """File and folder; git is told to look away."""
    folder = prepare(tmp_path / ".amlemu" / "5001")
    write(note, folder)

    assert folder == tmp_path / ".amlemu" / "5001"
    assert (mode(folder), mode(folder / "control.json")) == ("0o700", "0o600")
    assert (tmp_path / ".amlemu" / ".gitignore").read_text(encoding="ascii") == "*\n"
    assert os.listdir(folder) == ["control.json"]


def test_a_folder_that_others_could_read_is_closed(tmp_path):
    folder = tmp_path / ".amlemu" / "5001"
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    prepare(folder)

    assert mode(folder) == "0o700"


def test_what_is_written_is_read(tmp_path, note):
    write(note, prepare(tmp_path / "5001"))

    assert read(tmp_path / "5001") == note
    assert "secret" not in repr(note)


def test_where_nothing_can_be_written_the_note_lies_in_a_private_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / ".amlemu").write_text("a file of this name")
    folder = prepare(tmp_path / ".amlemu" / "5001")

    assert folder.parent == tmp_path
    assert folder.name.startswith("amlemu-control-")
    assert mode(folder) == "0o700"


def test_a_removed_note_leaves_nothing(tmp_path, note):
    folder = prepare(tmp_path / ".amlemu" / "5001")
    write(note, folder)
    remove(note, folder)

    assert list(tmp_path.iterdir()) == []


def test_what_others_keep_there_stays(tmp_path, note):
    folder = prepare(tmp_path / ".amlemu" / "5001")
    write(note, folder)
    (folder / "pid").write_text("1")
    (tmp_path / ".amlemu" / "keys.json").write_text("{}")
    remove(note, folder)

    assert os.listdir(folder) == ["pid"]
    assert (tmp_path / ".amlemu" / "keys.json").exists()


def test_the_note_of_a_server_that_came_after_stays(tmp_path, note):
    """It may have taken the port while the one before was still ending."""
    folder = prepare(tmp_path / "5001")
    write(replace(note, token="another"), folder)
    remove(note, folder)

    assert read(folder).token == "another"


def test_notes_of_killed_servers_are_swept(tmp_path, note, dead_pid):
    """By the next server of any port; those of the living stay."""
    write(replace(note, pid=dead_pid), prepare(tmp_path / ".amlemu" / "5001"))
    write(note, prepare(tmp_path / ".amlemu" / "5002"))
    prepare(tmp_path / ".amlemu" / "5003")

    assert sorted(path.name for path in (tmp_path / ".amlemu").iterdir()) == [".gitignore", "5002", "5003"]


def test_a_note_knows_whether_its_process_is_there(note, dead_pid):
    assert note.is_alive
    assert not replace(note, pid=dead_pid).is_alive


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"url": "http://evil.example:5050"}, id="another-machine"),
        pytest.param({"url": "http://127.0.0.1:5050@evil.example"}, id="another-machine-in-disguise"),
        pytest.param({"url": "https://127.0.0.1:5050"}, id="another-scheme"),
        pytest.param({"token": 7}, id="no-text"),
        pytest.param({"pid": "1"}, id="no-number"),
        pytest.param({"pid": -1}, id="all-processes"),
        pytest.param({"more": 1}, id="more"),
    ],
)
def test_what_is_no_note_is_not_read(tmp_path, note, change):
    """The token goes to this machine and nowhere else."""
    (tmp_path / "control.json").write_text(json.dumps({**asdict(note), **change}))

    assert read(tmp_path) is None


@pytest.mark.parametrize("text", ["", "[]", "{", "{}"])
def test_a_broken_note_is_not_read(tmp_path, text):
    (tmp_path / "control.json").write_text(text)

    assert read(tmp_path) is None
