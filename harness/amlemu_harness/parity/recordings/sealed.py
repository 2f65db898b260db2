"""
JSON in a file, laid out for git, with a seal: whoever edits a value by hand breaks it.

The layout is not under seal, so that a file may be indented anew; what stands in it is `recording.py`'s business.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from amlemu.errors import UsageError

_SEAL = "seal"
_LINE = 110
# what an editor or a pager would not show, or show elsewhere: written as JSON's escapes
_UNSEEN = re.compile(
    "[\x7f-\xa0\xad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\uffff]"
)
_AGAIN = "Recordings are made again, not edited: amlemu parity FILE --record {}"


def sealed(content: Mapping[str, Any]) -> tuple[str, str]:
    """Return the text of a file, and its seal."""
    seal = _seal(content)
    return _UNSEEN.sub(_escaped, "".join(_written({**content, _SEAL: seal})) + "\n"), seal


def parsed(path: Path) -> dict[str, Any]:
    """Read the object in a file, the seal not looked at yet. Raises UsageError where there is none."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        told = json.loads(text, object_pairs_hook=_once, parse_constant=_refused)
    except OSError as error:
        raise UsageError(f"it cannot be read: {error.strerror or error}", where=str(path)) from error
    except json.JSONDecodeError as error:
        where = f"{path}:{error.lineno}"
        raise UsageError(f"it is no JSON: {error.msg}", where=where, hint=_AGAIN.format(path)) from error
    except (ValueError, RecursionError) as error:
        what = "it is no text" if isinstance(error, UnicodeDecodeError) else f"it is no recording: {error}"
        raise UsageError(what, where=str(path), hint=_AGAIN.format(path)) from error
    if not isinstance(told, dict):
        raise UsageError("it is no recording", where=str(path), expected="Expected what --record has written.")
    return told


def unsealed(told: Mapping[str, Any], path: Path) -> tuple[dict[str, Any], str]:
    """Return the content of what was read from a file, and its seal. Raises UsageError where that is broken."""
    content = {name: value for name, value in told.items() if name != _SEAL}
    try:
        seal = _seal(content)
    except RecursionError:
        seal = ""
    if told.get(_SEAL) != seal:
        what = "it has been edited, or was not copied whole: its seal is broken"
        raise UsageError(what, where=str(path), hint=_AGAIN.format(path))
    return content, seal


def _seal(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a file says, however it is laid out."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode("ascii")).hexdigest()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that stands twice: the seal would not see the first one."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _refused(word: str) -> Any:
    raise ValueError(f"{word} is no number")


def _written(value: Any, indent: str = "") -> Iterator[str]:
    """Yield JSON, one line for each thing that may differ by itself: short lists of words and numbers stay in a line."""
    inner = indent + " "
    is_flat = isinstance(value, list) and not any(isinstance(one, (list, dict)) for one in value)
    line = json.dumps(value, ensure_ascii=False) if is_flat and sum(len(str(one)) for one in value) < _LINE else ""
    if line and not (len(value) > 1 and "\\n" in line):
        yield line
    elif isinstance(value, (list, dict)) and value:
        brackets = "[]" if isinstance(value, list) else "{}"
        ends = "," * (len(value) - 1)
        yield brackets[0] + "\n"
        for number, one in enumerate(value):
            name = "" if isinstance(value, list) else json.dumps(one, ensure_ascii=False) + ": "
            yield inner + name
            yield from _written(one if isinstance(value, list) else value[one], inner)
            yield ends[number : number + 1] + "\n"
        yield indent + brackets[1]
    else:
        yield json.dumps(value, ensure_ascii=False)


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
