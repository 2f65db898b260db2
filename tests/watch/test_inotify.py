"""Linux's word on changes, as it comes."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")

from amlemu.watch.inotify import Happening, Inotify, is_limit  # noqa: E402


@pytest.fixture
def inotify() -> Iterator[Inotify]:
    made = Inotify()
    yield made
    made.close()


def names(happenings: list[Happening]) -> list[str]:
    return [happening.name for happening in happenings]


def test_a_file_tells_when_it_is_there_and_when_it_is_written(inotify, tmp_path):
    """Not for every piece of it."""
    inotify.add(str(tmp_path))
    with (tmp_path / "a").open("wb", buffering=0) as file:
        for _ in range(9):
            file.write(b"1")
    told = inotify.read(5)

    assert names(told) == ["a", "a"]
    assert [happening.has_created for happening in told] == [True, False]


def test_reading_tells_nothing(inotify, tmp_path):
    """Scripts read their files, again and again."""
    (tmp_path / "a").write_text("1")
    inotify.add(str(tmp_path))
    (tmp_path / "a").read_text()
    os.listdir(tmp_path)

    assert inotify.read(0) == []


def test_both_ends_of_a_move_are_told_at_once(inotify, tmp_path):
    """Of folders, too."""
    (tmp_path / "a").mkdir()
    inotify.add(str(tmp_path))
    os.rename(tmp_path / "a", tmp_path / "b")
    gone, come = inotify.read(5)

    assert (gone.name, gone.has_gone, gone.has_moved_away, gone.is_folder) == ("a", True, True, True)
    assert (come.name, come.has_come, come.has_created, come.is_folder) == ("b", True, False, True)


def test_names_are_what_python_makes_of_bytes(inotify, tmp_path):
    """Also those that are no text."""
    inotify.add(str(tmp_path))
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfc x"))).mkdir()

    assert names(inotify.read(5)) == [os.fsdecode(b"\xff\xfc x")]


def test_a_folder_that_ends_says_so(inotify, tmp_path):
    """Its watch is no more."""
    (tmp_path / "a").mkdir()
    watch = inotify.add(str(tmp_path / "a"))
    (tmp_path / "a").rmdir()

    assert [happening.watch for happening in inotify.read(5) if happening.has_ended] == [watch]


def test_what_is_forgotten_tells_nothing(inotify, tmp_path):
    """Twice is fine."""
    watch = inotify.add(str(tmp_path))
    inotify.forget(watch)
    inotify.forget(watch)
    (tmp_path / "a").touch()

    assert [happening for happening in inotify.read(0) if not happening.has_ended] == []


def test_reading_ends_when_woken(inotify):
    """By another thread; waking too often is fine."""
    for _ in range(70_000):
        inotify.wake()
    inotify.read(5)
    waker = threading.Thread(target=inotify.wake)
    began = time.monotonic()
    waker.start()

    assert inotify.read(5) == []
    assert time.monotonic() - began < 4
    waker.join()


@pytest.mark.parametrize(("name", "error"), [("none", FileNotFoundError), ("file", NotADirectoryError)])
def test_only_folders_that_are_there_are_watched(inotify, tmp_path, name, error):
    """The error names the path."""
    (tmp_path / "file").touch()
    with pytest.raises(error) as caught:
        inotify.add(str(tmp_path / name))

    assert caught.value.filename == str(tmp_path / name)


@pytest.mark.parametrize(("number", "is_so"), [(28, True), (24, True), (23, True), (13, False), (2, False)])
def test_limits_are_told_from_other_trouble(number, is_so):
    """No space, too many files; not: no permission, no such file."""
    assert is_limit(OSError(number, "")) is is_so
