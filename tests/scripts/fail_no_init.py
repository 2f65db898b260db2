"""Has no init()."""


def run(data):
    return data
