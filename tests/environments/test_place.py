"""Where an environment lies, and when it is no longer what its file asks for."""

from __future__ import annotations

import sys

import pytest
from amlemu.environments import place
from amlemu.environments.place import Record


@pytest.fixture
def made():
    """Lay something that looks like a finished environment beside a file."""

    def made(asked):
        folder = place.place_of(asked)
        (folder / "bin").mkdir(parents=True)
        place.python_in(folder).symlink_to(sys.executable)
        record = Record(asked.place.file.name, place.fingerprint(asked), sys.executable, "3.11.7", 1700000000.0)
        place.write_record(record, folder)
        return folder

    return made


def test_it_lies_beside_the_file(ask, tmp_path):
    assert place.place_of(ask("dependencies: []\n")) == tmp_path / ".amlemu" / "environments" / "conda"


def test_it_is_found_with_its_python(ask, made):
    asked = ask("dependencies: [numpy]\n")
    folder = made(asked)

    found = place.find(asked)

    assert (found.python, found.is_current, found.record.version) == (folder / "bin" / "python", True, "3.11.7")


@pytest.mark.parametrize(
    ("text", "is_current"),
    [
        pytest.param(
            "# ours\nname: y\ndependencies:\n  - numpy=1.2 \n  - pip:\n    - scipy\n", True, id="comment-and-name"
        ),
        pytest.param("dependencies: [numpy=1.3, pip: [scipy]]\n", False, id="version"),
        pytest.param("dependencies: [numpy=1.2, python=3.9, pip: [scipy]]\n", False, id="python"),
        pytest.param("dependencies: [numpy=1.2, pip: [scipy, --pre]]\n", False, id="option"),
    ],
)
def test_it_is_current_while_the_file_asks_for_the_same(ask, made, text, is_current):
    made(ask("dependencies: [numpy=1.2, pip: [scipy]]\n"))

    assert place.find(ask(text)).is_current is is_current


def test_a_wheel_that_was_built_anew_makes_it_old(ask, made, write):
    write("ours-1-py3-none-any.whl", "one")
    text = "./ours-1-py3-none-any.whl\n"
    made(ask(text, "requirements.txt"))
    assert place.find(ask(text, "requirements.txt")).is_current

    write("ours-1-py3-none-any.whl", "another")

    assert not place.find(ask(text, "requirements.txt")).is_current


def test_there_is_none_without_a_record_or_a_python(ask, made):
    """Half made, its Python uninstalled, or made for another file of the same stem."""
    asked = ask("dependencies: []\n")
    assert place.find(asked) is None

    folder = made(asked)
    assert place.find(ask("dependencies: []\n", "conda.yaml")) is None

    (folder / "bin" / "python").unlink()
    assert place.find(asked) is None


@pytest.mark.parametrize("text", ["", "[]", '{"file": 1}', "\xff"])
def test_a_record_that_is_none(tmp_path, text):
    (tmp_path / place.RECORD).write_text(text, encoding="latin-1")

    assert place.read_record(tmp_path) is None
