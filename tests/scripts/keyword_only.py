"""Takes its input as a keyword-only parameter."""


def init():
    pass


def run(*, data):
    return data
