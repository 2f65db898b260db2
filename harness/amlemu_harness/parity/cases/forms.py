"""
Forms with parts, `multipart/form-data`, as curl writes them; the boundary is always the same, so that two runs send the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

BOUNDARY = "------------------------616d6c656d750000"  # as long as curl's, observed on curl 7.88


@dataclass(frozen=True)
class Part:
    """One field; `filename` and `kind`, its content type, are left out where they are empty."""

    name: str
    content: bytes
    filename: str = ""
    kind: str = ""


def multipart(parts: Iterable[Part], boundary: str = BOUNDARY, disposition: str = "form-data") -> bytes:
    """Return the body; observed on curl 7.88."""
    written = []
    for part in parts:
        head = f'--{boundary}\r\nContent-Disposition: {disposition}; name="{_escaped(part.name)}"'
        head += f'; filename="{_escaped(part.filename)}"' if part.filename else ""
        head += f"\r\nContent-Type: {part.kind}" if part.kind else ""
        written.append(_bytes(head) + b"\r\n\r\n" + part.content + b"\r\n")
    return b"".join(written) + _bytes(f"--{boundary}--\r\n")


def _escaped(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
