"""Waits in run() until another request is in run() too, or until it gives up: two workers meet, one cannot."""

import os
import pathlib
import time

PATIENCE_S = 4
HERE = pathlib.Path(os.environ["MEETING_PLACE"])

state = {"runs": 0}


def init():
    HERE.mkdir(exist_ok=True)
    (HERE / f"init-{os.getpid()}").touch()


def run(data):
    """Answer with the process, its calls so far, how many were in run(), and how often init() ran anywhere."""
    state["runs"] += 1
    (HERE / f"run-{data}").touch()
    deadline = time.monotonic() + PATIENCE_S
    while len(list(HERE.glob("run-*"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    return [os.getpid(), state["runs"], len(list(HERE.glob("run-*"))), len(list(HERE.glob("init-*")))]
