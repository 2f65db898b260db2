"""
What is known: an entry per status, error and exit code, read from the TOML files beside this module.

Facts only, each with its source; `find.py` finds the entry for a word, `console/explained.py` shows it.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any, Literal

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Kind = Literal["status", "error", "exit code"]
ANY, SIGNAL = "any", "signal"
"""Names of the entries that speak of many numbers; nobody looks them up by these."""


@dataclass(frozen=True)
class Meaning:
    """
    What it means in one place.

    Attributes:
        profiles: the profiles it is true for; empty for all.
        of: whose word it is, such as `azmlinfsrv`; empty where the profiles say it.
        text: a sentence or two.
        causes: what brings it about, likeliest first.
        look: what to look at or to do.
        source: row of the contract, page or issue; or `assumed`.
    """

    text: str
    source: str
    profiles: tuple[str, ...] = ()
    of: str = ""
    causes: tuple[str, ...] = ()
    look: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """
    One thing that can be explained.

    Attributes:
        names: what it is looked up by, its own name first.
        title: one line.
        meanings: at least one; several where clouds or programs differ.
        see: names of related entries.
        texts: pieces of a message by which a log is recognised.
        step: of a deployment, where it fails with this; empty for others.
    """

    kind: Kind
    names: tuple[str, ...]
    title: str
    meanings: tuple[Meaning, ...]
    see: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    step: str = ""

    @property
    def name(self) -> str:
        """Its own name."""
        return self.names[0]

    def under(self, profile: str) -> Entry:
        """Return what is true for one profile; the whole entry where profiles make no difference."""
        kept = tuple(one for one in self.meanings if not one.profiles or profile in one.profiles)
        return replace(self, meanings=kept or self.meanings)

    def filled(self, **words: object) -> Entry:
        """Return it with {word} replaced, in the title and in what it means."""
        meanings = tuple(
            replace(one, text=one.text.format(**words), look=tuple(line.format(**words) for line in one.look))
            for one in self.meanings
        )
        return replace(self, names=(self.title.format(**words),), title=self.title.format(**words), meanings=meanings)


@functools.cache
def entries() -> tuple[Entry, ...]:
    """Return all entries: statuses, then errors, then exit codes, each in the order of its file."""
    return (*_statuses(), *_errors(), *_exit_codes())


@functools.cache
def table(file: str) -> dict[str, Any]:
    """Return one of the TOML files of this package."""
    tables: dict[str, Any] = tomllib.loads((resources.files("amlemu.explain") / file).read_text(encoding="utf-8"))
    return tables


def _statuses() -> Iterator[Entry]:
    for row in table("statuses.toml")["status"]:
        meanings = tuple(_meaning(one, profiles=tuple(one["profiles"])) for one in row["in"])
        yield Entry("status", tuple(row["names"]), row["title"], meanings)


def _errors() -> Iterator[Entry]:
    for row in table("errors.toml")["error"]:
        see, texts = tuple(row.get("see", ())), tuple(row.get("texts", ()))
        yield Entry(
            "error", tuple(row["names"]), row["title"], (_meaning(row, of=row["of"]),), see, texts, row.get("step", "")
        )


def _exit_codes() -> Iterator[Entry]:
    for row in table("exit_codes.toml")["exit"]:
        meanings = tuple(_meaning(one, of=one["of"]) for one in row["in"])
        yield Entry("exit code", tuple(row["names"]), row["title"], meanings)


def _meaning(row: dict[str, Any], **where: Any) -> Meaning:
    return Meaning(
        row["meaning"], row["source"], causes=tuple(row.get("causes", ())), look=tuple(row.get("look", ())), **where
    )
