"""Has an init() that wants a parameter."""


def init(model):
    pass


def run(data):
    return data
