"""Decorates another function than run() with rawhttp, which changes run() all the same."""

from azureml.contrib.services.aml_request import rawhttp


def init():
    pass


@rawhttp
def helper():
    pass


def run(data):
    return type(data).__name__
