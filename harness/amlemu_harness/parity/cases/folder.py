"""
What lies beside a deployment without anybody naming it: its sample requests, and `cases/*.json`.

Nobody has asked for these files: what is no request of ours is passed by, and in `cases` that is said. `find.py` reads what a person
names.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from amlemu.azure.sample_requests import sample_requests

from amlemu_harness.parity.case import Case
from amlemu_harness.parity.cases import bodies, example, files
from amlemu_harness.parity.cases.json_text import parsed

# called `requests...`, perhaps, but code, notes, or a file of many: those are for --cases
_CODE = (".py", ".pyc", ".ipynb", ".js", ".ts", ".sh", ".bash", ".ps1", ".bat", ".cmd", ".curl", ".http", ".rest")
_NOTES = (".md", ".rst", ".yml", ".yaml", ".toml", ".ini", ".cfg", ".log", ".lock")
_MODELS = (".pkl", ".joblib", ".onnx", ".pt", ".pth", ".h5", ".safetensors")
_NAMES_TOLD = 5
_OF_MANY = (".har", ".jsonl", ".ndjson", ".jsonlines")


def beside(folders: Iterable[Path], remark: files.Remark = files.unheard) -> list[Case]:
    """
    Return the cases of these folders, each file once: sample requests first, then those of the folders `cases`.

    Args:
        remark: told in a sentence what lies in `cases` and is none.

    Raises:
        UsageError: a file in `cases` is a case, and broken.
    """
    seen: set[Path] = set()
    cases = []
    for folder in dict.fromkeys(folders):
        samples = [(path, _read(path)) for path in _samples(folder)]
        passed = []
        for path in (*(path for path, body in samples if body.strip()), *sorted((folder / "cases").glob("*.json"))):
            key = Path(os.path.realpath(path))
            if key not in seen:
                case = _case(path, is_sample=path.parent == folder)
                cases += [] if case is None else [case]
                passed += [path] if case is None else []
            seen.add(key)
        if passed:
            remark(_passed_by(passed))
    return cases


def sample(folders: Iterable[Path]) -> tuple[Path, bytes] | None:
    """Return the first sample request with something in it, one that is JSON before all others."""
    found = [(path, body) for folder in folders for path in _samples(folder) if (body := _read(path)).strip()]
    good = ((path, body) for path, body in found if parsed(files.text_of(body) or "")[0])
    return next(good, next(iter(found), None))


def is_body(path: Path) -> bool:
    """Say whether a file may be a request's body, by its ending."""
    return path.suffix.lower() not in (*_CODE, *_NOTES, *_MODELS, *_OF_MANY)


def _passed_by(paths: Sequence[Path]) -> str:
    names = ", ".join(path.name for path in paths[:_NAMES_TOLD])
    more = f" and {len(paths) - _NAMES_TOLD} more" if len(paths) > _NAMES_TOLD else ""
    folder = files.place(paths[0].parent)
    return f"{folder}: no case with request and response is in {names}{more}; to send such files as bodies: --cases {folder}"


def _samples(folder: Path) -> Iterator[Path]:
    return (path for path in sample_requests(folder) if is_body(path))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _case(path: Path, *, is_sample: bool) -> Case | None:
    body = _read(path)
    text = files.text_of(body) or ""
    value = parsed(text)[1]
    if example.is_example(value):
        return example.read(path, value, text)
    return bodies.plain(path, body) if is_sample else None
