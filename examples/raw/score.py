"""Fingerprint an upload: a rawhttp script, which gets the request itself and builds its own response."""

import hashlib

from azureml.contrib.services.aml_request import AMLRequest, rawhttp
from azureml.contrib.services.aml_response import AMLResponse

TEXT = {"Content-Type": "text/plain; charset=utf-8"}


def init():
    """Nothing to load; Azure ML insists that init() exists."""


@rawhttp
def run(request: AMLRequest):
    """
    Answer a POST with the SHA-256 and the size of its body, whatever the bytes are.

    Azure ML calls run() for GET, HEAD and OPTIONS as well; those get a line on how to use the service.
    """
    if request.method != "POST":
        return AMLResponse("POST any bytes to get their SHA-256.\n", 200, TEXT)

    body = request.get_data()
    if not body:
        return AMLResponse("the body is empty\n", 400, TEXT)
    digest = hashlib.sha256(body).hexdigest()
    return AMLResponse(f"sha256 {digest}\nbytes {len(body)}\ntype {request.mimetype}\n", 200, TEXT)
