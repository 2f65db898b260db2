"""Notes every entry of run() in the file NOTES, then takes as long as its input says: `ID SECONDS`."""

import os
import time


def init():
    pass


def run(data):
    name, _, seconds = data.partition(" ")
    file = os.open(os.environ["NOTES"], os.O_WRONLY | os.O_APPEND)
    os.write(file, (name + "\n").encode())
    os.close(file)
    if seconds:
        time.sleep(float(seconds))
    return name
