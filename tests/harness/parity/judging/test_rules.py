"""Files of rules: what they say, and how one that is wrong is told."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from amlemu.errors import UsageError
from amlemu_harness.parity.judging.rules import Exemption, Rules, Tolerance, load, matches

GOOD = """
[[exempt]]
case = "1.6 MB"
path = "headers.Server"
reason = "uvicorn says so itself"
since = 2026-11-22
against = "container*"

[[tolerance]]
path = "body.predictions[*]"
relative = 1e-6
"""
WHOLE = 'case = "a"\npath = "status"\nreason = "r"\nsince = 2026-11-22'


def loaded(folder: Path, text: str) -> Rules:
    path = folder / "parity.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_a_file_of_rules(tmp_path: Path) -> None:
    where = f"{tmp_path}/parity.toml:2"

    assert loaded(tmp_path, GOOD) == Rules(
        (Exemption("1.6 MB", "headers.Server", "uvicorn says so itself", dt.date(2026, 11, 22), "container*", where),),
        (Tolerance("body.predictions[*]", relative=1e-6),),
    )


def test_an_empty_file_allows_nothing(tmp_path: Path) -> None:
    assert loaded(tmp_path, "") == Rules()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        pytest.param("[[exempt]\n", 1, "not TOML", id="toml"),
        pytest.param(f"[[exemption]]\n{WHOLE}", 1, "did you mean exempt?", id="table"),
        pytest.param(f"[[exempt]]\n{WHOLE}\n\n[[exempt]]\n{WHOLE}\nreasons = 1", 12, "did you mean reason?", id="key"),
        pytest.param(f"[exempt]\n{WHOLE}", 1, "Write [[exempt]]", id="one-table"),
        pytest.param('[[exempt]]\npath = "a"\nsince = 2026-11-22', 1, "lacks reason", id="no-reason"),
        pytest.param(f"[[exempt]]\n{WHOLE}".replace('"r"', '" "'), 4, "reason is no text", id="empty-reason"),
        pytest.param('[[exempt]]\npath = "a"\nreason = "r"', 1, "lacks since", id="no-date"),
        pytest.param(f"[[exempt]]\n{WHOLE}".replace("2026-11-22", '"2026-11-22"'), 5, "without quotes", id="quoted"),
        pytest.param(f"[[exempt]]\n{WHOLE}".replace("2026", "2999"), 5, "in the future: 2999-11-22", id="future"),
        pytest.param(f"[[exempt]]\n{WHOLE}".replace('"status"', "5"), 3, "path is no text", id="path"),
        pytest.param('[[exempt]]\nreason = "r"\nsince = 2026-11-22', 1, "lacks path", id="no-path"),
        pytest.param(
            '[[exempt]]\npath = "*"\nreason = "r"\nsince = 2026-11-22', 1, "it exempts everything", id="everything"
        ),
        pytest.param('[[tolerance]]\npath = "body"\nrelative = -1e-6', 3, "at least 0", id="negative"),
        pytest.param('[[tolerance]]\npath = "body"\nabsolute = true', 3, "at least 0", id="no-number"),
        pytest.param('[[tolerance]]\npath = "body"\nabsolute = inf', 3, "at least 0", id="infinite"),
        pytest.param('[[tolerance]]\npath = "body"', 1, "it allows nothing", id="nothing"),
    ],
)
def test_a_rule_that_is_wrong_names_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        loaded(tmp_path, text)

    assert words in str(caught.value)
    assert caught.value.where == f"{tmp_path}/parity.toml:{line}"


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "parity.toml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(UsageError) as caught:
        load(path)

    assert caught.value.where == str(path)


@pytest.mark.parametrize(
    ("pattern", "name", "is_meant"),
    [
        ("body.predictions[*]", "body.predictions[0]", True),
        ("body.predictions[*]", "body.predictions", False),
        ("body.predictions[0]", "body.predictions0", False),
        ("headers.?erver", "headers.Server", True),
        ("*.csv #[12]", "a.csv #1", False),
        ("HEADERS.*", "headers.Server", False),
    ],
)
def test_patterns(pattern: str, name: str, is_meant: bool) -> None:
    """Brackets are brackets, and capitals count."""
    assert matches(pattern, name) == is_meant


def test_a_path_without_a_number_is_that_of_each_answer() -> None:
    one = Exemption("*", "headers.Server", "r", dt.date(2026, 11, 22))

    assert [one.covers("any", path) for path in ("headers.Server", "2.headers.Server", "headers.Date")] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("theirs", "ours", "is_near"),
    [(100.0, 101.0, True), (100.0, 102.1, False), (0.0, 0.5, True), (0.0, 0.6, False), (10**400, 10**400 + 1, False)],
)
def test_a_tolerance_is_relative_or_absolute(theirs: float, ours: float, is_near: bool) -> None:
    """Whichever is more; whole numbers beyond any float are equal or not."""
    rules = Rules(tolerances=(Tolerance("body*", relative=0.02, absolute=0.5),))

    assert rules.allows("any", "body.a[0]", theirs, ours) == is_near
