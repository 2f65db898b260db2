"""Whose fault it is that a container has ended, and whether a save can mend it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from amlemu.errors import AmlemuError, BootFailed, HostLost
from amlemu_harness import outcomes
from amlemu_harness.containers import State
from amlemu_harness.troubles import EngineLost, EngineRefused

FOLDER = Path("/var/azureml-app/code")
RUN = "2026-11-22T09:43:52,5+00:00 | gunicorn/run | "


def ended(exit_code: int, *, was_out_of_memory: bool = False) -> State:
    return State("exited", exit_code, is_running=False, was_out_of_memory=was_out_of_memory, error="")


def why(state: State, log: str, boot_error: str = "") -> Any:
    return outcomes.why_not_booted(state, log, boot_error, folder=FOLDER, image="lab:1")


def test_what_the_server_has_said_is_the_cause() -> None:
    """Whatever its container's code is."""
    said = 'Encountered Exception: Traceback (most recent call last):\n  File "/var/azureml-app/code/score.py", line 3, in init\nKeyError: 1'
    failure = why(ended(111), "...", said)

    assert (type(failure), failure.exit_code) == (BootFailed, 3)
    assert (failure.fault["where"], failure.fault["kind"]) == ("score.py:3", "KeyError")


def test_else_it_is_the_first_cause_in_the_log() -> None:
    """With what the code means, and the last lines, below."""
    log = f"{RUN}Installing\nERROR: No matching distribution found for nothing-such\n- gunicorn/finish 95 0\n"
    fault = why(ended(111), log).fault

    assert fault["what"].startswith("the container ended before it answered: ")
    assert "nothing-such" in fault["what"]
    assert fault["hint"].startswith("exit code 111: ")
    assert fault["traceback"].endswith("  - gunicorn/finish 95 0\n")


@pytest.mark.parametrize(
    ("was_out_of_memory", "words"), [(True, "more memory than it may"), (False, "Killed from outside")]
)
def test_else_it_is_what_the_code_means(was_out_of_memory: bool, words: str) -> None:
    fault = why(ended(137, was_out_of_memory=was_out_of_memory), "").fault

    assert fault["what"].startswith("the container ended before it answered, with exit code 137: ")
    assert words in fault["what"]
    assert (fault["hint"], fault["traceback"]) == ("", "")


def test_an_image_without_a_server_cannot_be_mended_by_a_save() -> None:
    failure = why(ended(0), "hello\n\n")

    assert isinstance(failure, HostLost)
    told = 'image lab:1: it has no inference server: its command ended with exit code 0. Its last words: "hello".'
    assert str(failure) == told


def test_an_engine_that_is_gone_takes_the_host_with_it() -> None:
    """What it refuses may be granted another time."""
    refused = EngineRefused("port 5678 is taken")
    gone = outcomes.lost(EngineLost("the Docker engine has gone away", where="container a", hint="Start it again."))

    assert outcomes.lost(refused) is refused
    assert (type(gone), str(gone)) == (HostLost, "container a: the Docker engine has gone away. Start it again.")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        pytest.param(outcomes.removed("a.blue"), "container a.blue: it has been removed", id="removed"),
        pytest.param(outcomes.silent("lab:1", "nothing listens"), "image lab:1: nothing listens.", id="silent"),
    ],
)
def test_the_host_may_be_lost_in_other_ways(error: AmlemuError, told: str) -> None:
    assert isinstance(error, HostLost)
    assert str(error).startswith(told)
