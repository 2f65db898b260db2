"""
What may stand in one of Azure's files: tables of fields, each honoured or with the reason why it has no effect here; and the check.

`tables.py` has the tables. What a field's value means is the business of the readers, `v2.py`, `v2021.py`, `v1.py`.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amlemu.azure.description import NotEmulated
from amlemu.azure.marked import Value
from amlemu.azure.templates import is_secret, placeholder
from amlemu.finding import BAD_ARGUMENT, REFUSED_EARLY, CloudError, Finding, Place, Severity

_WORDS_FOR_YES_AND_NO = {
    "true", "false", "yes", "no", "on", "off", "t", "f", "y", "n", "1", "0",
}  # fmt: skip  # marshmallow's Boolean
_LAST_KEY = re.compile(r"\.(?![^.]*/)")  # the dot before it; nvidia.com/gpu is one key


@dataclass(frozen=True)
class Field:
    """
    One field of a file.

    Attributes:
        kind: `text`, `whole`, `number`, `switch`, `scalar`, `list`, `map` (texts by name), `mapping` (of anything), `any`, or a Table.
        reason: why it has no effect here; empty for one that has.
        required: Azure refuses the file without it.
        words: the only ones allowed, compared without case and underscores.
        low, high: bounds, inclusive; `bound` is their source.
        also: another kind that will do, such as a reference in place of a table.
        flag: the one of `az ml` that can say it instead.
        may_be_empty: Azure takes a bare `name:`, which it refuses for all others.
    """

    kind: str | Table
    reason: str = ""
    required: bool = False
    words: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    bound: str = ""
    also: str = ""
    flag: str = ""
    may_be_empty: bool = False


@dataclass(frozen=True)
class Table:
    """
    The fields of a mapping.

    Attributes:
        name: as a person calls it, `a managed online deployment`.
        unknown: how bad a field is that is not in here; Azure ignores some.
        source: where the fields are listed.
    """

    name: str
    fields: Mapping[str, Field]
    source: str
    unknown: Severity = "error"

    def names(self, prefix: str = "") -> Iterator[str]:
        """Yield the dotted name of every field, those below included."""
        for name, one in self.fields.items():
            yield prefix + name
            if isinstance(one.kind, Table):
                yield from one.kind.names(f"{prefix}{name}.")


@dataclass
class Check:
    """A check of one file: what was found while going through it."""

    path: Path
    takes_file_prefix: bool = False  # `file:` before a path, as in 2021
    findings: list[Finding] = field(default_factory=list)
    not_emulated: list[NotEmulated] = field(default_factory=list)
    said_at: dict[str, Place] = field(default_factory=dict)

    def table(self, value: Value, table: Table, prefix: str = "") -> None:
        """Go through a mapping."""
        if not isinstance(value.content, dict):
            self.refuse("wrong-kind", value, f"{prefix.rstrip('.') or 'this file'} is {table.name}, so it is a mapping")
            return
        for name, one in value.items():
            known = table.fields.get(name)
            if known is None:
                self._unknown(name, one, table, prefix)
            elif one.content is not None:
                self._field(prefix + name, one, known)
            elif table.unknown == "error" and not known.required and not known.may_be_empty:
                cause = f"{prefix}{name} has no value, which Azure refuses (Field may not be null)"
                self.refuse("field-empty", one, cause, f"Give it one, or leave {name}: out.")
        for name, known in table.fields.items():
            if known.required and value.get(name) is None:
                self._missing(prefix + name, value, table, known)

    def refuse(
        self,
        rule: str,
        value: Value,
        cause: str,
        fix: str = "",
        *,
        cloud: CloudError | None = REFUSED_EARLY,
        severity: Severity = "error",
    ) -> None:
        """Note a finding at a value."""
        self.findings.append(Finding(severity, rule, cause, Place(self.path, value.line), cloud, fix))

    def _field(self, name: str, value: Value, known: Field) -> None:
        self.said_at[name] = Place(self.path, value.line)
        is_word = isinstance(value.content, str) and not name.endswith("description")
        if is_word and not self._is_filled_in(name, value):
            return
        if not (known.also and _is(value, known.also)):
            if isinstance(known.kind, Table):
                self.table(value, known.kind, f"{name}.")
            else:
                self._kind(name, value, known)
        if known.reason:
            self.not_emulated.append(NotEmulated(name, Place(self.path, value.line), known.reason))

    def _is_filled_in(self, name: str, value: Value) -> bool:
        left = "" if is_secret(value.content) else placeholder(value.content)
        if left:
            cause = f"{name}: {left} was never filled in"
            fix = "A person or a pipeline was to put a value in its place."
            self.refuse("template-unfilled", value, cause, fix, cloud=BAD_ARGUMENT)
        return not left

    def _kind(self, name: str, value: Value, known: Field) -> None:
        kind = str(known.kind)
        if not _is(value, kind):
            wanted = _WANTED[kind]
            quoted = kind == "text" and isinstance(value.content, (int, float))
            word = str(value.content).lower() if isinstance(value.content, bool) else value.content
            key = _LAST_KEY.split(name)[-1]
            fix = f'Write it in quotes: {key}: "{word}".' if quoted else ""
            self.refuse("wrong-kind", value, f"{name}: {_shown(value)} is no {wanted}", fix)
            return
        if kind == "whole" and isinstance(value.content, float) and value.content != int(value.content):
            cause = f"{name}: {value.content} is no whole number, and Azure takes {int(value.content)} without a word"
            self.refuse("fraction", value, cause, cloud=None, severity="warning")
        if known.words and not {str(value.content).lower(), _snake(str(value.content))} & set(known.words):
            near = difflib.get_close_matches(str(value.content).lower(), known.words, 1)
            fix = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known.words)}."
            self.refuse("unknown-word", value, f"{name}: {value.content!r} is none of its words", fix)
        self._bounds(name, value, known)
        if kind == "map":
            self._entries(name, value)

    def _bounds(self, name: str, value: Value, known: Field) -> None:
        if known.low is None and known.high is None:
            return
        number = float(value.content)
        if known.low is not None and not number >= known.low:
            cause = f"{name}: {value.content} is less than the least allowed, {known.low:g}"
            self.refuse("out-of-bounds", value, cause, cloud=BAD_ARGUMENT)
        if known.high is not None and number > known.high:
            cause = f"{name}: {value.content} is more than the most allowed, {known.high:g}"
            self.refuse("out-of-bounds", value, cause, cloud=BAD_ARGUMENT)

    def _entries(self, name: str, value: Value) -> None:
        for key, one in value.items():
            self.said_at[f"{name}.{key}"] = Place(self.path, one.line)
            if isinstance(one.content, (dict, list)):
                cause = f"{name}.{key}: a variable is a text, not {_shown(one)}"
                self.refuse("wrong-kind", one, cause, "Write it as one text, in quotes.", cloud=BAD_ARGUMENT)

    def _missing(self, name: str, value: Value, table: Table, known: Field) -> None:
        if known.flag:
            cause = f"{name} is missing, so {known.flag} has to say it when this file is given to az ml"
            self.refuse("field-missing", value, cause, f"Add {name}:", severity="warning")
            return
        strange = {key.lower().replace("_", ""): key for key, _ in value.items() if key not in table.fields}
        near = difflib.get_close_matches(name.rpartition(".")[2].lower().replace("_", ""), strange, 1, 0.7)
        instead = f", and {strange[near[0]]} stands here; is that meant to be it?" if near else ""
        self.refuse("field-missing", value, f"{name} is missing; {table.name} needs it{instead}")

    def _unknown(self, name: str, value: Value, table: Table, prefix: str) -> None:
        near = difflib.get_close_matches(name.lower(), {known.lower(): known for known in table.fields}, 1, 0.7)
        meant = next((known for known in table.fields if near and known.lower() == near[0]), "")
        meant = meant or next((known for known in table.fields if name.lower() in known.split("_")), "")
        question = f"; did you mean {meant}?" if meant else ""
        cloud = REFUSED_EARLY if table.unknown == "error" else None
        fix = "" if meant else f"There are: {', '.join(sorted(table.fields))}."
        ignored = "" if table.unknown == "error" else ", and Azure ignores it"
        cause = f"{prefix}{name} is no field of {table.name}{ignored}{question}"
        self.refuse("unknown-field", value, cause, fix, cloud=cloud, severity=table.unknown)


def _is(value: Value, kind: str) -> bool:
    """Take what marshmallow would: numbers also as text, never a number as text. Checked with azure-ai-ml 1.35.2."""
    content: Any = value.content
    if kind in ("list", "map", "mapping"):
        return isinstance(content, list if kind == "list" else dict)
    if kind == "switch":
        return isinstance(content, bool) or str(content).lower() in _WORDS_FOR_YES_AND_NO
    if kind == "text":
        return isinstance(content, str)
    if kind == "scalar":
        return not isinstance(content, (list, dict))
    if kind in ("whole", "number"):
        if isinstance(content, bool) or not isinstance(content, (int, float, str)):
            return False
        try:
            number = float(content)
        except (ValueError, OverflowError):
            return False
        return math.isfinite(number) and (kind == "number" or isinstance(content, float) or number == int(number))
    return True


def _snake(word: str) -> str:
    """Compare as azure-ai-ml does, `StringTransformedEnum` with `camel_to_snake`: AMLToken is aml_token, and amltoken is nothing."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", word).lower()


_WANTED = {
    "text": "text",
    "whole": "whole number",
    "number": "number",
    "switch": "switch (true, false)",
    "list": "list",
    "map": "mapping",
    "mapping": "mapping",
    "scalar": "text or number",
}


def _shown(value: Value) -> str:
    if isinstance(value.content, (dict, list)):
        return "a mapping" if isinstance(value.content, dict) else "a list"
    return repr(value.content)
