"""What a person sees of `amlemu env create`, `show` and `remove`."""

from __future__ import annotations

import json
import sys

import pytest
from amlemu import cli_env
from amlemu.errors import UsageError

from .environments.wheels import make_wheel

VERSION = ".".join(str(number) for number in sys.version_info[:3])
CONDA = """\
dependencies:
  - python=3.8
  - pip
  - joblib=1.3
  - cudatoolkit=11
  - pip:
    - ours
"""


@pytest.fixture
def said(capsys):
    """Return what was written since the last look, both streams."""

    def said():
        written = capsys.readouterr()
        return written.out + written.err

    return said


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")


def test_from_nothing_to_an_environment_and_back(write, tmp_path, monkeypatch, said):
    """Made once, told to be there the second time, made anew when the file asks for something else, removed."""
    make_wheel(tmp_path / "wheels", "joblib", "1.3.2")
    make_wheel(tmp_path / "wheels", "ours", "1.0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    write("conda.yml", CONDA)
    assert cli_env.show(None) == 1
    assert "not made yet; amlemu env create makes it\n" in said()

    assert cli_env.create(None, None) == 0
    lines = said().splitlines()
    assert lines[:4] == [
        f"conda.yml: python {VERSION} (this one; the file asks for 3.8, and amlemu runs scripts on 3.9 or later)",
        "conda joblib=1.3 -> joblib==1.3.* from PyPI",
        "not installed here: cudatoolkit=11 (PyPI has no such thing)",
        "pip gets 1 requirement as written",
    ]
    assert any(line.startswith("ready: .amlemu/environments/conda, made in ") for line in lines)

    assert cli_env.create("conda.yml", None) == 0
    assert said().startswith(f"conda.yml: ready: .amlemu/environments/conda, python {VERSION}, made ")
    assert cli_env.show(None) == 0

    write("conda.yml", CONDA.replace("ours", "ours==1.0"))
    said()
    assert cli_env.show("conda.yml") == 1
    assert "out of date: .amlemu/environments/conda, " in said()

    assert cli_env.remove(None) == 0
    assert said() == "removed .amlemu/environments/conda\n"
    assert cli_env.remove(None) == 1


def test_json_is_one_object(write, capsys):
    write("conda.yml", CONDA)

    cli_env.show("conda.yml", as_json=True)

    told = json.loads(capsys.readouterr().out)
    assert (told["wanted"], told["current"], told["python"]) == ("==3.8.*", False, None)
    assert told["conda"] == [{"conda": "joblib=1.3", "pip": "joblib==1.3.*"}]
    assert told["left"] == [{"conda": "cudatoolkit=11", "reason": "PyPI has no such thing"}]
    assert told["pip"] == ["ours"]


def test_a_file_that_pip_would_refuse_is_refused_before(write, tmp_path, said):
    """With the line and what was meant; the other faults are told, too."""
    write("conda.yml", "dependencies:\n  - pip:\n    - numpy=1.2\n    - scipy=1.3\n")

    with pytest.raises(UsageError) as caught:
        cli_env.create("conda.yml", None)

    where = tmp_path / "conda.yml"
    cause = "pip cannot read the requirement numpy=1.2; did you mean numpy==1.2. A single = is conda's; pip wants two."
    assert str(caught.value) == f"{where}:3: {cause}"
    assert "error: conda.yml:4: pip cannot read the requirement scipy=1.3; did you mean scipy==1.3." in said()


def test_a_doubt_is_told_and_hinders_nobody(write, said):
    write("conda.yml", "dependancies: []\ndependencies: []\n")

    assert cli_env.show("conda.yml") == 1

    assert "warning: conda.yml:1: conda ignores dependancies; did you mean dependencies.\n" in said()


def test_no_file_at_all():
    with pytest.raises(UsageError, match=r"there is no conda file and no requirements\.txt"):
        cli_env.create(None, None)
