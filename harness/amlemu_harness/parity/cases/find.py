"""
What a person names after `--cases`: a file or a folder, whose content says what it is.

Each kind has a module of its own; here they are only told apart. What nobody names is found by `folder.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from amlemu.azure.paths import meant
from amlemu.errors import UsageError
from amlemu.finding import shown

from amlemu_harness.parity.case import Case
from amlemu_harness.parity.cases import bodies, collected, curl, example, files, har
from amlemu_harness.parity.cases import folder as lying
from amlemu_harness.parity.cases.command_lines import has_curl
from amlemu_harness.parity.cases.files import Remark
from amlemu_harness.parity.cases.json_text import parsed, value_of

_MOST_FILES = 2000
_JSON_LINES = (".jsonl", ".ndjson", ".jsonlines")
_OF_A_DEPLOYMENT = (".py", ".yml", ".yaml")
_KINDS = (
    "A request's body; a case with request and response; a HAR file; curl commands; JSONL of collected data; an exported journal;"
    " or a folder of these."
)


def read(word: str, folder: Path, remark: Remark = files.unheard) -> list[Case]:
    """
    Return the cases of a file or folder.

    Args:
        word: as a person wrote it: from the current folder, or else from `folder`.
        folder: the deployment's; its sample request shows how rows are wrapped.
        remark: told in a sentence what is left out of a file.

    Raises:
        UsageError: it is not there, empty, broken, or holds no request.
    """
    path = _path(word, folder)
    if path.is_dir():
        return named_once(_of_folder(path, folder, remark))
    return named_once(_of_file(path, folder, path.name, remark))


def named_once(cases: Iterable[Case]) -> list[Case]:
    """Return them with names of their own: the second `good` is `good (2)`."""
    cases = list(cases)
    taken: set[str] = set()
    named = []
    given = {case.name for case in cases}
    for case in cases:
        name, number = case.name, 2
        while name in taken or (number > 2 and name in given):
            name, number = f"{case.name} ({number})", number + 1
        taken.add(name)
        named.append(replace(case, name=name))
    return named


def _path(word: str, folder: Path) -> Path:
    try:
        path = next((one for one in (Path(word), folder / word) if word and one.exists()), None)
    except (OSError, ValueError) as error:  # a name that is too long, or has a zero in it
        raise UsageError(f"this is no name of a file: {error}", where=word[:200], expected=_KINDS) from error
    if path is None:
        hint = meant(Path(word), Path.cwd()) if word else "Name a file or a folder."
        raise UsageError("there is no such file or folder", where=word or "--cases", expected=_KINDS, hint=hint)
    return path


def _of_file(path: Path, folder: Path, name: str, remark: Remark) -> list[Case]:
    content = files.content_of(path)
    if not content.strip():
        raise UsageError("it is empty", where=files.place(path), expected=_KINDS)
    text = files.text_of(content)
    if text is None:
        return [bodies.plain(path, content, name)]
    if _has_json_lines(path, text):
        return _of_lines(path, text, folder, name, remark)
    is_json, value = parsed(text)
    if is_json or path.suffix.lower() in (".json", ".har"):
        value = value if is_json else value_of(path, text, expected=_to_send(path))
        return _of_json(path, text, value, name, remark) or [bodies.plain(path, content, name)]
    return curl.read(path, text, name, remark) if has_curl(text) else [bodies.plain(path, content, name)]


def _to_send(path: Path) -> str:
    if path.suffix.lower() == ".har":
        return "A HAR file, whole."
    return "JSON. To send what is no JSON: a case with it as its body, or body_file."


def _of_json(path: Path, text: str, value: Any, name: str, remark: Remark) -> list[Case]:
    """Return nothing where it is a body."""
    if har.is_har(value):
        return har.read(path, text, name, remark)
    if path.suffix.lower() == ".har":
        raise UsageError("this is no HAR file", where=files.place(path, 1), expected="HAR 1.2: log.entries is a list.")
    if example.is_example(value):
        return [example.read(path, value, text, os.path.splitext(name)[0])]
    return []


def _has_json_lines(path: Path, text: str) -> bool:
    """Say whether each line is a value of its own, by the first two; a single event or exchange is one, too."""
    lines = (line for line in text.split("\n") if line.strip())
    first, second = next(lines, ""), next(lines, "")
    is_json, value = parsed(first)
    if path.suffix.lower() in _JSON_LINES:
        return True
    if is_json and isinstance(value, Mapping) and (_is_of_a_journal(value) or collected.is_collected(value)):
        return True
    if is_json and isinstance(value, (Mapping, list)) and second:
        return parsed(second)[0]
    return not is_json and collected.is_collected(parsed(text)[1])


def _of_lines(path: Path, text: str, folder: Path, name: str, remark: Remark) -> list[Case]:
    first = parsed(next((line for line in text.split("\n") if line.strip()), ""))[1]
    if isinstance(first, Mapping) and _is_of_a_journal(first):
        from amlemu_harness.parity.cases import journal

        return journal.read(path, remark)
    found = lying.sample([folder, path.parent])
    return collected.read(path, text, found[1] if found else None, name, remark)


def _is_of_a_journal(line: Mapping[str, Any]) -> bool:
    if "amlemu" not in line:
        return False
    from amlemu_harness.parity.cases import journal

    return journal.is_journal(dict(line))


def _of_folder(path: Path, folder: Path, remark: Remark) -> list[Case]:
    """Return all that is in a folder and below; of a deployment's own folder only what is beside a deployment."""
    if any(one.suffix in _OF_A_DEPLOYMENT for one in path.iterdir()) and (found := lying.beside([path])):
        return found
    cases: list[Case] = []
    parts: set[Path] = set()  # bodies of cases are no cases
    for one in _files(path):
        name = one.relative_to(path).as_posix()
        if not one.stat().st_size or not (lying.is_body(one) or _may_hold_many(one)):
            continue
        cases += _of_file(one, folder, name, remark)
        parts |= _body_files(one)
    cases = [case for case in cases if not any(case.source == files.place(part) for part in parts)]
    if not cases:
        raise UsageError("no request is in this folder", where=shown(str(path)), expected=_KINDS)
    return cases


def _may_hold_many(path: Path) -> bool:
    """Say whether it is a HAR file, JSONL, or a text with curl commands."""
    if path.suffix.lower() in (".har", *_JSON_LINES):
        return True
    if path.suffix.lower() not in (".sh", ".bash", ".ps1", ".bat", ".cmd", ".curl", ".md"):
        return False
    return has_curl(files.text_of(files.content_of(path)) or "")


def _body_files(path: Path) -> set[Path]:
    if path.suffix.lower() != ".json":
        return set()
    value = parsed(files.text_of(files.content_of(path)) or "")[1]
    found = example.body_file(path, value["request"]) if example.is_example(value) else None
    return set() if found is None else {found}


def _files(path: Path) -> Iterator[Path]:
    """Yield files in the order of their names; hidden ones and caches are nobody's cases."""
    count = 0
    for root, names, found in os.walk(path):
        names[:] = sorted(name for name in names if not name.startswith((".", "__")))
        for name in sorted(found):
            one = Path(root, name)
            if name.startswith(".") or not one.is_file():
                continue
            count += 1
            if count > _MOST_FILES:
                hint = "Name the folder in it that holds requests."
                raise UsageError(f"more than {_MOST_FILES} files are in it", where=shown(str(path)), hint=hint)
            yield one
