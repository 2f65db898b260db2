"""
`AMLResponse`, the flask response that scoring scripts build.

Source: azureml-inference-server-http 1.5.1, api/aml_response.py (observed; contract 4.7, 7.2).
"""

import json

try:
    from flask import Response
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("AMLResponse is a flask response", name=error.name) from None


class AMLResponse(Response):
    """A response with the server's own header; text/html unless `json_str` or `message` is None."""

    def __init__(self, message, status_code, response_headers={}, json_str=False, run_function_failed=False):  # type: ignore[no-untyped-def]  # noqa: B006
        """
        Args:
            message: the body; None gives `{}`.
            status_code: any number that gunicorn can send.
            response_headers: values are split at commas into repeated headers; must be text.
            json_str: write `message` as JSON.
            run_function_failed: value of `x-ms-run-function-failed`.
        """
        if message is None or json_str:
            content = json.dumps({} if message is None else message)
            super().__init__(content, status=status_code, mimetype="application/json")
        else:
            super().__init__(message, status=status_code)
            if "Content-Type" in response_headers:
                self.headers.remove("Content-Type")
        self.headers["x-ms-run-function-failed"] = run_function_failed
        for name, value in response_headers.items():
            for part in value.split(","):
                self.headers.add_header(name, part.strip())
