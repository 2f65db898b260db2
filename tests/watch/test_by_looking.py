"""What only looking knows: pauses, rights. The rest is in `test_watcher.py`."""

from __future__ import annotations

import time

import pytest
from amlemu.reload import ReloadRules
from amlemu.watch.by_looking import ByLooking
from amlemu.watch.rules import Rules, Watched

from .sight import deployment


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def looking(tmp_path, told) -> ByLooking:
    made = ByLooking(Rules(deployment(tmp_path)), told.append, "as asked", shortest_s=0.01)
    made.open()
    return made


def test_what_is_there_at_the_start_is_returned_and_no_change(tmp_path):
    """Changes begin after it."""
    made = ByLooking(Rules(deployment(tmp_path)), pytest.fail, shortest_s=0.01)

    assert made.open() == {str(tmp_path / "score.py"), str(tmp_path / "config.json")}
    assert made.wait(5) == set()


def test_between_looks_there_is_a_pause(looking, tmp_path):
    """However often it is asked; when somebody wakes it, it returns without a look."""
    looking._next_at = time.monotonic() + 60
    (tmp_path / "score.py").write_text("22")
    looking.wake()

    assert looking.wait(60) == set()
    looking._next_at = 0
    assert looking.wait(60) == {str(tmp_path / "score.py")}


@pytest.mark.parametrize(("took_s", "pause_s"), [(0.0, 0.5), (0.02, 2.0), (3.0, 5.0)])
def test_a_pause_is_a_hundred_looks(tmp_path, monkeypatch, took_s, pause_s):
    """Half a second at least, five at most; told."""
    clock = iter([0.0, took_s] * 2)
    monkeypatch.setattr("amlemu.watch.by_looking.time.perf_counter", lambda: next(clock))
    made = ByLooking(Rules(deployment(tmp_path)), pytest.fail, "as asked")
    made.open()

    assert made.manner == f"looking every {pause_s:.2g} s: as asked"


def test_what_cannot_be_seen_has_not_changed(looking, told, tmp_path, monkeypatch):
    """An unreadable folder keeps its files until it can be read; then changes count."""
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg/text.py").write_text("1")
    monkeypatch.chdir(tmp_path)
    assert looking._look() == {str(tmp_path / "pkg/text.py")}
    scandir = __import__("os").scandir

    def closed(folder: str):
        if folder.endswith("pkg"):
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    with monkeypatch.context() as patch:
        patch.setattr("os.scandir", closed)
        assert looking._look() == set()
        assert looking._look() == set()
    (tmp_path / "pkg/text.py").write_text("22")
    assert looking._look() == {str(tmp_path / "pkg/text.py")}
    assert told == [
        "pkg is not readable and not watched meanwhile; chmod u+rx pkg would help",
        "pkg is readable again and watched",
    ]


def test_other_rules_are_no_change(looking, tmp_path):
    """Files that count from now on count when they change; what changed meanwhile is not lost."""
    (tmp_path / "new.txt").touch()
    (tmp_path / "score.py").write_text("22")
    rules = Rules(Watched(tmp_path / "score.py", tmp_path, rules=ReloadRules(include=("*.txt",))), ["config.json"])

    assert looking.renew(rules) == {str(tmp_path / "score.py")}
    (tmp_path / "new.txt").write_text("1")
    looking._next_at = 0
    assert looking.wait(5) == {str(tmp_path / "new.txt")}
