"""The logs of a deployment: bounded, whole lines, and readable whatever is in them."""

from __future__ import annotations

import pytest
from amlemu.local_endpoints.logs import LogFile, cut, last_lines, log_of, older


def test_there_is_a_log_for_each_container(tmp_path):
    """Contract 5.1: inference-server, storage-initializer."""
    assert log_of(tmp_path, "inference-server") == tmp_path / "inference-server.log"
    assert log_of(tmp_path, "storage-initializer") == tmp_path / "storage-initializer.log"


def test_a_log_goes_on_where_it_ended(tmp_path):
    """A deployment that is started again has one log."""
    path = tmp_path / "blue" / "a.log"
    for word in ("first", "second"):
        log = LogFile(path)
        log.write(f"{word}\n")
        log.close()

    assert last_lines(path, 10) == ["first", "second"]


def test_lines_are_there_at_once(tmp_path):
    """Not when somebody flushes."""
    log = LogFile(tmp_path / "a.log")
    log.write("now\n")

    assert last_lines(tmp_path / "a.log", 10) == ["now"]
    log.close()


def test_a_large_log_starts_anew_and_keeps_one_before_it(tmp_path):
    """A script that prints for weeks fills no disk; the last lines are whole across both files."""
    path = tmp_path / "a.log"
    log = LogFile(path, bytes_=1000)
    for number in range(2000):
        log.write(f"line {number}\n")
    log.close()

    assert path.stat().st_size + older(path).stat().st_size < 2500
    assert last_lines(path, 100) == [f"line {number}" for number in range(1900, 2000)]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.1.log", "a.log"]


@pytest.mark.parametrize(("count", "lines"), [(2, ["b", "c"]), (3, ["a", "b", "c"]), (9, ["a", "b", "c"]), (0, [])])
def test_the_last_lines_are_counted(tmp_path, count, lines):
    cut(tmp_path / "a.log", "a\nb\nc\n")

    assert last_lines(tmp_path / "a.log", count) == lines


def test_what_is_no_utf_8_is_shown_somehow(tmp_path):
    """Of a container, or of a script's C library."""
    (tmp_path / "a.log").write_bytes(b"caf\xe9\nnext\n")

    assert last_lines(tmp_path / "a.log", 10) == ["caf\ufffd", "next"]


def test_half_a_surrogate_stops_nobody(tmp_path):
    log = LogFile(tmp_path / "a.log")
    log.write("\ud800 before\n")
    log.write("after\n")
    log.close()

    assert last_lines(tmp_path / "a.log", 10) == ["\\ud800 before", "after"]


def test_where_nothing_can_be_written_nothing_fails(tmp_path):
    """A log is not worth an endpoint."""
    (tmp_path / "blue").write_text("a file", encoding="utf-8")
    log = LogFile(tmp_path / "blue" / "a.log")

    assert log.write("lost\n") == 5
    log.close()
    cut(tmp_path / "blue" / "a.log", "lost\n")
    assert last_lines(tmp_path / "blue" / "a.log", 10) == []


def test_a_log_begins_anew_with_a_text(tmp_path):
    """What was linked where is true of the last start."""
    cut(tmp_path / "a.log", "old\nold\n")
    cut(tmp_path / "a.log", "new\n")

    assert last_lines(tmp_path / "a.log", 10) == ["new"]
