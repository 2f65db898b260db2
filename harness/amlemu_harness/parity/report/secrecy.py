"""
What never reaches a report or a recording: headers and variables that prove who somebody is, and texts that somebody names.

Names and texts only; `kept.py` applies them to what a recording keeps, the reports to what they show.
"""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Iterable, Mapping, Sequence

from amlemu.credentials import SECRET_HEADERS

from amlemu_harness.parity.wire import Headers

NOT_KEPT = "(not kept)"

_VARIABLE = re.compile(
    r"(?i)(^|_)(\w*password|passwd|(?<=_)pwd|secrets?|token|credentials?|(api)?key|sas|connection_?string)(_|$)",
    re.ASCII,
)
_LINE = re.compile(
    rb"(?im)^("
    + b"|".join(name.encode() for name in SECRET_HEADERS)
    + rb")([ \t]*:)[^\r\n]*(?:\r?\n[ \t]+[^\r\n]*)*(\r?\n)?"
)


def is_secret_header(name: str) -> bool:
    """Tell whether the value of a header is nobody's business."""
    return name.strip().lower() in SECRET_HEADERS


def is_secret_variable(name: str) -> bool:
    """Tell whether a variable looks as if it held a secret: `API_KEY`, `DB_PASSWORD`; not `KEYBOARD`."""
    return _VARIABLE.search(name) is not None


def without_secrets(headers: Headers) -> Headers:
    """Return headers, the values of secret ones not kept."""
    return tuple((name, NOT_KEPT if is_secret_header(name) else value) for name, value in headers)


def masked(raw: bytes) -> bytes:
    """Return a request with its secret headers' values not kept; for the reader, who sees that there was one."""
    return _in_head(raw, rb"\1\2 " + NOT_KEPT.encode() + rb"\3")


def dropped(raw: bytes) -> bytes:
    """Return a request without its secret headers; for who sends it again."""
    return _in_head(raw, b"")


def _in_head(raw: bytes, instead: bytes) -> bytes:
    head, end, body = raw.partition(b"\r\n\r\n")
    if not end:
        return _LINE.sub(instead, raw)
    return _LINE.sub(instead, head + b"\r\n").removesuffix(b"\r\n") + end + body


def shown_value(path: str, value: str) -> str:
    """Return the value of a difference as it may be shown: the path's last name says whether it is a secret."""
    kind, _, name = path.lstrip("0123456789").removeprefix(".").partition(".")
    name = re.sub(r"\[\d+\]$", "", name)
    is_secret = (kind == "headers" and is_secret_header(name)) or (kind == "variables" and is_secret_variable(name))
    return NOT_KEPT if is_secret and value != "(none)" else value


class Secrets:
    """Texts that must not be anywhere, also not as JSON or a URL spells them."""

    def __init__(self, texts: Sequence[str] = ()) -> None:
        """Empty texts are none."""
        spelled = {spelling for text in texts if text for spelling in _spellings(text)}
        self._texts = _any_of(spelled)
        octets = {spelling.encode("utf-8", "surrogateescape") for spelling in spelled}
        self._bytes = re.compile(b"|".join(re.escape(one) for one in _longest_first(octets))) if octets else None

    def out_of(self, text: str) -> str:
        """Return a text without them."""
        return text if self._texts is None else self._texts.sub(NOT_KEPT, text)

    def out_of_bytes(self, content: bytes) -> bytes:
        """Return bytes without them."""
        return content if self._bytes is None else self._bytes.sub(NOT_KEPT.encode(), content)

    def out_of_plain(self, value: object) -> object:
        """Return plain data without them, and without what its own names say is secret; keys are texts, too."""
        if isinstance(value, str):
            return self.out_of(value)
        if isinstance(value, Mapping):
            return {
                self.out_of(str(key)): NOT_KEPT
                if isinstance(one, str) and is_secret_variable(str(key))
                else self.out_of_plain(one)
                for key, one in value.items()
            }
        return [self.out_of_plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def _spellings(text: str) -> Iterable[str]:
    octets = text.encode("utf-8", "surrogateescape")
    yield text
    yield octets.decode("latin-1")  # as a header of it is read
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield urllib.parse.quote(octets, safe="")
    yield urllib.parse.quote(octets)


def _any_of(texts: Iterable[str]) -> re.Pattern[str] | None:
    ordered = sorted(texts, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, ordered))) if ordered else None


def _longest_first(texts: Iterable[bytes]) -> list[bytes]:
    return sorted(texts, key=len, reverse=True)
