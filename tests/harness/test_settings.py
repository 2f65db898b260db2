"""The options of the harness are declared once, and the page tells of them all."""

from __future__ import annotations

from pathlib import Path

from amlemu_harness.settings import COMMANDS, as_markdown

PAGE = Path(__file__).resolve().parents[2] / "docs" / "settings.md"


def test_the_page_is_what_the_code_says():
    """`make docs` writes it."""
    assert PAGE.read_text(encoding="utf-8") == as_markdown()


def test_names_are_unique_in_each_command():
    for command, settings in COMMANDS.items():
        names = [setting.name for setting in settings]
        assert len(names) == len(set(names)), command
