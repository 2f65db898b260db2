"""Has something in place of run() that cannot be called."""


def init():
    pass


run = 5
