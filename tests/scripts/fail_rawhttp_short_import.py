"""Imports rawhttp by the short name that only azureml-contrib-services brings."""

from azureml.contrib.services import rawhttp


def init():
    pass


@rawhttp
def run(request):
    return request.method
