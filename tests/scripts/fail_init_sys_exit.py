"""Calls sys.exit(0) in init()."""

import sys


def init():
    sys.exit(0)


def run(data):
    return data
