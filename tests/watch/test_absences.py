"""What is told of folders that cannot be seen."""

from __future__ import annotations

import pytest
from amlemu.watch.absences import Absences, shown


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def absences(told, monkeypatch, tmp_path) -> Absences:
    monkeypatch.chdir(tmp_path)
    return Absences(told.append)


def test_a_folder_that_goes_and_comes_is_told_twice(absences, told, tmp_path):
    """Once each, however often it is looked for."""
    absences.started()
    for _ in range(3):
        absences.begin(str(tmp_path / "code"), FileNotFoundError())
    for _ in range(3):
        absences.end(str(tmp_path / "code"))

    assert told == ["code is gone; it is watched as soon as it is back", "code is back and watched"]


def test_a_folder_that_was_not_there_at_the_start(absences, told, tmp_path):
    """It comes for the first time."""
    absences.begin(str(tmp_path / "code"), FileNotFoundError())
    absences.started()
    absences.end(str(tmp_path / "code"))

    assert told == ["code is not there; it is watched as soon as it is there", "code is there now and watched"]


def test_an_unreadable_folder_is_told_with_what_to_do(absences, told, tmp_path):
    """As a command to copy."""
    absences.begin(str(tmp_path / "my models"), PermissionError())
    absences.end(str(tmp_path / "my models"))

    assert told == [
        "my models is not readable and not watched meanwhile; chmod u+rx 'my models' would help",
        "my models is readable again and watched",
    ]


def test_other_trouble_is_told_in_the_systems_words(absences, told, tmp_path):
    """An input/output error, for one."""
    absences.begin(str(tmp_path / "code"), OSError(5, "Input/output error"))

    assert told == ["code cannot be watched meanwhile: Input/output error"]


def test_what_is_in_an_absent_folder_is_not_told(absences, told, tmp_path):
    """One trouble, one clause."""
    absences.begin(str(tmp_path / "code"), FileNotFoundError())
    absences.begin(str(tmp_path / "code/models"), FileNotFoundError())

    assert len(told) == 1
    assert str(tmp_path / "code/models") in absences


def test_what_is_forgotten_is_not_missed(absences, told, tmp_path):
    """Nobody wants it any more."""
    absences.begin(str(tmp_path / "code"), PermissionError())
    absences.forget(str(tmp_path / "code"))
    absences.end(str(tmp_path / "code"))

    assert len(told) == 1
    assert list(absences) == []


def test_paths_are_shown_as_a_person_would_write_them(absences, tmp_path):
    """Short in the current folder, whole elsewhere."""
    assert shown(str(tmp_path / "a/b")) == "a/b"
    assert shown("/elsewhere/a") == "/elsewhere/a"
