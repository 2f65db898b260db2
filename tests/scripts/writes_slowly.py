"""Writes to stdout without a newline, or writes a line and then takes its time, by the name in its input."""

import sys
import time


def init():
    pass


def run(data):
    if data == "half a line":
        sys.stdout.write("no newline")
    else:
        sys.stdout.write("a whole line\n")
        time.sleep(30)
    return "written"
