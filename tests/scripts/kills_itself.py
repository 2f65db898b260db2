"""Ends its own process in run(), by the name in its input; `last` is what this process did before."""

import faulthandler
import os
import signal

state = {"last": None}


def init():
    pass


def _terminate():
    os.kill(os.getpid(), signal.SIGTERM)
    return "terminated"


DEATHS = {
    "exit": lambda: os._exit(1),
    "exit_0": lambda: os._exit(0),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "segfault": lambda: faulthandler._sigsegv(),
    "terminate": _terminate,
}


def run(data):
    if data == "last":
        return state["last"]
    state["last"] = data
    return DEATHS[data]()
