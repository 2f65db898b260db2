"""
What a pickle names, read as bytes: the classes and functions that must be importable where it is loaded. Never unpickled.

Plain pickles, those of joblib (compressed or not) and the archives of torch; a bounded part of each file, where such names stand.
`pickled_names.py` holds them against the environment.

Source: docs.python.org, pickletools (GLOBAL, STACK_GLOBAL); joblib 1.6, numpy_pickle_utils.py (magic numbers of compressors); PyTorch 2,
serialization.py (a zip with data.pkl in it).
"""

from __future__ import annotations

import bz2
import lzma
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ENDINGS = (
    ".pkl",
    ".pickle",
    ".joblib",
    ".sav",
    ".dill",
    ".p",
    ".pk",
    ".pickled",
    ".pt",
    ".pth",
    ".gz",
    ".z",
    ".bin",
    ".model",
)
MOST_BYTES = 20 << 20
_NAMES_IN = 2 << 20  # bytes in which all global names are looked for; `__main__` in the whole of what is read
_GLOBAL = re.compile(rb"c([A-Za-z_][\w.]{0,200})\n([A-Za-z_][\w.]{0,200})\n")
_TEXT = rb"(?:\x8c(?P<%s>.)|X(?P<%s>.{4}))(?P<%s>[A-Za-z_][\w.]{0,200})\x94?"  # SHORT_BINUNICODE or BINUNICODE, MEMOIZE
_STACK_GLOBAL = re.compile(_TEXT % (b"a", b"aa", b"module") + _TEXT % (b"b", b"bb", b"name") + rb"\x93", re.DOTALL)
_SKLEARN_VERSION = re.compile(rb"_sklearn_version(?:\x94|q.|r.{4})?(?:\x8c(.)|X(.{4}))(\d[\w.]{2,20})", re.DOTALL)
_PICKLE = re.compile(rb"\x80[\x00-\x05]|[(c\]}]")  # PROTO, or what pickles of protocol 0 begin with


@dataclass(frozen=True)
class Pickle:
    """
    What was found in one file.

    Attributes:
        names: module and name of each class or function.
        sklearn: the version of scikit-learn that wrote it; empty where it does not say.
    """

    path: Path
    names: frozenset[tuple[str, str]]
    sklearn: str = ""


def read(path: Path) -> Pickle | None:
    """Read what a file names; None if it is no pickle, or cannot be read. Some 20 MiB of it at most."""
    try:
        content = _content(path)
    except (
        OSError,
        EOFError,
        ValueError,
        zlib.error,
        lzma.LZMAError,
        zipfile.BadZipFile,
        RuntimeError,
        NotImplementedError,
    ):
        return None
    if not _PICKLE.match(content):
        return None
    return Pickle(path, frozenset(_names(content)), _sklearn_version(content[:_NAMES_IN]))


def _sklearn_version(content: bytes) -> str:
    found = _SKLEARN_VERSION.search(content)
    if found is None:
        return ""
    length = found[1][0] if found[1] is not None else int.from_bytes(found[2], "little")
    return found[3][:length].decode("ascii", "replace")


def _content(path: Path) -> bytes:
    """Return the pickle itself: the beginning of the file, unpacked."""
    with path.open("rb") as file:
        start = file.read(8)
        file.seek(0)
        if start.startswith(b"PK\x03\x04"):
            return _of_archive(path)
        packed = file.read(MOST_BYTES)
    unpacker: Any = None
    if start.startswith(b"\x1f\x8b"):
        unpacker = zlib.decompressobj(wbits=31)
    elif start[:1] == b"\x78":
        unpacker = zlib.decompressobj()
    elif start.startswith(b"BZh"):
        unpacker = bz2.BZ2Decompressor()
    elif start.startswith((b"\xfd7zXZ", b"\x5d\x00")):
        unpacker = lzma.LZMADecompressor()
    return packed if unpacker is None else unpacker.decompress(packed, MOST_BYTES)


def _of_archive(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        inside = next((name for name in archive.namelist() if name.endswith("data.pkl")), None)
        if inside is None:
            return b""
        with archive.open(inside) as file:
            return file.read(MOST_BYTES)


def _names(content: bytes) -> set[tuple[str, str]]:
    found = _names_within(content[:_NAMES_IN])
    place = content.find(b"__main__", _NAMES_IN)
    while place >= 0:  # far behind the beginning: between the arrays of a large model
        found |= {pair for pair in _names_within(content[place - 8 : place + 600]) if pair[0] == "__main__"}
        place = content.find(b"__main__", place + 600)
    return found


def _names_within(content: bytes) -> set[tuple[str, str]]:
    found = {(module.decode(), name.decode()) for module, name in _GLOBAL.findall(content) if module.isascii()}
    for match in _STACK_GLOBAL.finditer(content):
        if _is_long(match, "a", "module") and _is_long(match, "b", "name"):
            found.add((match["module"].decode(), match["name"].decode()))
    return found


def _is_long(match: re.Match[bytes], prefix: str, text: str) -> bool:
    """Whether the length that stands before a text is its own: two bytes of data seldom look like that by chance."""
    short, long = match[prefix], match[prefix * 2]
    length = short[0] if short is not None else int.from_bytes(long, "little")
    return length == len(match[text])
