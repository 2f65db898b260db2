"""What Azure takes of a folder, by the ignore file in it; the rows were held against azure-ai-ml's own `IgnoreFile`."""

from __future__ import annotations

import socket

import pytest
from amlemu.errors import UsageError
from amlemu_harness.uploaded import Upload


def write(folder, *names: str, **files: str):
    for name, text in {**dict.fromkeys(names, "x"), **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_what_nobody_means_is_left_out(tmp_path):
    """git's folder, ours, bytecode and virtual environments; a folder that is only called like one is taken."""
    names = (
        ".git/config",
        ".amlemu/keys",
        "__pycache__/score.pyc",
        "sub/__pycache__/a.pyc",
        "env/pyvenv.cfg",
        "env/lib/a.py",
    )
    write(tmp_path, *names, "conda/conda-meta/history", "conda/bin/python", "score.py", ".env", "venv/notes.txt")

    assert list(Upload(tmp_path).files()) == [".env", "score.py", "venv/notes.txt"]


@pytest.mark.parametrize(
    ("lines", "taken"),
    [
        pytest.param("data/", ["keep.txt", "score.py"], id="folder"),
        pytest.param("data/\n!data/keep.txt", ["data/keep.txt", "keep.txt", "score.py"], id="last-line-decides"),
        pytest.param("*.txt", ["data/big.bin", "score.py"], id="everywhere"),
        pytest.param("/keep.txt\n# data/\n\n", ["data/big.bin", "data/keep.txt", "score.py"], id="at-the-top"),
        pytest.param("\ufeffdata/", ["keep.txt", "score.py"], id="byte-order-mark"),
    ],
)
def test_lines_of_the_ignore_file(tmp_path, lines, taken):
    """As git's, only that a file may come back out of a folder that is excluded."""
    write(tmp_path, "score.py", "keep.txt", "data/keep.txt", "data/big.bin", **{".gitignore": lines + "\n.gitignore"})

    assert list(Upload(tmp_path).files()) == taken


def test_amlignore_is_used_alone(tmp_path):
    """.gitignore counts where there is none."""
    write(tmp_path, "a.txt", "b.txt", **{".amlignore": "a.txt\n.*", ".gitignore": "b.txt"})

    assert list(Upload(tmp_path).files()) == ["b.txt"]


def test_links_are_followed_and_end_where_they_began(tmp_path, monkeypatch):
    """What is neither a file nor a folder is left out: a link that leads nowhere, a socket."""
    write(tmp_path / "outside", "model.bin")
    code = write(tmp_path / "code", "score.py")
    (code / "weights").symlink_to(tmp_path / "outside")
    (code / "round").symlink_to(code)
    (code / "nowhere").symlink_to(tmp_path / "gone")
    with socket.socket(socket.AF_UNIX) as one:
        monkeypatch.chdir(code)  # the path of a socket is short
        one.bind("sock")

        assert list(Upload(code).files()) == ["score.py", "weights/model.bin"]


def test_line_that_is_no_pattern_is_named(tmp_path):
    write(tmp_path, "score.py", **{".amlignore": "data/\n!\n"})

    with pytest.raises(UsageError, match=r"\.amlignore:2: '!' is no pattern"):
        Upload(tmp_path)
