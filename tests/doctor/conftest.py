"""A deployment for the doctor, from the text of its script."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest
from amlemu.doctor.assemble import read
from amlemu.doctor.subject import Subject


@pytest.fixture
def subject_of(tmp_path):
    """Return a function that writes score.py, and siblings by their module's name, and makes a Subject of them."""

    def make(script: str | bytes, siblings: dict[str, str] | None = None, **known: object) -> Subject:
        path = tmp_path / "score.py"
        path.write_bytes(script if isinstance(script, bytes) else textwrap.dedent(script).lstrip("\n").encode())
        others = []
        for module, text in (siblings or {}).items():
            other = tmp_path / f"{module.replace('.', '/')}.py"
            other.parent.mkdir(parents=True, exist_ok=True)
            other.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
            others.append(read(other, module))
        return Subject(
            read(path), code=tmp_path, app_root=tmp_path, python=Path(sys.executable), folder=tmp_path,
            siblings=tuple(others), **known,
        )  # fmt: skip

    return make


@pytest.fixture
def told(subject_of):
    """Return a function that makes a subject, has it checked, and returns rule and line of each finding."""

    def tell(
        check, script: str | bytes, siblings: dict[str, str] | None = None, **known: object
    ) -> list[tuple[str, int]]:
        found = check(subject_of(script, siblings, **known))
        return [(finding.rule, finding.place.line) for finding in found]

    return tell
