"""Processes and their children."""

from __future__ import annotations

import os
import subprocess
import sys

from amlemu_harness.parity.sides.family import below, descendants

PROGRAM = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import sys; print('up', flush=True); sys.stdin.read()"], stdin=subprocess.PIPE)
sys.stdin.read()
child.kill()
"""


def test_children_and_grandchildren_are_told_apart() -> None:
    """One generation down, two generations down; nobody below a process that is gone."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"

        children = descendants(process.pid, 1)
        assert process.pid in descendants(os.getpid(), 1)
        assert len(children) == 1
        assert children[0] in descendants(os.getpid(), 2)
        assert below(process.pid) == children
        assert {process.pid, *children} <= set(below(os.getpid()))
        process.stdin.close()  # type: ignore[union-attr]
        process.wait(10)

    assert descendants(process.pid, 1) == below(process.pid) == []
