"""Needs INIT_S seconds for init(), and leaves a mark when it has begun and when it has ended."""

import os
import pathlib
import time


def init():
    pathlib.Path("init_has_begun").touch()
    time.sleep(float(os.environ["INIT_S"]))
    pathlib.Path("init_has_ended").touch()


def run(data):
    return "ready"
