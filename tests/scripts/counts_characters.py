"""Answers with the number of characters it was given, so that big bodies have small answers."""


def init():
    pass


def run(anything_goes):
    return len(anything_goes)
