"""Walking through folders that are entered."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from amlemu.watch.tree import walk


class ButNot:
    """Rules that pass some names by."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def enters(self, folder: str) -> bool:
        return os.path.basename(folder) not in self._names

    matters = enters


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("a.py", "b.txt", "pkg/c.py", "pkg/deep/d.py", ".venv/lib/e.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def test_each_folder_comes_once_with_its_files(tree):
    """Though it is a start and lies in another; what is not entered is not listed."""
    entered: list[str] = []
    found = dict(walk(ButNot(".venv", "b.txt"), [str(tree), str(tree / "pkg")], entered.append, pytest.fail))

    assert {folder: [file.name for file in files] for folder, files in found.items()} == {
        str(tree): ["a.py"],
        str(tree / "pkg"): ["c.py"],
        str(tree / "pkg/deep"): ["d.py"],
    }
    assert sorted(entered) == sorted(found)


def test_a_start_is_entered_whatever_the_rules_say(tree):
    """The user named it."""
    found = dict(walk(ButNot(".venv"), [str(tree / ".venv")], str, pytest.fail))

    assert list(found) == [str(tree / ".venv"), str(tree / ".venv/lib")]


def test_a_folder_that_cannot_be_listed_is_reported(tree):
    """The others come."""
    failed: list[tuple[str, type]] = []
    found = dict(
        walk(
            ButNot(),
            [str(tree / "none"), str(tree / "a.py"), str(tree / "pkg")],
            str,
            lambda *what: failed.append(what),
        )
    )

    assert [(folder, type(trouble)) for folder, trouble in failed] == [
        (str(tree / "none"), FileNotFoundError),
        (str(tree / "a.py"), NotADirectoryError),
    ]
    assert list(found) == [str(tree / "pkg"), str(tree / "pkg/deep")]


def test_links_to_folders_are_not_followed(tree):
    """They may lead in circles."""
    (tree / "pkg/round").symlink_to(tree)
    found = dict(walk(ButNot(".venv"), [str(tree / "pkg")], str, pytest.fail))

    assert list(found) == [str(tree / "pkg"), str(tree / "pkg/deep")]
