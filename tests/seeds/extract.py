"""
Reads a page's Markdown and finds what must be an item: fenced blocks, code within a line, rows, headings of errors and statuses, steps,
bullets, notes, names and numbers of the prose. It does not know how an item is proved; the neighbour is `items.py`, which reads `pages/`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"( *)```(\w*)\s*$")
_LISTED = re.compile(r" *(?:(\d+\.)|[-*]) +")
_NOTE = re.compile(r" *> \[!(\w+)\]")
_HEADING = re.compile(r'#+ <a name="([^"]*)"></a>')
_OF_A_FAILURE = re.compile(
    r"err_\d+|http-status-code-\d+|container-cannot-be-scheduled|service-launch-fails|function-fails-\w+"
)
_RULE = re.compile(r"\|[ |:-]+\|\s*$")
_INLINE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"!?\[[^]]*\]\([^)]*\)|https?://[!-~]+|<[^>]*>")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)*", re.ASCII)
_STATUS = re.compile(r"[245]\d\d")
_NAME = re.compile(r"(?<![\w.-])[A-Z][a-z]+(?:[A-Z][a-z]+)+(?![\w])", re.ASCII)
_LEAST = 8
"""Characters that a bullet with a link has besides it, where it says something."""


@dataclass(frozen=True)
class Found:
    """
    Something that must be an item.

    Attributes:
        line: where it begins in the page, counted from 1.
        kind: `block`, `inline`, `row`, `heading`, `step`, `bullet`, `note`, `name` or `number`.
        text: as it stands there, a block without the indentation of its fence; empty where it is a translation.
        language: of a block, as its fence says it.
    """

    line: int
    kind: str
    text: str = ""
    language: str = ""


def found_in(page: str) -> list[Found]:
    """
    Return what must be an item, top to bottom.

    Code within a line, and names, count where they stand first. What stands before the first heading does not count, nor do a table's head,
    a bullet that is a link and nothing else, and statuses among the numbers.
    """
    lines = page.splitlines()
    begin = 1 + lines.index("---", 1)
    seen: set[tuple[str, str]] = set()
    found = []
    for one in _all(lines, begin):
        if (one.kind, one.text) not in seen:
            found.append(one)
        if one.kind in ("inline", "name"):
            seen.add((one.kind, one.text))
    return found


def _all(lines: list[str], at: int) -> Iterator[Found]:
    while at < len(lines):
        if opening := _FENCE.match(lines[at]):
            end = next(number for number in range(at + 1, len(lines)) if lines[number].strip() == "```")
            text = "\n".join(line.removeprefix(opening[1]) for line in lines[at + 1 : end])
            yield Found(at + 1, "block", text, opening[2])
            at = end
        else:
            yield from _of_line(at + 1, lines[at], lines[at + 1] if at + 1 < len(lines) else "")
        at += 1


def _of_line(number: int, line: str, following: str) -> Iterator[Found]:
    if heading := _HEADING.match(line):
        if failure := _OF_A_FAILURE.search(heading[1]):
            yield Found(number, "heading", failure[0])
        return
    if line.startswith("|"):
        if _RULE.match(line) or _RULE.match(following):
            return
        yield Found(number, "row")
    if note := _NOTE.match(line):
        yield Found(number, "note", note[1])
    if listed := _LISTED.match(line):
        line = line[listed.end() :]
        if listed[1]:
            yield Found(number, "step")
        elif not _LINK.search(line) or len(_LINK.sub("", line)) > _LEAST:
            yield Found(number, "bullet")
    yield from (Found(number, "inline", one[1]) for one in _INLINE.finditer(line))
    prose = _LINK.sub(" ", _INLINE.sub(" ", line))
    yield from (Found(number, "name", one[0]) for one in _NAME.finditer(prose))
    yield from (
        Found(number, "number", one) for one in dict.fromkeys(_NUMBER.findall(prose)) if not _STATUS.fullmatch(one)
    )
