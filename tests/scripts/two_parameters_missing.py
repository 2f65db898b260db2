"""Has a second parameter without a default: the server starts and every call fails."""


def init():
    pass


def run(data, more):
    return [data, more]
