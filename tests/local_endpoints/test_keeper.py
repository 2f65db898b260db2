"""The process that keeps an endpoint: alone, in order, and with nothing of the shell that has started it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from pathlib import Path

import pytest
from amlemu.errors import UsageError
from amlemu.local_endpoints import keeper

from .desk import GOOD, HANGS, until


@pytest.fixture
def pid(desk):
    """Of the keeper of iris, which has one deployment."""
    desk.save("score.py", GOOD)
    desk.must("endpoint", "create", "-n", "iris", "-f", "score.py")
    return desk.keeper("iris")


def test_it_belongs_to_no_terminal_and_to_nobody(desk, pid):
    """A session of its own, no standard streams of the shell, not its child."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    assert os.getsid(pid) != os.getsid(0)
    assert stat[4] == "0"  # tty_nr
    opened = {os.readlink(one) for one in Path(f"/proc/{pid}/fd").iterdir() if one.name in {"0", "1", "2"}}
    assert opened == {"/dev/null", str(desk.folder / ".amlemu/endpoints/iris/keeper.log")}


def test_a_hang_up_of_the_shell_does_not_reach_it(desk, pid):
    """Ctrl-C neither: both go to the process group of the terminal."""
    assert os.getpgid(pid) not in (os.getpgid(0), 0)


def test_it_works_in_the_projects_folder(desk, pid):
    """Not in that of the shell, which may go."""
    assert os.readlink(f"/proc/{pid}/cwd") == str(desk.folder)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_ends_it_in_order_and_update_brings_it_back(desk, pid, number):
    """As the machine's end does: workers, notes and folders are gone, the record stays."""
    os.kill(pid, number)
    until(lambda: not desk.processes(), "gone")

    assert not (desk.folder / ".amlemu/endpoints/iris/control.json").exists()
    assert list((desk.folder / ".amlemu").glob("iris-*")) == []
    assert desk.read("endpoint", "show", "-n", "iris")["provisioning_state"] == "Failed"
    desk.must("endpoint", "update", "-n", "iris")
    assert desk.read("endpoint", "show", "-n", "iris")["deployments"] == {"blue": "Succeeded"}


BUSY = "def init(): ...\n\ndef run(data):\n    while True: pass\n"


@pytest.mark.parametrize(
    ("script", "option"),
    [(HANGS, ()), (BUSY, ()), (HANGS, ("--env", "WORKER_PRELOAD=true"))],
    ids=["init", "run", "init-of-all"],
)
def test_killed_it_leaves_no_worker_behind(desk, script, option):
    """Not even one that is busy, and would hear of it much later, or never."""
    desk.save("score.py", script)
    desk.must("endpoint", "create", "-n", "iris")
    port = desk.read("endpoint", "show", "-n", "iris")["port"]
    desk.must("deployment", "create", "-n", "blue", "-e", "iris", "-f", "score.py", "--no-wait", *option)
    until(lambda: len(desk.processes()) > 1, "a worker")
    if script == BUSY:
        until(lambda: desk.read("deployment", "show", "-e", "iris")["provisioning_state"] == "Succeeded", "up")
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(
                b"POST /score HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nazureml-model-deployment: blue\r\n\r\n{}"
            )
            until(lambda: "busy" in desk.must("status", "score.py").out, "run() runs")

    os.kill(desk.keeper("iris"), signal.SIGKILL)

    until(lambda: not desk.processes(), "gone")


@pytest.mark.parametrize("gone", [".amlemu", ".amlemu/endpoints/iris"])
def test_it_ends_when_its_folder_is_removed(desk, pid, gone):
    """As by `git clean -fdx`: nobody would find it again, and it would have its port for good."""
    shutil.rmtree(desk.folder / gone)
    until(lambda: not desk.processes(), "gone")

    assert not (desk.folder / ".amlemu/endpoints/iris").exists()
    assert desk.must("endpoint", "create", "-n", "iris", "-f", "score.py")


@pytest.mark.parametrize("gone", [".amlemu", ".amlemu/endpoints/iris"])
def test_one_that_is_in_the_middle_of_something_does_not_bring_it_back(desk, gone):
    """What it writes on its way out would be an endpoint that nobody has made."""
    desk.save("score.py", HANGS)
    desk.must("endpoint", "create", "-n", "iris")
    desk.must("deployment", "create", "-n", "blue", "-e", "iris", "-f", "score.py", "--no-wait")
    until(lambda: "UserContainerStart" in desk.read("deployment", "show", "-e", "iris")["steps"], "init() runs")

    path = desk.folder / gone
    until(lambda: shutil.rmtree(path, ignore_errors=True) or not path.exists(), "removed")  # it may write just then
    until(lambda: not desk.processes(), "gone")

    assert not (desk.folder / ".amlemu/endpoints/iris").exists()
    assert desk.read("endpoint", "list") == []


def test_nobody_else_can_read_its_token(desk, pid):
    note = desk.folder / ".amlemu/endpoints/iris/control.json"

    assert note.stat().st_mode & 0o077 == 0


def test_what_cannot_be_begun_unmakes_nothing(shelve):
    """An endpoint that has deployments stays, whatever keeps its process from starting."""
    shelf = shelve(blue="Succeeded")
    keeper._refuse(shelf, shelf.read(), UsageError("no such port"))

    assert shelf.read().state == "Succeeded"
