"""Is killed in init(), as the kernel does when memory runs out."""

import os
import signal


def init():
    os.kill(os.getpid(), signal.SIGKILL)


def run(data):
    return data
