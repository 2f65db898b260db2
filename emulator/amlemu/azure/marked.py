"""
Reads YAML and JSON files and keeps the line of everything in them. Nothing is constructed but texts, numbers, lists and mappings.

What Azure's own tools would take is taken (PyYAML's safe loader: anchors and merge keys, too); what they would take by mistake, a key
that stands twice, is refused. Size, depth and what aliases come to are bounded. `schema.py` says what should stand in such a file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from amlemu.azure.paths import meant
from amlemu.azure.templates import unfilled
from amlemu.errors import UsageError
from amlemu.finding import REFUSED_EARLY, CloudError, Finding, Place, shown

MOST_BYTES = 1_000_000  # the longest that was seen has 20 kB
_DEEPEST = 100
_MOST_VALUES = 20_000
_LONGEST_NUMBER = 100  # digits; what is longer is a text, as no field takes such a number
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = "tag:yaml.org,2002:"
_PLAIN = {_CORE + word for word in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge", "value")}


@dataclass(frozen=True)
class Value:
    """
    A value and where it stands.

    Attributes:
        content: text, int, float, bool, None, a list of Values, or a dict of Values by text.
        line: of its key, or of itself in a list.
    """

    content: Any
    line: int

    @property
    def plain(self) -> Any:
        """The content without lines."""
        if isinstance(self.content, dict):
            return {key: value.plain for key, value in self.content.items()}
        return [value.plain for value in self.content] if isinstance(self.content, list) else self.content

    def get(self, *path: str) -> Value | None:
        """Return what stands below these keys; None where there is nothing, or a bare `key:`."""
        found: Value | None = self
        for key in path:
            found = found.content.get(key) if found is not None and isinstance(found.content, dict) else None
        return None if found is None or found.content is None else found

    def text(self, *path: str) -> str:
        """Return the text below these keys, numbers as they are written in Python; empty where there is none."""
        found = self.get(*path)
        return "" if found is None or isinstance(found.content, (dict, list)) else str(found.content)

    def items(self) -> Iterator[tuple[str, Value]]:
        """Yield the entries of a mapping; none of anything else."""
        yield from self.content.items() if isinstance(self.content, dict) else ()

    def values(self) -> list[Value]:
        """Return the entries of a list; none of anything else."""
        return self.content if isinstance(self.content, list) else []


class Unreadable(UsageError):
    """A file that is not what it should be; `finding` says the same for the doctor."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        place = finding.place
        super().__init__(finding.cause, where="" if place is None else shown(place), hint=finding.fix)


def read(path: Path) -> Value:
    """
    Read a YAML or JSON file.

    Raises:
        Unreadable: it is not there, too big, no text, no YAML; or it holds what no deployment file has any use for.
    """
    return parse(read_text(path), path)


def read_text(path: Path) -> str:
    """Return a file's text. Raises Unreadable."""
    try:
        if path.is_dir():
            raise unreadable("not-a-file", "this is a folder, not a file", path)
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)  # a device has no size, and no end
        if len(raw) > MOST_BYTES:
            size = f"{max(path.stat().st_size, len(raw)) / 1e6:.1f} MB"
            raise unreadable("file-too-big", f"this file has {size}, and a deployment file a few kB", path)
    except FileNotFoundError:
        raise unreadable("no-such-file", "no such file", path, fix=meant(path, Path.cwd())) from None
    except OSError as error:
        raise unreadable("not-readable", f"not readable: {error.strerror or error}", path) from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
            what = "this file is UTF-16, as PowerShell's > writes it; Azure's tools read UTF-8"
            raise unreadable("not-utf8", what, path, fix="Save it as UTF-8.") from None
        line = raw.count(b"\n", 0, error.start) + 1
        raise unreadable("not-utf8", f"not UTF-8: {error.reason}", path, line, "Save it as UTF-8.") from None


def parse(text: str, path: Path) -> Value:
    """Turn the text of a file into a Value. Raises Unreadable."""
    if path.suffix.lower() == ".json":
        _check_json(text, path)
        text = _as_yaml(text)
    try:
        _check_size(text, path)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise _syntax(error, text, path) from None
    except (RecursionError, ValueError) as error:
        raise unreadable("not-yaml", f"not YAML: {error}", path) from None
    if node is None:
        raise unreadable("file-empty", "there is nothing in this file", path)
    return _Tree(path).value(node)


def unreadable(
    rule: str, cause: str, path: Path, line: int = 0, fix: str = "", *, cloud: CloudError = REFUSED_EARLY
) -> Unreadable:
    """Return the exception for a fault of a file."""
    return Unreadable(Finding("error", rule, cause, Place(path, line), cloud, fix))


def _check_json(text: str, path: Path) -> None:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                lines = [number for number, line in enumerate(text.split("\n"), 1) if f'"{key}"' in line]
                raise unreadable("duplicate-key", f"{key} stands here twice", path, lines[-1] if lines else 0)
            found[key] = value
        return found

    try:
        json.loads(text, object_pairs_hook=unique, parse_int=str)  # of an integer with thousands of digits, too
    except json.JSONDecodeError as error:
        left = unfilled(text)
        if left:
            raise _template(left, path) from None
        raise _no_json(error, path) from None
    except RecursionError:
        raise unreadable("not-json", "not JSON that anybody would write: it is too deep", path) from None


def _no_json(error: json.JSONDecodeError, path: Path) -> Unreadable:
    before = error.doc[: error.pos].rstrip()
    if before.endswith(",") and error.doc[error.pos : error.pos + 1] in (
        "}",
        "]",
    ):  # what Python calls it depends on its version
        what = f"not JSON: a comma stands before {error.doc[error.pos]}, and nothing comes after it"
        return unreadable("not-json", what, path, before.count("\n") + 1, "Leave the comma out.")
    return unreadable("not-json", f"not JSON: {error.msg} in column {error.colno}", path, error.lineno)


_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})")


def _as_yaml(text: str) -> str:
    """
    Write JSON as YAML takes it, line by line: tabs stand between words only, as a text in JSON cannot hold one, and YAML knows
    none there; what lies beyond 16 bits is a pair of escapes in JSON, and YAML knows no pairs.
    """
    return _PAIR.sub(lambda found: found[1] + json.loads(f'"{found[2]}"'), text.replace("\t", " "))


def _check_size(text: str, path: Path) -> None:
    """Look over the events, which are not nested, before anything follows them down."""
    depth = documents = 0
    for count, event in enumerate(yaml.parse(text, Loader=_LOADER)):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
        if depth > _DEEPEST or count > _MOST_VALUES:
            what = "too deep" if depth > _DEEPEST else "too long"
            raise unreadable("yaml-bomb", f"this is {what} for a deployment file", path, line)
        if documents > 1:
            fix = "Give each document a file of its own."
            raise unreadable("several-documents", "a second document begins here; Azure reads one", path, line, fix)


def _syntax(error: yaml.YAMLError, text: str, path: Path) -> Unreadable:
    """Say what is wrong with the YAML in words of a person who writes it."""
    mark = getattr(error, "problem_mark", None)
    line = 0 if mark is None else mark.line + 1
    left = unfilled(text)
    if left:
        return _template(left, path)
    if isinstance(error, yaml.reader.ReaderError):
        found = chr(error.character) if isinstance(error.character, int) else str(error.character)
        line = text.count("\n", 0, max(text.find(found), 0)) + 1
        what = f"not a text: it holds the character {found!r}, which no YAML may"
        return unreadable("not-yaml", what, path, line, "Save it as plain text in UTF-8.")
    problem = str(getattr(error, "problem", "") or error)
    written = next(iter(text.splitlines()[max(line - 1, 0) :]), "")
    if "\\t" in problem or "\t" in written[: len(written) - len(written.lstrip())]:
        fix = "Indent with blanks; most editors convert tabs."
        return unreadable("yaml-tab", "a tab stands where YAML wants blanks", path, line, fix)
    context = getattr(error, "context", None)
    return unreadable("not-yaml", f"not YAML: {problem}" + (f" ({context})" if context else ""), path, line)


def _template(left: list[tuple[int, str]], path: Path) -> Unreadable:
    line, word = left[0]
    more = f", and {len(left) - 1} more" if len(left) > 1 else ""
    cause = f"{word} was never filled in{more}: this file is a template, which a pipeline would turn into YAML"
    return unreadable("template-unfilled", cause, path, line, "Fill it in, or name the file that was made of it.")


@dataclass(frozen=True)
class _Size:
    values: int
    depth: int


def _around(sizes: list[_Size]) -> _Size:
    return _Size(1 + sum(size.values for size in sizes), 1 + max((size.depth for size in sizes), default=0))


class _Tree:
    """Turns nodes into Values, each once, however many aliases point to it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._made: dict[int, tuple[Value, _Size]] = {}
        self._open: set[int] = set()
        self._scalars = yaml.constructor.SafeConstructor()

    def value(self, node: Any) -> Value:
        return self._value(node)[0]

    def _value(self, node: Any) -> tuple[Value, _Size]:
        """Return it and what it comes to when all aliases are written out."""
        if id(node) in self._made:
            return self._made[id(node)]
        line = node.start_mark.line + 1
        if id(node) in self._open:
            raise unreadable("yaml-bomb", "an alias leads back to what it stands in", self._path, line)
        self._check_tag(node, line)
        self._open.add(id(node))
        made = self._new(node, line)
        self._open.discard(id(node))
        if made[1].values > _MOST_VALUES or made[1].depth > _DEEPEST:
            what = f"more than {_MOST_VALUES} values" if made[1].values > _MOST_VALUES else "something too deep"
            cause = f"aliases make {what} of this file"
            raise unreadable("yaml-bomb", cause, self._path, line, "Write out what is meant.")
        self._made[id(node)] = made
        return made

    def _new(self, node: Any, line: int) -> tuple[Value, _Size]:
        if isinstance(node, yaml.ScalarNode):
            return Value(self._scalar(node), line), _Size(1, 1)
        if isinstance(node, yaml.SequenceNode):
            made = [self._value(child) for child in node.value]
            return Value([value for value, _ in made], line), _around([size for _, size in made])
        return self._mapping(node, line)

    def _mapping(self, node: Any, line: int) -> tuple[Value, _Size]:
        entries: dict[str, Value] = {}
        merged: dict[str, Value] = {}
        sizes = []
        for key_node, value_node in node.value:
            key_line = key_node.start_mark.line + 1
            value, size = self._value(value_node)
            sizes.append(size)
            if key_node.tag == _CORE + "merge":
                merged = {**self._merge(value, key_line), **merged}
                continue
            key = self._key(key_node, key_line)
            if key in entries:
                cause = (
                    f"{key} stands here a second time, after line {entries[key].line}; Azure would take the last one"
                )
                raise unreadable("duplicate-key", cause, self._path, key_line, "Leave one of them.")
            entries[key] = Value(value.content, key_line)
        return Value({**merged, **entries}, line), _around(sizes)

    def _merge(self, value: Value, line: int) -> Mapping[str, Value]:
        parts = value.content if isinstance(value.content, list) else [value]
        merged: dict[str, Value] = {}
        for part in reversed(parts):
            if not isinstance(part.content, dict):
                raise unreadable("not-yaml", "<< can merge a mapping only", self._path, line)
            merged.update(part.content)
        return merged

    def _key(self, node: Any, line: int) -> str:
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        if isinstance(node, yaml.MappingNode):  # {{NAME}} is a mapping whose key is a mapping
            inner = "".join(str(key.value) for key, _ in node.value if isinstance(key, yaml.ScalarNode))
            raise _template([(line, f"{{{{{inner}}}}}")], self._path)
        raise unreadable("not-yaml", "a key has to be a text", self._path, line)

    def _check_tag(self, node: Any, line: int) -> None:
        if node.tag not in _PLAIN:
            word = str(node.tag).replace(_CORE, "!!")
            cause = f"the tag {word} would construct an object; neither Azure nor amlemu does that"
            raise unreadable("yaml-tag", cause, self._path, line, "Write a plain text, number, list or mapping.")

    def _scalar(self, node: Any) -> Any:
        is_word = node.tag in (_CORE + "timestamp", _CORE + "value", _CORE + "merge")
        if is_word or len(node.value) > _LONGEST_NUMBER:
            return str(node.value)
        try:
            return self._scalars.construct_object(node)
        except (ValueError, LookupError, yaml.YAMLError):  # `!!int x`, `!!int ""`, `!!bool maybe`
            return str(node.value)


_ADDRESS = re.compile(r"^(azureml:|runs:|https?:|wasbs?:|abfss?:|//|/subscriptions/)")


def is_reference(text: str) -> bool:
    """Tell whether a word names something in the cloud, and no file."""
    return bool(_ADDRESS.match(text))
