"""
Exchanges as lines of a file, each a JSON object, for other programs to look at or to play again: what such a line holds
(`GET /exchanges` says it), and how a file of them is written (`amlemu requests --export`).

Keys and cookies are not in it; bodies are, so the file is as confidential as the data that was sent.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from amlemu.credentials import without_secrets
from amlemu.errors import UsageError
from amlemu.exchange import Body, Exchange, Request, Response

VERSION = 1
_KIND = {"amlemu": "exchange", "version": VERSION}
_LONGEST_LINE_BYTES = 256 << 20  # both bodies of an exchange, escaped: longer than any that is kept


def as_line(exchange: Exchange) -> str:
    """Return an exchange as one line, in ASCII. `model` is there where the server said something else than the caller got."""
    request, model, response = exchange.request, exchange.model, exchange.response
    told = {
        **_KIND,
        "number": exchange.number,
        "at": exchange.started_at,
        "request": {
            "method": request.method,
            "target": request.target,
            "headers": without_secrets(request),
            "version": request.version,
            **_body(request.body, is_kept=_has_its_body(exchange)),
        },
        "response": _response(response, exchange),
        **({} if model is response else {"model": _response(model, exchange)}),
        "request_id": exchange.request_id,
        "why": exchange.why,
        "elapsed_ms": round(exchange.elapsed_ms, 3),
    }
    return json.dumps(told) + "\n"


def _response(response: Response | None, exchange: Exchange) -> dict[str, Any] | None:
    if response is None:
        return None
    return {
        "status": response.status,
        "phrase": response.phrase,
        "headers": without_secrets(response),
        **_body(response.body, is_kept=exchange.bodies_kept),
    }


def _body(body: Body, *, is_kept: bool) -> dict[str, Any]:
    """Say what a body was; one that nobody has kept is not an empty one."""
    if not is_kept or not isinstance(body, bytes):  # streamed
        return {"body_kept": False}
    try:
        return {"body": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode("ascii")}


def _has_its_body(exchange: Exchange) -> bool:
    """Say whether the body of the request is the one that was sent: who is refused at the door may not have sent it yet."""
    request = exchange.request
    if not exchange.bodies_kept or request.broken:
        return False
    return bool(request.body) or exchange.model is not None or not _announces_body(request)


def _announces_body(request: Request) -> bool:
    length = request.header("content-length") or "0"
    return request.header("transfer-encoding") is not None or length.strip("0 ") != ""


def write(lines: Iterable[Mapping[str, Any]], path: Path) -> int:
    """
    Write a file of exchanges, whole or not at all, and return how many there are; without any, nothing is written.

    Raises:
        UsageError: there is something else of this name already, or it cannot be written.
        Exception: whatever `lines` raises; what was there before is there still.
    """
    with _in_words(path):
        _spare(path)
        home = path.resolve()  # a link stays a link
        draft = home.with_name(f".amlemu-{os.getpid()}.part")
        try:
            with draft.open("w", encoding="ascii") as file:
                count = sum(_put(line, file) for line in lines)
            if count:
                _move(draft, home)
        finally:
            draft.unlink(missing_ok=True)
    return count


def _put(line: Mapping[str, Any], file: IO[str]) -> int:
    file.write(f"{json.dumps(line)}\n")
    return 1


def _move(draft: Path, home: Path) -> None:
    if home.exists():
        shutil.copymode(home, draft)
    draft.replace(home)


def _spare(path: Path) -> None:
    """Raise UsageError where a file is in the way that is somebody else's."""
    if not path.exists() or (path.is_file() and _is_ours(path)):
        return
    what = "is a folder" if path.is_dir() else "is there already, and holds no exported requests"
    raise UsageError(what, where=str(path), hint="Name another file, or - for standard output.")


def _is_ours(path: Path) -> bool:
    """Say whether a file has been exported before; an empty one may as well have been."""
    with path.open("rb") as file:
        first = file.readline(_LONGEST_LINE_BYTES)
    try:
        told = json.loads(first or "null")
    except ValueError:  # no text, either
        return False
    return told is None if not first else isinstance(told, dict) and told.get("amlemu") == "exchange"


@contextlib.contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        hint = "Name another file, or - for standard output."
        raise UsageError(f"cannot be written: {error.strerror}", where=str(path), hint=hint) from error
