"""A worker or a zygote of a few lines, for what no script of the zoo can be made to do: it speaks raw frames."""

from __future__ import annotations

import sys
from pathlib import Path

import amlemu
from amlemu.worker.launch import LaunchPlan

PRELUDE = f"""#!{sys.executable} -S
import fcntl, os, signal, socket, sys, threading
sys.path.insert(0, {str(Path(amlemu.__file__).parents[1])!r})
from amlemu.worker.protocol import *
from amlemu.worker.protocol import pack
end = socket.socket(fileno=int(sys.argv[4]))
channel = Channel(end)
mark = Mark.inherit(int(sys.argv[5])) if sys.argv[5:] else None  # a zygote has none
OK = [200, "OK", [], {{}}]
def boot():
    channel.send(HELLO, {{"version": VERSION}})
    global order
    order = channel.receive().head
    channel.send(READY, {{"boot_ms": 1.0}})
def take():
    frame = channel.receive()
    mark.take(frame.head[0])
    return frame.head[0]
def answer(text):
    channel.send(ANSWER, OK, text.encode())
def forks():
    channel.receive()
    pid = os.fork()
    if pid == 0: signal.pause()
    channel.send(FORKED, {{"pid": pid}})
    return pid
def die():
    os.kill(os.getpid(), signal.SIGKILL)
"""


def fake_child(folder: Path, life: str) -> LaunchPlan:
    """Return the plan of a worker that lives as `life` says, in Python, with the words of the prelude."""
    path = folder / "python"
    path.write_text(PRELUDE + life, encoding="utf-8")
    path.chmod(0o755)
    return LaunchPlan(path, folder, {})
