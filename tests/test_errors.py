"""The error tree, and how a message is put together."""

from __future__ import annotations

import pytest
from amlemu import errors
from amlemu.errors import (
    AmlemuError,
    BackendFailure,
    BootFailed,
    ScoringFailed,
    UsageError,
    UserScriptError,
    WorkerCrashed,
)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({}, "no such file"),
        ({"where": "score.py"}, "score.py: no such file"),
        ({"where": "score.py", "hint": "Did you mean main.py?"}, "score.py: no such file. Did you mean main.py?"),
        ({"expected": "A script is a file."}, "no such file. A script is a file."),
        ({"expected": "A script is a file.", "hint": "Try again."}, "no such file. A script is a file. Try again."),
    ],
)
def test_a_message_has_where_what_expected_and_hint(parts, message):
    """A lone clause has no full stop; with more to say it becomes a sentence."""
    assert str(UsageError("no such file", **parts)) == message


def test_a_full_stop_is_not_doubled():
    assert str(UsageError("it ends.", hint="Try again.")) == "it ends. Try again."


def test_the_tree_is_as_drawn():
    """The drawing at the top of errors.py names every class below its parent."""
    drawn = [line.strip(" |+-").split()[0] for line in errors.__doc__.splitlines() if "+--" in line]
    depth = {line.strip(" |+-").split()[0]: line.index("+--") for line in errors.__doc__.splitlines() if "+--" in line}
    classes = {
        kind.__name__: kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, AmlemuError)
    }

    assert set(drawn) == classes.keys() - {"AmlemuError"}
    for name in drawn:
        families = (UserScriptError, BackendFailure)
        assert (depth[name] > 4) == (classes[name].__base__ in families)


def test_a_boot_failure_carries_the_workers_report():
    fault = {"what": "init() raised ValueError: no", "where": "score.py:3", "hint": "Look there.", "traceback": "..."}
    error = BootFailed(fault)

    assert str(error) == "score.py:3: init() raised ValueError: no. Look there."
    assert (error.exit_code, error.fault) == (3, fault)


def test_a_scoring_failure_shows_the_answer():
    """Also one that is no text, or very long."""
    error = ScoringFailed(500, "INTERNAL SERVER ERROR", b"\xff" + b"x" * 3000)

    assert str(error).startswith("the endpoint answered 500 INTERNAL SERVER ERROR: \ufffdxxx")
    assert len(str(error)) < 2100
    assert (error.status, len(error.body)) == (500, 3001)


def test_a_crash_names_the_process():
    error = WorkerCrashed("the worker was killed by SIGKILL", where="pid 7", pid=7, exit_code=-9)

    assert str(error) == "pid 7: the worker was killed by SIGKILL"
    assert (error.pid, error.exit_code) == (7, -9)
