"""Has a second parameter with a default, which no request can set."""


def init():
    pass


def run(data, more="default"):
    return [data, more]
