"""
Ends its process, or does not return, by the name in its input, when the file GATE is gone; says so on stderr before.

Notes each entry into run() in the file ENTRIES.
"""

import ctypes
import os
import signal
import sys
import time


def init():
    pass


def segfault():
    ctypes.string_at(0)


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def stay():
    """SystemExit does not end it, which is how WORKER_TIMEOUT asks."""
    while os.path.exists(os.environ["GATE"]):
        try:
            wait()
        except SystemExit:
            pass
    return "stayed"


def wait():
    while os.path.exists(os.environ["GATE"]):
        time.sleep(0.005)
    return "waited"


ENDS = {
    "exit_0": lambda: os._exit(0),
    "exit_3": lambda: os._exit(3),
    "exit_4": lambda: os._exit(4),
    "exit_7": lambda: os._exit(7),
    "kill": kill,
    "segfault": segfault,
    "sys_exit": lambda: sys.exit(5),
    "hang": wait,
}


def run(data):
    with open(os.environ["ENTRIES"], "a") as entries:
        entries.write(data + "\n")
    if data == "answer":
        return "answered"
    print("about to " + data, file=sys.stderr)
    if data == "stay":
        return stay()
    wait()
    return ENDS[data]()
