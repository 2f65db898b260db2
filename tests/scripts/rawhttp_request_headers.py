"""Takes the raw request and the request headers."""

from azureml.contrib.services.aml_request import rawhttp


def init():
    pass


@rawhttp
def run(request_headers, request):
    return [request.method, request_headers["Host"]]
