"""What follows from the options about debugging, each alone and together."""

from __future__ import annotations

import json
import os
import pty
import sys
from collections.abc import Iterator
from math import inf
from types import ModuleType
from typing import Any

import pytest
from amlemu.debugging import DebugRules, launch_entry, rules
from amlemu.errors import UsageError

NOTHING: dict[str, Any] = {
    "port": None,
    "host": "127.0.0.1",
    "connect": None,
    "wait_s": None,
    "stops_clocks": True,
    "on_error": False,
    "wants_pdb": False,
    "variables": {},
}


@pytest.fixture(autouse=True)
def undebugged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever debugs these tests is no part of them."""
    monkeypatch.delitem(sys.modules, "pydevd", raising=False)


@pytest.fixture
def debugged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydevd", ModuleType("pydevd"))


def wanted(**options: Any) -> DebugRules:
    return rules(**{**NOTHING, **options})


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({}, DebugRules(), id="nothing"),
        pytest.param({"port": 5678}, DebugRules(port=5678), id="--debug"),
        pytest.param({"port": 0}, DebugRules(port=0), id="--debug 0"),
        pytest.param({"port": 1, "host": "0.0.0.0"}, DebugRules(port=1, host="0.0.0.0"), id="--debug-host"),
        pytest.param({"wait_s": 30.0}, DebugRules(port=5678, wait_s=30), id="--wait-for-client 30"),
        pytest.param({"wait_s": inf}, DebugRules(port=5678, wait_s=inf), id="--wait-for-client"),
        pytest.param({"on_error": True}, DebugRules(port=5678, on_error=True), id="--debug-on-error"),
        pytest.param({"port": 7, "on_error": True}, DebugRules(port=7, on_error=True), id="--debug 7 on error"),
        pytest.param({"connect": 7}, DebugRules(connect=7), id="--debug-connect"),
        pytest.param({"connect": 7, "wait_s": 1.0}, DebugRules(connect=7, wait_s=1), id="--debug-connect that waits"),
        pytest.param({"stops_clocks": False}, DebugRules(stops_clocks=False), id="--no-pause"),
    ],
)
def test_options_become_rules(options: dict[str, Any], expected: DebugRules) -> None:
    """What needs an editor and does not say how it comes, listens on debugpy's usual port."""
    assert wanted(**options) == expected


@pytest.mark.parametrize(
    ("options", "port", "connect"),
    [
        pytest.param({}, None, 9000, id="alone"),
        pytest.param({"on_error": True, "wait_s": 1.0}, None, 9000, id="with options that need an editor"),
        pytest.param({"connect": 7}, None, 7, id="--debug-connect beats it"),
        pytest.param({"port": 5678}, 5678, None, id="--debug beats it"),
    ],
)
def test_the_cloud_s_variable_counts_unless_a_flag_says_otherwise(
    options: dict[str, Any], port: int | None, connect: int | None
) -> None:
    """Contract 3.7, AZUREML_DEBUG_PORT."""
    found = wanted(variables={"AZUREML_DEBUG_PORT": "9000"}, **options)

    assert (found.port, found.connect) == (port, connect)


@pytest.mark.parametrize("word", ["", "0"])
def test_the_cloud_s_variable_may_mean_nothing(word: str) -> None:
    """As for the real server (server/entry.py 1.5.1): `if debug_port`."""
    assert wanted(variables={"AZUREML_DEBUG_PORT": word}) == DebugRules()


def test_a_program_that_is_debugged_hands_its_session_on(debugged: None) -> None:
    """amlemu was started by an editor: no port is needed."""
    assert wanted(on_error=True, wait_s=1.0) == DebugRules(inherits=True, wait_s=1, on_error=True)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"port": 5678}, id="--debug"),
        pytest.param({"connect": 7}, id="--debug-connect"),
        pytest.param({"variables": {"AZUREML_DEBUG_PORT": "7"}}, id="AZUREML_DEBUG_PORT"),
    ],
)
def test_who_names_a_port_inherits_nothing(debugged: None, options: dict[str, Any]) -> None:
    """Whoever debugs amlemu itself may let somebody else debug the script."""
    assert not wanted(**options).inherits


@pytest.mark.parametrize(
    ("options", "told"),
    [
        pytest.param(
            {"port": 5678, "connect": 7},
            "--debug-connect: it dials an editor, or waits for one. Leave out --debug.",
            id="two-ways-to-an-editor",
        ),
        pytest.param(
            {"wants_pdb": True, "port": 5678},
            "--pdb: the script has one debugger. Leave out --debug, or --pdb.",
            id="pdb-and-a-port",
        ),
        pytest.param(
            {"wants_pdb": True, "connect": 7},
            "--pdb: the script has one debugger. Leave out --debug, or --pdb.",
            id="pdb-and-an-editor",
        ),
        pytest.param(
            {"variables": {"AZUREML_DEBUG_PORT": "any"}},
            "AZUREML_DEBUG_PORT: 'any' is no port",
            id="a-variable-that-is-no-number",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        wanted(**options)

    assert str(caught.value) == told


class Terminal:
    """A stdin that is this file."""

    def __init__(self, file: int) -> None:
        self.file = file

    def fileno(self) -> int:
        return self.file


@pytest.fixture
def terminal() -> Iterator[int]:
    """One of our own."""
    ours, theirs = pty.openpty()
    yield theirs
    os.close(ours)
    os.close(theirs)


def test_pdb_asks_in_the_terminal_that_we_are_started_from(terminal: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named by its path: a worker has other standard files. The cloud's variable does not count then."""
    monkeypatch.setattr(sys, "__stdin__", Terminal(terminal))
    found = wanted(wants_pdb=True, on_error=True, stops_clocks=False, variables={"AZUREML_DEBUG_PORT": "7"})

    assert found == DebugRules(terminal=os.ttyname(terminal), on_error=True, stops_clocks=False)


@pytest.mark.parametrize("has_stdin", [True, False])
def test_pdb_needs_a_terminal(monkeypatch: pytest.MonkeyPatch, *, has_stdin: bool) -> None:
    """In a pipeline there is none; nor under pythonw."""
    with open(os.devnull, encoding="ascii") as nothing:
        monkeypatch.setattr(sys, "__stdin__", nothing if has_stdin else None)

        with pytest.raises(UsageError) as caught:
            wanted(wants_pdb=True)

    assert str(caught.value) == (
        "--pdb: there is no terminal here. Start amlemu in a terminal, or attach an editor with --debug."
    )


@pytest.mark.parametrize(
    ("found", "is_on"),
    [
        (DebugRules(), False),
        (DebugRules(wait_s=1, on_error=True, stops_clocks=False), False),
        (DebugRules(port=0), True),
        (DebugRules(connect=7), True),
        (DebugRules(inherits=True), True),
        (DebugRules(terminal="/dev/pts/0"), True),
    ],
)
def test_there_is_one_worker_when_somebody_is_going_to_stop_the_script(found: DebugRules, *, is_on: bool) -> None:
    """A port 0 is a port."""
    assert found.is_on == is_on


def test_a_launch_entry_may_map_folders() -> None:
    """Of a container, where no worker of ours does it."""
    entry = json.loads(launch_entry("0.0.0.0:7000", {"/here/src": "/var/azureml-app/src"}))

    assert entry["connect"] == {"host": "127.0.0.1", "port": 7000}
    assert entry["pathMappings"] == [{"localRoot": "/here/src", "remoteRoot": "/var/azureml-app/src"}]
