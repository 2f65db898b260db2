"""
A case in a file of its own, as examples have them: `request` says what is sent, `response` what a server answered one day.

The answer is not looked at: parity asks both servers anew.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from amlemu.azure.paths import meant
from amlemu.errors import UsageError
from amlemu.finding import shown

from amlemu_harness.parity.case import Case, request
from amlemu_harness.parity.cases import files
from amlemu_harness.parity.cases.headers import breaks, is_token, without_secrets
from amlemu_harness.parity.cases.json_text import line_of, start_of

_EXPECTED = 'A request is {"method": "POST", "path": "/score", "headers": {}, "body": "..."}, or "body_file" or "json".'
_FIELDS = ("method", "path", "headers", "body", "body_file", "json")


def is_example(value: object) -> bool:
    """Say whether a JSON value is such a case, if perhaps a broken one."""
    if not isinstance(value, Mapping) or not isinstance(value.get("response"), Mapping):
        return False
    asked = value.get("request")
    return (
        isinstance(asked, Mapping) and "path" in asked and bool({"method", "body", "body_file", "headers"} & set(asked))
    )


def read(path: Path, value: Mapping[str, Any], text: str, name: str = "") -> Case:
    """
    Return the case.

    Args:
        value, text: what is in the file, parsed and as it is written.

    Raises:
        UsageError: a field is missing or of another kind, or the body's file is not there; names the line.
    """
    asked = value["request"]
    for key in asked:
        near = difflib.get_close_matches(key, _FIELDS, 1, 0.8)
        if near and key not in _FIELDS:  # what is called quite differently is somebody's note
            raise _wrong(path, text, key, f"a request has no {key!r}, but {near[0]!r}")
    method, target = asked.get("method", "POST"), asked["path"]
    if not isinstance(method, str) or not is_token(method):
        raise _wrong(path, text, "method", "this is no method")
    if not isinstance(target, str) or not target.startswith("/") or breaks(target) or " " in target:
        raise _wrong(path, text, "path", "this is no path")
    sent = request(method, target, _headers(path, text, asked.get("headers", {})), _body(path, text, asked))
    return Case(name or path.stem, files.place(path), (sent,))


def body_file(path: Path, asked: Mapping[str, Any]) -> Path | None:
    """Return the file that holds the body, if one does: beside the folder `cases`, or beside the case itself."""
    named = asked.get("body_file")
    if not isinstance(named, str):
        return None
    places = [path.parent / named]
    if path.parent.name == "cases":
        places.insert(0, path.parent.parent / named)
    return next((one for one in places if one.is_file()), places[0])


def _headers(path: Path, text: str, told: object) -> tuple[tuple[str, str], ...]:
    """Return an object's or a list of pairs', for a header may come twice."""
    pairs = list(told.items()) if isinstance(told, Mapping) else told
    if not isinstance(pairs, list) or not all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in pairs):
        raise _wrong(path, text, "headers", "headers are an object of texts, or a list of pairs")
    for name, value in pairs:
        if not isinstance(name, str) or not isinstance(value, str) or not is_token(name) or breaks(value):
            raise _wrong(path, text, "headers", f"{name!r} is no header of one line")
    return without_secrets((name, value) for name, value in pairs)


def _body(path: Path, text: str, asked: Mapping[str, Any]) -> bytes | None:
    if "json" in asked:
        return json.dumps(asked["json"]).encode()
    found = body_file(path, asked)
    if found is not None:
        if not found.is_file():
            where, hint = (
                files.place(path, line_of(text, start_of(text, "request", "body_file"))),
                meant(found, Path.cwd()),
            )
            raise UsageError(f"its body is in {shown(str(found))}, which is not there", where=where, hint=hint)
        return files.content_of(found)
    body = asked.get("body")
    if body is not None and not isinstance(body, str):
        raise _wrong(path, text, "body", "a body is a text")
    return None if body is None else body.encode("utf-8", "surrogateescape")


def _wrong(path: Path, text: str, key: str, what: str) -> UsageError:
    return UsageError(what, where=files.place(path, line_of(text, start_of(text, "request", key))), expected=_EXPECTED)
