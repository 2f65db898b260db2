"""
`rawhttp` and `AMLRequest`, under the names that scoring scripts import them by.

Source: azureml-inference-server-http 1.5.1, api/aml_request.py (observed; contract 4.11).
"""

try:
    from flask import Request
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("@rawhttp and AMLRequest are flask's request object", name=error.name) from None

_rawHttpRequested = False  # noqa: N816  # the server looks at it: any function decorated with @rawhttp counts


def rawhttp(func):  # type: ignore[no-untyped-def]
    """Ask for flask's request object as the argument of run()."""
    global _rawHttpRequested  # noqa: PLW0603
    _rawHttpRequested = True
    return func


class AMLRequest(Request):
    """A name for annotations: run() gets flask's own request, which is no instance of this."""
