"""
What a project says of itself in `[tool.amlemu]` of its pyproject.toml: options of `amlemu serve`, where registered models lie.

    [tool.amlemu]
    profile = "kubernetes"
    [tool.amlemu.models]
    "credit:3" = "outputs/credit.pkl"
    [tool.amlemu.environments]
    "sklearn-1.5" = "environment/conda.yml"
"""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amlemu.errors import UsageError
from amlemu.settings import SERVE_SETTINGS, Setting

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = "pyproject.toml"
_BY_NAME = {setting.name: setting for setting in SERVE_SETTINGS}
_TABLES = ("models", "environments")


@dataclass(frozen=True)
class ProjectFile:
    """
    The table of one project.

    Attributes:
        file: None where there is none.
        options: values of SERVE_SETTINGS by name; of one that repeats, a tuple.
        models: absolute path by `NAME` or `NAME:VERSION`.
        environments: absolute path of a conda or requirements file by `NAME` or `NAME:VERSION`.
        lines: where in the file a key stands, by its dotted name below `tool.amlemu`.
    """

    file: Path | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    models: Mapping[str, Path] = field(default_factory=dict)
    environments: Mapping[str, Path] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)

    def place(self, key: str) -> str:
        """Return `file:line` of a key."""
        return f"{self.file}:{self.lines[key]}" if key in self.lines else str(self.file)


def load(folder: Path) -> ProjectFile:
    """
    Read the nearest pyproject.toml with such a table, from a folder upwards to the repository's root.

    Raises:
        UsageError: the file cannot be read, or the table holds what is no option or no path.
    """
    for place in (folder, *folder.parents):
        path = place / FILE
        if path.is_file():
            table, text = _table(path)
            if table is not None:
                return _read(path, table, text)
        if (place / ".git").exists():
            break
    return ProjectFile()


def _table(path: Path) -> tuple[dict[str, Any] | None, str]:
    try:
        text = path.read_text(encoding="utf-8")
        if "amlemu" not in text:
            return None, text
        tool = tomllib.loads(text).get("tool", {})
    except (OSError, ValueError) as error:  # bad TOML and bad UTF-8 are ValueErrors
        raise UsageError(f"not readable: {error}", where=str(path)) from error
    table = tool.get("amlemu") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise UsageError("tool.amlemu is no table", where=str(path))
    return table, text


def _read(path: Path, table: dict[str, Any], text: str) -> ProjectFile:
    lines = _lines(text)
    options: dict[str, Any] = {}
    for key, value in table.items():
        if key in _TABLES:
            continue
        name = key.replace("-", "_")
        if name not in _BY_NAME:
            near = difflib.get_close_matches(name, [*_BY_NAME, *_TABLES], 1)
            question = f"; did you mean {near[0]}?" if near else ""
            where = f"{path}:{lines.get(key, 1)}"
            raise UsageError(f"tool.amlemu.{key} is no option of amlemu serve{question}", where=where)
        options[name] = _value(_BY_NAME[name], value, path, f"{path}:{lines.get(key, 1)}")
    return ProjectFile(
        path, options, _paths(path, table, "models", lines), _paths(path, table, "environments", lines), lines
    )


def _paths(path: Path, table: dict[str, Any], name: str, lines: Mapping[str, int]) -> dict[str, Path]:
    entries = table.get(name, {})
    where = f"{path}:{lines.get(name, 1)}"
    if not isinstance(entries, dict) or not all(isinstance(value, str) for value in entries.values()):
        expected = f'Expected "NAME:VERSION" = "path" below [tool.amlemu.{name}].'
        raise UsageError(f"tool.amlemu.{name} is no table of paths", where=where, expected=expected)
    return {key.removeprefix("azureml:"): Path(os.path.abspath(path.parent / value)) for key, value in entries.items()}


def _value(setting: Setting, value: Any, path: Path, where: str) -> Any:
    """Check a value as the command line would; paths are relative to the file."""
    if setting.repeats:
        entries = value if isinstance(value, list) else [value]
        if not all(isinstance(entry, str) for entry in entries):
            raise UsageError(f"{setting.name} is no list of texts", where=where)
        return tuple(_path(setting, entry, path) for entry in entries)
    allowed: dict[str, tuple[type, ...]] = {
        "integer": (int,), "number": (int, float), "switch": (bool,), "toggle": (bool,),
    }  # fmt: skip
    kinds = (str,) if isinstance(setting.kind, tuple) else allowed.get(setting.kind, (str,))
    is_wrong = not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)
    if is_wrong and not (setting.bare is not None and value is True):
        raise UsageError(f"{setting.name} = {value!r} is no {_named(setting)}", where=where)
    if isinstance(setting.kind, tuple) and value not in setting.kind:
        raise UsageError(f"{setting.name} = {value!r} is none of {', '.join(setting.kind)}", where=where)
    if value is True and setting.bare is not None:
        return int(setting.bare) if setting.kind == "integer" else setting.bare
    return _path(setting, value, path) if isinstance(value, str) else value


def _named(setting: Setting) -> str:
    return {"integer": "whole number", "switch": "true or false", "toggle": "true or false"}.get(
        setting.kind if isinstance(setting.kind, str) else "", "text" if setting.kind != "number" else "number"
    )


def _path(setting: Setting, value: str, path: Path) -> str:
    is_path = setting.kind == "path" or (setting.name == "profile" and value.endswith(".toml"))
    return os.path.abspath(path.parent / value) if is_path else value


def _lines(text: str) -> dict[str, int]:
    """Return the line of each key below tool.amlemu, as people write TOML; a parser does not say."""
    lines: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if found := re.match(r"\s*\[\s*([\w.\-]+)\s*\]", line):
            section = found[1]
            if section.startswith("tool.amlemu."):
                lines[section.removeprefix("tool.amlemu.")] = number
        elif (section + ".").startswith("tool.amlemu.") and (found := re.match(r"\s*(\"[^\"]*\"|[\w\-]+)\s*=", line)):
            below = section.removeprefix("tool.amlemu").lstrip(".")
            lines[".".join(part for part in (below, found[1].strip('"')) if part)] = number
    return lines
