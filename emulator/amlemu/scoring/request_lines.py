"""
The two lines that a request leaves in the log: the server's, and gunicorn's access line.

As a rule the host writes them, from the exchange, once the client has its answer. Where a script has arranged its logging
otherwise (`logs.is_as_set_up`) the worker says them through its loggers, as the real one does, and marks the account.

Source: azureml-inference-server-http 1.5.1, server/routes.py; gunicorn 27.0.1, glogging.py, the default access_log_format.
"""

from __future__ import annotations

import base64
import binascii
import time
from typing import Any, Iterator, Mapping, Optional

from amlemu.exchange import Request, Response
from amlemu.scoring import gunicorn
from amlemu.scoring.logs import OWN, access_log, server_log


def server_line(request: Request, status: int, account: Mapping[str, Any]) -> str:
    """Return what the server says of a request to one of its endpoints; `account` is `Response.account`."""
    query = gunicorn.split_uri(request.target)[1]
    path = f"{account['api_name']}?{query}" if query else account["api_name"]
    return f"{request.method} {path} {status} {account['duration_ms']:.3f}ms {account['length']}"


def access_line(request: Request, response: Response, sent_bytes: int, at: float) -> str:
    """Return gunicorn's line; `at` is seconds since the epoch, shown in the time zone of this process."""
    stamp = time.strftime("[%d/%b/%Y:%H:%M:%S %z]", time.localtime(at))
    sent = 0 if response.header("server") is None else sent_bytes  # gunicorn does not count its own page
    user = _quotable(_user(request.header("authorization")) or "-")
    first = _quotable(f"{request.method} {request.target} HTTP/{request.version}")
    referer, agent = (_quotable(_present(request.header(name))) for name in ("referer", "user-agent"))
    return f'{request.client[0]} - {user} {stamp} "{first}" {response.status} {sent} "{referer}" "{agent}"'


def say_served(request: Request, status: int, account: Mapping[str, Any]) -> None:
    """Say the server's line through the script's logging."""
    server_log.info(server_line(request, status, account), extra=OWN)


def say_answered(request: Request, response: Response) -> None:
    """Say the access line through the script's logging, for a stream when its last piece is gone; marks the account."""
    response.account["logged"] = True
    if isinstance(response.body, bytes):
        _say_access(request, response, len(response.body))
    else:
        response.body = _counted(request, response, response.body)  # type: ignore[arg-type]


def _counted(request: Request, response: Response, pieces: Iterator[bytes]) -> Iterator[bytes]:
    sent = 0
    try:
        for piece in pieces:
            sent += len(piece) if isinstance(piece, bytes) else 0  # a script may yield anything; what is sent is bytes
            yield piece
    finally:
        _say_access(request, response, sent)


def _say_access(request: Request, response: Response, sent_bytes: int) -> None:
    access_log.info("%s", access_line(request, response, sent_bytes, time.time()), extra=OWN)


def _user(authorization: Optional[str]) -> Optional[str]:
    """Return the user of basic authentication, as gunicorn finds it."""
    scheme, space, rest = (authorization or "").partition(" ")
    if not space or not scheme.lower().startswith("basic"):
        return None
    try:
        return base64.b64decode(rest.strip()).split(b":", 1)[0].decode()
    except (binascii.Error, ValueError):
        return None


def _present(value: Optional[str]) -> str:
    return "-" if value is None else value


def _quotable(text: str) -> str:
    return text.replace('"', '\\"')
