"""Answers with the type of its input and the input itself."""


def init():
    pass


def run(data):
    return [type(data).__name__, data]
