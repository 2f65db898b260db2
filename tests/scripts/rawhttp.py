"""Takes the raw request and answers, by `case` in its query, what it sees there."""

import flask
from azureml.contrib.services.aml_request import AMLRequest, rawhttp
from azureml.contrib.services.aml_response import AMLResponse


def init():
    pass


CASES = {
    "method": lambda request: AMLResponse("called with " + request.method, 200),
    "is_aml_request": lambda request: isinstance(request, AMLRequest),
    "is_flask_request": lambda request: isinstance(request, flask.Request),
    "is_proxy": lambda request: type(request).__name__,
    "body": lambda request: repr(request.get_data()),
    "data": lambda request: repr(request.data),
    "form": lambda request: [request.form.to_dict(), repr(request.get_data())],
    "files": lambda request: {name: repr(file.read()) for name, file in request.files.items()},
    "json": lambda request: request.json,
    "args": lambda request: request.args.to_dict(flat=False),
    "path": lambda request: [request.path, request.full_path, request.url, request.remote_addr],
    "bytes": lambda request: b"x",
    "bytes_in_response": lambda request: AMLResponse(request.get_data(), 200),
    "dict": lambda request: {"a": 1},
    "none": lambda request: None,
    "stream": lambda request: flask.Response(iter(["one", "two"])),
    "error": lambda request: AMLResponse("bad request", 400),
}


@rawhttp
def run(request):
    return CASES[request.args.get("case", "method")](request)
