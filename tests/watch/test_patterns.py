"""Patterns, where `test_rules.py` does not reach."""

from __future__ import annotations

import pytest
from amlemu.errors import UsageError
from amlemu.watch.patterns import Include, Patterns, below, given


def test_no_pattern_matches_nothing():
    """Comments and blank lines are none."""
    made = Patterns("/code", ["# all", "", "   "])

    assert not made.match("/code/all")
    assert made.not_understood == ()


def test_patterns_are_about_one_folder():
    """What is elsewhere is not meant."""
    made = Patterns("/code", ["*.txt"])

    assert made.match("/code/deep/a.txt")
    assert not made.match("/codes/a.txt")


def test_an_error_names_flag_and_pattern():
    """In the words of the command line."""
    with pytest.raises(UsageError) as caught:
        given("/code", ["*.txt", "!"], "--reload-exclude")

    assert str(caught.value) == (
        "--reload-exclude: '!' is no pattern. Patterns are written as in .gitignore, such as *.txt or data/."
    )


@pytest.mark.parametrize(
    ("pattern", "folder", "is_so"),
    [
        ("logs/*.txt", "logs", True),
        ("logs/*.txt", "logs/deep", False),
        ("a/*/c.txt", "a/b", True),
        ("**/c.txt", ".venv", False),
        ("*.txt", ".venv", False),
    ],
)
def test_an_include_opens_the_folders_on_its_way(pattern, folder, is_so):
    """Not all folders of the world for a pattern that could be anywhere."""
    assert Include("/code", [pattern]).opens(f"/code/{folder}") is is_so


@pytest.mark.parametrize(
    ("path", "folder", "rest"),
    [("/a/b/c", "/a", "b/c"), ("/ab", "/a", None), ("/a", "/a", None), ("/b", "/", "b")],
)
def test_what_follows_a_folder(path, folder, rest):
    """By whole names."""
    assert below(path, folder) == rest
