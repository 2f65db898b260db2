"""Raises in init()."""


def init():
    raise FileNotFoundError("model.pkl is not there")


def run(data):
    return data
