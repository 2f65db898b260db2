"""Has a run() with `**kwargs`."""


def init():
    pass


def run(**kwargs):
    return kwargs
