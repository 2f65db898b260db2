"""
The words of the answers: literals copied from the contract, and what stands in for what it does not know.

An item is `assumed` with the number of its open point in contract 8, or with the row that it is inferred from (I).
"""

from __future__ import annotations

from .case import Assumed, Said, T, Text

HEAD = "the head of the gateway's own answers"
INFERRED_PHRASE = "1.2 standard phrases (I)"
PASSED_ON = "8 #7"
IDS = "8 #8"

SCRIPT500 = b'{"message": "An unexpected error occurred in scoring script. Check the logs for more info."}'
GUN500 = (
    b"<html>\n  <head>\n    <title>Internal Server Error</title>\n  </head>\n  <body>\n"
    b"    <h1><p>Internal Server Error</p></h1>\n    \n  </body>\n</html>\n"
)
PAGE502 = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    b"<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
)
PAGE504 = (
    b"<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>\r\n"
    b"<center><h1>504 Gateway Time-out</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
)
PAGE413 = (
    b"<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n"
    b"<center><h1>413 Request Entity Too Large</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
)

JSON = "Content-Type: application/json"
PLAIN = "Content-Type: text/plain"
HTML = "Content-Type: text/html"
HTML_UTF8 = "Content-Type: text/html; charset=utf-8"
NGINX = "Server: nginx/1.22.1"
DATE = "Date: <date>"
FINE = "x-ms-run-function-failed: False"
FAILED = "x-ms-run-function-failed: True"
EXEC = "x-ms-run-fn-exec-ms: <ms>"
VERSION = "x-ms-server-version: azmlinfsrv/1.5.1"
KEPT = "Connection: keep-alive"
OWN = "x-request-id: <guid>"
SAME = "x-ms-request-id: <guid>"


def assumed(item: T, why: str) -> Assumed[T]:
    """Mark an item that the contract does not know."""
    return Assumed(item, why)


def length(size: int) -> str:
    """Write a length."""
    return f"Content-Length: {size}"


def all_assumed(why: str, *lines: str) -> tuple[Text, ...]:
    """Mark several lines."""
    return tuple(Assumed(line, why) for line in lines)


def served(type_: str, size: int, *rest: str, ids: tuple[str, ...] = (SAME, OWN)) -> tuple[Text, ...]:
    """Return the head of a container's answer that a gateway passes on: type and length go with the body, the rest is assumed."""
    return (*all_assumed(PASSED_ON, NGINX, DATE), type_, length(size), *all_assumed(PASSED_ON, *rest, *ids))


def failed_dependency(number: int, type_: str, body: bytes, *rest: str, ids: tuple[str, ...] = (SAME, OWN)) -> Said:
    """Return a 424 that passes on what the container said, and the two headers that say so."""
    head = served(type_, len(body), *rest, ids=ids[:-1])
    told = (f"ms-azureml-model-error-statuscode: {number}", "ms-azureml-model-error-reason: model_error")
    return Said(424, "Failed Dependency", (*head, *told, *all_assumed(PASSED_ON, *ids[-1:])), body)


def own(
    status: int | Assumed[int],
    phrase: Text,
    body: bytes | Assumed[bytes],
    *model: Text,
    why: str = HEAD,
    ids: tuple[str, ...] = (OWN, SAME),
    close: bool = False,
) -> Said:
    """
    Return an answer of the gateway's own.

    Args:
        model: the headers about the model.
        why: the open point about its head.
        ids: the ids of a refused request, 8 #8.
        close: the connection ends, because the rest of the request is not worth waiting for.
    """
    size = len(body.item if isinstance(body, Assumed) else body)
    head = all_assumed(why, DATE, PLAIN, length(size))
    end = (assumed("Connection: close", why),) if close else ()
    return Said(status, phrase, (*head, *model, *all_assumed(IDS, *ids), *end), body)


def standard(phrase: str) -> Assumed[str]:
    """Mark a phrase that stands for the one that has not been seen."""
    return Assumed(phrase, INFERRED_PHRASE)
