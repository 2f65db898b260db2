"""A process ends with its host, whatever it is busy with; its forks only where they say so."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys

import pytest
from amlemu.worker import lifeline

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="F_SETSIG is Linux's")

PROGRAM = """
import os, sys
from amlemu.worker import lifeline

lifeline.hold(int(sys.argv[1]))
if os.fork() == 0:
    if sys.argv[2] == "worker":
        lifeline.hold_anew()
    print(os.getpid(), flush=True)
while True:
    pass
"""


class Host:
    """One end of the pipe, and a process with a fork that has the other."""

    def __init__(self, what_the_fork_is: str):
        reader, self.writer = os.pipe()
        words = [sys.executable, "-c", PROGRAM, str(reader), what_the_fork_is]
        self.process = subprocess.Popen(words, pass_fds=[reader], stdout=subprocess.PIPE)
        os.close(reader)
        self.fork = int(self.process.stdout.readline())

    def dies(self):
        assert self.process.poll() is None
        os.close(self.writer)
        assert self.process.wait(10) == -signal.SIGKILL

    def fork_has_ended(self, within_s):
        """Its end closes what it writes to."""
        ready, _, _ = select.select([self.process.stdout], [], [], within_s)
        return bool(ready) and self.process.stdout.read() == b""


def test_a_worker_and_what_it_was_forked_from_are_killed():
    host = Host("worker")
    host.dies()

    assert host.fork_has_ended(10)
    host.process.stdout.close()


def test_what_the_script_forks_goes_on():
    """As it does when the real server is killed."""
    host = Host("child of the script")
    host.dies()

    assert not host.fork_has_ended(0.2)
    os.kill(host.fork, signal.SIGKILL)
    assert host.fork_has_ended(10)
    host.process.stdout.close()


def test_what_a_process_becomes_holds_on(monkeypatch):
    """It gets a descriptor that outlives the exec, also from who holds nothing."""
    monkeypatch.setattr(lifeline, "_held", [])
    file = lifeline.passed_on()
    assert file == lifeline.rope(os.getpid())

    monkeypatch.setattr(lifeline, "_held", [os.dup(file)])
    held = lifeline.passed_on()
    assert os.get_inheritable(held)
    os.close(held)


def test_where_the_kernel_knows_nothing_of_it_nothing_happens(monkeypatch):
    """On macOS there is no F_SETSIG; the inherited end is closed all the same."""
    monkeypatch.delattr(lifeline.fcntl, "F_SETSIG")
    monkeypatch.setattr(lifeline, "_held", [])
    reader, writer = os.pipe()
    lifeline.hold(reader)
    lifeline.hold_anew()

    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(reader)
    os.close(writer)
