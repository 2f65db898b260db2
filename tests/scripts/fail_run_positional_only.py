"""Has a run() with a positional-only parameter."""


def init():
    pass


def run(data, /):
    return data
