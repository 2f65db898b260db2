"""
A launch file's text with our entries in it: pasted in right after `"configurations": [`, every other character as it was.

Text in, text out; `launch_file` has the bytes. An entry that is there already, by its name, is left alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from amlemu.vscode.jsonc import Node, NotJsonc, read, skip

_BOM = "\ufeff"
_VERSION = "0.2.0"  # of the format; VS Code writes no other
_UNIT = "    "  # as VS Code indents
_LINE_END = re.compile(r"\r\n|\r|\n")
_MARGIN = re.compile(r"[ \t]*")
# comments that follow a bracket on its line are about the bracket, and stay with it
_REST_OF_LINE = re.compile(r"(?:[ \t]|/\*(?:(?!\*/)[^\r\n])*\*/)*(?://[^\r\n]*)?(?=[\r\n])")


@dataclass(frozen=True)
class Merged:
    """A text with our entries in it, and by name what has become of each; `differing` are those kept that are not as ours."""

    text: str
    added: tuple[str, ...]
    kept: tuple[str, ...]
    differing: tuple[str, ...]


def merge(text: str, entries: Sequence[dict[str, Any]]) -> Merged:
    """
    Put entries into the text of a launch file; an empty one, or one of comments only, becomes a whole document.

    Raises:
        NotJsonc: the text is no JSON with comments, or no object with an array of configurations.
    """
    bom, text = (_BOM, text[1:]) if text.startswith(_BOM) else ("", text)
    root = read(text)
    if root is None:
        text += ("" if not text or text[-1] in "\r\n" else _line_end(text)) + "{}" + _line_end(text)
        root = read(text)
        assert root is not None
    there = _there(text, root)
    missing = [entry for entry in entries if entry["name"] not in there]
    kept = [entry for entry in entries if entry["name"] in there]
    return Merged(
        text=bom + (_with(text, root, missing) if missing else text),
        added=tuple(entry["name"] for entry in missing),
        kept=tuple(entry["name"] for entry in kept),
        differing=tuple(entry["name"] for entry in kept if there[entry["name"]] != entry),
    )


def _there(text: str, root: Node) -> dict[str, Any]:
    """Return the entries of a document by name."""
    if not isinstance(root.value, dict):
        raise NotJsonc(text, root.start, "not what a launch file is", 'an object, {"configurations": [...]}')
    array = root.get("configurations")
    if array is None:
        return {}
    if not isinstance(array.value, list):
        raise NotJsonc(text, array.start, "no list of configurations", "an array, [...]")
    entries = [entry for entry in array.value if isinstance(entry, dict)]
    return {entry["name"]: entry for entry in entries if isinstance(entry.get("name"), str)}


def _with(text: str, root: Node, entries: list[dict[str, Any]]) -> str:
    """Return the text with these entries; without an array for them, with that, too."""
    unit = _unit(text, root)
    array = root.get("configurations")
    if array is not None:
        return _pasted(text, array, [_json(entry, unit) for entry in entries], unit)
    document = {"version": _VERSION, "configurations": entries}
    absent = {key: value for key, value in document.items() if root.get(key) is None}
    return _pasted(text, root, [f'"{key}": {_json(value, unit)}' for key, value in absent.items()], unit)


def _pasted(text: str, container: Node, parts: list[str], unit: str) -> str:
    """Return the text with new first items in an array or object, each on lines of its own."""
    line_end, outer = _line_end(text), _margin(text, container.start)
    inner = _inner_margin(text, container, outer + unit)
    block = "\n" + ",\n".join(parts) + ("," if container.items else "")
    block = block.replace("\n", line_end + inner)  # there are none within texts: JSON writes \n
    if rest_of_line := _REST_OF_LINE.match(text, container.start + 1):
        at = rest_of_line.end()
    else:
        at = _after_blanks(text, container.start + 1)
        block += line_end + (inner if container.items else outer)
    return text[:at] + block + text[at:]


def _inner_margin(text: str, container: Node, usual: str) -> str:
    """Return the margin of the first item if that begins below the bracket, else the usual one."""
    first = skip(text, container.start + 1)
    is_below = container.items and _line(text, first) != _line(text, container.start)
    return _margin(text, first) if is_below else usual


def _unit(text: str, root: Node) -> str:
    """Return by how much a document indents: as its first member that begins a line does."""
    outer = _margin(text, root.start)
    margins = [_margin(text, item.start) for item in root.items]
    return next((margin[len(outer) :] for margin in margins if margin.startswith(outer) and margin != outer), _UNIT)


def _json(value: Any, unit: str) -> str:
    return json.dumps(value, indent=unit, ensure_ascii=False)


def _line_end(text: str) -> str:
    found = _LINE_END.search(text)
    return found[0] if found else "\n"


def _margin(text: str, at: int) -> str:
    """Return the blanks that begin the line of a place."""
    start = _line(text, at)
    return text[start : _after_blanks(text, start)]


def _line(text: str, at: int) -> int:
    """Return where the line of a place begins."""
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1


def _after_blanks(text: str, at: int) -> int:
    found = _MARGIN.match(text, at)
    assert found is not None  # it may be empty
    return found.end()
