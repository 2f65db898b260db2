"""
Files that hold requests, as bytes and as text; and how a place in one is named to a person.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from pathlib import Path

from amlemu.azure.paths import meant
from amlemu.errors import UsageError
from amlemu.finding import Place, shown

Remark = Callable[[str], None]
"""Is told in a sentence what was left out of a file."""

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # PowerShell's `>` writes it


def unheard(remark: str) -> None:
    """Nobody wants to know."""


def content_of(path: Path) -> bytes:
    """Return all of a file. Raises UsageError where it is none, or cannot be read."""
    try:
        if not path.exists():
            raise UsageError("this is not there", where=shown(str(path)), hint=meant(path, Path.cwd()))
        if not path.is_file():
            raise UsageError("this is no file", where=shown(str(path)), expected="A file that holds requests.")
        return path.read_bytes()
    except (OSError, ValueError) as error:  # a name with a zero in it is a ValueError
        raise UsageError(f"it cannot be read: {error}", where=shown(str(path))) from error


def text_of(content: bytes) -> str | None:
    """Return it as text without its byte order mark; None where it is none."""
    try:
        text = content.decode("utf-16" if content.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def place(path: Path, line: int = 0) -> str:
    """Return the place in the words of a `Case.source`: relative where that is shorter, with its line."""
    return shown(Place(path, line))
