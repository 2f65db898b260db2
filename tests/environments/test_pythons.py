"""Which Python an environment is made with, and what is said when it is not the one that the file asks for."""

from __future__ import annotations

import sys

import pytest
from amlemu.environments.pythons import choose, in_words
from amlemu.errors import UsageError
from amlemu.interpreter import version_of

MINE = ".".join(str(number) for number in sys.version_info[:3])
MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"
OTHER = 13 if sys.version_info[1] != 13 else 12


@pytest.fixture
def on_path(tmp_path, monkeypatch):
    """Put a program that answers like a Python of some version first on PATH."""

    def on_path(command, answer):
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        (folder / command).write_text(f"#!/bin/sh\n{answer}\n")
        (folder / command).chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        return folder / command

    return on_path


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        pytest.param(None, "this one; the file names none", id="none"),
        pytest.param("", "this one; the file names none", id="any"),
        pytest.param(f"=={MINOR}.*", "this one", id="minor"),
        pytest.param(">=3.9", "this one", id="range"),
    ],
)
def test_the_running_one_where_it_fits(wanted, why):
    found = choose(wanted)

    assert (str(found.path), found.version, found.why, found.is_other) == (sys.executable, MINE, why, False)


def test_one_of_the_wanted_version_on_the_path(on_path):
    path = on_path(f"python3.{OTHER}", f"echo amlemu 3.{OTHER}.4")

    found = choose(f"==3.{OTHER}.*")

    assert (found.path, found.version, found.is_other) == (path, f"3.{OTHER}.4", False)


def test_a_shim_without_a_python_behind_it_is_none(on_path):
    """As pyenv leaves them for versions that are not chosen: the running one stands in, and that is said."""
    path = on_path(f"python3.{OTHER}", "echo 'command not found' >&2; exit 127")

    found = choose(f"==3.{OTHER}.*")

    assert version_of(path) is None
    assert str(found.path) == sys.executable
    assert found.why == f"this one; the file asks for 3.{OTHER}, which is not on this machine"
    assert found.is_other


def test_a_version_that_amlemu_cannot_use():
    found = choose("==3.8.*")

    assert found.why == "this one; the file asks for 3.8, and amlemu runs scripts on 3.9 or later"
    assert found.is_other


def test_another_patch_of_the_same_minor_will_do():
    """Packages have wheels for a minor version; the difference is said all the same."""
    found = choose(f"=={MINOR}.99", None)

    assert (found.why, found.is_other) == (f"this one; the file asks for {MINOR}.99", False)


def test_the_one_that_is_named(on_path):
    path = on_path("python-of-ours", f'[ "$1" = -E ] && exec {sys.executable} "$@"')

    found = choose("==3.8.*", "python-of-ours")

    assert (found.path, found.version, found.is_other) == (path, MINE, True)
    assert found.why == "named by --python; the file asks for 3.8"


def test_what_is_named_and_is_none(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        choose(None, str(tmp_path / "gone"))


@pytest.mark.parametrize(
    ("wanted", "words"), [("==3.8.*", "3.8"), ("==3.8.13", "3.8.13"), (">=3.8,<3.10", ">=3.8,<3.10")]
)
def test_in_a_persons_words(wanted, words):
    assert in_words(wanted) == words
