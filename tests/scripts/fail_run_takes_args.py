"""Has a run() with `*args`."""


def init():
    pass


def run(*args):
    return args
