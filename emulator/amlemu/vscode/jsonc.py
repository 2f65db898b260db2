"""
JSON with comments, as VS Code keeps its settings: which value stands where. Reads only; `merge` pastes by what is found here.

Besides JSON it takes `//` and `/* */` comments and a comma after the last item. VS Code guesses its way through more than
that; whoever writes into the file had better not.

Source: microsoft/node-jsonc-parser, src/impl/scanner.ts (blanks, line ends, comments) and parser.ts (trailing commas).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_BLANKS = re.compile(r"(?:[ \t\r\n]+|//[^\r\n]*|/\*.*?\*/)*", re.DOTALL)
_TOKEN = re.compile(
    r'(?P<string>"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*")'
    r"|(?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<word>true|false|null)"
    r"|(?P<opening>[\[{])"
)
_CLOSING = {"{": "}", "[": "]"}
_LINE_END = re.compile(r"\r\n|\r|\n")
_SHOWN = re.compile(r"[\w.+-]{1,20}|.", re.DOTALL)
_DEEPEST = 100  # levels; launch files have five


class NotJsonc(ValueError):
    """A text that is something else: `what` is there, in which `line` and `column` (from 1), and what was `expected`."""

    def __init__(self, text: str, at: int, what: str, expected: str) -> None:
        lines = _LINE_END.split(text[:at])
        self.line, self.column = len(lines), len(lines[-1]) + 1
        self.what, self.expected = what, expected
        super().__init__(f"{self.line}:{self.column}: {what}. Expected {expected}.")


@dataclass(frozen=True)
class Node:
    """One value and its place, `text[start:end]`; `items` are those of an array or, in the order of `keys`, an object."""

    start: int
    end: int
    value: Any  # as `json.loads` would have it; numbers are floats
    items: tuple[Node, ...] = ()
    keys: tuple[str, ...] = ()

    def get(self, key: str) -> Node | None:
        """Return the item of this key; the last one where there are several, as JavaScript does."""
        return dict(zip(self.keys, self.items, strict=False)).get(key)  # an array has no keys


def read(text: str) -> Node | None:
    """Return the value of a whole text, None where there are only blanks and comments. Raises NotJsonc."""
    start = skip(text, 0)
    if start == len(text):
        return None
    node = _value(text, start, 0)
    end = skip(text, node.end)
    if end < len(text):
        raise _unexpected(text, end, "the end of the file")
    return node


def skip(text: str, at: int) -> int:
    """Return where the blanks and comments end that begin at a place."""
    found = _BLANKS.match(text, at)
    assert found is not None  # it may be empty
    return found.end()


def _value(text: str, at: int, depth: int) -> Node:
    token = _TOKEN.match(text, at)
    if token is None:
        raise _unexpected(text, at, "a value")
    if token["opening"]:
        return _container(text, at, depth + 1)
    # float: Python refuses to make an int of thousands of digits
    value = float(token[0]) if token["number"] else json.loads(token[0])
    return Node(at, token.end(), value)


def _container(text: str, start: int, depth: int) -> Node:
    if depth > _DEEPEST:
        raise NotJsonc(text, start, "too deep", f"at most {_DEEPEST} levels")
    closing = _CLOSING[text[start]]
    keys, items = [], []
    at = skip(text, start + 1)
    while not text.startswith(closing, at):
        if closing == "}":
            key, at = _key(text, at)
            keys.append(key)
        item = _value(text, at, depth)
        items.append(item)
        at = skip(text, item.end)
        if text.startswith(",", at):
            at = skip(text, at + 1)
        elif not text.startswith(closing, at):
            raise _unexpected(text, at, f"a comma or {closing}")
    values = [item.value for item in items]
    value = dict(zip(keys, values, strict=True)) if closing == "}" else values
    return Node(start, at + 1, value, tuple(items), tuple(keys))


def _key(text: str, at: int) -> tuple[str, int]:
    """Return a key, and where its value begins."""
    token = _TOKEN.match(text, at)
    if token is None or not token["string"]:
        raise _unexpected(text, at, 'a key in "..." or }')
    colon = skip(text, token.end())
    if not text.startswith(":", colon):
        raise _unexpected(text, colon, "a colon")
    return json.loads(token[0]), skip(text, colon + 1)


def _unexpected(text: str, at: int, expected: str) -> NotJsonc:
    shown = _SHOWN.match(text, at)
    if shown is None:
        what = "the file ends here"
    elif text.startswith("/*", at):
        what, expected = "a comment that does not end", "*/"
    elif shown[0] == '"' and not _TOKEN.match(text, at):
        what, expected = (
            "a text that does not end on its line, or has a wrong escape",
            r'"...", with \\ for a backslash',
        )
    else:
        what = f"{shown[0]!r} is not right here"
    return NotJsonc(text, at, what, expected)
