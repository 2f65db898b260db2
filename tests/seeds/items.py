"""
The items of the five pages, read from `pages/`, and the mark by which a test says which of them it proves.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from .extract import Found

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PAGES = ("000", "001", "002", "003", "004")
FOLDER = Path(__file__).with_name("pages")
KINDS = {  # of what is found, and what it may be called here
    "block": ("code", "command", "message"),
    "inline": ("name", "command", "message", "setting"),
    **{kind: (kind,) for kind in ("row", "heading", "step", "bullet", "note", "name", "number")},
}
T = TypeVar("T", bound=Callable[..., Any])


@dataclass(frozen=True)
class Item:
    """
    One thing that a page says.

    Attributes:
        line: where it begins in the page, counted from 1.
        text: as it stands there; for prose a line of ours.
        same_as: page and number, where an earlier page has it, too.
    """

    page: str
    number: int
    line: int
    kind: str
    text: str
    language: str = ""
    same_as: tuple[str, int] | None = None

    def is_for(self, found: Found) -> bool:
        """Whether it is the item of this; numbers need only be named in an item of their line."""
        if found.line != self.line:
            return False
        if found.kind == "number":
            return found.text in re.findall(r"\d+(?:\.\d+)*", self.text)
        own = found.text if found.kind in ("block", "inline", "name", "heading") else self.text
        return self.kind in KINDS[found.kind] and (own, found.language) == (self.text, self.language)


@dataclass(frozen=True)
class Page:
    """A page: what it is called in English, the date that it bears, the language that it was read in."""

    name: str
    title: str
    date: str
    language: str
    items: Mapping[int, Item]

    def text(self, number: int) -> str:
        """Return an item as it stands in the page."""
        return self.items[number].text


@functools.cache
def page(name: str) -> Page:
    """Return a page with its items by number."""
    table = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    items = [_item(name, row) for row in table["item"]]
    return Page(name, table["title"], table["date"], table["language"], {one.number: one for one in items})


def _item(name: str, row: dict[str, Any]) -> Item:
    if "same_as" not in row:
        return Item(name, row["number"], row["line"], row["kind"], row["text"], row.get("language", ""))
    where, _, number = row["same_as"].partition("/")
    same = page(where).items[int(number)]
    return Item(
        name, row["number"], row["line"], same.kind, same.text, same.language, same.same_as or (where, int(number))
    )


def of(name: str) -> Callable[..., Callable[[T], T]]:
    """Return the mark of a page's replay: `@proves(1, 2, 7)` says which of its items a test proves."""

    def proves(*numbers: int) -> Callable[[T], T]:
        def mark(test: T) -> T:
            test.__dict__.setdefault("proved", []).extend((name, number) for number in numbers)
            return test

        return mark

    return proves
