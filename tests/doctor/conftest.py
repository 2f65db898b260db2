"""A deployment for the doctor, from the text of its script."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from amlemu.doctor.subject import Source, Subject


def source_of(path: Path, module: str = "") -> Source:
    """Read one file the way the doctor does: what cannot be decoded or parsed has no text or no tree."""
    try:
        text = path.read_text(encoding="utf-8")
        return Source(path, text, ast.parse(text), module)
    except (SyntaxError, ValueError):
        return Source(path, "", None, module)


@pytest.fixture
def subject_of(tmp_path):
    """Return a function that writes score.py, and siblings by their module's name, and makes a Subject of them."""

    def make(script: str | bytes, siblings: dict[str, str] | None = None, **known: object) -> Subject:
        path = tmp_path / "score.py"
        path.write_bytes(script if isinstance(script, bytes) else script.encode())
        others = []
        for module, text in (siblings or {}).items():
            other = tmp_path / f"{module.replace('.', '/')}.py"
            other.parent.mkdir(parents=True, exist_ok=True)
            other.write_text(text, encoding="utf-8")
            others.append(source_of(other, module))
        return Subject(
            source_of(path), code=tmp_path, app_root=tmp_path, python=Path(sys.executable), folder=tmp_path,
            siblings=tuple(others), **known,
        )  # fmt: skip

    return make
