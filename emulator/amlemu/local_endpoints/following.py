"""
Asks a keeper through its control port, follows the story of what it does, and says that the end of it was told.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import httpx

from amlemu.control import note as notes
from amlemu.control.client import Found
from amlemu.errors import AmlemuError, Unreachable, UsageError
from amlemu.local_endpoints import outcome as outcomes
from amlemu.local_endpoints.caller import KeeperLost, is_kept
from amlemu.local_endpoints.record import Operation
from amlemu.local_endpoints.shelf import Shelf

Tell = Callable[[dict[str, Any]], None]


def ask(shelf: Shelf, path: str, *, patience_s: float | None = None) -> Any:
    """Return what the keeper that lives answers to a POST, within `patience_s` seconds (None: however long). Raises KeeperLost where there is none, UsageError where it refuses."""
    note = notes.read(shelf.folder)
    if note is None or not is_kept(shelf):
        raise KeeperLost(
            f"the process of the endpoint {shelf.name} is gone",
            hint=f"amlemu endpoint update -n {shelf.name} starts it again.",
        )
    return Found(note).ask("POST", path, patience_s=patience_s)


def follow(note: notes.Note, operation: Operation, tell: Tell | None) -> dict[str, Any]:
    """Tell the lines, and return the outcome; with None the first one will do. Raises Unreachable when the keeper has ended before."""
    for line in _lines(note, operation):
        if line["kind"] == outcomes.DONE:
            return line
        if tell is None:
            return outcomes.succeeded(f"{operation.verb} of {operation.subject} has begun, and goes on without us")
        tell(line)
    raise Unreachable("the story has no end", where=note.url)


def _lines(note: notes.Note, operation: Operation) -> Iterator[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {note.token}"}
    timeout = httpx.Timeout(None, connect=5.0)
    try:
        with (
            httpx.Client(base_url=note.url, headers=headers, timeout=timeout, trust_env=False) as http,
            http.stream("POST", "/operations", json=asdict(operation)) as answer,
        ):
            if answer.status_code in (401, 403):  # a stranger has the port of one that was killed
                raise Unreachable("the process of the endpoint has ended", where=note.url)
            if answer.status_code != 200:
                raise _refusal(json.loads(answer.read()))
            for text in answer.iter_lines():
                yield json.loads(text)
    except (httpx.TransportError, ValueError) as error:
        raise Unreachable("the process of the endpoint has ended", where=note.url) from error


def _refusal(said: dict[str, str]) -> UsageError:
    return UsageError(said["error"], hint=said.get("hint", ""))


def acknowledge(note: notes.Note, operation: Operation) -> None:
    """Say that somebody was told of the end."""
    try:
        Found(note).ask("POST", f"/operations/{operation.id}/told")
    except AmlemuError:
        pass  # it has ended; who asks for the same once more is told once more
