"""Tells its port in the file PORT and does not return from init() as long as the file GATE is there."""

import os
import time


def init():
    with open(os.environ["PORT"] + ".draft", "w") as port:
        port.write(os.environ["SERVER_PORT"])
    os.replace(os.environ["PORT"] + ".draft", os.environ["PORT"])
    while os.path.exists(os.environ["GATE"]):
        time.sleep(0.005)


def run(data):
    return "called"
