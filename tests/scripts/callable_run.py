"""Has an object with `__call__` in place of a run function."""


class Model:
    def __call__(self, data):
        return [data, "called"]


def init():
    pass


run = Model()
