"""Which Python runs the script: named, active, or our own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from amlemu import interpreter
from amlemu.errors import UsageError


@pytest.fixture
def no_environment(monkeypatch):
    """No environment is active."""
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)


def refusal_of(call):
    with pytest.raises(UsageError) as caught:
        call()
    return str(caught.value)


def test_an_interpreter_may_be_named_by_its_environment(no_environment, empty_environment):
    """The link's place makes the environment, so it is not followed."""
    python = empty_environment / "bin" / "python"

    assert interpreter.find_python(empty_environment) == python
    assert interpreter.find_python(python) == python


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_the_active_environment_comes_before_our_own(no_environment, monkeypatch, empty_environment, variable):
    monkeypatch.setenv(variable, str(empty_environment))

    assert interpreter.find_python(None) == empty_environment / "bin" / "python"


def test_an_environment_that_is_gone_is_not_chosen(no_environment, monkeypatch, tmp_path):
    """A stale VIRTUAL_ENV of a removed folder; the start block shows which interpreter it is instead."""
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "gone"))

    assert interpreter.find_python(None) == Path(sys.executable)


def test_an_active_environment_without_a_working_python_is_refused(no_environment, monkeypatch, tmp_path):
    python = tmp_path / "broken" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/no/such/interpreter\n", encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "broken"))

    told = refusal_of(lambda: interpreter.find_python(None))
    what = "not a Python interpreter (asked for its version: No such file or directory). Expected Python 3.9 or later"
    assert told.startswith(f"VIRTUAL_ENV={tmp_path / 'broken'}: {what}")


def test_an_old_python_is_refused_by_its_version(no_environment, tmp_path):
    """Told by the program's own answer."""
    old = tmp_path / "python2"
    old.write_text("#!/bin/sh\necho amlemu 2.7.18\n", encoding="utf-8")
    old.chmod(0o755)

    assert refusal_of(lambda: interpreter.find_python(old)).startswith(f"--python {old}: this is Python 2.7. Expected ")


def test_a_program_that_does_not_answer_is_not_waited_for_for_ever(no_environment, monkeypatch, tmp_path):
    """A launcher of a disk that has gone, or one that asks something."""
    hangs = tmp_path / "python"
    hangs.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    hangs.chmod(0o755)
    monkeypatch.setattr(interpreter, "_INTERPRETER_PATIENCE_S", 0.2)

    told = refusal_of(lambda: interpreter.find_python(hangs))
    assert told.startswith(f"--python {hangs}: not a Python interpreter (asked for its version: no answer in 0.2 s). ")
