"""Paths as Azure's files write them, and what was meant by one that leads nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from amlemu.azure.paths import is_azure_file, meant, resolve


@pytest.fixture
def here(tmp_path):
    for name in ("src/score.py", "src/utils/text.py", "models/credit/model.pkl", "Model.pkl"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (tmp_path / "empty").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("src", "src"),
        ("./src/", "src"),
        ("src/../src/score.py", "src/score.py"),
        ("file:src/score.py", "src/score.py"),
        ("src\\utils\\text.py", "src/utils/text.py"),
        (".\\src\\score.py", "src/score.py"),
        ("..\\x", "../x"),
        ("nope", "nope"),
        ("", "."),
    ],
)
def test_a_path_is_relative_to_the_folder_of_its_file(here, text, path):
    """Also with backslashes, which lead somewhere on the machine where they were written."""
    assert resolve(here, text) == Path(here / path).resolve()


def test_an_absolute_path_stays_what_it_is(here):
    assert resolve(here, "/etc/hosts") == Path("/etc/hosts")


def test_a_backslash_may_belong_to_a_name(here):
    (here / "a\\b").write_text("")

    assert resolve(here, "a\\b") == here / "a\\b"


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        pytest.param("src/scor.py", "Did you mean src/score.py?", id="near"),
        pytest.param("model.pkl", "Did you mean Model.pkl?", id="case"),
        pytest.param("scr/score.py", "Did you mean src/score.py?", id="a-folder-misspelt"),
        pytest.param("models/model.pkl", "Did you mean models/credit/model.pkl?", id="a-level-deeper"),
        pytest.param("src/score.py/x", "Did you mean src/score.py?", id="below-a-file"),
        pytest.param("empty/model.pkl", "empty is empty.", id="nothing-there"),
        pytest.param("src/zzzzzz", "In src there is: score.py, utils.", id="nothing-near"),
        pytest.param("x" * 5000, "In . there is: Model.pkl, empty, models, src.", id="too-long-for-a-name"),
        pytest.param("\0", "In . there is: Model.pkl, empty, models, src.", id="no-name-at-all"),
    ],
)
def test_what_was_meant_is_asked(here, path, hint):
    """Called as the file would call it."""
    assert meant(here / path, here) == hint


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("deployment.yml", True), ("a.YAML", True), ("inferenceconfig.json", True), ("score.py", False), ("yml", False)],
)
def test_azures_files_are_told_by_their_ending(name, is_one):
    assert is_azure_file(Path(name)) is is_one
