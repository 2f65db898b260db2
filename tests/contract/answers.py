"""
The words of the answers, written out: header lists, texts and pages of contract sections 4.1 and 4.2.

Literals only, copied from the contract and from the wire; nothing here comes from the product.
"""

from __future__ import annotations

from .case import Answer

START = ("Server: gunicorn", "Date: <date>", "Connection: close")
JSON = "Content-Type: application/json"
HTML = "Content-Type: text/html; charset=utf-8"
LENGTH = "Content-Length: <length>"
FINE = "x-ms-run-function-failed: False"
FAILED = "x-ms-run-function-failed: True"
EXEC = "x-ms-run-fn-exec-ms: <ms>"
VERSION = "x-ms-server-version: azmlinfsrv/1.5.1"
IDS = ("x-request-id: <id 1>", "x-ms-request-id: <id 1>")

FULL = (*START, JSON, LENGTH, FINE, EXEC, VERSION, *IDS)
NOEXEC = (*START, JSON, LENGTH, FINE, VERSION, *IDS)
HEALTH = (*START, HTML, LENGTH, VERSION, *IDS)
BARE = (*START, JSON, LENGTH, FINE)
GUNICORN = ("Connection: close", "Content-Type: text/html", LENGTH)

OK = "HTTP/1.1 200 OK"
BAD_REQUEST = "HTTP/1.1 400 BAD REQUEST"
NOT_FOUND = "HTTP/1.1 404 NOT FOUND"
NOT_ALLOWED = "HTTP/1.1 405 METHOD NOT ALLOWED"
UNSUPPORTED = "HTTP/1.1 415 UNSUPPORTED MEDIA TYPE"
HEADER_TOO_LARGE = "HTTP/1.1 431 REQUEST HEADER FIELDS TOO LARGE"
ERROR = "HTTP/1.1 500 INTERNAL SERVER ERROR"


def full(body: bytes, *, type_line: str = JSON, flag: str = FINE, status: str = OK) -> Answer:
    """Say that run() returned: the header list FULL."""
    return Answer(status, (*START, type_line, LENGTH, flag, EXEC, VERSION, *IDS), body)


def noexec(status: str, body: bytes, *, type_line: str = JSON, flag: str = FINE) -> Answer:
    """Say that run() did not return normally, or was not called: the header list NOEXEC."""
    return Answer(status, (*START, type_line, LENGTH, flag, VERSION, *IDS), body)


def bare(status: str, body: bytes) -> Answer:
    """Say what flask says before the server's own code has a say: the header list BARE."""
    return Answer(status, BARE, body)


def bad_request(message: str) -> Answer:
    """Say 400 with a message that needs no JSON escapes."""
    return noexec(BAD_REQUEST, b'{"message": "' + message.encode() + b'"}')


def gunicorn(status: str, title: str, text: str = "") -> Answer:
    """Say what gunicorn itself says, as the page it writes; `text` is HTML-escaped already."""
    page = (
        f"<html>\n  <head>\n    <title>{title}</title>\n  </head>\n  <body>\n"
        f"    <h1><p>{title}</p></h1>\n    {text}\n  </body>\n</html>\n"
    )
    return Answer(f"HTTP/1.1 {status}", GUNICORN, page.encode("latin-1"))


def passed(body: bytes, *headers: str, status: str = OK, pieces: tuple[bytes, ...] = ()) -> Answer:
    """Say what a response object of the script says: only these headers, between the server's first and last ones."""
    return Answer(status, (*START, *headers, EXEC, VERSION, *IDS), body, pieces)


HEALTHY = Answer(OK, HEALTH, b"Healthy")
SCRIPT500 = noexec(
    ERROR,
    b'{"message": "An unexpected error occurred in scoring script. Check the logs for more info."}',
    flag=FAILED,
)
INTERNAL500 = noexec(ERROR, b'{"message": "An unexpected internal error occurred. Check the logs for more info."}')
NOTFOUND = bare(
    NOT_FOUND,
    b'{"message": "The requested URL was not found on the server. '
    b'If you entered the URL manually please check your spelling and try again."}',
)
NOTALLOWED = bare(NOT_ALLOWED, b'{"message": "The method is not allowed for the requested URL."}')
GUN500 = gunicorn("500 Internal Server Error", "Internal Server Error")
NOTHING = Answer("", is_complete=False)


def timeout500(limit_ms: int) -> Answer:
    """Say that a time limit of the server, or a TimeoutError of the script, ended run()."""
    return noexec(ERROR, b'{"message": "Scoring timeout after %d ms"}' % limit_ms, flag=FAILED)
