"""
A file that is a request's body and nothing else: sent to `/score` as it is, under the content type that its name says.
"""

from __future__ import annotations

from pathlib import Path

from amlemu_harness.parity.case import Case, post
from amlemu_harness.parity.cases.files import place, text_of
from amlemu_harness.parity.cases.json_text import parsed

_ANYTHING = "application/octet-stream"
_TYPES = {
    "application/json": "json geojson",
    "application/jsonl": "jsonl ndjson",
    "application/pdf": "pdf",
    "application/x-www-form-urlencoded": "form urlencoded",
    "application/xml": "xml",
    "application/zip": "zip",
    "application/gzip": "gz",
    "application/x-npy": "npy",
    "application/vnd.apache.parquet": "parquet",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "image/bmp": "bmp",
    "image/gif": "gif",
    "image/jpeg": "jpg jpeg",
    "image/png": "png",
    "image/svg+xml": "svg",
    "image/tiff": "tif tiff",
    "image/webp": "webp",
    "text/csv": "csv",
    "text/html": "html htm",
    "text/plain": "txt text",
    "text/tab-separated-values": "tsv",
    "video/mp4": "mp4",
}
_BY_SUFFIX = {f".{suffix}": kind for kind, suffixes in _TYPES.items() for suffix in suffixes.split()}


def content_type(path: Path, body: bytes) -> str:
    """Return what the name says; of a file without ending, JSON if it is that."""
    if path.suffix:
        return _BY_SUFFIX.get(path.suffix.lower(), _ANYTHING)
    text = text_of(body)
    return "application/json" if text is not None and parsed(text)[0] else _ANYTHING


def plain(path: Path, body: bytes, name: str = "") -> Case:
    """Return the case that sends it."""
    headers = (("Content-Type", content_type(path, body)),)
    return Case(name or path.name, place(path), (post(body, headers),))
