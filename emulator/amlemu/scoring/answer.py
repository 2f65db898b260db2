"""
An answer before gunicorn sees it, for scripts that do not load flask; it has the few words of flask's Response that
`app.py` uses, so that both kinds can be finished by the same code.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any, Iterator, List, Optional, Tuple

JSON = "application/json"
HTML = "text/html; charset=utf-8"


class HeaderList:
    """Ordered headers, any spelling: `add` appends, assignment replaces the first and drops its repeats."""

    __slots__ = ("items",)

    def __init__(self, items: List[Tuple[str, str]]) -> None:
        self.items = items

    def add(self, name: str, value: Any) -> None:
        """Append a header, whether or not there is one of that name."""
        self.items.append((name, str(value)))

    def __setitem__(self, name: str, value: Any) -> None:
        if name not in self:
            self.items.append((name, str(value)))
            return
        wanted = name.lower()
        places = [place for place, (key, _) in enumerate(self.items) if key.lower() == wanted]
        self.items[places[0]] = (name, str(value))
        for place in reversed(places[1:]):
            del self.items[place]

    def __contains__(self, name: str) -> bool:
        wanted, length = name.lower(), len(name)
        for key, _ in self.items:
            if len(key) == length and key.lower() == wanted:
                return True
        return False

    def __iter__(self) -> Iterator[Tuple[str, str]]:
        return iter(self.items)


class Answer:
    """Status, headers and a whole body."""

    __slots__ = ("body", "headers", "status_code")
    is_streamed = False

    def __init__(self, status: int, content_type: str, body: Optional[bytes], failed: Optional[bool] = None) -> None:
        """
        Args:
            status: the number.
            content_type: the whole value.
            body: None leaves Content-Length to the very end of the head, as flask's automatic OPTIONS does.
            failed: value of `x-ms-run-function-failed`, None for no such header.
        """
        items = [("Content-Type", content_type)]
        if body is not None:
            items.append(("Content-Length", str(len(body))))
        if failed is not None:
            items.append(("x-ms-run-function-failed", str(failed)))
        self.status_code = status
        self.headers = HeaderList(items)
        self.body = body or b""

    def calculate_content_length(self) -> int:
        """Return the body's length in bytes, HEAD or not."""
        return len(self.body)

    def all_headers(self) -> List[Tuple[str, str]]:
        """Return the headers as WSGI has them."""
        if "Content-Length" in self.headers:
            return self.headers.items
        return [*self.headers.items, ("Content-Length", str(len(self.body)))]


def json_answer(message: Any, status: int = 200, failed: bool = False) -> Answer:
    """Return `message` as `json.dumps` writes it (None as `{}`). Raises what json.dumps raises."""
    body = json.dumps({} if message is None else message).encode()
    return Answer(status, JSON, body, failed)


def error_answer(status: int, message: str, failed: bool = False) -> Answer:
    """Return the server's error shape, `{"message": ...}`."""
    return json_answer({"message": message}, status, failed)


def status_line(status: int) -> str:
    """Return number and phrase in capitals, as werkzeug writes them."""
    return _LINES.get(status) or f"{status} UNKNOWN"


_LINES = {status.value: f"{status.value} {status.phrase.upper()}" for status in HTTPStatus}
# Older Pythons and werkzeug differ on a few phrases; werkzeug's are what goes on the wire.
_LINES.update({413: "413 REQUEST ENTITY TOO LARGE", 418: "418 I'M A TEAPOT"})
