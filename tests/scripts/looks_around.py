"""Tells, by the name in its input, what a process inherits: path, arguments, descriptors."""

import os
import sys


def init():
    pass


def _inheritable():
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            if int(name) > 2 and os.get_inheritable(int(name)):
                found.append(os.readlink("/proc/self/fd/" + name).split(":")[0])
        except OSError:
            pass  # the descriptor that listed the folder
    return found


SIGHTS = {
    "path": lambda: sys.path,
    "argv": lambda: sys.argv,
    "inheritable": _inheritable,
    "pythonpath": lambda: [os.environ.get("PYTHONPATH")],
}


def run(data):
    return SIGHTS[data]()
