"""
Whatever is killed at whatever step of a create, an update or a delete: the same command succeeds afterwards.

A step is what changes something that others can see: a file in its place, a folder, a process, a connection. Each test kills one of the two
that take part, the command or the process that keeps the endpoint, at the first step of a verb, then at the second, until there is none left.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from amlemu.errors import AmlemuError
from amlemu.local_endpoints import rules, verbs, views
from amlemu.local_endpoints.record import Asked
from amlemu.local_endpoints.verbs import NewEndpoint

from ..free_port import free_port

KILLER = Path(__file__).with_name("killer")
NAME = "killed"


class Desk:
    """A folder with two scripts, where endpoints are made; somebody may be killed there."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.mark, self.armed = folder / "mark", folder / "armed"
        for number in (1, 2):
            (folder / f"answers_{number}.py").write_text(f"def init(): pass\ndef run(data): return {number}\n")

    def asked(self, number: int) -> Asked:
        return Asked(str(self.folder / f"answers_{number}.py"), {"reload": False})

    def tell(self, line: dict[str, Any]) -> None:
        """Nobody looks."""

    # the verbs, and the words of each for a command line

    def create(self) -> verbs.Done:
        asked = {"blue": self.asked(1)}
        return verbs.create_endpoint(NewEndpoint(NAME, self.port, asked=asked, traffic={"blue": 100}), self.tell)

    def create_another(self) -> verbs.Done:
        return verbs.create_deployment(NAME, "green", self.asked(2), self.tell)

    def update(self) -> verbs.Done:
        return verbs.update_deployment(NAME, "blue", self.asked(2), self.tell)

    def delete_another(self) -> verbs.Done:
        return verbs.delete_deployment(NAME, "green", self.tell)

    def bring_up(self) -> verbs.Done:
        return verbs.update_endpoint(NAME, self.tell)

    def delete(self) -> verbs.Done:
        return verbs.delete_endpoint(NAME, self.tell)

    def words(self, verb: str) -> list[str]:
        one, two = (str(self.folder / f"answers_{number}.py") for number in (1, 2))
        return {
            "create": ["endpoint", "create", "-n", NAME, "-p", str(self.port), "-f", one, "--no-reload"],
            "create_another": ["deployment", "create", "-n", "green", "-e", NAME, "-f", two, "--no-reload"],
            "update": ["deployment", "update", "-n", "blue", "-e", NAME, "-f", two, "--no-reload"],
            "delete_another": ["deployment", "delete", "-n", "green", "-e", NAME],
            "bring_up": ["endpoint", "update", "-n", NAME],
            "delete": ["endpoint", "delete", "-n", NAME],
        }[verb]

    # who is killed

    def did(self, whom: str, number: int, verb: str) -> bool:
        """Do it, with somebody killed at this step; tell whether it was done all the same. `mark` says whether anybody was."""
        self.mark.unlink(missing_ok=True)
        self.armed.write_text(f"{whom}:{number}")
        try:
            if whom == "command":
                words = [sys.executable, "-m", "amlemu", *self.words(verb)]
                told = subprocess.run(words, cwd=self.folder, capture_output=True, check=False, timeout=60)
                assert told.returncode == (-9 if self.mark.exists() else 0), told.stderr
                return told.returncode == 0
            self.do(verb)
        except AmlemuError:
            if not self.mark.exists():
                raise
            return False
        finally:
            self.armed.unlink()
        return True

    def do(self, verb: str) -> None:
        """Do it, as a command does."""
        have: Callable[[], verbs.Done] = getattr(self, verb)
        done = have()
        assert done.outcome["ok"], done.outcome
        done.acknowledge()

    def answer(self) -> bytes:
        return views.invoke(NAME, None, b"{}", "application/json").body


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    port = free_port()  # nobody else takes it while the endpoint is down
    desk = Desk(tmp_path, port)
    monkeypatch.setenv("AMLEMU_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", str(KILLER))
    monkeypatch.setenv("KILLED_MARK", str(desk.mark))
    monkeypatch.setenv("KILLED_ARMED", str(desk.armed))
    yield desk
    try:
        verbs.delete_endpoint(NAME, desk.tell).acknowledge()
    except rules.NotThere:
        pass


def before(desk: Desk, verb: str) -> None:
    """Make what the verb needs."""
    there = {one["name"] for one in views.endpoints()}
    if verb != "create" and NAME not in there:
        desk.do("create")
    if verb == "delete_another" and "green" not in views.endpoint(NAME)["deployments"]:
        desk.do("create_another")
    if verb == "bring_up":  # all is down
        os.kill(views.pid(NAME), 9)


def after(desk: Desk, verb: str) -> None:
    """See that what was asked for is there; take away what would be in the way of the next time."""
    if verb == "delete":
        assert views.endpoints() == []
        return
    shown = views.endpoint(NAME)
    if verb == "delete_another":
        assert list(shown["deployments"]) == ["blue"]
        return
    assert (shown["provisioning_state"], set(shown["deployments"].values())) == ("Succeeded", {"Succeeded"})
    assert desk.answer() == (b"2" if verb == "update" else b"1")
    if verb == "create":
        desk.do("delete")
    elif verb == "create_another":
        desk.do("delete_another")


@pytest.mark.parametrize("verb", ["create", "create_another", "update", "delete_another", "bring_up", "delete"])
@pytest.mark.parametrize("whom", ["command", "keeper"])
def test_the_same_command_succeeds(desk: Desk, whom: str, verb: str) -> None:
    for number in itertools.count(1):
        before(desk, verb)
        was_done, was_killed = desk.did(whom, number, verb), desk.mark.exists()
        # One that is killed when all is done, and told: what was made is down, what was deleted is gone.
        if not was_done or (was_killed and not verb.startswith("delete")):
            desk.do(verb)
        after(desk, verb)
        if not was_killed:
            break

    assert number > 2
