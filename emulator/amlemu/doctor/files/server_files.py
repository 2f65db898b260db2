"""
Checks the files of the app root that the server takes for its own, whoever wrote them: settings, logging, OpenAPI documents.

A model's `config.json` beside the script is the usual case. The settings are read by the emulated server's own reader.

Source: contract 3.7, 4.10, 4.15.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from amlemu.doctor.subject import Subject
from amlemu.finding import CANNOT_START, Finding, Place
from amlemu.scoring import config

_LARGEST_BYTES = 16 << 20  # as the emulated server
_DOCUMENTS = ("swagger.json", "swagger2.json", "swagger3.json", "swagger3.1.json")


def check_server_files(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each file that stops the server, which reads it at start."""
    folders = [subject.app_root, *([subject.script.path.parent] if subject.script else [])]
    yield from _settings(subject, folders)
    logging = next((path for folder in folders if (path := folder / "logging.json").is_file()), None)
    if logging is not None:
        yield from _logging(logging)
    for name in _DOCUMENTS:
        if (subject.app_root / name).is_file():
            yield from _document(subject.app_root / name)


def _settings(subject: Subject, folders: list[Path]) -> Iterator[Finding]:
    if "AZUREML_CONFIG_FILE" in subject.variables:
        return  # a path inside the container
    found = next((folder for folder in folders if _is_filled(folder / "config.json")), None)
    if found is None:
        return
    try:
        config.read({"AML_APP_ROOT": str(found)})
    except config.ConfigFault as fault:
        path = found / "config.json"
        yield Finding(
            "error",
            "config-json",
            f"the server reads {path.name} of the app root as its own settings, and stops at it: {_without_path(fault.what, path)}",
            Place(path),
            CANNOT_START,
            "If it is a model's, leave it in the model's folder, or rename it.",
        )


def _without_path(what: str, path: Path) -> str:
    """The reader's own words repeat the path and the purpose."""
    return what.removeprefix(f"{path}: the server reads this file as its own settings and cannot: ")


def _is_filled(path: Path) -> bool:
    try:
        return path.is_file() and 0 < path.stat().st_size <= _LARGEST_BYTES
    except OSError:
        return False


def _logging(path: Path) -> Iterator[Finding]:
    content, problem = _load(path)
    if not problem and not isinstance(content, dict):
        problem = "it is no JSON object"
    elif not problem and isinstance(content, dict) and content.get("version") != 1:
        problem = 'it does not say "version": 1, as logging.config wants it'
    if problem:
        yield Finding(
            "error",
            "logging-json",
            f"the server reads {path.name} as its logging set-up, and stops at it: {problem}",
            Place(path),
            CANNOT_START,
            "Write it as logging.config.dictConfig takes it, or rename it.",
        )


def _document(path: Path) -> Iterator[Finding]:
    _, problem = _load(path)
    if problem:
        yield Finding(
            "error",
            "swagger-json",
            f"the server reads {path.name} of the app root as the OpenAPI document, and stops at it: {problem}",
            Place(path),
            CANNOT_START,
            "Repair it, or take it away: the server then writes one itself.",
        )


def _load(path: Path) -> tuple[object, str]:
    """Return the content, and what is wrong with it."""
    try:
        if os.path.getsize(path) > _LARGEST_BYTES:
            return None, ""
        return json.loads(path.read_text(encoding="utf-8")), ""
    except json.JSONDecodeError as error:
        return None, f"line {error.lineno}: {error.msg}"
    except (OSError, ValueError, RecursionError) as error:
        return None, str(error)
