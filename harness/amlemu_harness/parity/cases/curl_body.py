"""
What curl makes of -d, --json, -F and -T: a body, or a query. Observed on curl 7.88, byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from urllib.parse import quote_plus

from amlemu_harness.parity.cases.curl_options import RefusedError
from amlemu_harness.parity.cases.forms import Part

Load = Callable[[str], bytes]
"""Returns the content of a file that a command names; `-` is its standard input."""

DATA = ("data", "data-ascii", "data-raw", "data-binary", "data-urlencode", "json")
FORM = ("form", "form-string")
# what curl guesses of a file's name; all others are application/octet-stream
_TYPES = {
    ".gif": "image/gif",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".htm": "text/html",
    ".html": "text/html",
    ".pdf": "application/pdf",
    ".xml": "application/xml",
}
_SETS = re.compile(
    r';\s*(type|filename|encoder|headers)=("(?:\\.|[^"\\])*"|.*?)(?=;\s*(?:type|filename|encoder|headers)=|$)',
    re.DOTALL,
)
_QUOTED = re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL)


def data(pairs: Iterable[tuple[str, str]], load: Load) -> bytes | None:
    """Return all of -d and its like, joined; None where there is none."""
    body: bytes | None = None
    for name, value in pairs:
        if name in DATA:
            joint = b"" if not body or name == "json" else b"&"
            body = (body or b"") + joint + _piece(name, value, load)
    return body


def _piece(name: str, value: str, load: Load) -> bytes:
    if name == "data-urlencode":
        return urlencoded(value, load)
    if not value.startswith("@") or name == "data-raw":
        return as_bytes(value)
    content = load(value[1:])
    if name in ("json", "data-binary"):
        return content
    return content.translate(None, b"\r\n\0")


def urlencoded(value: str, load: Load) -> bytes:
    """Return `name=text`, `=text`, `text`, `name@file` or `@file` with the text percent-encoded."""
    name, sign, rest = value.partition("=" if "=" in value else "@")
    if not sign:
        return quote_plus(as_bytes(value)).encode()
    content = load(rest) if sign == "@" else as_bytes(rest)
    return (as_bytes(f"{name}=") if name else b"") + quote_plus(content).encode()


def parts(pairs: Iterable[tuple[str, str]], load: Load) -> list[Part]:
    """Return the fields of a form. Raises RefusedError where a field has no name."""
    return [_part(name, value, load) for name, value in pairs if name in FORM]


def _part(option: str, value: str, load: Load) -> Part:
    name, equals, rest = value.partition("=")
    if not equals:
        raise RefusedError(f"--{option} {value} has no value", "A field of a form is name=text or name=@file.")
    if option == "form-string":
        return Part(name, as_bytes(rest))
    sets = {key: _unquoted(text) for key, text in _SETS.findall(rest)}
    sign = rest[:1] if rest[:1] in ("@", "<") else ""
    text = _first(rest[len(sign) :])
    kind, filename = sets.get("type", ""), sets.get("filename", "")
    if not sign:
        return Part(name, as_bytes(text), filename, kind)
    content = load(text)
    if sign == "<":
        return Part(name, content, filename, kind)
    called = PurePosixPath(text.replace("\\", "/"))
    return Part(
        name, content, filename or called.name, kind or _TYPES.get(called.suffix.lower(), "application/octet-stream")
    )


def _first(text: str) -> str:
    """Return what stands before the first `;`, or within the quotes."""
    quoted = _QUOTED.match(text)
    return _unquoted(quoted[0]) if quoted else text.partition(";")[0]


def _unquoted(text: str) -> str:
    quoted = _QUOTED.fullmatch(text.strip())
    return re.sub(r'\\([\\"])', r"\1", quoted[1]) if quoted else text.strip()


def as_bytes(text: str) -> bytes:
    """Return a word as the shell hands it over."""
    return text.encode("utf-8", "surrogateescape")
