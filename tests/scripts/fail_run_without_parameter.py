"""Has a run() without any parameter."""


def init():
    pass


def run():
    return "never"
