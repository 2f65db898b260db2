"""docs/fields.md is written from the tables."""

from __future__ import annotations

from pathlib import Path

from amlemu.azure.page import as_markdown

PAGE = Path(__file__).resolve().parents[2] / "docs" / "fields.md"


def test_the_page_in_the_repository_is_the_newest():
    """`make docs` writes it."""
    assert PAGE.read_text(encoding="utf-8") == as_markdown()


def test_each_field_says_what_it_does_or_why_it_does_nothing():
    rows = [line for line in as_markdown().splitlines() if line.startswith("| `")]

    assert "| `request_settings.request_timeout_ms` | honoured; from 1 to 180000 |" in rows
    assert "| `liveness_probe.period` | honoured; from 1 |" in rows
    assert (
        "| `resources.limits.cpu` | not emulated: the script may use all processors of this machine; --cpu limits it |"
        in rows
    )
    assert all(row.split(" | ")[1].startswith(("honoured", "not emulated: ")) for row in rows)
