"""Where the state lies: one file, whole at every moment, one lock, and which folder is meant."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import threading

import pytest
from amlemu.errors import UsageError
from amlemu.local_endpoints import shelf as shelves
from amlemu.local_endpoints.record import OtherVersion, Record
from amlemu.local_endpoints.shelf import Shelf, Unwritable


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / ".amlemu" / "endpoints" / "iris")


def test_an_endpoint_that_was_never_made_is_none(shelf):
    """Nothing is made by looking."""
    assert shelf.read() is None
    assert not shelf.is_there
    assert not shelf.folder.exists()


def test_what_was_written_is_read(shelf):
    shelf.write(Record("iris", 5001, traffic={"blue": 100}))

    assert shelf.read() == Record("iris", 5001, traffic={"blue": 100})
    assert [path.name for path in shelf.folder.iterdir()] == ["record.json"]


def test_git_does_not_see_it_and_others_cannot_read_it(shelf, tmp_path):
    """Keys lie there, too."""
    shelf.write(Record("iris", 5001))

    assert (tmp_path / ".amlemu" / ".gitignore").read_text(encoding="ascii") == "*\n"
    assert stat.S_IMODE(shelf.folder.stat().st_mode) == 0o700


def test_a_reader_never_sees_half_a_record(shelf):
    """Who reads while somebody writes gets one of the two, as a whole."""
    shelf.write(Record("iris", 5001, why="x" * 100_000))
    is_over, seen = threading.Event(), set()

    def look():
        while not is_over.is_set():
            seen.add(len(shelf.read().why))

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(30):
        shelf.write(Record("iris", 5001, why="x" * (100_000 + number % 2)))
    is_over.set()
    reader.join()

    assert seen <= {100_000, 100_001}
    assert seen


def test_what_cannot_be_written_leaves_what_was_there(shelf, monkeypatch):
    """A disk that fills up in the middle; the hint says so, and no draft is left."""
    shelf.write(Record("iris", 5001))

    def is_full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", is_full)
    with pytest.raises(Unwritable) as caught:
        shelf.write(Record("iris", 5002))

    assert "No space left on device" in str(caught.value)
    assert "What was there before is there still" in caught.value.hint
    assert shelf.read() == Record("iris", 5001)
    assert [path.name for path in shelf.folder.iterdir()] == ["record.json"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="half"),
        pytest.param(b"\xff\xfe\x00", id="binary"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[1]", id="list"),
        pytest.param(json.dumps({"version": 99}).encode(), id="newer"),
    ],
)
def test_garbage_is_refused_by_its_path(shelf, text):
    """It is there all the same, so that it can be deleted."""
    shelf.folder.mkdir(parents=True)
    (shelf.folder / "record.json").write_bytes(text)

    with pytest.raises(OtherVersion) as caught:
        shelf.read()
    assert caught.value.where == str(shelf.folder / "record.json")
    assert shelf.is_there


def test_only_one_has_the_lock(shelf):
    """Until it gives it up."""
    first = shelf.lock()
    assert first is not None

    assert shelf.lock() is None
    first.release()
    second = shelf.lock()
    assert second is not None
    second.release()


def test_a_lock_is_had_for_a_block(shelf):
    with shelf.lock():
        assert shelf.lock() is None
    with shelf.lock():
        pass


def test_a_process_that_is_killed_gives_it_up(shelf):
    """The lock is the kernel's: nothing has to be cleaned up by hand."""
    lock = shelf.lock()
    waits = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    child = subprocess.Popen(waits, stdin=subprocess.PIPE, pass_fds=(lock.descriptor,))
    lock.release()

    assert shelf.lock() is None, "it went over to the child"
    child.kill()
    child.communicate()
    with shelf.lock():
        pass


def test_a_lock_of_a_shelf_that_was_removed_is_not_handed_out(shelf):
    """Who waited for the old one locks the new one."""
    lock = shelf.lock()
    shelf.write(Record("iris", 5001))
    shelf.remove()

    with shelf.lock():
        assert shelf.folder.is_dir()
    lock.release()


def test_a_removed_shelf_leaves_nothing(shelf):
    shelf.write(Record("iris", 5001))
    shelf.deployment("blue").mkdir(parents=True)
    (shelf.deployment("blue") / "inference-server.log").write_text("hello\n", encoding="utf-8")
    with shelf.lock():
        shelf.remove()

    assert not shelf.folder.exists()


def test_where_a_file_stands_in_the_way_it_says_so(tmp_path):
    """Not a stack trace."""
    (tmp_path / ".amlemu").write_text("mine", encoding="utf-8")
    shelf = Shelf(tmp_path / ".amlemu" / "endpoints" / "iris")

    with pytest.raises(Unwritable):
        shelf.write(Record("iris", 5001))
    with pytest.raises(Unwritable):
        shelf.lock()


def test_the_nearest_folder_upwards_that_has_endpoints_is_meant(tmp_path, monkeypatch):
    """Else this one; `.amlemu` alone, which every server leaves beside its script, does not count."""
    monkeypatch.delenv("AMLEMU_HOME", raising=False)
    below = tmp_path / "project" / "src" / "deep"
    (below / ".amlemu" / "5001").mkdir(parents=True)
    monkeypatch.chdir(below)
    assert shelves.home() == below / ".amlemu" / "endpoints"

    (tmp_path / "project" / ".amlemu" / "endpoints").mkdir(parents=True)
    assert shelves.home() == tmp_path / "project" / ".amlemu" / "endpoints"


def test_a_variable_names_another_home(tmp_path, monkeypatch):
    """AMLEMU_HOME; a relative one is below this folder."""
    (tmp_path / ".amlemu" / "endpoints").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AMLEMU_HOME", "else")

    assert shelves.home() == tmp_path / "else" / ".amlemu" / "endpoints"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc", "a/", "../iris"])
def test_a_name_cannot_lead_out_of_the_folder(home, name):
    """Also where nothing is made."""
    with pytest.raises(UsageError):
        shelves.shelf_of(name)


def test_all_endpoints_are_found_by_name(home, shelve):
    """Folders without a record are none: one that is about to be made, or somebody's own."""
    shelve("wine", 5002)
    shelve("iris")
    (home / "notes").mkdir()

    assert [one.name for one in shelves.shelves()] == ["iris", "wine"]


def test_where_there_is_no_home_there_are_none(home):
    assert list(shelves.shelves()) == []


def test_who_holds_another_folders_lock_does_not_write(shelf):
    """It was removed, and somebody has made an endpoint of the same name since."""
    with shelf.lock() as lock:
        shelf.hold(lock.descriptor)
        shelf.write(Record("iris", 5001))
        shutil.rmtree(shelf.folder)
        with pytest.raises(Unwritable):
            shelf.write(Record("iris", 5001))
        assert not shelf.folder.exists()
        Shelf(shelf.folder).write(Record("iris", 5002))
        with pytest.raises(Unwritable):
            shelf.write(Record("iris", 5001))

    assert shelf.read().port == 5002
