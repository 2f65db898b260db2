"""
What is known about lines and exceptions of a log: `log_signs.toml`, as patterns that can be asked.

`log.py` asks for each line and each traceback. What is found is told as a `Told`: the cause in a sentence, and the rest.
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from amlemu.explain.entries import Entry, entries, table
from amlemu.explain.find import named
from amlemu.explain.tracebacks import Chain, Frame, Phase

Tier = Literal["cause", "call", "past", "likely", "symptom", "event", "warning", "noise"]
_CONTAINER = "image"  # the profile of the container as it is: what a status in its log means
_LONGEST_WORD = 200  # characters of a {word}
_TOKEN = re.compile(r"[A-Za-z]{3,}")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_CODE_NAME = re.compile(r"(?:[A-Z][a-z]*){2,}\w*|ERR_\d{4}|[a-z]+(?:_[a-z]+){2,}")
_WHEN: dict[str, str] = {"import": "while it was loaded", "init": "in init()", "run": "in run()"}
_SIGNS_OF = {"import": "import", "init": "init", "run": "run", "build": "build", "": "crash"}


@dataclass(frozen=True)
class Told:
    """
    What a sign says, its words filled in.

    Attributes:
        rule: the sign's name.
        cause: one sentence without its full stop.
        cloud: what each kind of cloud says: `managed`, `kubernetes`, `v1`; empty where none is at stake.
        needs, family: see `log_signs.toml`.
    """

    rule: str
    tier: Tier
    cause: str
    meaning: str
    look: tuple[str, ...]
    cloud: Mapping[str, str]
    source: str
    family: str = ""
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sign:
    """One row of `log_signs.toml`, its patterns compiled."""

    row: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.row["name"])

    @functools.cached_property
    def more(self) -> re.Pattern[str] | None:
        """The pattern of lines below that belong to it."""
        return _compiled(self.row.get("more"))

    def words(self, text: str) -> dict[str, str] | None:
        """Return the words that a line gives; None when it does not fit."""
        if not any(piece in text for piece in self.row["find"]):
            return None
        pattern = _compiled(self.row.get("pattern"))
        found = pattern.search(text) if pattern else None
        if pattern and not found:
            return None
        return {key: word or "" for key, word in found.groupdict().items()} if found else {}

    def fits(self, chain: Chain, phase: Phase) -> dict[str, str] | None:
        """Return the words that an exception gives; None when it is another one."""
        row, root = self.row, chain.root
        if "phase" in row and row["phase"] != phase:
            return None
        if "types" in row and not re.fullmatch(row["types"], root.type):
            return None
        if "before" in row and not re.search(row["before"], chain.before):
            return None
        if "through" in row and not any(re.search(row["through"], _seen(frame)) for frame in chain.frames):
            return None
        if row.get("no_user") and chain.place is not None:
            return None
        found = re.search(row["message"], root.message) if "message" in row else None
        if "message" in row and not found:
            return None
        return {key: word or "" for key, word in found.groupdict().items()} if found else {}

    def told(self, words: Mapping[str, str], tier: Tier | None = None, cloud: str = "") -> Told:
        """Return what it says with these words."""
        row, known = self.row, _derived(words)
        entry = _meant(row["entry"].format_map(known)) if "entry" in row else None
        own = entry.meanings[0] if entry else None
        look = tuple(filled for line in row.get("look", ()) if (filled := line.format_map(known).strip()))
        return Told(
            self.name,
            tier or row.get("tier", "cause"),
            _sentence(row["cause"], known),
            row["meaning"].format_map(known) if "meaning" in row else own.text if own else "",
            look + (own.look if own else ()),
            table("log_signs.toml")["cloud"].get(row.get("cloud", cloud), {}) if tier != "noise" else {},
            own.source
            if own and row["source"] in own.source
            else "; ".join([row["source"], *([own.source] if own else [])]),
            row.get("family", ""),
            tuple(row.get("needs", ())),
        )


def of_line(text: str) -> tuple[Sign, dict[str, str]] | None:
    """Return the first sign that fits a line, and the words it gives."""
    index, signs = _index()
    numbers = {number for token in set(_TOKEN.findall(text)) for number in index.get(token, ())}
    for number in sorted(numbers):
        words = signs[number].words(text)
        if words is not None:
            return signs[number], words
    return None


def of_last_line(text: str) -> tuple[Sign, dict[str, str]] | None:
    """Return the sign of a log that ends with this line."""
    found = ((sign, sign.words(text)) for sign in _line_signs() if sign.row.get("is_last"))
    return next(((sign, words) for sign, words in found if words is not None), None)


def of_exception(chain: Chain, phase: Phase, *, requirement: str = "") -> Told:
    """
    Return what an exception means.

    Args:
        phase: when it was raised.
        requirement: what pip was collecting when a build raised it.
    """
    common = {
        "where": _where(chain),
        "when": _WHEN.get(phase, ""),
        "type": chain.root.type,
        "message": chain.root.message,
        "requirement": requirement,
    }
    for sign in _exception_signs():
        words = sign.fits(chain, phase)
        if words is not None:
            tier: Tier = sign.row.get("tier") or ("call" if phase == "run" else "cause")
            return sign.told({**common, **words}, tier, _SIGNS_OF[phase])
    raise AssertionError("the last sign of the file fits any exception")


def boots_again(count: int) -> Told:
    """Return what it means that so many workers were started and none became ready."""
    [row] = table("log_signs.toml")["counted"]
    return Sign(row).told({"count": str(count)})


@functools.cache
def _exception_signs() -> tuple[Sign, ...]:
    return tuple(Sign(row) for row in table("log_signs.toml")["exception"])


@functools.cache
def _line_signs() -> tuple[Sign, ...]:
    return (*(Sign(row) for row in table("log_signs.toml")["sign"]), *_signs_of_errors())


def _signs_of_errors() -> Iterator[Sign]:
    """Make a sign of each error that a log may name, and of each message that one may quote."""
    for entry in sorted(entries(), key=lambda one: one.name.startswith("ERR_")):  # today's words before those of 2021
        pieces = [name for name in entry.names if entry.kind == "error" and _CODE_NAME.fullmatch(name)] + list(
            entry.texts
        )
        if pieces:
            yield Sign(
                {
                    "name": f"says-{entry.name}",
                    "tier": "symptom",
                    "find": pieces,
                    "cause": f"the log says {_unbraced(entry.title)}",
                    "entry": _unbraced(entry.name),
                    "source": "as the entry",
                }
            )


@functools.cache
def _index() -> tuple[dict[str, list[int]], tuple[Sign, ...]]:
    """Return signs by the longest word of each of their pieces, so that a line is held against few of them."""
    index: dict[str, list[int]] = defaultdict(list)
    for number, sign in enumerate(_line_signs()):
        if not sign.row.get("is_last"):
            for piece in sign.row["find"]:
                index[max(_TOKEN.findall(piece), key=len)].append(number)
    return dict(index), _line_signs()


@functools.cache
def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    return re.compile(pattern) if pattern else None


def _where(chain: Chain) -> str:
    """Name the user's line; where there is none the innermost, from its package on."""
    place = chain.place
    if place is None:
        frames = chain.root.frames or chain.frames
        if not frames:
            return ""
        place = frames[-1]
        inside = re.search(r"(?:site|dist)-packages[/\\](.+)", place.file)
        return f"{inside[1] if inside else place.name}:{place.line}"
    return f"{place.name}:{place.line}"


def _seen(frame: Frame) -> str:
    return f"{frame.file} {frame.code}"


def _derived(words: Mapping[str, str]) -> dict[str, str]:
    """Add what tables say about the words: the package that has a module or a library."""
    known: dict[str, str] = defaultdict(str, {key: word[:_LONGEST_WORD].strip() for key, word in words.items()})
    tables = table("log_signs.toml")
    module, library = known["module"].partition(".")[0], known["library"]
    known["pip"] = tables["packages"].get(module, module)
    known["called"] = f" (its package is called {known['pip']})" if known["pip"].lower() != module.lower() else ""
    known["apt"] = tables["libraries"].get(library, "the package that has it")
    known["package_of"] = f" (package {known['apt']} of Debian and Ubuntu)" if library in tables["libraries"] else ""
    known["nothing"] = ": the index has none at all" if known["versions"].startswith("none") else ""
    known["requirement"] = known["package"] or known["requirement"]
    return known


def _sentence(template: str, words: Mapping[str, str]) -> str:
    """Fill in the words; a part in [] is left out when one of its words is unknown."""

    def kept(part: re.Match[str]) -> str:
        names = re.findall(r"{(\w+)}", part[1])
        return part[1] if all(words.get(name) for name in names) else ""

    return re.sub(r"\s+", " ", _OPTIONAL.sub(kept, template).format_map(words)).strip(" :").rstrip(".")


def _meant(name: str) -> Entry | None:
    found = named(name, _CONTAINER)
    return found[0] if found else None


def _unbraced(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}").replace("[", "(").replace("]", ")")
